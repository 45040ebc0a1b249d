// SPDX-License-Identifier: Apache-2.0
// PU5 and CT5: a pupil records on a phone, mends what came back and chooses; the class teacher reviews,
// begins the publicity, decides a challenge; from then on nobody changes anything, by page or by program.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, overflow, person, PHONE, signIn, violations } from "../lib/browser.mjs";
import { Program } from "../lib/program.mjs";
import { freshData, serve, shuyuan } from "../lib/school.mjs";

const PDF = Buffer.from("%PDF-1.4\n%%EOF\n");

let server, browser, at, programs, teacher, pupil;
before(async () => {
  server = await serve({ data: freshData(), settings: { "job.poll": "5ms" } });
  browser = await launch();
  at = `/o/${server.org}/appraisal`;
  programs = {};
  for (const role of ["office", "teacher", "guardian", "principal"]) programs[role] = await Program.signedIn(server, server.accounts[role]);
  await enroll();
  await publish();
  teacher = await person(browser, server);
  await signIn(teacher, server.accounts.teacher);
  pupil = await person(browser, server, { viewport: PHONE });
  await signIn(pupil, server.accounts.pupil);
});
after(async () => { await browser?.close(); await server?.remove(); });

// The guardian's child at this school gets an account.
async function enroll() {
  const [kid] = (await programs.guardian.get(`/api/v1/o/${server.org}/base/student`)).body.items;
  shuyuan(server.data, ["user", "add", "--login", "pupil", "--name", kid.name, "--person", kid.person.slice(27), "--role", "student", "--org", server.accounts.teacher.org], "mingHu-2026\n");
  server.accounts.pupil = { login: "pupil", password: "mingHu-2026" };
  programs.pupil = await Program.signedIn(server, server.accounts.pupil);
}

// Two indicators, one below the other, published by the office.
async function publish() {
  const api = `/api/v1${at}`;
  const edition = (await programs.office.post(`${api}/edition`, { name: "2026 版" })).body.id;
  const top = (await programs.office.post(`${api}/indicator`, { edition, name: "思想品德", place: 1 })).body.id;
  assert.equal((await programs.office.post(`${api}/indicator`, { edition, name: "志愿服务", parent: top, place: 2 })).status, 201);
  assert.ok((await programs.office.post(`${api}/edition/${edition}/publish`, {}, { "if-match": "*" })).status < 400);
}

const rows = async (who, name) => (await programs[who].get(`/api/v1${at}/${name}`)).body.items;
const patch = async (who, name, id, values) => (await programs[who].patch(`/api/v1${at}/${name}/${id}`, values, "*")).status;
const send = async (page, action, form = `form[action$='/${action}']`) => {
  await Promise.all([page.waitForNavigation(), page.locator(`main ${form} button[type=submit]`).first().click()]);
};
const text = (page) => page.locator("main").innerText();
async function choose(page, name) {
  const radio = page.locator(`input[type=radio][name=${name}]`);
  if (await radio.count() > 0) await radio.first().check({ force: true });
  else await page.locator(`select[name=${name}]`).selectOption({ index: 1 });
}

test("the class teacher begins the term with published indicators", async () => {
  await teacher.goto(`${at}/begin`);
  for (const name of ["class", "edition"]) await choose(teacher, name);
  await teacher.fill("[name=name]", "2026 秋季学期");
  await send(teacher, "begin");
  assert.equal((await rows("teacher", "round"))[0].state, "open");
});

