// SPDX-License-Identifier: Apache-2.0
// Who is told what about leave: the class teacher that a family asks, the family how it was decided.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { forms, serve, shuyuan, signedIn, until } from "../lib/school.mjs";

let server, mum, teacher;
const day = (offset) => new Date(Date.now() + offset * 86400e3).toISOString().slice(0, 10);

before(async () => {
  server = await serve({ settings: { "job.poll": "5ms" } });
  mum = await signedIn(server, "guardian");
  teacher = await signedIn(server, "teacher");
});
after(() => server?.remove());

async function ask(reason) {
  const form = forms((await mum.get(`/o/${server.org}/leave/ask`)).html).find((one) => one.method === "post" && "reason" in one.fields);
  const answer = await mum.post(form.action, { ...form.fields, from: day(1), to: day(2), reason, student: form.fields.student || form.options[0], kind: form.fields.kind || form.options.at(-1) });
  assert.equal(answer.status, 303);
  return answer.headers.get("location").split("?")[0];
}

async function decide(record, action) {
  const form = forms((await teacher.get(record)).html).find((one) => one.action.endsWith(`/${action}`));
  assert.equal((await teacher.post(form.action, form.fields)).status, 303);
}

const unread = async (visitor) => Number(/class="count">(\d+)/.exec((await visitor.get("/")).html)?.[1] ?? 0);
const lines = async (visitor) => [...(await visitor.get("/inbox")).html.matchAll(/class="what"[^>]*>([^<]*)</g)].map(([, text]) => text);
const delivered = () => until(async () => (await server.metrics()).jobs_waiting === 0, "an empty outbox");

test("before anything is told the inbox is empty and says so", async () => {
  assert.equal(await unread(mum), 0);
  assert.match((await mum.get("/inbox")).html, /还没有消息/);
});

test("the class teacher is told that a family asks, and nobody else", async () => {
  await ask("发烧");
  await delivered();
  assert.equal(await unread(teacher), 1);
  assert.match((await lines(teacher))[0], /申请请假：\d+ 月 \d+ 日至 \d+ 月 \d+ 日/);
  for (const role of ["guardian", "principal", "student"]) assert.equal(await unread(await signedIn(server, role)), 0, role);
});

test("the family is told how it was decided, in the language of the reader", async () => {
  await decide(await ask("牙疼"), "grant");
  await decide(await ask("看牙"), "refuse");
  await delivered();
  assert.equal(await unread(mum), 2);
  assert.deepEqual((await lines(mum)).map((text) => /未获同意|已同意/.exec(text)?.[0]), ["未获同意", "已同意"]);
  mum.cookies.set("sy_lang", "en");
  assert.match((await lines(mum))[1], /^Leave granted: .+, \d+ \w{3} to \d+ \w{3}$/);
  mum.cookies.delete("sy_lang");
});

test("opening a notice leads to what it is about and marks it read; all at once too", async () => {
  const [first] = forms((await mum.get("/inbox")).html).filter((one) => /^\/inbox\/\w{26}\.\w{26}$/.test(one.action));
  const opened = await mum.post(first.action, first.fields);
  assert.equal(opened.status, 303);
  assert.match(opened.headers.get("location"), new RegExp(`^/o/${server.org}/leave/leave/`));
  assert.match((await mum.get(opened.headers.get("location"))).html, /看牙/);
  assert.equal(await unread(mum), 1);
  const all = forms((await mum.get("/inbox")).html).find((one) => one.action === "/inbox/read");
  assert.equal((await mum.post(all.action, all.fields)).status, 303);
  assert.equal(await unread(mum), 0);
  assert.equal((await lines(mum)).length, 2);
});

test("another's notice is not there, and the log tells neither what nor to whom", async () => {
  const [theirs] = forms((await teacher.get("/inbox")).html).filter((one) => /^\/inbox\/\w{26}\./.test(one.action));
  const own = forms((await mum.get("/account")).html).find((one) => one.fields._csrf).fields;
  assert.equal((await mum.post(theirs.action, { ...own, _key: "theirs" })).status, 404);
  assert.ok(await unread(teacher) > 0);
  const told = server.lines().filter((line) => line.event === "app" && /^notice/.test(line.text));
  assert.ok(told.some((line) => line.text === "notice leave.granted to 1" || line.text === "notice leave.granted to 2"));
});

test("a decision that is refused tells nobody", async () => {
  const record = await ask("再请一次");
  const form = forms((await teacher.get(record)).html).find((one) => one.action.endsWith("/grant"));
  await decide(record, "refuse");
  await delivered();
  const before = (await lines(mum)).length;
  assert.equal((await teacher.post(form.action, form.fields)).status, 409);
  await delivered();
  assert.equal((await lines(mum)).length, before);
});

test("nobody without a person is told of an inbox", () => {
  assert.equal(shuyuan(server.data, ["job", "list", "--dead"]), "0 given up\n");
});
