// SPDX-License-Identifier: Apache-2.0
// CT3, PA1, PR3: a notice with a reply goes to a class, appears on open pages, is answered and counted,
// and who has not read it is reminded once; a mother of children at two schools has one inbox.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, person, PHONE, signIn } from "../lib/browser.mjs";
import { serve, shuyuan } from "../lib/school.mjs";

let server, browser, notices;
before(async () => {
  server = await serve({ settings: { "job.poll": "5ms", "script.wall": "30s", "script.cpu": "5s", watchdog: "2min" } });
  browser = await launch();
  notices = `/o/${server.org}/notice`;
});
after(async () => { await browser?.close(); await server?.remove(); });

const main = (page) => page.locator("main");
const shown = (page, text) => main(page).getByText(text).first().waitFor();

async function write(page, at, { title, body, options, scope = 0, urgent = false }) {
  await page.goto(`${at}/write`);
  await page.locator(`input[name=scope]`).nth(scope).check();
  if (scope === 0) await page.locator("input[name=class]").first().check();
  await page.fill("[name=title]", title);
  await page.fill("[name=body]", body);
  if (urgent) await page.locator("input[name=urgent][value=true]").check();
  if (options) {
    await page.locator("input[name=ask][value=choice]").check();
    await page.fill("[name=options]", options.join("\n"));
  }
  await page.locator("main form button[type=submit]").click();
  await page.waitForURL(/done=write/);
}

test("a class teacher asks for sizes: the open inbox shows it, the answer is counted, the unread are reminded once", async () => {
  const mum = await person(browser, server, { viewport: PHONE }), teacher = await person(browser, server);
  await signIn(mum, server.accounts.guardian);
  await mum.goto(`${notices}/`);
  await shown(mum, "还没有通知");
  await signIn(teacher, server.accounts.teacher);
  await write(teacher, notices, { title: "校服尺码", body: "请选尺码。", options: ["130", "140"] });

  await shown(mum, "校服尺码"); // nobody touched the page
  const notice = teacher.url().split("?")[0];
  await teacher.goto(`${notice}/replies`);
  await shown(teacher, "未读");
  await main(mum).getByRole("button", { name: /打开/ }).click();
  await mum.waitForURL(/\/receipt\//);
  await mum.locator("input[name=answer][value='140']").check();
  await main(mum).getByRole("button", { name: "提交回执" }).click();
  await shown(mum, "已回复：140");
  await shown(teacher, "140"); // nor this one

  await teacher.goto(notice);
  await main(teacher).getByRole("button", { name: "提醒未读家长" }).click();
  await teacher.waitForURL(/\/sent|\/notice\//);
  await teacher.waitForFunction(async (url) => !(await (await fetch(url)).text()).includes("提醒时间</dt><dd>未填写"), notice);
  await teacher.goto(notice);
  await main(teacher).getByRole("button", { name: "提醒未读家长" }).click();
  await teacher.getByText("刚刚提醒过").first().waitFor();
  assert.deepEqual([...mum.faults, ...teacher.faults.filter((fault) => !/422/.test(fault))], []);
  await mum.context().close();
  await teacher.context().close();
});

test("what two schools say stands in one inbox, by child, the urgent first", async () => {
  const other = JSON.parse(shuyuan(server.data, ["org", "list", "--json"]).trim().split("\n").find((line) => line.includes("明湖区第一初级中学")));
  shuyuan(server.data, ["user", "add", "--login", "other-head", "--name", "另一校长", "--role", "principal", "--org", other.code], "mingHu-2026-x\n");
  const head = await person(browser, server), mum = await person(browser, server, { viewport: PHONE });
  await signIn(head, { login: "other-head", password: "mingHu-2026-x" });
  await signIn(mum, server.accounts.guardian);
  await mum.goto(`${notices}/`);
  await write(head, `/o/${other.id}/notice`, { title: "家长会", body: "周三晚上。", scope: 2 });
  await write(head, `/o/${other.id}/notice`, { title: "台风停课", body: "明天停课。", scope: 2, urgent: true });

  await shown(mum, "台风停课");
  await shown(mum, "家长会");
  await mum.reload();
  const cards = await main(mum).locator(".card").allInnerTexts();
  assert.equal(cards.length, 2);
  const there = cards.find((text) => text.includes("明湖区第一初级中学"));
  assert.ok(there.indexOf("台风停课") < there.indexOf("家长会"), there);
  assert.ok(!there.includes("校服尺码"));
  await head.context().close();
  await mum.context().close();
});
