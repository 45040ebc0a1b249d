// SPDX-License-Identifier: Apache-2.0
// What an application does wrong costs itself: a loop, a hoard and a search end at their
// limits, a worker that stands still is replaced, and the others are served all the time.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Line } from "../lib/line.mjs";
import { product, root, serve, signedIn, until } from "../lib/school.mjs";

const WATCHDOG_MS = 2000;
let server, folder, mum, trial;

before(async () => {
  folder = product(join(root, "tests/school/apps/trial"));
  server = await serve({ settings: { platform: folder, "script.cpu": "20ms", watchdog: `${WATCHDOG_MS}ms` } });
  mum = await signedIn(server, "guardian");
  trial = `/o/${server.org}/trial`;
});
after(async () => { await server?.remove(); rmSync(folder, { recursive: true }); });

// On a connection of its own, so that either worker may get it.
const alone = (path) => new Promise((done) => {
  const cookie = [...mum.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const start = performance.now();
  const end = (status, text = "", headers = {}) => done({ status, text, headers, ms: performance.now() - start });
  get(server.url + path, { agent: false, headers: { cookie } }, (answer) => {
    let text = "";
    answer.setEncoding("utf8").on("data", (part) => { text += part; }).on("end", () => end(answer.statusCode, text, answer.headers));
  }).on("error", (error) => end(error.code));
});

const restarts = async () => (await server.metrics()).restarts_total;

test("an error in a handler is one page with its id, and the line in the log", async () => {
  const answer = await mum.get(`${trial}/fail`);
  assert.equal(answer.status, 500);
  const id = answer.headers.get("x-request-id");
  assert.ok(answer.html.includes(id));
  assert.ok(!answer.html.includes("as asked") && !answer.html.includes("main.lua"), "nothing of the inside is shown");
  const line = await until(() => server.lines().find((one) => one.id === id && one.error), "the error in the log");
  assert.match(line.error, /main\.lua:\d+: as asked/);
});

test("a loop that catches its own end is ended at its limit, and its neighbours go on", async () => {
  const before = await restarts();
  const loops = Array.from({ length: 8 }, () => alone(`${trial}/loop`));
  const fine = await Promise.all(Array.from({ length: 24 }, () => alone(`${trial}/fine`)));
  for (const { status, text } of fine) assert.deepEqual([status, text], [200, '{"fine":true}']);
  for (const { status, text, headers } of await Promise.all(loops)) {
    assert.equal(status, 503);
    assert.ok(text.includes(headers["x-request-id"]));
  }
  assert.equal(await restarts(), before, "no worker had to go");
  assert.ok((await server.metrics()).script_limits_total >= 8);
});

test("a hoard of memory is ended at its limit, and the application works again", async () => {
  const before = await restarts();
  for (const { status } of await Promise.all(Array.from({ length: 4 }, () => alone(`${trial}/memory`)))) assert.equal(status, 503);
  for (let i = 0; i < 4; i++) assert.equal((await alone(`${trial}/fine`)).status, 200);
  assert.equal(await restarts(), before);
});

test("a search that would never end is ended at its limit, inside C", async () => {
  const before = await restarts();
  const [{ status }, fine] = await Promise.all([alone(`${trial}/search`), alone(`${trial}/fine`)]);
  assert.deepEqual([status, fine.status], [503, 200]);
  assert.equal(await restarts(), before);
});

// No application can do this; a fault in a library could.
test("a worker that stands still is replaced in time: what it held is lost, who waited is served by the next", async () => {
  const before = await restarts();
  const held = await Line.toAnother(server);
  const pid = server.pid(held.worker);
  const family = server.pids().length;
  process.kill(pid, "SIGSTOP");
  const start = performance.now();
  held.send("/healthz");
  const waiting = await Promise.all(Array.from({ length: 24 }, () => alone("/healthz")));
  assert.equal(await held.answer(), undefined);
  assert.ok(performance.now() - start < WATCHDOG_MS + 1000, `${performance.now() - start} ms`);
  assert.deepEqual([...new Set(waiting.map(({ status }) => status))], [200]);
  // those of the other worker did not wait, those of this one got the next one
  assert.ok(waiting.some(({ ms }) => ms < WATCHDOG_MS / 2));
  await until(async () => await restarts() === before + 1, "one restart");
  assert.ok(!server.pids().includes(pid));
  assert.equal(server.pids().length, family);
  for (let i = 0; i < 20; i++) assert.equal((await alone(`${trial}/fine`)).status, 200);
  held.end();
});
