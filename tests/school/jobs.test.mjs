// SPDX-License-Identifier: Apache-2.0
// Queued work in a running school: done soon, shown to operators while it waits or was given up.
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { forms, orgId, product, root, serve, shuyuan, signedIn, until } from "../lib/school.mjs";

let server, folder, mum, errand;

before(async () => {
  folder = product(join(root, "tests/school/apps/errand"));
  server = await serve({ settings: { platform: folder, "job.poll": "5ms", "job.backoff": "5ms", jobs: "2" } });
  mum = await signedIn(server, "guardian");
  errand = `/o/${server.org}/errand`;
});
after(async () => { await server?.remove(); rmSync(folder, { recursive: true }); });

async function press(button, fields) {
  const form = forms((await mum.get(`${errand}/`)).html).find((one) => one.action.endsWith(button));
  assert.equal((await mum.post(form.action, { ...form.fields, ...fields })).status, 303);
}

const traces = async () => JSON.parse((await mum.get(`${errand}/traces`)).html).count;
const list = (...words) => shuyuan(server.data, ["job", "list", "--json", ...words, "--set", `platform=${folder}`])
  .trim().split("\n").filter(Boolean).map((line) => JSON.parse(line));

test("what a page queues is done by a process of its own", async () => {
  await press("/many", { from: 1, to: 20 });
  await until(async () => await traces() === 20, "twenty traces");
  const metrics = await until(async () => { const now = await server.metrics(); return now.jobs_done_total >= 20 && now.jobs_waiting === 0 && now; }, "the figure");
  assert.equal(metrics.jobs_waiting, 0);
  assert.equal(metrics.job_processes, 2);
  assert.deepEqual(list(), []);
});

test("what fails again and again is given up, shown, and gets another chance", async () => {
  await press("/queue", { job: "fail" });
  await until(async () => (await server.metrics()).jobs_dead === 1, "a dead letter");
  const [dead] = list("--dead");
  assert.equal(dead.app, "errand");
  assert.equal(dead.job, "fail");
  assert.equal(dead.failures, 2);
  assert.match(dead.problem, /as_asked/);
  assert.match(shuyuan(server.data, ["job", "list", "--dead"]), /errand fail .* failed 2: it answered 'as_asked'\n1 given up\n$/);

  assert.equal(shuyuan(server.data, ["job", "retry", dead.id]), "1 jobs wait again\n");
  await until(async () => (await server.metrics()).job_failures_total === 4, "two more runs");
  await until(async () => (await server.metrics()).jobs_dead === 1, "the dead letter again");
  assert.equal(shuyuan(server.data, ["job", "retry", "--all"]), "1 jobs wait again\n");
  await until(async () => (await server.metrics()).job_failures_total === 6, "two more runs");
});

test("what happens in one application is heard by another", async () => {
  const file = join(folder, "one.csv");
  const before = await traces();
  writeFileSync(file, "班级,姓名,学号\n三(1)班,新同学,990001\n");
  assert.match(shuyuan(server.data, ["data", "import", "--as", "base.students", "--commit", "--org", server.accounts.guardian.org, file, "--set", `platform=${folder}`]), /1 created/);
  await until(async () => await traces() === before + 1, "the trace of the newcomer");
});

test("work goes down the tree, never up nor across", async () => {
  const before = await traces(), form = forms((await mum.get(`${errand}/`)).html).find((one) => one.action.endsWith("/queue"));
  const send = (at) => mum.post(`${errand}/at`, { _csrf: form.fields._csrf, at });
  const county = orgId(server.data, "329901"), other = orgId(server.data, "2132990002");
  for (const at of [county, other, "0".repeat(26), "nonsense"]) assert.equal((await send(at)).status, 500, at);
  assert.deepEqual(list(), []);
  assert.equal((await send(server.org)).status, 303);
  await until(async () => await traces() === before + 1, "the trace of the one that may be");
});

test("a wrong id is told, and nothing changes", () => {
  for (const id of ["nonsense", "0".repeat(26)])
    assert.throws(() => shuyuan(server.data, ["job", "retry", id]), (error) => error.status === 1);
});

test("the word that rules have for jobs is nobody's role", () => {
  assert.throws(() => shuyuan(server.data, ["user", "add", "--login", "robot", "--name", "R", "--role", "app", "--org", server.accounts.guardian.org], "long enough words\n"), /nobody's role/);
});
