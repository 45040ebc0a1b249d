// SPDX-License-Identifier: Apache-2.0
// The log: JSON on every line, the id of every answer in it, nobody's name or number.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Line } from "../lib/line.mjs";
import { forms, leaveForm, product, root, serve, signedIn, until, Visitor } from "../lib/school.mjs";

const file = join(mkdtempSync(join(tmpdir(), "shuyuan-log-")), "instance.yaml");
const platform = product(join(root, "tests/school/apps/trial"));
const good = `platform: ${platform}\nassets: ${root}/build/static\nworkers: 2\nscript:\n  cpu: 50ms\n`;
let server;

before(async () => {
  writeFileSync(file, good);
  server = await serve({ config: file, settings: { "log.level": "debug" } });
});
after(() => server?.remove());

test("an application says at most 64 KiB in a call, and the next call may speak again", async () => {
  const mum = await signedIn(server, "guardian");
  const said = () => server.lines().filter(({ event, text }) => event === "app" && text?.startsWith("chatter"));
  for (let call = 1; call <= 2; call++) {
    const answer = await mum.get(`/o/${server.org}/trial/chatter`);
    assert.equal(answer.status, 200);
    await until(() => server.lines().filter(({ event }) => event.startsWith("an application says too much")).length === call, "the line that says so");
    assert.ok(said().length >= call * 50 && said().length <= call * 64, `${said().length} lines after ${call} calls`);
    assert.ok(said().reduce((sum, { text }) => sum + text.length, 0) <= call * 65536);
  }
});

test("every answer's id is in the log, with its status; every line is JSON", async () => {
  const mum = await signedIn(server, "guardian"), nobody = new Visitor(server.url);
  const trial = `/o/${server.org}/trial`;
  const answers = [
    await mum.get("/"), await mum.get("/nowhere"), await nobody.get("/account"), await mum.get(`${trial}/fail`), await mum.get(`${trial}/loop`),
    await nobody.post("/login", {}), await nobody.get("/api/v1/x"), await nobody.request("/healthz", { method: "TRACE" }),
  ];
  const line = await Line.open(server);
  answers.push(...await Promise.all([line.ask("/login", { headers: { expect: "a miracle" } })]));
  line.end();
  for (const answer of answers) {
    const id = answer.headers.get?.("x-request-id") ?? answer.headers["x-request-id"];
    assert.match(id, /^[0-9a-z]{26}$/);
    const found = await until(() => server.lines().find((one) => one.id === id && one.status), `the line of ${answer.status}`);
    assert.equal(found.status, answer.status);
  }
  assert.deepEqual(answers.map(({ status }) => status), [200, 404, 303, 500, 503, 403, 404, 405, 417]);
  for (const { time, level, process, event } of server.lines()) {
    assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(level && process && event);
  }
});

test("a wrong file is reported line by line, as JSON", async () => {
  writeFileSync(file, `${good}workrs: 3\nhttp:\n  idle: 5\n`);
  server.child.kill("SIGHUP");
  await until(() => server.log.includes("the old one stays"), "the refusal");
  const problems = server.lines().filter(({ problem }) => problem).map(({ problem }) => problem);
  assert.equal(problems.length, 2);
  assert.match(problems[0], /:6:1: workrs: .*workers/);
  assert.match(problems[1], /:8:9: http\.idle: /);
});

// The first column that holds names or numbers, from the files that the school was made of.
function people(data) {
  const words = new Set();
  const files = join(data, "files");
  for (const name of readdirSync(files).filter((one) => one.startsWith("2132990001"))) {
    const text = readFileSync(join(files, name));
    const [head, ...rows] = new TextDecoder(text.includes(Buffer.from("姓名")) ? "utf-8" : "gb18030").decode(text).replace(/^\uFEFF/, "").trim().split(/\r?\n/).map((row) => row.split(","));
    for (const row of rows)
      head.forEach((title, i) => { if (/姓名|证件|手机|电话|学籍号/.test(title) && row[i]?.length > 1) words.add(row[i].replaceAll('"', "")); });
  }
  return words;
}

test("nobody's name, number, words, password or session stands in it, at the most talkative level", async () => {
  const mum = await signedIn(server, "guardian"), teacher = await signedIn(server, "teacher");
  const { path, fields } = await leaveForm(server, mum, { reason: "腮腺炎住院" });
  assert.equal((await mum.post(path, { ...fields, from: "nonsense" })).status, 422);
  const record = (await mum.post(path, fields)).headers.get("location").split("?")[0];
  const grant = forms((await teacher.get(record)).html).find((form) => form.action.endsWith("/grant"));
  assert.equal((await teacher.post(grant.action, grant.fields)).status, 303);
  await teacher.get(`/o/${server.org}/leave/desk?state=asked&q=腮腺炎`);
  const wrong = await new Visitor(server.url).submit("/login", { login: "13912345678", password: "wrong-password" }, (form) => "password" in form.fields);
  await until(() => server.lines().some(({ id }) => id === wrong.headers.get("x-request-id")), "the last line");
  const names = people(server.data);
  assert.ok(names.size > 100, `${names.size} names and numbers`);
  const secrets = ["腮腺炎", "13912345678", "wrong-password", ...mum.cookies.values(), ...teacher.cookies.values(), grant.fields._csrf,
    ...Object.values(server.accounts).map(({ password }) => password), ...names];
  assert.deepEqual(secrets.filter((word) => word.length > 1 && server.log.includes(word)), []);
});
