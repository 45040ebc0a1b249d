// SPDX-License-Identifier: Apache-2.0
// CT1: the morning's roll of a class of 45 on a phone, two away, the line cut while it is sent.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, person, PHONE, signIn } from "../lib/browser.mjs";
import { freshData, serve, shuyuan } from "../lib/school.mjs";

const PUPILS = 45, ACTIONS_MAX = 6;

let server, browser;
before(async () => {
  const data = freshData();
  const file = join(data, "../class.csv");
  const rows = Array.from({ length: PUPILS - 1 }, (_, i) => `三(3)班,学生${i + 1},8800${String(i + 1).padStart(2, "0")}`);
  writeFileSync(file, `班级,姓名,学号\n${rows.join("\n")}\n`);
  shuyuan(data, ["data", "import", "--as", "base.students", "--commit", "--org", "2132990001", file]);
  server = await serve({ data, settings: { "job.poll": "5ms" } });
  browser = await launch();
});
after(async () => { await browser?.close(); await server?.remove(); });

// The day's sheets are made by a job; the page shows them once they are there.
async function openToday(page) {
  await signIn(page, server.accounts.teacher);
  for (;;) {
    await page.goto(`/o/${server.org}/roll/`);
    if (await page.locator("main a[href$='/take']").count() > 0) return;
  }
}
const marks = () => shuyuan(server.data, ["data", "export", "--as", "roll.mark", "--org", server.accounts.guardian.org, "--json"])
  .trim().split("\n").filter(Boolean).map((line) => JSON.parse(line));

test("two of 45 are away: six actions at most, and the save waits for the line and is sent once", async () => {
  const page = await person(browser, server, { viewport: PHONE });
  await openToday(page);
  let actions = 0;
  const act = async (what) => { actions++; await what; };

  await act(page.locator("main a[href$='/take']").first().click());
  await page.waitForURL(/\/take$/);
  assert.equal(await page.locator("main select").count(), PUPILS);
  await act(page.locator("main select").nth(3).selectOption("unknown"));
  await act(page.locator("main select").nth(7).selectOption("fever"));
  await page.context().setOffline(true);
  await act(page.locator("main form button[type=submit]").click());
  await page.waitForSelector("sy-send [role=status]");
  assert.equal(await page.locator("main select").nth(3).inputValue(), "unknown");
  assert.deepEqual(marks(), []);
  await page.context().setOffline(false);
  await page.waitForURL(/\/roll\/$/);

  assert.ok(actions <= ACTIONS_MAX, `${actions} actions`);
  assert.deepEqual(marks().map((mark) => mark.code).sort(), ["fever", "unknown"]);
  await page.context().close();
});

test("without script the roll is a form like any other", async () => {
  const page = await person(browser, server, { viewport: PHONE, script: false });
  await openToday(page);
  await page.locator("main a[href$='/take']").last().click();
  await page.locator("main form button[type=submit]").click();
  await page.waitForURL(/\/roll\/$/);
  assert.match(await page.locator("main").innerText(), /缺勤 0 人/);
  await page.context().close();
});