test("a pupil records with a file; what is wrong comes back with everything kept", async () => {
  await pupil.goto(`${at}/`);
  await pupil.locator("main a[href$='/add']").click();
  await pupil.fill("[name=text]", "和同学一起义卖");
  await choose(pupil, "indicator");
  await pupil.fill("[name=date]", "2099-01-01");
  await pupil.fill("[name=name]", "敬老院义卖");
  await send(pupil, "add");
  assert.match(await text(pupil), /日期不能晚于今天/);
  assert.equal(await pupil.inputValue("[name=text]"), "和同学一起义卖");
  await pupil.fill("[name=date]", "2026-03-02");
  await pupil.locator("input[type=file]").setInputFiles({ name: "证明.pdf", mimeType: "application/pdf", buffer: PDF });
  await pupil.waitForSelector("[name=file][type=hidden]", { state: "attached" });
  await send(pupil, "add");
  await pupil.waitForURL(/\/evidence\//);
  assert.match(await text(pupil), /证明\.pdf/);
  assert.deepEqual([...await violations(pupil), ...await overflow(pupil)], []);
});

test("returned with a comment, mended, accepted with a level, chosen", async () => {
  await teacher.goto(`${at}/`);
  await teacher.locator("main a[href*='/evidence/']").first().click();
  await teacher.fill("[name=comment]", "请写清楚金额");
  await send(teacher, "give_back");
  await pupil.reload();
  assert.match(await text(pupil), /请写清楚金额/);
  await pupil.locator("main a[href$='/mend']").click();
  await pupil.fill("[name=text]", "义卖所得 120 元");
  await send(pupil, "mend");
  assert.match(await text(pupil), /证明\.pdf/);

  // Nobody accepts their own, or chooses what was not accepted.
  const [{ id }] = await rows("pupil", "evidence");
  for (const values of [{ state: "accepted" }, { level: "excellent" }, { chosen: true }]) assert.equal(await patch("pupil", "evidence", id, values), 403);
  assert.equal(await patch("guardian", "evidence", id, { name: "改" }), 403);

  await teacher.goto(pupil.url());
  await choose(teacher, "level");
  await send(teacher, "accept");
  await pupil.reload();
  await send(pupil, "choose");
  const [row] = await rows("pupil", "evidence");
  assert.deepEqual([row.state, row.level, row.chosen, row.text], ["accepted", "excellent", true, "义卖所得 120 元"]);
});

test("in the publicity no page and no program changes anything, and one challenge is decided", async () => {
  const [round] = await rows("teacher", "round"), [row] = await rows("pupil", "evidence");
  await teacher.goto(`${at}/round/${round.id}/progress`);
  await send(teacher, "publish");
  assert.match(await text(teacher), /公示至/);

  assert.equal(await patch("pupil", "evidence", row.id, { text: "改" }), 403);
  assert.equal(await patch("pupil", "evidence", row.id, { chosen: false }), 403);
  assert.equal(await patch("teacher", "evidence", row.id, { level: "fair" }), 403);
  assert.equal(await patch("teacher", "round", round.id, { state: "open" }), 422);
  assert.equal(await patch("teacher", "round", round.id, { ends: "2026-03-02" }), 422);
  assert.equal(await patch("teacher", "round", round.id, { state: "closed" }), 403);
  assert.equal(await patch("office", "edition", round.edition, { state: "draft" }), 422);
  assert.equal(await patch("office", "indicator", row.indicator, { name: "改" }), 403);
  assert.deepEqual((await rows("pupil", "evidence"))[0], row);

  await pupil.goto(`${at}/evidence/${row.id}`);
  await pupil.fill("[name=reason]", "还应写上组织者");
  await send(pupil, "challenge");
  const [challenge] = await rows("principal", "challenge");
  assert.equal((await programs.guardian.post(`/api/v1${at}/challenge`, { evidence: row.id, reason: "再来" })).status, 422);
  await teacher.goto(`${at}/challenge/${challenge.id}`);
  await teacher.fill("[name=answer]", "档案里已写明");
  await send(teacher, "dismiss");
  assert.equal(await patch("teacher", "challenge", challenge.id, { state: "raised" }), 422);
  await pupil.goto(`${at}/challenge/${challenge.id}`);
  assert.match(await text(pupil), /档案里已写明/);
});

test("each step is sealed in a chain that the audit checks", () => {
  const chains = shuyuan(server.data, ["audit", "verify", "--json"]).trim().split("\n").map((line) => JSON.parse(line));
  const chain = chains.find(({ log }) => log === "#appraisal.archive");
  assert.deepEqual([chain.ok, chain.entries], [true, 2]);
});
