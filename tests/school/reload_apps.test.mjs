// SPDX-License-Identifier: Apache-2.0
// Applications that change while people use them: shuyuan app dev, and SIGHUP.
import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { cookieOf, Line } from "../lib/line.mjs";
import { product, root, serve, signedIn, until } from "../lib/school.mjs";

const folder = product(join(root, "sdk/template/found"));
const main = join(folder, "apps/found/main.lua");
const original = readFileSync(main, "utf8");
let server, teacher, home;

// A page of the app, as the teacher sees it now.
const page = async (path) => (await teacher.get(`${home}${path}`)).html;
const answers = (path, words) => until(async () => (await page(path)).includes(words), `${words} at ${path}`);
const ROUTE = (words) => `\napp.get("/now", {allow = {"teacher"}}, function() return app.json({now = "${words}"}) end)\n`;

before(async () => {
  server = await serve({ command: ["app", "dev"], settings: { platform: folder } });
  teacher = await signedIn(server, "teacher");
  [, home] = /href="(\/o\/\w{26}\/found)\/?"/.exec((await teacher.get("/")).html);
});
after(async () => { await server?.remove(); rmSync(folder, { recursive: true }); });

test("what is saved is served, on connections and sessions that stay", async () => {
  const line = await Line.open(server);
  const headers = { cookie: cookieOf(teacher) };
  writeFileSync(main, original + ROUTE("first"));
  await answers("/now", "first");
  assert.match((await line.ask(`${home}/now`, { headers })).body, /first/);
  writeFileSync(main, original + ROUTE("second"));
  await answers("/now", "second");
  assert.match((await line.ask(`${home}/now`, { headers })).body, /second/);
  line.end();
});

test("an event stream stays open while the applications under it change", async () => {
  const stop = new AbortController();
  const stream = await fetch(`${server.url}/live`, { headers: { cookie: cookieOf(teacher) }, signal: stop.signal });
  assert.equal(stream.status, 200);
  let over = false;
  const reading = (async () => { for await (const _ of stream.body) void _; })().catch(() => {}).finally(() => { over = true; });
  writeFileSync(main, original + ROUTE("under a stream"));
  await answers("/now", "under a stream");
  writeFileSync(main, original + ROUTE("once more"));
  await answers("/now", "once more");
  assert.equal(over, false);
  stop.abort();
  await reading;
});

test("words and pages are taken up too, and a module of its own", async () => {
  const words = join(folder, "apps/found/lang/zh.yaml");
  writeFileSync(words, readFileSync(words, "utf8").replace("还没有拾到的物品", "这里还是空的"));
  await answers("/items", "这里还是空的");
  writeFileSync(join(folder, "apps/found/more.lua"), 'return {words = "of a module"}\n');
  writeFileSync(main, original + 'local more = require "more"\n' + ROUTE('" .. more.words .. "'));
  await answers("/now", "of a module");
});

test("a broken version leaves the old one serving, and is told on the page and in the terminal", async () => {
  writeFileSync(main, original + ROUTE("before"));
  await answers("/now", "before");
  const line = 2 + (original + ROUTE("before")).split("\n").length;
  writeFileSync(main, `${original}${ROUTE("after")}\n\nlocal = nonsense\n`);
  await answers("/items", `found/main.lua:${line}:`);
  assert.match(await page("/now"), /before/);
  const said = server.lines().find(({ event, app }) => app === "found" && /does not load/.test(event));
  assert.match(said.problem, new RegExp(`found/main\\.lua:${line}: `));
  writeFileSync(main, original + ROUTE("mended"));
  await answers("/now", "mended");
  await until(async () => !(await page("/items")).includes("found/main.lua:"), "the end of the trouble");
});

test("a declaration that no index answers is refused as a syntax error is", async () => {
  writeFileSync(main, original + ROUTE("well"));
  await answers("/now", "well");
  writeFileSync(main, original.replace('student = {"org under @me.orgs", except', 'student = {"by is @me", except') + ROUTE("ill"));
  await answers("/items", "no index answers");
  assert.match(await page("/now"), /well/);
  writeFileSync(main, original);
  await until(async () => !(await page("/items")).includes("no index answers"), "the end of the trouble");
});

