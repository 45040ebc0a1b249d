// SPDX-License-Identifier: Apache-2.0
// kill -9 of every process, again and again, under eight writers. The ledger is the
// clients' own: what was acknowledged must be there exactly once; what was not may be
// there once or not at all, and sending it again under its key makes it exactly once.
//   KILLS=1000 node --test tests/crash      the deep form
import assert from "node:assert/strict";
import { test } from "node:test";
import { forms, freshData, serve, shuyuan, signedIn } from "../lib/school.mjs";

const KILLS = Number(process.env.KILLS ?? 100);
const WRITERS = 8;

async function askForm(visitor, org) {
  const page = await visitor.get(`/o/${org}/leave/ask`);
  assert.equal(page.status, 200);
  return forms(page.html).find((form) => form.method === "post" && "reason" in form.fields);
}

// One writer: a form's worth of text sent under a key of its own, until it is acknowledged.
function writer(state, name) {
  return {
    async run() {
      while (!state.done) {
        const entry = state.retry.pop() ?? { key: `${name}-${state.next++}`, tries: 0 };
        entry.tries++;
        try {
          const answer = await state.visitor.post(state.form.action, {
            ...state.form.fields, ...state.fields, reason: entry.key, _key: entry.key,
          });
          if (answer.status === 303) state.acknowledged.add(entry.key);
          else if (answer.status >= 500 || answer.status === 409) state.retry.push(entry);
          else assert.fail(`unexpected ${answer.status} for ${entry.key}: ${answer.html.slice(0, 500)}`);
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
          state.retry.push(entry); // the line broke: the outcome is not known
          if (!state.up) await state.back;
        }
      }
    },
  };
}

test(`${KILLS} kills of all processes: nothing acknowledged is lost, nothing is doubled`, async (t) => {
  const data = freshData();
  let server = await serve({ data, settings: { "log.level": "error" } });
  const { org } = server;
  const state = { acknowledged: new Set(), retry: [], next: 0, done: false, up: true, back: Promise.resolve() };
  state.visitor = await signedIn(server, "guardian");
  state.form = await askForm(state.visitor, org);
  const day = new Date(Date.now() + 2 * 86400e3).toISOString().slice(0, 10);
  state.fields = { from: day, to: day };
  if ("student" in state.form.fields && !state.form.fields.student) state.fields.student = state.form.options[0];
  if ("kind" in state.form.fields && !state.form.fields.kind) state.fields.kind = state.form.options.at(-1);
  const writers = Array.from({ length: WRITERS }, (_, i) => writer(state, `w${i}`).run());
  let slowest = 0;
  for (let cycle = 0; cycle < KILLS; cycle++) {
    const before = state.acknowledged.size;
    while (state.acknowledged.size < before + 5 + (cycle * 7) % 23) await new Promise((done) => setImmediate(done));
    let up;
    state.up = false;
    state.back = new Promise((done) => { up = done; });
    await server.kill();
    const start = performance.now();
    server = await serve({ data, settings: { "log.level": "error" } });
    slowest = Math.max(slowest, performance.now() - start);
    state.visitor.url = server.url;
    state.up = true;
    up();
  }
  while (state.retry.length > 0) await new Promise((done) => setImmediate(done));
  state.done = true;
  await Promise.all(writers);

  const stored = shuyuan(data, ["data", "export", "--as", "leave.leave", "--org", server.accounts.guardian.org, "--json"])
    .trim().split("\n").map((line) => JSON.parse(line).reason).filter((reason) => /^w\d-/.test(reason ?? ""));
  const counts = new Map();
  for (const reason of stored) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const lost = [...state.acknowledged].filter((key) => !counts.has(key));
  const doubled = [...counts].filter(([, count]) => count > 1);
  t.diagnostic(`${state.acknowledged.size} acknowledged, ${stored.length} stored, slowest start ${slowest.toFixed(0)} ms`);
  assert.deepEqual(lost, []);
  assert.deepEqual(doubled, []);
  assert.equal(stored.length, state.acknowledged.size);
  await server.remove();
});
