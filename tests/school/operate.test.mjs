// SPDX-License-Identifier: Apache-2.0
// What an operator relies on: nobody notices a worker's death, a wrong file changes
// nothing, a stop finishes what runs, a broken app harms nobody else.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { cookieOf, Line } from "../lib/line.mjs";
import { binary, freshData, leaveForm, root, serve, shuyuan, signedIn, until, Visitor } from "../lib/school.mjs";

const config = (text) => {
  const folder = mkdtempSync(join(tmpdir(), "shuyuan-config-"));
  const file = join(folder, "instance.yaml");
  writeFileSync(file, text);
  return file;
};

test("a wrong configuration: every problem with line and column, exit 1, nothing started", () => {
  const file = config("name: x\nworkrs: 2\nhttp:\n  idle: 5\nlisten: [127.0.0.1:0]\nname: y\nstore:\n  group_max: 0\n");
  const run = spawnSync(binary, ["serve", "-c", file], { encoding: "utf8" });
  assert.equal(run.status, 1);
  for (const place of [":2:", ":4:", ":6:", ":8:"]) assert.ok(run.stderr.includes(place), run.stderr);
  assert.match(run.stderr, /workers/);
  assert.match(run.stderr, /Nothing was started/);
});

// On a connection of its own: those of the dead worker are gone with it.
const statusOnItsOwn = (url) => new Promise((done, fail) => {
  get(url, { agent: false }, (answer) => { answer.resume(); done(answer.statusCode); }).on("error", fail);
});

test("a worker that dies is back and nobody is refused", async () => {
  const server = await serve();
  await new Visitor(server.url).get("/login");
  const before = new Set(server.pids());
  const workers = [...before].slice(1);
  process.kill(workers[0], "SIGKILL");
  const start = performance.now();
  await until(() => server.pids().length === before.size && !server.pids().includes(workers[0]), "a new worker");
  const took = performance.now() - start;
  for (let i = 0; i < 20; i++) assert.equal(await statusOnItsOwn(`${server.url}/healthz`), 200);
  assert.ok(took < 1000, `${took} ms`);
  await server.remove();
});

test("a committer that dies is back; a write sent meanwhile is done once", async () => {
  const server = await serve();
  const committer = server.pid("committer");
  process.kill(committer, "SIGKILL");
  const mum = await signedIn(server, "guardian"); // its session is a write
  assert.equal((await mum.get("/account")).status, 200);
  await server.remove();
});

test("a client that leaves while its write is under way costs nobody anything", async () => {
  const server = await serve({ settings: { workers: 1, "store.retries": 0 } });
  const mum = await signedIn(server, "guardian");
  const { path, fields } = await leaveForm(server, mum, { reason: "走了" });
  const committer = server.pid("committer"), worker = server.pid("worker 0");
  const line = await Line.open(server);
  process.kill(committer, "SIGSTOP");
  // in one piece behind a request that is answered: it has surely arrived
  line.wire.send(Line.head(line.host, "/healthz") + Line.head(line.host, path, {
    method: "POST", headers: { cookie: cookieOf(mum) }, body: new URLSearchParams(fields).toString(),
  }));
  assert.equal((await line.answer()).status, 200);
  for (let i = 0; i < 3; i++) assert.equal(await statusOnItsOwn(`${server.url}/healthz`), 200); // the loop has turned
  line.end();
  for (let i = 0; i < 3; i++) assert.equal(await statusOnItsOwn(`${server.url}/healthz`), 200);
  process.kill(committer, "SIGKILL");
  await until(() => /"path":"[^"]*leave[^"]*","status":503/.test(server.log), "the outcome that nobody hears");
  assert.equal(server.pids().includes(worker), true, server.log);
  await server.remove();
});

test("an address in use: named, exit 1, nothing started", async () => {
  const server = await serve();
  const address = new URL(server.url).host;
  for (const key of ["listen", "admin.listen"]) {
    const data = freshData();
    const settings = { data, listen: "127.0.0.1:0", "admin.listen": "127.0.0.1:0", [key]: address };
    const run = spawnSync(binary, ["serve", "-c", join(root, "config/demo.yaml"), ...Object.entries(settings).flatMap(([name, value]) => ["--set", `${name}=${value}`])],
      { encoding: "utf8", timeout: 20000 });
    assert.equal(run.status, 1);
    assert.match(run.stderr, new RegExp(`${address}.*\nNothing was started`));
    rmSync(join(data, ".."), { recursive: true });
  }
  await server.remove();
});

