// SPDX-License-Identifier: Apache-2.0
// The story the platform is for: a guardian asks for leave on a phone, the class teacher
// grants it at a desk. Once with script, once without, once with the keyboard alone.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DESKTOP, launch, person, PHONE, signIn } from "../lib/browser.mjs";
import { serve } from "../lib/school.mjs";

let server, browser;
before(async () => { server = await serve(); browser = await launch(); });
after(async () => { await browser?.close(); await server?.remove(); });

const day = (offset) => new Date(Date.now() + offset * 86400e3).toISOString().slice(0, 10);

// The child at the school of the demonstration's teacher is chosen by one tap.
async function openAsk(page) {
  await page.locator(`form[action='/switch']:has(input[name=org][value='${server.org}']) button`).first().click();
  await page.locator("a[href$='/leave/ask']").first().click();
}

async function fillAsk(page, reason) {
  const student = page.locator("select[name=student]");
  if (await student.count() > 0 && !(await student.inputValue())) await student.selectOption({ index: 1 });
  const radio = page.locator("input[type=radio][name=student]");
  if (await radio.count() > 0) await radio.first().check({ force: true });
  const kind = page.locator("select[name=kind]");
  if (await kind.count() > 0) await kind.selectOption({ index: 1 });
  const kinds = page.locator("input[type=radio][name=kind]");
  if (await kinds.count() > 0) await kinds.first().check({ force: true });
  await page.fill("[name=from]", day(1));
  await page.fill("[name=to]", day(1));
  await page.fill("[name=reason]", reason);
}

for (const script of [true, false]) {
  test(`a guardian asks on a phone, the teacher grants at a desk, script ${script ? "on" : "off"}`, async () => {
    const reason = `发烧 ${script}`;
    const mum = await person(browser, server, { viewport: PHONE, script });
    await signIn(mum, server.accounts.guardian);
    await openAsk(mum);
    await fillAsk(mum, reason);
    await mum.locator("form:has([name=reason]) button[type=submit]").click();
    await mum.waitForURL(/\/leave\/leave\//);
    const record = new URL(mum.url()).pathname;

    const teacher = await person(browser, server, { viewport: DESKTOP, script });
    await signIn(teacher, server.accounts.teacher);
    assert.match(await teacher.locator("body").innerText(), new RegExp(reason));
    await teacher.goto(record);
    await teacher.locator("form[action$='/grant'] button").first().click();
    await teacher.waitForLoadState();

    await mum.goto(record);
    assert.match(await mum.locator("body").innerText(), /已同意|已准假|已批准/);
    assert.deepEqual(mum.faults, []);
    assert.deepEqual(teacher.faults, []);
    await mum.context().close();
    await teacher.context().close();
  });
}

test("the keyboard alone is enough to sign in and ask", async () => {
  const page = await person(browser, server);
  await page.goto("/login");
  await page.locator("input[name=login]").focus();
  await page.keyboard.type(server.accounts.guardian.login);
  await page.keyboard.press("Tab");
  await page.keyboard.type(server.accounts.guardian.password);
  await page.keyboard.press("Enter");
  await page.waitForURL((url) => url.pathname === "/");
  await page.keyboard.press("Tab");
  const skip = await page.evaluate(() => document.activeElement.getAttribute("href"));
  assert.match(skip ?? "", /^#/);
  await page.context().close();
});

test("going back after signing out shows nothing personal", async () => {
  const page = await person(browser, server);
  await signIn(page, server.accounts.guardian);
  await page.goto("/account");
  await page.locator("form[action='/logout'] button").first().click();
  await page.waitForURL(/\/login/);
  await page.goBack();
  await page.waitForURL(/\/login/);
  await page.context().close();
});
