// SPDX-License-Identifier: Apache-2.0
// A proof is brought with a form: sent while the person writes, going on after a cut.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { deflateSync } from "node:zlib";
import { DESKTOP, launch, overflow, person, PHONE, signIn, violations } from "../lib/browser.mjs";
import { serve } from "../lib/school.mjs";

let server, browser;
before(async () => { server = await serve(); browser = await launch(); });
after(async () => { await browser?.close(); await server?.remove(); });

const day = (offset) => new Date(Date.now() + offset * 86400e3).toISOString().slice(0, 10);

function crc(bytes) {
  let sum = ~0;
  for (const byte of bytes) { sum ^= byte; for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0); }
  return ~sum >>> 0;
}

// A picture of one colour, and of as many bytes as wanted.
function png(bytes) {
  const chunk = (name, data) => {
    const body = Buffer.concat([Buffer.from(name), data]), head = Buffer.alloc(4), tail = Buffer.alloc(4);
    head.writeUInt32BE(data.length);
    tail.writeUInt32BE(crc(body));
    return Buffer.concat([head, body, tail]);
  };
  const size = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0]);
  return Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), chunk("IHDR", size), chunk("tEXt", Buffer.alloc(bytes, "x")), chunk("IDAT", deflateSync(Buffer.from([0, 9, 9, 9]))), chunk("IEND", Buffer.alloc(0))]);
}

async function openForm(page) {
  await signIn(page, server.accounts.guardian);
  await page.goto(`/o/${server.org}/leave/ask`);
  const student = page.locator("select[name=student]");
  if (await student.count() > 0) await student.selectOption({ index: 1 });
  else await page.locator("input[type=radio][name=student]").first().check({ force: true });
  const kinds = page.locator("input[type=radio][name=kind]");
  if (await kinds.count() > 0) await kinds.first().check({ force: true });
  else await page.locator("select[name=kind]").selectOption({ index: 1 });
  await page.fill("[name=from]", day(3));
  await page.fill("[name=to]", day(3));
  await page.fill("[name=reason]", "看牙");
}

async function isShown(page, name) {
  const link = page.locator("a[href^='/files/']");
  assert.equal(await link.innerText(), name);
  const shown = await page.request.get(await link.getAttribute("href"));
  assert.equal(shown.headers()["content-type"], "image/png");
  assert.ok((await shown.body()).length < 200, "its text was taken out");
}

test("a large picture goes in parts while the form is filled in, across a cut", async () => {
  const mum = await person(browser, server, { viewport: PHONE });
  let parts = 0, cut = 0;
  await mum.route("**/uploads/*", (route) => {
    if (route.request().method() === "PATCH" && ++parts === 3) { cut++; return route.abort("connectionreset"); }
    return route.continue();
  });
  await openForm(mum);
  await mum.setInputFiles("input[type=file]", { name: "病历.png", mimeType: "image/png", buffer: png(2 << 20) });
  const send = mum.locator("form:has([name=reason]) button[type=submit]");
  assert.equal(await send.isDisabled(), true, "a form without its file would be another form");
  await mum.waitForFunction(() => document.querySelector("sy-upload input[type=hidden]").value !== "");
  assert.equal(cut, 1);
  assert.ok(parts >= 5);
  assert.deepEqual(await violations(mum), []);
  assert.deepEqual(await overflow(mum), []);
  await send.click();
  await mum.waitForURL(/\/leave\/leave\//);
  await isShown(mum, "病历.png");
  assert.deepEqual(mum.faults.filter((fault) => !/ERR_CONNECTION_RESET|Failed to load/.test(fault)), []);
  await mum.context().close();
});

test("a page that was loaded again goes on with the same file", async () => {
  const mum = await person(browser, server, { viewport: DESKTOP });
  const file = { name: "again.png", mimeType: "image/png", buffer: png(2 << 20) };
  let stopped = true, created = 0, patched = 0;
  await mum.route("**/uploads/**", (route) => {
    const method = route.request().method();
    if (method === "POST") created++;
    if (method === "PATCH" && ++patched > 2 && stopped) return; // hangs
    return route.continue();
  });
  await openForm(mum);
  // The same file keeps its date: it is written once.
  const { writeFileSync, mkdtempSync } = await import("node:fs");
  const path = `${mkdtempSync("/tmp/upload-")}/${file.name}`;
  writeFileSync(path, file.buffer);
  await mum.setInputFiles("input[type=file]", path);
  await mum.waitForFunction(() => document.querySelector("sy-upload progress")?.value >= 40);
  stopped = false;
  await openAgain(mum);
  await mum.setInputFiles("input[type=file]", path);
  await mum.waitForFunction(() => document.querySelector("sy-upload input[type=hidden]").value !== "");
  assert.equal(created, 1, "announced once");
  await mum.context().close();
});

async function openAgain(page) {
  await page.goto(`/o/${server.org}/leave/ask`);
}

test("a file that is refused says so, and the form can be sent without it", async () => {
  const mum = await person(browser, server, { viewport: PHONE });
  await openForm(mum);
  await mum.setInputFiles("input[type=file]", { name: "x.jpg", mimeType: "image/jpeg", buffer: Buffer.from("ffd8ffe1ffff45786966", "hex") });
  await mum.waitForFunction(() => document.querySelector("sy-upload [role=status]").textContent.includes("没有传成功"));
  await mum.locator("form:has([name=reason]) button[type=submit]").click();
  await mum.waitForURL(/\/leave\/leave\//);
  await mum.context().close();
});

test("without script a small picture goes with the form", async () => {
  const mum = await person(browser, server, { viewport: PHONE, script: false });
  await openForm(mum);
  await mum.setInputFiles("input[type=file]", { name: "小.png", mimeType: "image/png", buffer: png(1000) });
  await mum.locator("form:has([name=reason]) button[type=submit]").click();
  await mum.waitForURL(/\/leave\/leave\//);
  await isShown(mum, "小.png");
  assert.deepEqual(mum.faults, []);
  await mum.context().close();
});
