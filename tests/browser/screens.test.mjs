// SPDX-License-Identifier: Apache-2.0
// Every screen in light and dark, on a phone and on a desk: no violation, nothing sticks
// out, no error in the console; one picture each in build/pictures.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DESKTOP, launch, overflow, person, PHONE, picture, signIn, violations } from "../lib/browser.mjs";
import { forms, orgId, serve, signedIn } from "../lib/school.mjs";

let server, browser, org, record, passed, county;

before(async () => {
  server = await serve();
  browser = await launch();
  const mum = await signedIn(server, "guardian");
  org = server.org;
  const form = forms((await mum.get(`/o/${org}/leave/ask`)).html).find((one) => "reason" in one.fields);
  const day = new Date(Date.now() + 86400e3).toISOString().slice(0, 10);
  const fields = { ...form.fields, from: day, to: day, reason: "发烧，在家休息" };
  if (!fields.student) fields.student = form.options[0];
  if ("kind" in form.fields && !fields.kind) fields.kind = form.options.at(-1);
  record = (await mum.post(form.action, fields)).headers.get("location").split("?")[0];
  const later = new Date(Date.now() + 12 * 86400e3).toISOString().slice(0, 10);
  passed = (await mum.post(form.action, { ...fields, _key: `${fields._key}-long`, to: later, reason: "骨折，在家养伤" })).headers.get("location").split("?")[0];
  const teacher = await signedIn(server, "teacher");
  const grant = forms((await teacher.get(passed)).html).find((one) => one.action.endsWith("/grant"));
  assert.equal((await teacher.post(grant.action, grant.fields)).status, 303);
  county = orgId(server.data, server.accounts.county.org);
});
after(async () => { await browser?.close(); await server?.remove(); });

const screens = [
  ["login", null, () => "/login"],
  ["guardian-home", "guardian", () => "/"],
  ["leave-ask", "guardian", () => `/o/${org}/leave/ask`],
  ["leave-list", "guardian", () => `/o/${org}/leave/`],
  ["leave-detail", "guardian", () => record],
  ["teacher-desk", "teacher", () => "/"],
  ["leave-desk", "teacher", () => `/o/${org}/leave/desk`],
  ["leave-decide", "teacher", () => record],
  ["principal-desk", "principal", () => "/"],
  ["leave-passed", "principal", () => passed],
  ["settings", "office", () => `/console/settings/${org}`],
  ["settings-school", "office", () => `/console/settings/${org}/leave`],
  ["settings-county", "county", () => `/console/settings/${county}/base`],
  ["county-desk", "county", () => "/"],
  ["account", "guardian", () => "/account"],
  ["help", "guardian", () => "/help"],
  ["not-found", "guardian", () => "/no/such/page"],
];

for (const [device, viewport] of [["phone", PHONE], ["desktop", DESKTOP]]) {
  for (const theme of ["light", "dark"]) {
    test(`screens on a ${device}, ${theme}`, async (t) => {
      const pages = new Map();
      for (const [name, role, path] of screens) {
        if (!pages.has(role)) {
          const page = await person(browser, server, { viewport, theme });
          if (role) await signIn(page, server.accounts[role]);
          pages.set(role, page);
        }
        const page = pages.get(role);
        await t.test(name, async () => {
          page.faults.length = 0;
          await page.goto(path());
          await picture(page, `${name}-${device}-${theme}`);
          assert.equal(await page.locator("h1").count(), 1);
          assert.match(await page.title(), /.+/);
          assert.deepEqual(await violations(page), []);
          if (device === "phone") assert.deepEqual(await overflow(page), []);
          assert.deepEqual(page.faults.filter((fault) => !/404/.test(fault)), []);
        });
      }
      for (const page of pages.values()) await page.context().close();
    });
  }
}

test("in English too", async () => {
  const page = await person(browser, server, { lang: "en-GB" });
  await signIn(page, server.accounts.guardian);
  await page.goto(`/o/${org}/leave/ask`);
  const text = await page.locator("body").innerText();
  assert.match(text, /Leave|leave/);
  assert.deepEqual(await violations(page), []);
  await picture(page, "leave-ask-english");
  await page.context().close();
});
