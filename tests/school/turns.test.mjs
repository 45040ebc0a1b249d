// SPDX-License-Identifier: Apache-2.0
// One worker, and a handler that takes long: others have their turns between, its own
// organisation waits behind it, and when its client leaves nothing of it is left.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { orgId, product, root, serve, signedIn, until } from "../lib/school.mjs";

const folder = product(join(root, "tests/school/apps/trial"));
const settings = { platform: folder, workers: 1, "script.cpu": "60s", "script.wall": "10min", watchdog: "2min", "script.queue": 2 };
let server, mum, trial, schools = 0;

before(async () => {
  server = await serve({ settings });
  mum = await signedIn(server, "guardian");
});
// Each test has a school of its own: a lane pays back what the one before has used.
beforeEach(() => { trial = `/o/${orgId(server.data, `21329900${String(++schools).padStart(2, "0")}`)}/trial`; });
after(async () => { await server?.remove(); rmSync(folder, { recursive: true }); });

// On a connection of its own: {done, leave}; what came is noted in order.
function ask(path, order = [], visitor = mum) {
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  let request;
  const done = new Promise((resolve) => {
    const end = (answer) => { order.push(path); resolve(answer); };
    request = get(visitor.url + path, { agent: false, headers: { cookie } }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part) => { text += part; })
        .on("end", () => end({ status: answer.statusCode, headers: answer.headers, text }));
    }).on("error", (error) => end({ status: error.code }));
  });
  return { done, leave: () => request.destroy() };
}

const calls = async () => {
  const { calls_open: open, calls_waiting: waiting } = await server.metrics();
  return { open, waiting };
};
const are = (open, waiting) => until(async () => {
  const now = await calls();
  return now.open === open && now.waiting === waiting;
}, `${open} open and ${waiting} waiting`);

test("who comes while a handler runs on is answered before it", async () => {
  const order = [], long = ask(`${trial}/loop`, order);
  await are(1, 0);
  for (let i = 0; i < 5; i++) {
    assert.ok((await ask(`/o/${server.org}/leave/`, order).done).status < 400);
    assert.ok((await ask("/", order).done).status < 400);
  }
  assert.ok(!order.includes(`${trial}/loop`));
  long.leave();
  await are(0, 0);
});

test("one organisation's handlers of an app follow each other", async () => {
  const order = [], long = ask(`${trial}/busy?rounds=150000000`, order);
  await are(1, 0);
  const behind = ask(`${trial}/fine`, order);
  await are(1, 1);
  assert.deepEqual([(await behind.done).text, (await long.done).status], ['{"fine":true}', 200]);
  assert.deepEqual(order, [`${trial}/busy?rounds=150000000`, `${trial}/fine`]);
});

test("a client that leaves takes its handler with it, and who waited leaves no gap", async () => {
  const long = ask(`${trial}/loop`);
  await are(1, 0);
  const first = ask(`${trial}/loop`), second = ask(`${trial}/fine`);
  await are(1, 2);
  first.leave();
  await are(1, 1);
  long.leave(); // what it has used is paid back before the next begins
  assert.equal((await second.done).status, 200);
  await are(0, 0);
});

test("the queue has an end, and says when to come again", async () => {
  const long = ask(`${trial}/loop`);
  await are(1, 0);
  const waiting = [ask(`${trial}/fine`), ask(`${trial}/fine`)];
  await are(1, 2);
  const refused = await ask(`${trial}/fine`).done;
  assert.equal(refused.status, 503);
  assert.ok(Number(refused.headers["retry-after"]) >= 1);
  assert.ok((await ask(`/o/${server.org}/leave/`).done).status < 400, "others have a lane of their own");
  long.leave();
  for (const { done } of waiting) assert.equal((await done).status, 200);
});

test("a call that used its time up does not keep the next from its own", async () => {
  const short = await serve({ settings: { ...settings, "script.cpu": "20ms" } });
  try {
    const who = await signedIn(short, "guardian"), path = `/o/${short.org}/trial`;
    for (let i = 0; i < 3; i++) {
      assert.equal((await ask(`${path}/loop`, [], who).done).status, 503);
      assert.equal((await ask(`${path}/fine`, [], who).done).status, 200);
    }
  } finally {
    await short.remove();
  }
});

test("who is between two turns is answered before the server ends", async () => {
  const ending = await serve({ settings });
  const who = await signedIn(ending, "guardian");
  const long = ask(`/o/${ending.org}/trial/busy?rounds=150000000`, [], who);
  await until(async () => (await ending.metrics()).calls_open === 1, "a turn");
  ending.child.kill("SIGTERM");
  assert.equal((await long.done).status, 200);
  assert.deepEqual(await ending.ended, { code: 0, signal: null });
  await ending.remove();
});

test("who is between two turns when the time to end is over is cut off, and the server ends well", async () => {
  const ending = await serve({ settings: { ...settings, "http.drain": "50ms" } });
  const who = await signedIn(ending, "guardian");
  const long = ask(`/o/${ending.org}/trial/loop`, [], who);
  await until(async () => (await ending.metrics()).calls_open === 1, "a turn");
  ending.child.kill("SIGTERM");
  assert.equal((await long.done).status, "ECONNRESET");
  assert.deepEqual(await ending.ended, { code: 0, signal: null });
  await ending.remove();
});
