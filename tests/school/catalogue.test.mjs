// SPDX-License-Identifier: Apache-2.0
// The catalogue: a school switches applications on and off, a county requires and forbids them.
import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { forms, leaveForm, leaves, orgId, product, root, serve, shuyuan, signedIn, until } from "../lib/school.mjs";

let server, folder, county, mum, teacher, principal, officer;
before(async () => {
  folder = product(join(root, "tests/school/apps/errand"));
  server = await serve({ settings: { platform: folder, "job.poll": "5ms", "job.backoff": "5ms", "job.off": "20ms" } });
  county = orgId(server.data, "329901");
  [mum, teacher, principal, officer] = await Promise.all(["guardian", "teacher", "principal", "county"].map((role) => signedIn(server, role)));
});
after(async () => { await server?.remove(); rmSync(folder, { recursive: true }); });

async function say(who, org, app, word) {
  const page = await who.get(`/console/apps/${org}`);
  const form = forms(page.html).find((one) => one.action === `/console/apps/${org}/${app}` && one.fields.word === word);
  assert.ok(form, `a button «${word}» for ${app} (${page.status})`);
  return who.post(form.action, form.fields);
}
const says = async (who, org, app, word) => assert.equal((await say(who, org, app, word)).status, 303);
const status = async (who, path) => (await who.get(`/o/${server.org}/leave${path}`)).status;

afterEach(async () => {
  await says(officer, county, "leave", "on").catch(() => {});
  await says(principal, server.org, "leave", "on").catch(() => {});
});

test("nobody but who administers sees the catalogue, and nobody another school's", async () => {
  const other = orgId(server.data, "2132990002");
  for (const who of [mum, teacher]) assert.equal((await who.get(`/console/apps/${server.org}`)).status, 404);
  assert.equal((await principal.get(`/console/apps/${other}`)).status, 404);
  assert.equal((await principal.get(`/console/apps/${county}`)).status, 404);
  const own = forms((await principal.get(`/console/apps/${server.org}`)).html).find((one) => one.action.endsWith("/leave"));
  assert.equal((await principal.post(`/console/apps/${other}/leave`, { ...own.fields, word: "off" })).status, 404);
  assert.equal((await officer.get(`/console/apps/${other}`)).status, 200);
});

test("the page says in plain words what an application asks for", async () => {
  const { html } = await principal.get(`/console/apps/${server.org}`);
  assert.match(html, /请假/);
  assert.match(html, /会读取/);
  assert.match(html, /学生、班级、监护关系/);
  assert.match(html, /通过站内消息/);
});

test("switched off, its pages, its records, its card and its menu are gone at once, and its data stay", async () => {
  const form = await leaveForm(server, mum, { reason: "停用之前" });
  assert.equal((await mum.post(form.path, form.fields)).status, 303);
  const kept = leaves(server).length;
  await says(principal, server.org, "leave", "off");
  assert.equal(await status(mum, "/mine"), 404);
  assert.equal(await status(teacher, "/desk"), 404);
  assert.equal((await mum.post(form.path, { ...form.fields, reason: "停用之后" })).status, 404);
  const home = (await teacher.get("/")).html;
  assert.doesNotMatch(home, new RegExp(`/o/${server.org}/leave`));
  const session = JSON.parse((await teacher.request("/api/v1/session", {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(server.accounts.teacher) })).html);
  const records = (path) => teacher.request(path, { headers: { authorization: `Bearer ${session.token}` } });
  assert.equal((await records(`/api/v1/o/${server.org}/leave/leave`)).status, 404);
  assert.equal(leaves(server).length, kept);

  await says(principal, server.org, "leave", "on");
  assert.equal(await status(mum, "/mine"), 200);
  assert.equal((await records(`/api/v1/o/${server.org}/leave/leave`)).status, 200);
});

test("switched off, its files are not given out, and none are taken for it", async () => {
  const session = JSON.parse((await mum.request("/api/v1/session", {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(server.accounts.guardian) })).html);
  const headers = { authorization: `Bearer ${session.token}`, "tus-resumable": "1.0.0" };
  const metadata = Object.entries({ org: server.org, field: "leave.leave.proof" }).map(([key, value]) => `${key} ${btoa(value)}`).join(",");
  const announce = () => fetch(`${server.url}/uploads/`, { method: "POST", headers: { ...headers, "upload-length": "0", "upload-metadata": metadata } });
  const file = (await announce()).headers.get("location").replace("uploads", "files");
  const given = async () => (await fetch(server.url + file, { headers })).status;
  assert.equal(await given(), 200);
  await says(principal, server.org, "leave", "off");
  assert.equal(await given(), 404);
  assert.equal((await announce()).status, 403);
  await says(principal, server.org, "leave", "on");
  assert.equal(await given(), 200);
});

test("what the county forbids is off at every school, and no school can undo it", async () => {
  await says(officer, county, "leave", "forbidden");
  assert.equal(await status(mum, "/mine"), 404);
  const { html } = await principal.get(`/console/apps/${server.org}`);
  assert.match(html, /禁止使用/);
  assert.equal(forms(html).some((one) => one.action.endsWith("/leave")), false);
  const other = forms(html).find((one) => one.action.endsWith("/errand"));
  const refused = await principal.post(`/console/apps/${server.org}/leave`, { ...other.fields, word: "on" });
  assert.equal(refused.status, 422);
  assert.match(refused.html, /上级已经决定/);
  assert.equal(await status(mum, "/mine"), 404);
});

test("what the county requires is on, whatever the school said", async () => {
  await says(principal, server.org, "leave", "off");
  assert.equal(await status(mum, "/mine"), 404);
  await says(officer, county, "leave", "required");
  assert.equal(await status(mum, "/mine"), 200);
});

test("a school's word goes before what its county merely suggests", async () => {
  await says(officer, county, "leave", "off");
  assert.equal(await status(mum, "/mine"), 200);
  await says(principal, server.org, "leave", "off");
  await says(officer, county, "leave", "on");
  assert.equal(await status(mum, "/mine"), 404);
});

test("a job of an application that is switched off waits until it is on again", async () => {
  const count = async () => JSON.parse((await mum.get(`/o/${server.org}/errand/traces`)).html).count;
  const waiting = () => shuyuan(server.data, ["job", "list", "--json", "--set", `platform=${folder}`]).trim().split("\n").filter(Boolean).length;
  const before = await count();
  await says(principal, server.org, "errand", "off");
  const file = join(folder, "one.csv");
  writeFileSync(file, "班级,姓名,学号\n三(1)班,新同学,990002\n");
  shuyuan(server.data, ["data", "import", "--as", "base.students", "--commit", "--org", server.accounts.guardian.org, file, "--set", `platform=${folder}`]);
  await until(() => /"event":"a job waits: its application is switched off"/.test(server.log), "the job's turn");
  assert.equal(waiting(), 1);
  await says(principal, server.org, "errand", "on");
  await until(async () => await count() === before + 1, "the trace of the newcomer");
  await until(() => waiting() === 0, "an empty queue");
});
