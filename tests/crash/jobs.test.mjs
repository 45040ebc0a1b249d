// SPDX-License-Identifier: Apache-2.0
// kill -9 of the processes that do jobs and of the committer, in the middle of many jobs: each
// effect is there exactly once.
//   KILLS=1000 node --test tests/crash      the deep form
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { forms, product, root, serve, shuyuan, signedIn, until } from "../lib/school.mjs";

const KILLS = Number(process.env.KILLS ?? 24);
const BATCH = 40; // jobs that are queued for each kill

test(`${KILLS} kills in the middle of ${KILLS * BATCH} jobs: each effect exactly once`, async (t) => {
  const folder = product(join(root, "tests/school/apps/errand"));
  const server = await serve({ settings: {
    platform: folder, jobs: "2", "job.poll": "1ms", "job.lease": "50ms", "job.backoff": "1ms",
  } });
  const workers = server.pids().slice(1, 3); // in the order they were started: committer, workers, jobs
  const mum = await signedIn(server, "guardian");
  const form = forms((await mum.get(`/o/${server.org}/errand/`)).html).find((one) => one.action.endsWith("/many"));
  const admin = server.lines().find((line) => line.event === "metrics").port;
  const waiting = async () => Number(/^shuyuan_jobs_waiting (\d+)$/m.exec(await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text())[1]);
  for (let kill = 0; kill < KILLS; kill++) {
    const range = { from: kill * BATCH + 1, to: (kill + 1) * BATCH };
    // The same key until it is acknowledged: the committer may have been killed under it.
    await until(async () => (await mum.post(form.action, { ...form.fields, ...range, _key: `batch-${kill}` })).status === 303, "the batch");
    const left = (kill * 7) % (BATCH - 5);
    await until(async () => await waiting() <= left, "most of them done");
    const others = server.pids().filter((pid) => !workers.includes(pid));
    for (const pid of kill % 4 === 3 ? others : [others[kill % others.length]])
      try { process.kill(pid, "SIGKILL"); } catch { /* it is being replaced */ }
  }
  await until(async () => await waiting() === 0, "an empty queue", 60000);
  assert.equal((await server.metrics()).jobs_dead, 0);

  const texts = shuyuan(server.data, ["data", "export", "--as", "errand.trace", "--org", server.accounts.guardian.org, "--json", "--set", `platform=${folder}`])
    .trim().split("\n").map((line) => JSON.parse(line).text);
  const counts = new Map();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  t.diagnostic(`${texts.length} effects of ${KILLS * BATCH} jobs`);
  assert.deepEqual([...counts].filter(([, count]) => count > 1), []);
  assert.equal(counts.size, KILLS * BATCH);
  await server.remove();
  rmSync(folder, { recursive: true });
});
