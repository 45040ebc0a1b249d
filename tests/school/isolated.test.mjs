// SPDX-License-Identifier: Apache-2.0
// Applications in processes of their own: the same pages, nothing but computing in the process,
// and what befalls it costs the call that it answered.
import assert from "node:assert/strict";
import { readFileSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { forms, freshData, product, root, serve, signedIn, until } from "../lib/school.mjs";

const platform = product(join(root, "tests/school/apps/trial"));
const common = { platform, workers: 1, jobs: 0, "script.wall": "5s", "script.cpu": "500ms" }; // without jobs no notice comes in between
let server, mum;

before(async () => {
  server = await serve({ settings: { ...common, "apps.isolated": "all", "apps.isolated_wall": "1s" } });
  mum = await signedIn(server, "guardian");
});
after(async () => { await server?.remove(); rmSync(platform, { recursive: true }); });

const about = (pid, name) => readFileSync(`/proc/${pid}/${name}`, "utf8");
const children = (pid) => { try { return about(pid, `task/${pid}/children`).trim().split(" ").filter(Boolean).map(Number); } catch { return []; } };
const named = (pids, name) => pids.filter((pid) => { try { return about(pid, "comm") === `${name}\n`; } catch { return false; } });
const nursery = () => named(children(server.pid("worker 0")), "sy nursery")[0];
const processes = () => named(children(nursery()), "sy app");
const status = (pid, key) => new RegExp(`^${key}:\\s+(.*)$`, "m").exec(about(pid, "status"))[1];
const restarts = async () => (await server.metrics()).restarts_total;

const day = (offset) => new Date(Date.now() + offset * 86400e3).toISOString().slice(0, 10);

// A guardian asks, once wrongly; the class teacher sees it, reads it and grants it.
async function way(served) {
  const [guardian, teacher] = [await signedIn(served, "guardian"), await signedIn(served, "teacher")];
  const pages = [], at = `/o/${served.org}/leave`;
  const see = async (who, path) => { const page = await who.get(path); pages.push([path, page]); return page; };
  const send = async (who, form, fields) => { const answer = await who.post(form.action, { ...form.fields, ...fields }); pages.push([form.action, answer]); return answer; };
  const shown = await see(guardian, `${at}/ask`);
  assert.equal(shown.status, 200, served.log);
  const asking = forms(shown.html).find((one) => "reason" in one.fields);
  const filled = { from: day(2), to: day(3), reason: "发烧 <b>" };
  const refused = await send(guardian, asking, { ...filled, to: day(1) });
  const asked = await send(guardian, forms(refused.html).find((one) => "reason" in one.fields), filled);
  await see(guardian, `${at}/mine`);
  await see(teacher, `${at}/desk`);
  const leave = await see(teacher, asked.headers.get("location").split("?")[0]);
  await send(teacher, forms(leave.html).find((one) => one.action.endsWith("/grant")), {});
  await see(teacher, `${at}/desk`);
  await see(teacher, `${at}/desk?export=csv`);
  await see(teacher, `${at}/nowhere`);
  await see(guardian, "/");
  return pages;
}

test("pages are the same, but for what is made anew for each", async () => {
  const here = await serve({ data: freshData(), settings: common });
  const same = (text) => text?.replace(/nonce="[^"]*"|name="_(csrf|key)" value="[^"]*"|[0-9a-z]{26}(-\d+)?|\d\d:\d\d/g, "");
  try {
    const [near, far] = [await way(here), await way(server)];
    assert.equal(far.length, near.length);
    for (const [i, [path, one]] of near.entries()) {
      assert.equal(far[i][1].status, one.status, path);
      assert.equal(same(far[i][1].html), same(one.html), path);
      assert.equal(same(far[i][1].headers.get("location")), same(one.headers.get("location")), path);
    }
    assert.deepEqual(near.map(([, one]) => one.status).filter((one) => one !== 200), [422, 303, 303, 404]);
  } finally {
    await here.remove();
  }
});

test("the process can do nothing but compute", async () => {
  assert.equal((await mum.get(`/o/${server.org}/trial/fine`)).status, 200);
  const all = processes();
  assert.ok(all.length > 0);
  for (const pid of all) {
    assert.equal(status(pid, "Seccomp"), "2");
    assert.equal(status(pid, "NoNewPrivs"), "1");
    assert.match(status(pid, "CapEff"), /^0+$/);
    assert.ok(!status(pid, "Uid").split("\t").includes("0"), "nobody's, even when the server is root's");
    const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
    assert.deepEqual(open.map((file) => file.replace(/\[.*/, "")).sort(), ["/dev/null", "/dev/null", "/dev/null", "socket:"]);
    assert.notEqual(readlinkSync(`/proc/${pid}/ns/net`), readlinkSync("/proc/self/ns/net"), "no network to be on");
    for (const limit of ["Max open files", "Max processes", "Max file size", "Max core file size"]) assert.match(about(pid, "limits"), new RegExp(`^${limit} +0 +0 `, "m"));
    assert.doesNotMatch(about(pid, "maps"), /data\.mdb|lock\.mdb/);
    assert.doesNotMatch(about(pid, "environ"), /./, "no words of who started it");
  }
});

test("a process that is gone is replaced at the next call", async () => {
  const before = await restarts();
  for (const pid of processes()) process.kill(pid, "SIGKILL");
  await until(() => processes().length === 0, "the end of the processes");
  assert.equal((await mum.get(`/o/${server.org}/trial/fine`)).status, 200);
  assert.equal(await restarts(), before, "the worker did not notice");
});

test("a process that stands still is killed, its call answered with an id, and the other applications go on", async () => {
  assert.equal((await mum.get(`/o/${server.org}/trial/fine`)).status, 200);
  const [before, held] = [await restarts(), processes()];
  for (const pid of held) process.kill(pid, "SIGSTOP");
  const answer = await mum.get(`/o/${server.org}/trial/fine`);
  assert.equal(answer.status, 503);
  assert.ok(answer.html.includes(answer.headers.get("x-request-id")));
  assert.equal((await mum.get("/account")).status, 200);
  assert.equal((await mum.get(`/o/${server.org}/trial/fine`)).status, 200, "by a new process");
  for (const pid of held) try { process.kill(pid, "SIGCONT"); } catch { /* gone */ }
  assert.equal(await restarts(), before);
});

test("a worker does not wait for a process that stands still", async () => {
  const patient = await serve({ data: freshData(), settings: { ...common, "apps.isolated": "trial", "apps.isolated_wall": "20s", "script.wall": "30s", watchdog: "2s" } });
  try {
    const [one, other] = [await signedIn(patient, "guardian"), await signedIn(patient, "teacher")];
    assert.equal((await one.get(`/o/${patient.org}/trial/fine`)).status, 200);
    const worker = patient.pid("worker 0"), held = named(children(named(children(worker), "sy nursery")[0]), "sy app");
    for (const pid of held) process.kill(pid, "SIGSTOP");
    let ended = false;
    const stuck = one.get(`/o/${patient.org}/trial/fine`).then((answer) => { ended = true; return answer; });
    for (let i = 0; i < 20; i++) assert.equal((await other.get(`/o/${patient.org}/leave/desk`)).status, 200);
    assert.equal((await other.get(`/o/${patient.org}/trial/fine`)).status, 200, "by a process of its own");
    assert.equal(ended, false, "the one that stands still is still waited for");
    for (const pid of held) process.kill(pid, "SIGCONT");
    assert.equal((await stuck).status, 200, "and answers when it goes on");
    assert.equal(patient.pid("worker 0"), worker);
  } finally {
    await patient.remove();
  }
});

test("where processes come from does not outlive the worker, and they do not outlive it", async () => {
  const [source, all] = [nursery(), processes()];
  process.kill(server.pid("worker 0"), "SIGKILL");
  const gone = (pid) => { try { return /^State:\s+Z/m.test(about(pid, "status")); } catch { return true; } };
  await until(() => [source, ...all].every(gone), "the end of the family");
  await until(async () => (await mum.get(`/o/${server.org}/trial/fine`).catch(() => ({}))).status === 200, "the next worker with processes of its own");
});
