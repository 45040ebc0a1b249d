// SPDX-License-Identifier: Apache-2.0
// What sets Shuyuan apart, a row each, beside what a peer does in the same run where there is one:
// make tour, or node tests/tour/run.mjs [ROW…]. Also writes build/tour/results.json.
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binary, forms, product, root, serve, signedIn } from "../lib/school.mjs";

const ASKED = 200, RUNAWAYS = 2;
const rows = [];
const tell = (what, value, peer, command) => rows.push({ what, value, peer, command });
const percentile = (list, part) => [...list].sort((a, b) => a - b)[Math.floor(list.length * part)];

const ask = (url, headers, signal) => new Promise((done, fail) => {
  get(url, { headers, signal }, (answer) => answer.resume().on("end", () => done(answer.statusCode))).on("error", fail);
});

// The 99th of a hundred times in milliseconds, while others keep asking for what never ends.
async function p99(url, headers, runaway) {
  const over = new AbortController(), { signal } = over;
  const others = Array.from({ length: runaway ? RUNAWAYS : 0 }, async () => { while (!signal.aborted) await ask(runaway.url, runaway.headers, signal).catch(() => {}); });
  const times = [];
  for (let i = 0; i < ASKED; i++) {
    const start = performance.now();
    await ask(url, headers);
    times.push(performance.now() - start);
  }
  over.abort();
  await Promise.all(others);
  return percentile(times, 0.99);
}

const times = (alone, beside) => `${(beside / alone).toFixed(1)} times its p99 (${alone.toFixed(1)} → ${beside.toFixed(1)} ms)`;

async function runaway() {
  const folder = product(join(root, "tests/bench/apps/runaway"));
  const server = await serve({ settings: { platform: folder, workers: 1, "log.level": "error" } });
  const teacher = await signedIn(server, "teacher"), mum = await signedIn(server, "guardian");
  const cookie = (who) => ({ cookie: [...who.cookies].map(([name, value]) => `${name}=${value}`).join("; ") });
  const list = `${server.url}/o/${server.org}/leave/desk`;
  const mine = [await p99(list, cookie(teacher)), await p99(list, cookie(teacher), { url: `${server.url}/o/${server.org}/runaway/forever`, headers: cookie(mum) })];
  await server.remove();
  rmSync(folder, { recursive: true });

  const peer = spawn(process.execPath, [join(root, "tests/tour/peer.mjs")], { stdio: ["ignore", "pipe", "inherit"] });
  const url = /on (\S+)/.exec(await new Promise((done) => peer.stdout.once("data", (bytes) => done(String(bytes)))))[1];
  const theirs = [await p99(`${url}/list`), await p99(`${url}/list`, {}, { url: `${url}/runaway` })];
  peer.kill();
  tell("a runaway app, and a neighbour's list", times(...mine), `plugins in one Node process: ${times(...theirs)}`, "node tests/tour/run.mjs runaway");
}

function ledger() {
  const text = execFileSync(process.execPath, ["--test", "--test-reporter=tap", "tests/crash/kill.test.mjs"], { cwd: root, encoding: "utf8", env: { ...process.env, KILLS: "20", NODE_TEST_CONTEXT: undefined } });
  const [, acknowledged] = /(\d+) acknowledged, (\d+) stored/.exec(text);
  tell("20 × kill -9 of everything under 8 writers", `${acknowledged} acknowledged, 0 lost, 0 doubled`, "", "KILLS=20 node --test tests/crash/kill.test.mjs");
}

// What a developer gets for forty lines.
function lines() {
  const folder = mkdtempSync(join(tmpdir(), "shuyuan-tour-"));
  const run = (...words) => execFileSync(binary, words, { cwd: folder, encoding: "utf8" });
  for (const part of ["lua", "apps", "sdk"]) cpSync(join(root, part), join(folder, part), { recursive: true });
  const start = performance.now();
  run("app", "new", "mine");
  run("app", "check", "mine");
  run("app", "test", "mine");
  const took = performance.now() - start;
  const code = readFileSync(join(folder, "apps/mine/main.lua"), "utf8").split("\n").filter((line) => line.trim() && !line.trim().startsWith("--")).length;
  const tests = readdirSync(join(folder, "apps/mine/test")).length;
  rmSync(folder, { recursive: true });
  tell("an app: list, form, page, action, REST, rights, two languages", `${code} lines of Lua, ${tests} file of tests; new, check and test take ${Math.round(took)} ms`, "", "shuyuan app new mine && shuyuan app check mine && shuyuan app test mine");
}

async function off() {
  const server = await serve({ settings: { "log.level": "error" } });
  const principal = await signedIn(server, "principal"), teacher = await signedIn(server, "teacher");
  const page = await principal.get(`/console/apps/${server.org}`);
  const form = forms(page.html).find((one) => one.action.endsWith("/leave") && one.fields.word === "off");
  const start = performance.now();
  await principal.post(form.action, form.fields);
  while ((await teacher.get(`/o/${server.org}/leave/desk`)).status !== 404);
  tell("an app switched off at a school is gone after", `${Math.round(performance.now() - start)} ms, its data kept`, "", "node tests/tour/run.mjs off");
  await server.remove();
}

function escapes() {
  const text = execFileSync(join(root, "build/tests/core/script/escape_test"), { cwd: root, encoding: "utf8" });
  if (!/ 0 failed$/m.test(text)) throw new Error(text);
  const count = readFileSync(join(root, "tests/core/script/escape_test.c"), "utf8").match(/^ +\{"/gm).length;
  tell("ways out of the sandbox that are tried", `${count} scripts, each ended within 250 ms of its deadline, the process lives`, "", "build/tests/core/script/escape_test");
}

const all = { runaway, ledger, lines, off, escapes };
const chosen = process.argv.slice(2);
for (const name of chosen.length > 0 ? chosen : Object.keys(all)) await all[name]();
for (const { what, value, peer, command } of rows) console.log(`${what}\n  ${value}${peer && `\n  ${peer}`}\n  $ ${command}\n`);
mkdirSync(join(root, "build/tour"), { recursive: true });
writeFileSync(join(root, "build/tour/results.json"), JSON.stringify(rows, null, 2));
