// SPDX-License-Identifier: Apache-2.0
// kill -9 of the committer alone, under writers and readers. The workers live on: a write is
// answered 303 once it is durable, or 503 when nobody can know; sent again under its key it is
// one write, whatever became of the first.
import assert from "node:assert/strict";
import { test } from "node:test";
import { leaveForm, leaves, serve, signedIn } from "../lib/school.mjs";

const KILLS = Number(process.env.COMMITTER_KILLS ?? 10);
const WRITERS = 8, WITHOUT_KEY = 2;

test(`${KILLS} kills of the committer: nothing lost, nothing doubled, nobody else noticed`, async (t) => {
  const server = await serve({ settings: { "log.level": "error", "script.cpu": "1s", "script.wall": "5s" } });
  const workers = server.pids().filter((pid) => pid !== server.pid("committer"));
  const mum = await signedIn(server, "guardian"), teacher = await signedIn(server, "teacher");
  const { path, fields } = await leaveForm(server, mum);
  const acknowledged = new Set(), unknown = new Set();
  let done = false, busy = 0;

  // Sent under its key until it is acknowledged.
  const writer = async (name) => {
    for (let i = 0; !done; i++) {
      const reason = `${name}-${i}`;
      for (;;) {
        const { status } = await mum.post(path, { ...fields, reason, _key: reason });
        if (status === 303) break;
        assert.equal(status, 503);
        busy++;
      }
      acknowledged.add(reason);
    }
  };
  // Sent without a key and only once: after a 503 it is there once or not at all.
  const careless = async (name) => {
    const { _key, ...rest } = fields;
    for (let i = 0; !done; i++) {
      const reason = `${name}-${i}`;
      const { status } = await mum.post(path, { ...rest, reason });
      assert.ok(status === 303 || status === 503, `${status}`);
      (status === 303 ? acknowledged : unknown).add(reason);
    }
  };
  const reader = async () => {
    while (!done) assert.equal((await teacher.get(`/o/${server.org}/leave/desk`)).status, 200);
  };
  const all = [
    ...Array.from({ length: WRITERS }, (_, i) => writer(`w${i}`)),
    ...Array.from({ length: WITHOUT_KEY }, (_, i) => careless(`c${i}`)), reader(),
  ];
  const ended = Promise.all(all);
  for (let i = 0; i < KILLS; i++) {
    const before = acknowledged.size;
    while (acknowledged.size < before + 3 + (i * 7) % 23) await Promise.race([ended, new Promise((next) => setImmediate(next))]);
    const committer = server.pid("committer");
    process.kill(committer, "SIGKILL");
    while ([undefined, committer].includes(server.pid("committer"))) await Promise.race([ended, new Promise((next) => setImmediate(next))]);
  }
  done = true;
  await ended;

  assert.deepEqual(server.pids().filter((pid) => workers.includes(pid)), workers, "no worker had to go");
  const counts = new Map();
  for (const { reason } of leaves(server).filter(({ reason: text }) => /^[wc]\d-/.test(text ?? ""))) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  t.diagnostic(`${acknowledged.size} acknowledged, ${busy} told to come again, ${unknown.size} of unknown outcome, ${counts.size} stored`);
  assert.deepEqual([...acknowledged].filter((reason) => !counts.has(reason)), [], "lost");
  assert.deepEqual([...counts].filter(([, count]) => count > 1), [], "doubled");
  assert.deepEqual([...counts.keys()].filter((reason) => !acknowledged.has(reason) && !unknown.has(reason)), [], "from nowhere");
  await server.remove();
});