test("a field more is there at once, also on records of before", async () => {
  const sent = await teacher.submit(`${home}/new`, { what: "蓝色水杯", place: "操场" }, (form) => "what" in form.fields);
  const path = sent.headers.get("location").replace(/\?.*/, "");
  writeFileSync(main, original.replace("place   =", 'colour  = {type = "text", max = 20, default = "blue"},\n    place   =').replace('{{"state", "day"}}', '{{"state", "day"}, {"colour"}}') +
    '\napp.get("/blue", {allow = {"teacher"}}, function() return app.json({count = #items:rows{colour = "red"}, all = #items:rows{}}) end)\n');
  for (const lang of ["zh", "en"]) appendFileSync(join(folder, `apps/found/lang/${lang}.yaml`), "");
  const words = { zh: "颜色", en: "Colour" };
  for (const [lang, word] of Object.entries(words)) {
    const file = join(folder, `apps/found/lang/${lang}.yaml`);
    writeFileSync(file, readFileSync(file, "utf8").replace("  fields:\n", `  fields:\n    colour: ${word}\n`));
  }
  await answers("/blue", '"count":0');
  assert.equal((await teacher.get(path)).status, 200);
  const again = await teacher.submit(`${home}/new`, { what: "红领巾" }, (form) => "what" in form.fields);
  assert.equal(again.status, 303, "writes go on");
  assert.match(await page("/blue"), /"all":2/);
});

test("a fault shows file and line to who develops", async () => {
  const now = readFileSync(main, "utf8");
  const line = now.split("\n").length + 1;
  writeFileSync(main, `${now}\napp.get("/fault", {allow = {"teacher"}}, function() error("no such drawer") end)\n`);
  await until(async () => (await teacher.get(`${home}/fault`)).status === 500, "the fault");
  assert.match(await page("/fault"), new RegExp(`found/main\\.lua:${line}: no such drawer`));
});

test("each page shows what it took beside what it might have", async () => {
  const html = await page("/items?state=open");
  const figures = Object.fromEntries([...html.matchAll(/data-use="(\w+)">\s*\S+ ([\d.]+) \/ ([\d.]+)/g)].map(([, name, used, most]) => [name, [Number(used), Number(most)]]));
  assert.deepEqual(Object.keys(figures), ["cpu", "wall", "memory", "reads", "writes", "bytes"]);
  for (const [name, [used, most]] of Object.entries(figures)) assert.ok(used <= most && most > 0 && (used > 0 || name === "writes"), `${name} ${used} of ${most}`);
  assert.match(html, /data-of="found"/);

  assert.ok(!/style="/.test(html.match(/<aside class="develop"[^]*<\/aside>/)[0]));
});

test("an app that is added is served, one that is taken away is gone", async () => {
  mkdirSync(join(folder, "apps/later"));
  writeFileSync(join(folder, "apps/later/app.yaml"), "app: later\ntitle: { zh: 稍后, en: Later }\nversion: 1.0.0\napi: 2026-12\n");
  writeFileSync(join(folder, "apps/later/main.lua"), 'local app = require "app"\napp.get("/", {allow = {"teacher"}}, function() return app.json({here = true}) end)\n');
  const path = home.replace("/found", "/later/");
  await until(async () => (await teacher.get(path)).status === 200, "the new app");
  rmSync(join(folder, "apps/later"), { recursive: true });
  await until(async () => (await teacher.get(path)).status === 404, "its end");
});

test("a server that watches nothing takes it up on SIGHUP, without restarting anybody", async (t) => {
  const own = product(join(root, "sdk/template/found")), file = join(own, "apps/found/main.lua");
  const other = await serve({ settings: { platform: own, workers: 2 } });
  t.after(async () => { await other.remove(); rmSync(own, { recursive: true }); });
  const person = await signedIn(other, "teacher");
  const lines = [await Line.toAnother(other)];
  lines.push(await Line.toAnother(other, lines));
  const headers = { cookie: cookieOf(person) };
  const [, at] = /href="(\/o\/\w{26}\/found)\/?"/.exec((await person.get("/")).html);
  const before = other.pids();
  writeFileSync(file, original + ROUTE("signalled"));
  assert.equal((await person.get(`${at}/now`)).status, 404);
  other.child.kill("SIGHUP");
  for (const line of lines) await until(async () => (await line.ask(`${at}/now`, { headers })).body.includes("signalled"), "the new version on each worker");
  writeFileSync(file, "local = broken");
  other.child.kill("SIGHUP");
  await until(() => other.lines().filter(({ event }) => /version from before goes on/.test(event)).length === 2, "both workers to refuse it");
  for (const line of lines) assert.match((await line.ask(`${at}/now`, { headers })).body, /signalled/);
  assert.deepEqual(other.pids(), before);
  const [, org] = /\/o\/(\w+)\//.exec(at);
  await until(async () => (await other.metrics())[`app_calls_total{app="found",org="${org}"}`] >= 4, "what the app took there, in the metrics");
  const figures = await other.metrics();
  assert.ok(figures[`app_cpu_seconds_total{app="found",org="${org}"}`] > 0 && figures[`app_bytes_total{app="found",org="${org}"}`] > 0);
  assert.doesNotMatch((await person.get(`${at}/items`)).html, /main\.lua/, "a school sees nothing of it");
  for (const line of lines) line.end();
});
