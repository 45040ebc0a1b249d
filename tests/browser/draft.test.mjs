// SPDX-License-Identifier: Apache-2.0
// What script adds to a form: unsent text is kept in the tab, and a form is sent once.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, person, PHONE, signIn } from "../lib/browser.mjs";
import { forms, serve, signedIn } from "../lib/school.mjs";

let server, browser, ask;
before(async () => {
  server = await serve();
  browser = await launch();
  const { org } = server;
  ask = `/o/${org}/leave/ask`;
});
after(async () => { await browser?.close(); await server?.remove(); });

const day = new Date(Date.now() + 86400e3).toISOString().slice(0, 10);
const reason = (page) => page.locator("[name=reason]");

async function fill(page, text) {
  await page.fill("[name=from]", day);
  await page.fill("[name=to]", day);
  await page.locator("input[name=kind]").last().check({ force: true });
  await reason(page).fill(text);
}

test("unsent text is there after going away and gone once it is stored", async () => {
  const page = await person(browser, server, { viewport: PHONE });
  await signIn(page, server.accounts.guardian);
  await page.goto(ask);
  await fill(page, "外婆生日");
  await page.goto("/help");
  await page.goto(ask);
  assert.equal(await reason(page).inputValue(), "外婆生日");
  assert.equal(await page.locator("[name=from]").inputValue(), day);
  assert.equal(await page.locator("input[name=kind]").last().isChecked(), true);

  await page.click("form:has([name=reason]) button[type=submit]");
  await page.waitForURL(/\/leave\/leave\//);
  await page.goto(ask);

  assert.equal(await reason(page).inputValue(), "");
  await page.context().close();
});

test("what the server gave back is not overwritten by what the tab kept", async () => {
  const page = await person(browser, server, { viewport: PHONE });
  await signIn(page, server.accounts.guardian);
  await page.goto(ask);
  await fill(page, "第一次写的");
  await page.fill("[name=to]", "2001-01-01");
  await page.click("form:has([name=reason]) button[type=submit]");
  await page.waitForSelector("[aria-invalid=true]");
  assert.equal(await reason(page).inputValue(), "第一次写的");
  assert.equal(await page.locator("[name=to]").inputValue(), "2001-01-01");
  assert.deepEqual(page.faults.filter((fault) => !/422/.test(fault)), []);
  await page.context().close();
});

test("unsent text does not outlive the person at a shared screen", async () => {
  const page = await person(browser, server, { viewport: PHONE });
  await signIn(page, server.accounts.guardian);
  await page.goto(ask);
  await fill(page, "只给老师看");
  await page.goto("/account");
  await page.locator("form[action='/logout'] button").click();
  await page.waitForURL(/\/login/);

  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await page.context().close();
});

test("a double click sends once", async () => {
  const page = await person(browser, server, { viewport: PHONE });
  await signIn(page, server.accounts.guardian);
  await page.goto(ask);
  await fill(page, "点了两次");
  let sent = 0;
  page.on("request", (request) => { if (request.method() === "POST") sent++; });
  await page.locator("form:has([name=reason]) button[type=submit]").dblclick();
  await page.waitForURL(/\/leave\/leave\//);

  assert.equal(sent, 1);
  assert.equal(forms(await page.content()).filter((form) => form.action.endsWith("/withdraw")).length, 1);
  await page.context().close();
});
