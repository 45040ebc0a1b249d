// SPDX-License-Identifier: Apache-2.0
// Open pages follow what happens: one stream for all tabs of a browser.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { DESKTOP, launch, person, signIn, violations } from "../lib/browser.mjs";
import { press } from "../lib/live.mjs";
import { forms, leaveForm, product, root, serve, signedIn, until } from "../lib/school.mjs";

let server, folder, browser, family, teacher;

before(async () => {
  folder = product(join(root, "tests/school/apps/bell"));
  server = await serve({ settings: { platform: folder, "job.poll": "5ms", "live.retry": "50ms" } });
  browser = await launch();
  [family, teacher] = await Promise.all([signedIn(server, "guardian"), signedIn(server, "teacher")]);
});
after(async () => { await browser?.close(); await server?.remove(); rmSync(folder, { recursive: true, force: true }); });

// The family is told how a leave of theirs was decided.
async function tellFamily(reason) {
  const { path, fields } = await leaveForm(server, family, { reason });
  const record = (await family.post(path, { ...fields, _key: reason })).headers.get("location").split("?")[0];
  const form = forms((await teacher.get(record)).html).find((one) => one.action.endsWith("/grant"));
  assert.equal((await teacher.post(form.action, form.fields)).status, 303);
}

const badge = (page) => page.locator("#unread .count");
const says = (page, text) => badge(page).filter({ hasText: text }).waitFor({ state: "attached" });
const streams = async () => (await server.metrics()).live_streams;
const ring = async () => assert.equal((await press(family, `/o/${server.org}/bell/`, `/o/${server.org}/bell/ring`, { text: "ding" })).status, 303);

test("two tabs share one stream, both show what comes in, and the second goes on when the first is closed", async () => {
  const first = await person(browser, server, { viewport: DESKTOP });
  await signIn(first, server.accounts.guardian);
  const second = await first.context().newPage();
  second.faults = first.faults;
  await second.goto("/");
  await until(async () => await streams() === 1, "the stream");
  assert.equal(await badge(first).count(), 0);

  await tellFamily("the first notice");
  await Promise.all([says(first, "1"), says(second, "1")]);
  assert.equal(await streams(), 1);

  await first.close();
  await tellFamily("the second notice");
  await says(second, "2");
  await until(async () => await streams() === 1, "the stream of the other");

  const third = await second.context().newPage();
  await third.goto("/inbox");
  await says(third, "2");
  await third.locator("form[action='/inbox/read'] button").click();
  await badge(third).waitFor({ state: "detached" });
  await badge(second).waitFor({ state: "detached" });
  assert.deepEqual(first.faults, []);
  assert.deepEqual(await violations(second), []);
  await second.context().close();
  await until(async () => await streams() === 0, "the end of the stream");
});

test("a part follows its topic; what somebody is at, or announces, waits for them", async () => {
  const mum = await person(browser, server, { viewport: DESKTOP });
  await signIn(mum, server.accounts.guardian);
  await mum.goto(`/o/${server.org}/bell/`);
  const shows = (name, text) => mum.locator(`#${name}`).filter({ hasText: text }).waitFor({ state: "attached" });
  await shows("rings", "rings 0");
  await until(async () => await streams() === 1, "the stream");
  await mum.locator("#acts button").focus();

  await ring();
  await shows("rings", "rings 1");
  await shows("offered", "offered 0");
  await shows("acts", "acts 0");
  await mum.locator("#offered .news button").click();
  await shows("offered", "offered 1");
  await mum.locator("#acts .news button").click();
  await shows("acts", "acts 1");
  await mum.locator("#acts form button").click(); // what was fetched can be used
  await mum.waitForURL(`**/bell/`);
  await shows("rings", "rings 2");
  assert.deepEqual(mum.faults, []);
  await mum.context().close();
});

test("what happens while the line is cut, or between a page and its stream, is caught up", async () => {
  const mum = await person(browser, server, { viewport: DESKTOP });
  await signIn(mum, server.accounts.guardian);
  await until(async () => await streams() === 1, "the stream of the first page");
  await mum.route("**/live*", async (route) => { await ring(); await route.continue(); }); // after the page, before the stream
  await mum.goto(`/o/${server.org}/bell/`);
  await mum.locator("#rings").filter({ hasText: "rings 3" }).waitFor({ state: "attached" });
  await mum.unroute("**/live*");
  for (const name of ["worker 0", "worker 1"]) process.kill(server.pid(name), "SIGKILL");
  family.agent.destroy();
  await until(async () => { try { return (await family.get("/readyz")).status === 200; } catch { return false; } }, "workers again");
  await ring();
  await mum.locator("#rings").filter({ hasText: "rings 4" }).waitFor({ state: "attached" });
  await mum.context().close();
});

test("without script a page shows how it stood", async () => {
  const mum = await person(browser, server, { viewport: DESKTOP, script: false });
  await signIn(mum, server.accounts.guardian);
  await mum.goto(`/o/${server.org}/bell/`);
  assert.match(await mum.locator("#rings").innerText(), /rings 4/);
  assert.equal(await mum.locator("#offered .news").count(), 0);
  await mum.context().close();
});
