// SPDX-License-Identifier: Apache-2.0
// A guardian asks for leave, the class teacher grants it: over the wire, without script.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Program } from "../lib/program.mjs";
import { forms, serve, shuyuan, signedIn, Visitor } from "../lib/school.mjs";

let server, org;
const day = (offset) => new Date(Date.now() + offset * 86400e3).toISOString().slice(0, 10);

before(async () => {
  server = await serve();
  org = server.org;
});
after(() => server?.remove());

async function ask(visitor, fields, where = org) {
  const page = await visitor.get(`/o/${where}/leave/ask`);
  const form = forms(page.html).find((one) => one.method === "post" && "reason" in one.fields);
  const filled = { ...form.fields, from: day(1), to: day(2), reason: "发烧", ...fields };
  if (!filled.student) filled.student = form.options[0];
  if ("kind" in form.fields && !filled.kind) filled.kind = form.options.at(-1);
  return { form, filled, answer: await visitor.post(form.action, filled) };
}

test("nobody sees leave without signing in", async () => {
  const answer = await new Visitor(server.url).get(`/o/${org}/leave/`);
  assert.equal(answer.status, 303);
  assert.match(answer.headers.get("location"), /^\/login\?next=/);
});

test("a leave that ends before it begins comes back with the words kept", async () => {
  const mum = await signedIn(server, "guardian");
  const { answer } = await ask(mum, { from: day(3), to: day(2), reason: "外婆生日 <b>" });
  assert.equal(answer.status, 422);
  assert.match(answer.html, /外婆生日 &lt;b/);
  assert.match(answer.html, /aria-invalid="true"/);
});

test("a form without its token, from elsewhere, or with another's token is refused", async () => {
  const mum = await signedIn(server, "guardian"), other = await signedIn(server, "teacher");
  const { form, filled } = await ask(mum, {});
  const theirs = forms((await other.get("/account")).html).find((one) => one.fields._csrf).fields._csrf;
  for (const [fields, headers] of [[{ _csrf: "" }, {}], [{ _csrf: theirs }, {}], [{}, { origin: "https://evil.example" }], [{}, { "sec-fetch-site": "cross-site" }]]) {
    const answer = await mum.post(form.action, { ...filled, _key: "forged", ...fields }, headers);
    assert.equal(answer.status, 403);
  }
});

test("somebody else's child cannot be named", async () => {
  const mum = await signedIn(server, "guardian"), student = await signedIn(server, "student");
  const { form, filled } = await ask(mum, {});
  const foreign = filled.student.split(".")[0] + "." + filled.student.split(".")[0];
  assert.equal((await mum.post(form.action, { ...filled, student: foreign, _key: "foreign" })).status, 422);
  assert.ok([403, 404].includes((await student.get(`/o/${org}/leave/ask`)).status));
});

test("the class teacher grants it once; a second decision is told that it is decided", async () => {
  const mum = await signedIn(server, "guardian"), teacher = await signedIn(server, "teacher");
  const { answer } = await ask(mum, { reason: "牙疼要看医生" });
  assert.equal(answer.status, 303);
  const record = answer.headers.get("location").split("?")[0];
  assert.match((await mum.get(record)).html, /牙疼要看医生/);
  const seen = await teacher.get(record);
  assert.equal(seen.status, 200);
  const grant = forms(seen.html).find((form) => form.action.endsWith("/grant"));
  assert.equal((await teacher.post(grant.action, grant.fields)).status, 303);
  assert.equal((await teacher.post(grant.action, { ...grant.fields, _key: "again" })).status, 409);
  const refuse = forms(seen.html).find((form) => form.action.endsWith("/refuse"));
  assert.equal((await teacher.post(refuse.action, refuse.fields)).status, 409);
  assert.match((await mum.get(record)).html, /已同意|已批准|准假/);
});

test("the page of a leave tells the way it went: asked, then withdrawn, by whom", async () => {
  const mum = await signedIn(server, "guardian");
  const { answer } = await ask(mum, { reason: "又不去了" });
  const record = answer.headers.get("location").split("?")[0];
  const steps = async () => [...(await mum.get(record)).html.matchAll(/<li[^>]*>([^]*?)<\/li>/g)].map((one) => one[1]).filter((one) => /申请请假|待审批|已撤回/.test(one));
  const asked = await steps();
  assert.equal(asked.length, 2);
  assert.match(asked[1], /待审批/);
  const withdraw = forms((await mum.get(record)).html).find((form) => form.action.endsWith("/withdraw"));
  assert.equal((await mum.post(withdraw.action, withdraw.fields)).status, 303);
  const gone = await steps();
  assert.equal(gone.length, 2);
  const who = /([^>]*)，/.exec(gone[0])[1].trim();
  assert.ok(who.length > 0 && gone[1].includes("已撤回") && gone[1].includes(`${who}，`), gone.join("\n"));
});

test("the same form sent twice is one leave", async () => {
  const mum = await signedIn(server, "guardian");
  const { form, filled, answer } = await ask(mum, { reason: "发两次" });
  const again = await mum.post(form.action, filled);
  assert.equal(again.status, 303);
  assert.equal(again.headers.get("location"), answer.headers.get("location"));
  assert.equal((await mum.post(`${form.action}?other=1`, filled)).status, 409); // another request under the same key
});

