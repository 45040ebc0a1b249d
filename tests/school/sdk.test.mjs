// SPDX-License-Identifier: Apache-2.0
// The guide in sdk/ is true: its template works as it is described there, and each mistake
// that it shows is told with file, line and what was probably meant.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { binary, forms, root, serve, signedIn, Visitor } from "../lib/school.mjs";

// A product folder as the guide has it: the platform, its apps, and the template beside them.
function product() {
  const folder = mkdtempSync(join(tmpdir(), "shuyuan-sdk-"));
  for (const part of ["lua", "apps"]) cpSync(join(root, part), join(folder, part), { recursive: true });
  cpSync(join(root, "sdk/template"), join(folder, "apps"), { recursive: true });
  return folder;
}

function check(folder) {
  return spawnSync(binary, ["check", "-c", join(root, "config/demo.yaml"), "--set", `platform=${folder}`], { encoding: "utf8" });
}

// What the check says when one text of the template is written differently.
function mistake(file, right, wrong) {
  const folder = product();
  const path = join(folder, "apps/found", file);
  const text = readFileSync(path, "utf8");
  const changed = text.replace(right, wrong);
  assert.notEqual(changed, text, `${file} has no ${right}`);
  writeFileSync(path, changed);
  const run = check(folder);
  rmSync(folder, { recursive: true });
  assert.equal(run.status, 1);
  return run.stderr;
}

test("the template is in order and about forty lines", () => {
  const folder = product();
  const run = check(folder);
  assert.equal(run.status, 0, run.stderr);
  assert.ok(readFileSync(join(folder, "apps/found/main.lua"), "utf8").split("\n").length <= 50);
  rmSync(folder, { recursive: true });
});

test("its form, list, record and action work, for those who may", async (t) => {
  const folder = product();
  const server = await serve({ settings: { platform: folder } });
  t.after(async () => { await server.remove(); rmSync(folder, { recursive: true }); });
  const teacher = await signedIn(server, "teacher");
  const home = (await teacher.get("/")).html;
  const [, base] = /href="(\/o\/\w{26}\/found)\/?"/.exec(home) ?? assert.fail(home);

  const empty = await teacher.get(`${base}/items`);
  assert.equal(empty.status, 200);
  assert.match(empty.html, /还没有拾到的物品/);
  assert.equal((await teacher.get(`${base}/`)).headers.get("location"), `${base}/items?state=open`);

  const refused = await teacher.submit(`${base}/new`, { what: "", place: "操场", day: "2026-01-05" }, (form) => "what" in form.fields);
  assert.equal(refused.status, 422);
  assert.match(refused.html, /操场/);
  const later = new Date(Date.now() + 10 * 86400e3).toISOString().slice(0, 10);
  const early = await teacher.submit(`${base}/new`, { what: "蓝色水杯", day: later }, (form) => "what" in form.fields);
  assert.equal(early.status, 422);
  assert.match(early.html, /日期不能晚于今天/);

  const sent = await teacher.submit(`${base}/new`, { what: "蓝色水杯", place: "操场" }, (form) => "what" in form.fields);
  assert.equal(sent.status, 303);
  const record = await teacher.get(sent.headers.get("location"));
  assert.equal(record.status, 200);
  assert.doesNotMatch(record.html, /无权查看|hidden</);
  for (const word of ["蓝色水杯", "操场", "谢谢，已登记。", "待领取", "登记人"]) assert.ok(record.html.includes(word), word);

  const list = await teacher.get(`${base}/items?state=open`);
  assert.match(list.html, /蓝色水杯/);
  const collected = forms(list.html).find((form) => form.action.endsWith("/collected"));
  assert.equal((await teacher.post(collected.action, collected.fields)).status, 303);
  assert.doesNotMatch((await teacher.get(`${base}/items?state=open`)).html, /蓝色水杯/);
  assert.match((await teacher.get(`${base}/items?state=done`)).html, /蓝色水杯/);

  const mum = await signedIn(server, "guardian"); // no rule names guardians
  assert.equal((await mum.get(`${base}/items`)).status, 404);
  const english = new Visitor(server.url, { "accept-language": "en" });
  await english.signIn(server.accounts.teacher);
  assert.match((await english.get(`${base}/new`)).html, /I found something/);
});

