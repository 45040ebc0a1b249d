// SPDX-License-Identifier: Apache-2.0
// Many at once: of those who decide the same thing one wins, those who only add all win.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { cookieOf, Line } from "../lib/line.mjs";
import { forms, leaveForm, leaves, serve, signedIn } from "../lib/school.mjs";

let server, mum, ask;

before(async () => {
  server = await serve();
  mum = await signedIn(server, "guardian");
  const { path, fields } = await leaveForm(server, mum);
  ask = (reason) => ({ path, fields: { ...fields, reason, _key: reason } });
});
after(() => server?.remove());

// All on connections of their own that are open already, sent in one go.
async function atOnce(visitor, requests) {
  const lines = await Promise.all(requests.map(() => Line.open(server)));
  const headers = { cookie: cookieOf(visitor) };
  const answers = await Promise.all(lines.map((line, i) =>
    line.ask(requests[i].path, { method: "POST", headers, body: new URLSearchParams(requests[i].fields).toString() })));
  for (const line of lines) line.end();
  return answers;
}

test("of 32 grants and refusals of one leave exactly one wins, the others are told", async () => {
  const { path, fields } = ask("decided at once");
  const record = (await mum.post(path, fields)).headers.get("location").split("?")[0];
  const teacher = await signedIn(server, "teacher");
  const shown = forms((await teacher.get(record)).html);
  const decide = (word, i) => {
    const form = shown.find((one) => one.action.endsWith(`/${word}`));
    return { path: form.action, fields: { ...form.fields, _key: `${word}-${i}` } };
  };
  const answers = await atOnce(teacher, Array.from({ length: 32 }, (_, i) => decide(i % 2 ? "grant" : "refuse", i)));
  const winners = answers.flatMap(({ status }, i) => status === 303 ? [i] : []);
  assert.equal(winners.length, 1);
  assert.equal(answers.filter(({ status }) => status === 409).length, 31);
  const state = leaves(server).find(({ reason }) => reason === "decided at once").state;
  assert.equal(state, winners[0] % 2 ? "granted" : "refused");
});

test("64 asks of one guardian at once are all taken, each once", async () => {
  const answers = await atOnce(mum, Array.from({ length: 64 }, (_, i) => ask(`all at once ${i}`)));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [303]);
  assert.equal(new Set(answers.map(({ headers }) => headers.location)).size, 64);
  assert.equal(leaves(server).filter(({ reason }) => reason.startsWith("all at once")).length, 64);
});

test("one form sent 32 times at once is one leave, and every answer is the same", async () => {
  const answers = await atOnce(mum, Array.from({ length: 32 }, () => ask("an impatient thumb")));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [303]);
  assert.equal(new Set(answers.map(({ headers }) => headers.location)).size, 1);
  assert.equal(leaves(server).filter(({ reason }) => reason === "an impatient thumb").length, 1);
});