test("SIGHUP with a wrong file keeps the old configuration", async () => {
  const data = freshData();
  const file = config(readFileSync(join(root, "config/demo.yaml"), "utf8").replace("platform: ..", `platform: ${root}`).replaceAll("../", `${root}/`).replace(/^data:.*$/m, `data: ${data}`)
    .replace("127.0.0.1:8080", "127.0.0.1:0").replace("127.0.0.1:8081", "127.0.0.1:0"));
  const child = spawn(binary, ["serve", "-c", file], { stdio: ["ignore", "pipe", "pipe"] });
  let out = "", log = "";
  child.stdout.on("data", (bytes) => { out += bytes; });
  child.stderr.on("data", (bytes) => { log += bytes; });
  await until(() => out.includes("serving on") || child.exitCode !== null, "the server");
  assert.equal(child.exitCode, null, log);
  const url = /serving on (\S+)/.exec(out)[1];
  writeFileSync(file, "nonsense: [\n");
  child.kill("SIGHUP");
  await until(() => log.includes("the old one stays"), "the refusal");
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  child.kill("SIGTERM");
  await until(() => child.exitCode !== null, "the end");
  assert.equal(child.exitCode, 0);
});

test("a second server on the same data is refused", async () => {
  const server = await serve();
  const run = spawnSync(binary, ["serve", "-c", join(root, "config/demo.yaml"), "--set", `data=${server.data}`, "--set", "listen=127.0.0.1:0", "--set", "admin.listen=", "--set", "store.reconnect=50ms"], { encoding: "utf8", timeout: 20000 });
  assert.equal(run.status, 1);
  await server.remove();
});

test("readiness and figures", async () => {
  const server = await serve();
  const ready = await (await fetch(`${server.url}/readyz`)).json();
  assert.equal(ready.status, "ready");
  const line = await until(() => server.log.match(/"event":"metrics".*/)?.[0], "the address of the metrics");
  const port = /"port":(\d+)/.exec(line)[1];
  await fetch(`${server.url}/healthz`);
  const text = await until(async () => {
    const body = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return /shuyuan_answers_total\{class="2xx"\} [1-9]/.test(body) && body;
  }, "counted answers");
  assert.match(text, /# TYPE shuyuan_request_seconds histogram/);
  assert.equal((await fetch(`${server.url}/metrics`, { redirect: "manual" })).status === 200, false);
  await server.remove();
});

test("a broken app is named and put in quarantine, the rest runs", async () => {
  const product = mkdtempSync(join(tmpdir(), "shuyuan-product-"));
  cpSync(join(root, "lua"), join(product, "lua"), { recursive: true });
  cpSync(join(root, "apps"), join(product, "apps"), { recursive: true });
  mkdirSync(join(product, "apps/broken"));
  writeFileSync(join(product, "apps/broken/app.yaml"), "app: broken\ntitle: { zh: 坏, en: Broken }\nversion: 1.0.0\napi: 2026-12\n");
  writeFileSync(join(product, "apps/broken/main.lua"), "local app = require \"app\"\nlocal x = nil\nx.y = 1\n");
  const check = spawnSync(binary, ["check", "-c", join(root, "config/demo.yaml"), "--set", `platform=${product}`], { encoding: "utf8" });
  assert.equal(check.status, 1);
  assert.match(check.stderr, /broken.*main\.lua:3/s);
  const server = await serve({ settings: { platform: product } });
  await until(() => server.log.includes("quarantine"), "the log line");
  assert.equal((await (await signedIn(server, "guardian")).get("/")).status, 200);
  await server.remove();
  rmSync(product, { recursive: true });
});

test("the same file twice changes nothing; refused rows come back in a file", () => {
  const data = freshData();
  const files = join(data, "files");
  const again = shuyuan(data, ["data", "import", "--as", "base.students", "--org", "2132990001", join(files, "2132990001-students.csv"), "--commit"]);
  assert.match(again, /0 created, 0 updated, \d+ same, 0 refused/);
  const errors = join(data, "mend.csv");
  const run = spawnSync(binary, ["data", "import", "--as", "base.students", "--org", "2132990004", join(files, "2132990004-students.csv"), "--errors", errors,
    "-c", join(root, "config/demo.yaml"), "--set", `data=${data}`], { encoding: "utf8" });
  assert.equal(run.status, 1);
  assert.match(run.stdout, /13 refused \(preview/);
  assert.equal(readFileSync(errors, "utf8").trim().split("\r\n").length, 14);
  rmSync(join(data, ".."), { recursive: true });
});
