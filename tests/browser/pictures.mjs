// SPDX-License-Identifier: Apache-2.0
// The pictures of the READMEs, after screens.test.mjs: the few that they show, reduced, and
// those of the template app, all into sdk/pictures. `make pictures` runs both.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DESKTOP, launch, person, PHONE, picture, signIn } from "../lib/browser.mjs";
import { root, serve, signedIn } from "../lib/school.mjs";

const out = join(root, "sdk/pictures");
const BYTES_MAX = 400 * 1024; // of all together: they travel with every clone

// name: what it is called there; from: in build/pictures; width: on the page; height: what is shown of it.
const PICTURES = [
  { name: "guardian", from: "guardian-child-phone-light", width: 300, height: 640 },
  { name: "teacher", from: "teacher-waiting-desktop-light", width: 880, height: 500 },
  { name: "found-new", from: "found-new-phone-light", width: 300, height: 560 },
  { name: "found-list", from: "found-list-desktop-light", width: 880, height: 360 },
];

async function reduce(browser, { name, from, width, height }) {
  const page = await browser.newPage({ viewport: { width, height } });
  const bytes = readFileSync(join(root, `build/pictures/${from}.png`)).toString("base64");
  await page.setContent(`<body style="margin:0"><img style="display:block;width:100%" src="data:image/png;base64,${bytes}">`);
  await page.locator("img").evaluate((image) => image.decode());
  const shown = Math.min(height, await page.locator("img").evaluate((image) => Math.floor(image.height)));
  await page.screenshot({ path: join(out, `${name}.png`), clip: { x: 0, y: 0, width, height: shown } });
  await page.close();
}

// A guardian has chosen her child and asked for leave; its class teacher has it before her.
async function leavePictures(browser, server) {
  const phone = await person(browser, server, { viewport: PHONE });
  await signIn(phone, server.accounts.guardian);
  await phone.locator("form[action='/switch']").filter({ has: phone.locator(`[value="${server.org}"]`) }).locator("button").click();
  await phone.goto(`/o/${server.org}/leave/ask`);
  const day = new Date(Date.now() + 86400e3).toISOString().slice(0, 10);
  for (const name of ["from", "to"]) await phone.fill(`input[name=${name}]`, day);
  await phone.check("input[name=kind][value=sick]");
  await phone.fill("[name=reason]", "发烧，在家休息");
  await phone.click("main form button[type=submit]");
  await phone.waitForURL(/\/leave\/leave\//);
  await phone.goto("/");
  await picture(phone, "guardian-child-phone-light");
  const desk = await person(browser, server, { viewport: { width: 1280, height: 727 } });
  await signIn(desk, server.accounts.teacher);
  await desk.goto("/");
  await picture(desk, "teacher-waiting-desktop-light");
}

// The template among the product's apps, with something found.
async function templatePictures(browser, server) {
  const page = await person(browser, server, { viewport: DESKTOP });
  await signIn(page, server.accounts.teacher);
  const base = `/o/${server.org}/found`;
  for (const [what, place] of [["红领巾", "操场"], ["蓝色水杯", "二楼图书角"], ["《昆虫记》", "食堂"]]) {
    await page.goto(`${base}/new`);
    await page.fill("input[name=what]", what);
    await page.fill("input[name=place]", place);
    await page.click("main form button[type=submit]");
    await page.waitForURL(/\/item\//);
  }
  await page.goto(`${base}/items`);
  await picture(page, "found-list-desktop-light");
  await page.setViewportSize(PHONE);
  await page.goto(`${base}/new`);
  await picture(page, "found-new-phone-light");
}

// A product with the template among its apps, in a folder of its own.
function withTemplate() {
  const product = mkdtempSync(join(tmpdir(), "shuyuan-pictures-"));
  for (const part of ["lua", "apps"]) cpSync(join(root, part), join(product, part), { recursive: true });
  cpSync(join(root, "sdk/template"), join(product, "apps"), { recursive: true });
  return product;
}

async function show(browser, settings, take) {
  const server = await serve({ settings });
  const home = await (await signedIn(server, "teacher")).get("/");
  server.org = /\/o\/(\w{26})\/leave/.exec(home.html)[1];
  await take(browser, server);
  await server.remove();
}

const browser = await launch();
mkdirSync(out, { recursive: true });
const product = withTemplate();
await show(browser, {}, leavePictures);
await show(browser, { platform: product }, templatePictures);
rmSync(product, { recursive: true });
for (const one of PICTURES) await reduce(browser, one);
await browser.close();
const bytes = PICTURES.reduce((sum, { name }) => sum + statSync(join(out, `${name}.png`)).size, 0);
console.log(`${PICTURES.length} pictures, ${Math.round(bytes / 1024)} KiB, in sdk/pictures; all screens in build/pictures`);
process.exit(bytes > BYTES_MAX ? 1 : 0);
