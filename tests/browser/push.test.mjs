// SPDX-License-Identifier: Apache-2.0
// DA5: a county puts a video into a pack for grade 3, sees whom it reaches, sends it; a school plays, rates and
// notes; one item is recalled, and the note on it stays.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, overflow, person, PHONE, signIn, violations } from "../lib/browser.mjs";
import { orgId, serve } from "../lib/school.mjs";

let server, browser, county;
before(async () => {
  server = await serve({ settings: { "job.poll": "5ms" } });
  browser = await launch();
  county = `/o/${orgId(server.data, "329901")}/push`;
});
after(async () => { await browser?.close(); await server?.remove(); });

const main = (page) => page.locator("main");
const press = (page, name) => main(page).getByRole("button", { name, exact: true }).click();

// A second of moving colour, as this browser records it.
const film = (page) => page.evaluate(async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 }), pen = canvas.getContext("2d");
  const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: "video/webm" }), parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  recorder.start();
  for (let i = 0; i < 20; i++) {
    pen.fillStyle = `hsl(${i * 15} 60% 50%)`;
    pen.fillRect(0, 0, 320, 180);
    await new Promise((done) => requestAnimationFrame(done));
  }
  await new Promise((done) => { recorder.onstop = done; recorder.stop(); });
  return [...new Uint8Array(await new Blob(parts).arrayBuffer())];
});

async function add(page, name, subject) {
  await page.goto(`${county}/add`);
  await page.fill("[name=name]", name);
  await page.fill("[name=subject]", subject);
  await page.locator("input[name=licence]").first().check();
  await page.locator("input[name=channel]").nth(1).check();
  await page.setInputFiles("input[type=file]", { name: `${name}.webm`, mimeType: "video/webm", buffer: Buffer.from(await film(page)) });
  await page.waitForFunction(() => document.querySelector("sy-upload input[type=hidden]").value !== "");
  await press(page, "放入");
  await page.waitForURL(/done=add/);
  return page.url().split("?")[0].split("/").at(-1);
}

async function look(page) {
  assert.deepEqual(await violations(page), []);
  assert.deepEqual(await overflow(page), []);
  assert.deepEqual(page.faults, []);
}

test("a video goes from the county to a class, is played, rated and noted, and is taken back", async () => {
  const clerk = await person(browser, server), teacher = await person(browser, server, { viewport: PHONE }), head = await person(browser, server, { viewport: PHONE });
  for (const [page, role] of [[clerk, "county"], [teacher, "teacher"], [head, "principal"]]) await signIn(page, server.accounts[role]);

  await clerk.goto(`${county}/new`);
  await clerk.fill("[name=name]", "三年级科学");
  await clerk.locator("input[name=stage]").first().check();
  await clerk.fill("[name=first]", "3");
  await clerk.fill("[name=last]", "3");
  await press(clerk, "建好");
  await clerk.waitForURL(/done=new/);
  const pack = clerk.url().split("?")[0];
  const video = await add(clerk, "种子发芽", "科学");
  await clerk.goto(`${pack}/reach`);
  assert.match(await main(clerk).innerText(), /9\s*所/);
  await look(clerk);
  await clerk.goto(pack);
  await press(clerk, "推送");

  const at = `/o/${server.org}/push`;
  do await head.goto(`${at}/`); while (await main(head).getByRole("button", { name: "签收" }).count() === 0);
  await look(head);
  await press(head, "签收");
  await main(head).getByRole("button", { name: "签收" }).waitFor({ state: "detached" });

  await teacher.goto(`${at}/`);
  await main(teacher).getByText("三年级科学").first().click();
  await main(teacher).getByText("种子发芽").first().click();
  await teacher.waitForURL(`**${at}/resource/${video}`);
  const played = await teacher.locator("video").evaluate((one) => new Promise((done, fail) => {
    one.onerror = () => fail(new Error(one.error.message));
    one.onended = () => done(one.currentTime);
    one.muted = true;
    one.play().catch(fail);
  }));
  assert.ok(played > 0);
  await teacher.locator("input[name=stars]").nth(3).check();
  await press(teacher, "评分");
  await teacher.waitForLoadState();
  await teacher.fill("[name=text]", "第三课导入时用");
  await press(teacher, "记下");
  await main(teacher).getByText("第三课导入时用").first().waitFor();
  await look(teacher);

  await clerk.goto(`${county}/resource/${video}`);
  assert.match(await main(clerk).innerText(), /平均 4.0 分（1 人）/);
  await press(clerk, "撤回");
  await clerk.waitForLoadState();
  assert.equal((await teacher.goto(`${at}/resource/${video}`)).status(), 404);
  await teacher.goto(`${at}/notes`);
  await main(teacher).getByText("第三课导入时用").first().waitFor();
  await clerk.goto(`${pack}/reach`);
  assert.match(await main(clerk).innerText(), /鹿汀小学/);
  for (const page of [clerk, teacher, head]) await page.context().close();
});