test("a guardian cannot decide, another teacher and another school see nothing", async () => {
  const mum = await signedIn(server, "guardian"), subject = await signedIn(server, "subject-teacher");
  const { answer } = await ask(mum, { reason: "只给班主任看" });
  const record = answer.headers.get("location").split("?")[0];
  const page = await mum.get(record);
  assert.ok(!forms(page.html).some((form) => form.action.endsWith("/grant")));
  const csrf = forms(page.html).find((form) => form.fields._csrf)?.fields._csrf ?? forms((await mum.get("/account")).html).find((form) => form.fields._csrf).fields._csrf;
  assert.ok([403, 404].includes((await mum.post(`${record}/grant`, { _csrf: csrf, _key: "mine" })).status));
  assert.equal((await subject.get(record)).status, 404);
});

test("a long leave goes on to the principal, who sees what waits in each class", async () => {
  const mum = await signedIn(server, "guardian"), teacher = await signedIn(server, "teacher"), principal = await signedIn(server, "principal");
  const { answer } = await ask(mum, { from: day(20), to: day(29), reason: "手术" });
  const record = answer.headers.get("location").split("?")[0];
  const press = async (who, action) => {
    const form = forms((await who.get(record)).html).find((one) => one.action.endsWith(`/${action}`));
    return form && (await who.post(form.action, form.fields)).status;
  };
  assert.equal(await press(principal, "approve"), undefined);
  assert.equal(await press(teacher, "grant"), 303);
  assert.match((await mum.get(record)).html, /班主任转校长审批[^]*待校长审批/);
  assert.equal(await press(teacher, "grant"), undefined);
  const home = (await principal.get("/")).html;
  assert.match(home, /手术/);
  assert.match(home, /各班待审批[^]*三\(3\)班[^]*\d+ 条/);
  assert.equal(await press(principal, "approve"), 303);
  assert.match((await mum.get(record)).html, /班主任转校长审批[^]*已同意/);
  assert.doesNotMatch((await principal.get("/")).html, /手术/);
});

test("a program of the class teacher does not grant past the setting either", async () => {
  const mum = await signedIn(server, "guardian"), program = await Program.signedIn(server, server.accounts.teacher);
  const { answer } = await ask(mum, { from: day(40), to: day(49), reason: "越过按钮" });
  const address = answer.headers.get("location").split("?")[0].replace("/o/", "/api/v1/o/");
  const { headers: { etag } } = await program.get(address);
  const refused = await program.patch(address, { state: "granted" }, etag);
  assert.equal(refused.status, 422, refused.text);
  assert.match(refused.text, /over_max_days/);
  assert.equal((await program.get(address)).body.state, "asked");
  assert.ok([403, 404].includes((await program.patch(address, { state: "granted", level: "school" }, etag)).status));
});

test("text is inert wherever it is shown", async () => {
  const mum = await signedIn(server, "guardian"), teacher = await signedIn(server, "teacher");
  const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>`;
  const { answer } = await ask(mum, { reason: evil });
  const record = answer.headers.get("location").split("?")[0];
  for (const page of [await mum.get(record), await teacher.get(record), await teacher.get(`/o/${org}/leave/desk`)]) {
    assert.ok(!page.html.includes("<script>alert"), page.html);
    assert.ok(!page.html.includes("<img src=x"));
  }
});

test("the county sees that a child is away, at every school below, and not why", async () => {
  const mum = await signedIn(server, "guardian"), county = await signedIn(server, "county");
  await ask(mum, { reason: "只有学校知道" });
  const desk = /\/o\/\w{26}\/leave\/?/.exec((await county.get("/")).html)[0];
  const list = await county.get(`${desk.replace(/\/$/, "")}/desk`);
  assert.equal(list.status, 200);
  assert.match(list.html, /周予安/);
  assert.ok(!list.html.includes("只有学校知道"));
  assert.ok(!forms(list.html).some((form) => form.action.endsWith("/grant")));
});

test("what waits is counted rightly through all of this; a false name is told", async () => {
  const mum = await signedIn(server, "guardian"), teacher = await signedIn(server, "teacher");
  const waiting = async () => Number(/<h2>请假审批<\/h2><span[^>]*>(\d+)</.exec((await teacher.get("/")).html)?.[1] ?? 0);
  const before = await waiting();
  await ask(mum, { reason: "再数一个" });
  assert.equal(await waiting(), before + 1);
  assert.match(shuyuan(server.data, ["data", "rebuild", "--as", "leave.asked_by_class"]), /: 0 counters mended/);
  assert.throws(() => shuyuan(server.data, ["data", "rebuild", "--as", "leave.nonsense"]), /there is no rollup leave.nonsense/);
});

test("of two children none is chosen for the guardian, and one tap chooses", async () => {
  const mum = await signedIn(server, "guardian");
  const home = await mum.get("/");
  const choices = forms(home.html).filter((form) => form.action === "/switch");
  assert.equal(choices.length, 2);
  assert.ok(!home.html.includes("/leave/ask"));
  const foreign = await mum.post("/switch", { ...choices[0].fields, role: "principal" });
  assert.equal(foreign.status, 404);
  assert.equal((await mum.post("/switch", choices[1].fields)).status, 303);
  assert.match((await mum.get("/")).html, /\/leave\/ask/);
});
