// SPDX-License-Identifier: Apache-2.0
// Debian's Chromium, for tests and for the pictures of the README.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { root } from "./school.mjs";

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const PHONE = { width: 360, height: 740 };
export const DESKTOP = { width: 1280, height: 860 };

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

// A person's browser. Collects what no page may have: errors and policy violations.
export async function person(browser, server, { viewport = DESKTOP, theme = "light", script = true, lang = "zh-CN" } = {}) {
  const context = await browser.newContext({ baseURL: server.url, viewport, colorScheme: theme, javaScriptEnabled: script, locale: lang, bypassCSP: false });
  const page = await context.newPage();
  page.faults = [];
  page.on("pageerror", (error) => page.faults.push(`error: ${error.message}`));
  page.on("console", (message) => { if (message.type() === "error") page.faults.push(`console: ${message.text()}`); });
  return page;
}

export async function signIn(page, account) {
  await page.goto("/login");
  await page.fill("input[name=login]", account.login);
  await page.fill("input[name=password]", account.password);
  await page.click("form button[type=submit]");
  await page.waitForURL((url) => url.pathname !== "/login");
}

// WCAG 2.2 AA by axe, evaluated outside the page's policy.
export async function violations(page) {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const found = await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
    return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(" ") + " " + (node.any[0]?.message ?? "")).join("; ")}`);
  });
}

// Nothing may stick out of a phone.
export function overflow(page) {
  return page.evaluate(() => [...document.querySelectorAll("body *")].filter((element) => {
    const box = element.getBoundingClientRect();
    const scroller = element.closest("[data-scroll], .scroll, table");
    return !scroller && box.width > 0 && box.right > document.documentElement.clientWidth + 1 && getComputedStyle(element).position !== "absolute";
  }).map((element) => element.outerHTML.slice(0, 120)));
}

export async function picture(page, name) {
  const folder = join(root, "build/pictures");
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
