// SPDX-License-Identifier: Apache-2.0
// The committer away, at a standstill, and held up: what the others do meanwhile.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { cookieOf, Line } from "../lib/line.mjs";
import { binary, leaveForm, leaves, root, serve, signedIn, until } from "../lib/school.mjs";

test("readiness tells when nobody can write; reading goes on, and what was counted stays", async () => {
  const server = await serve();
  const mum = await signedIn(server, "guardian");
  const ready = async () => (await mum.get("/readyz")).status;
  const counted = (await server.metrics())["answers_total{class=\"2xx\"}"];
  // it is started again at once, three times; then it has to wait
  const seen = new Set();
  await until(async () => {
    const committer = server.pid("committer");
    if (committer) process.kill(committer, "SIGKILL");
    const [status, { committer_up: up }, page] = await Promise.all([ready(), server.metrics(), mum.get("/account")]);
    assert.equal(page.status, 200);
    seen.add(status).add(up);
    return seen.has(503) && seen.has(0);
  }, "not ready, and no committer");
  await until(async () => await ready() === 200, "ready again");
  for (const pid of server.pids()) if (pid !== server.pid("committer")) process.kill(pid, "SIGKILL");
  const figures = await until(() => server.metrics().catch(() => null), "the figures of the new workers");
  assert.ok(figures["answers_total{class=\"2xx\"}"] > counted);
  await server.remove();
});

test("a committer at a standstill: so many commits wait, more are told to come again", async () => {
  const server = await serve({ settings: { workers: 1, "store.queue_max": 4 } });
  const mum = await signedIn(server, "guardian");
  const { path, fields } = await leaveForm(server, mum);
  const lines = await Promise.all(Array.from({ length: 12 }, () => Line.open(server)));
  process.kill(server.pid("committer"), "SIGSTOP");
  const answers = lines.map((line, i) => line.ask(path, { method: "POST", headers: { cookie: cookieOf(mum) },
    body: new URLSearchParams({ ...fields, reason: `wait ${i}`, _key: `wait ${i}` }).toString() }));
  let refused = 0;
  for (const answer of answers) answer.then(({ status }) => { refused += status === 503; });
  await until(() => refused === 8, "eight refusals");
  assert.equal((await mum.get("/account")).status, 200);
  process.kill(server.pid("committer"), "SIGCONT");
  const statuses = (await Promise.all(answers)).map(({ status }) => status).sort();
  assert.deepEqual(statuses, [...Array(4).fill(303), ...Array(8).fill(503)]);
  assert.equal(leaves(server).filter(({ reason }) => reason.startsWith("wait ")).length, 4);
  for (const line of lines) line.end();
  await server.remove();
});

test("a committer that does not answer is waited for so long; sent again later, it is done once", async () => {
  const server = await serve({ settings: { workers: 1, "store.wait": "150ms" } });
  const mum = await signedIn(server, "guardian");
  const { path, fields } = await leaveForm(server, mum, { reason: "a late one", _key: "late" });
  process.kill(server.pid("committer"), "SIGSTOP");
  for (let i = 0; i < 2; i++) {
    const answer = await mum.post(path, fields);
    assert.equal(answer.status, 503);
    assert.match(answer.html, /不会重复办理/);
  }
  assert.equal((await mum.get("/account")).status, 200);
  const program = await fetch(`${server.url}/api/v1/session`, { method: "POST", body: JSON.stringify({ login: server.accounts.teacher.login, password: server.accounts.teacher.password }) });
  assert.equal(program.status, 503);
  assert.equal((await program.json()).title, "late");

  process.kill(server.pid("committer"), "SIGCONT");
  const answer = await until(async () => { const now = await mum.post(path, fields); return now.status === 303 && now; }, "the answer");
  assert.equal(answer.status, 303);
  assert.equal(leaves(server).filter(({ reason }) => reason === "a late one").length, 1);
  await server.remove();
});

test("a command does not wait for ever either", async () => {
  const server = await serve();
  process.kill(server.pid("committer"), "SIGSTOP");
  const command = spawn(binary, ["user", "disable", "--login", server.accounts.student.login, "-c", join(root, "config/demo.yaml"), "--set", `data=${server.data}`, "--set", "store.wait=100ms"], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  command.stderr.on("data", (bytes) => { said += bytes; });
  assert.equal(await new Promise((done) => command.on("exit", done)), 1);
  assert.match(said, /has not answered in time/);
  process.kill(server.pid("committer"), "SIGCONT");
  await server.remove();
});

test("a snapshot that somebody holds for long is reported", async () => {
  const server = await serve({ settings: { "store.reader": "100ms" } });
  // an export into a pipe that nobody reads
  const held = spawn(binary, ["data", "export", "--as", "base.person", "--org", server.accounts.operator.org, "--json",
    "-c", join(root, "config/demo.yaml"), "--set", `data=${server.data}`], { stdio: ["ignore", "pipe", "ignore"] });
  await new Promise((done) => held.stdout.once("readable", done));
  await signedIn(server, "guardian"); // a commit that the snapshot does not see
  const line = await until(() => server.lines().find(({ event }) => event.startsWith("a snapshot is held")), "the report");
  assert.ok(line.groups >= 1 && line.ms >= 100);
  held.kill("SIGKILL");
  await server.remove();
});