test("programs reach the same through the API", async (t) => {
  const folder = product();
  const server = await serve({ settings: { platform: folder } });
  t.after(async () => { await server.remove(); rmSync(folder, { recursive: true }); });
  const teacher = await signedIn(server, "teacher");
  const [, org] = /href="\/o\/(\w{26})\/found\/?"/.exec((await teacher.get("/")).html);
  const { login, password } = server.accounts.teacher;
  const session = await (await fetch(`${server.url}/api/v1/session`, { method: "POST", body: JSON.stringify({ login, password }) })).json();
  const headers = { authorization: `Bearer ${session.token}`, "idempotency-key": "first" };
  const address = `${server.url}/api/v1/o/${org}/found/item`;
  const made = await fetch(address, { method: "POST", headers, body: new URLSearchParams({ what: "红领巾" }) });
  assert.equal(made.status, 201);
  const { items } = await (await fetch(`${address}?state=open`, { headers })).json();
  assert.deepEqual(items.map((one) => one.what), ["红领巾"]);
});

// What stands in the guide, in both languages.
const guides = ["sdk/README.md", "sdk/README.zh-CN.md"].map((name) => ({ name, text: readFileSync(join(root, name), "utf8") }));
const blocks = (text) => [...text.matchAll(/```(\w+)\n([^]*?)```/g)].map(([, language, code]) => ({ language, code }));
const place = (code) => /^(?:--|#|<%#) (app\.yaml|main\.lua|lang\/\w+\.yaml|pages\/\w+\.html)/.exec(code)?.[1];

// Every mistake of the guide's table, told word by word.
const mistakes = [
  ["an unknown key of a field", "main.lua", "required = true", "requird = true"],
  ["a rule that no index answers", "main.lua", 'student = {"org under @me.orgs", except = {"by", "by_name"}}', 'student = {"by is @me"}'],
  ["a word that one language lacks", "lang/en.yaml", "      send: Report\n", ""],
  ["a set that is misspelled", "main.lua", '"org under @me.orgs", except', '"org under @me.orgz", except'],
  ["a route without roles", "main.lua", '{allow = items:roles("read")}, ', ""],
  ["a collection without a read rule", "main.lua", /items:allow\("read"[^]*?\n\}\)\n/, ""],
  ["a variable that is not declared", "main.lua", "local items = ", "items = "],
];
for (const [name, ...what] of mistakes) {
  test(`told with file, line and what to do: ${name}`, () => {
    const said = mistake(...what).split("\n")[0].replace(/^found: /, "");
    assert.match(said, /(main\.lua|lang\/\w+\.yaml):\d+: /);
    const words = said.replace(/^.*?(?=GET \/item)/, "");
    for (const guide of guides) assert.ok(guide.text.includes(words), `${guide.name} does not have: ${words}`);
  });
}

for (const guide of guides) {
  test(`what ${guide.name} quotes is the template's, what it adds works`, async (t) => {
    const folder = product(), app = join(folder, "apps/found");
    t.after(() => rmSync(folder, { recursive: true }));
    const whole = ["app.yaml", "main.lua", "test/items.lua"].map((file) => readFileSync(join(app, file), "utf8")).join("\n");
    for (const { code } of blocks(guide.text)) {
      const file = place(code);
      if (!file) assert.ok(whole.includes(code.trim()) || code.split("\n\n").every((part) => whole.includes(part.trim())), code);
      else if (file.startsWith("pages/")) { mkdirSync(join(app, "pages"), { recursive: true }); writeFileSync(join(app, file), code); }
      else if (/^asks: /m.test(code)) writeFileSync(join(app, file), readFileSync(join(app, file), "utf8").replace(/^asks: .*$/m, code));
      else appendFileSync(join(app, file), `\n${code}`);
    }
    const run = check(folder);
    assert.equal(run.status, 0, run.stderr);
    const server = await serve({ settings: { platform: folder } });
    t.after(() => server.remove());
    const teacher = await signedIn(server, "teacher");
    const [, base] = /href="(\/o\/\w{26}\/found)\/?"/.exec((await teacher.get("/")).html);
    const sent = await teacher.submit(`${base}/new`, { what: "蓝色水杯", place: "操场" }, (form) => "what" in form.fields);
    const record = (await teacher.get(sent.headers.get("location"))).html;
    assert.match(record, /<h1[^>]*>蓝色水杯/);
    assert.match(record, /操场[^]*全校师生都能在这里查找失物/);
    assert.match((await teacher.get("/")).html, /失物招领[^]*蓝色水杯/);
    assert.deepEqual(JSON.parse((await teacher.get(`${base}/count`)).html), { text: "1 件物品待领取" });
    assert.deepEqual(JSON.parse((await teacher.get(`${base}/kept`)).html), { days: 30 });
  });
}
