// SPDX-License-Identifier: Apache-2.0
// A full disk, and a store at its limit: reading goes on, writing gets a page that says so,
// nothing acknowledged is lost, and with room again it goes on by itself.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, cpSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { freshData, leaveForm, leaves, serve, signedIn, until, Visitor } from "../lib/school.mjs";

const FULL = 507, ASKS_MAX = 3000;

// Asks until the disk says no; notes what was acknowledged, gives the refusal. Some still pass
// behind a refused one, where a page was just given back.
async function fill(visitor, { path, fields }, ledger) {
  for (let i = 0; i < ASKS_MAX; i++) {
    const reason = `ask-${ledger.length}-${i}-`.padEnd(150, "x");
    const answer = await visitor.post(path, { ...fields, reason, _key: reason.slice(0, 20) });
    if (answer.status === FULL) return { answer, reason };
    assert.equal(answer.status, 303);
    ledger.push(reason);
  }
  return assert.fail(`${ASKS_MAX} asks and never full`);
}

function isWhole(server, ledger) {
  const stored = leaves(server).map(({ reason }) => reason).filter((reason) => reason.startsWith("ask-"));
  assert.deepEqual(ledger.filter((reason) => !stored.includes(reason)), [], "lost");
  assert.equal(stored.length, ledger.length, "doubled, or stored without a word");
}

// What holds however the store came to be full. The two are signed in already.
async function holds(server, mum, teacher, form, ledger, keptBack = false) {
  for (const page of ["/", "/account", `/o/${server.org}/leave/mine`]) assert.equal((await mum.get(page)).status, 200, page);
  assert.equal((await teacher.get(`/o/${server.org}/leave/desk`)).status, 200);
  assert.equal((await mum.get("/readyz")).status, 200);
  const english = new Visitor(server.url, { "accept-language": "en" });
  english.cookies = new Map(mum.cookies);
  const [zh, en] = [await fill(mum, form, ledger), await fill(english, form, ledger)];
  for (const [{ answer }, lang] of [[zh, "zh-CN"], [en, "en"]]) {
    assert.ok(answer.html.includes(`<html lang="${lang}"`));
    assert.ok(answer.html.includes(answer.headers.get("x-request-id")));
  }
  assert.notEqual(/<h1[^>]*>([^<]*)/.exec(zh.answer.html)[1], /<h1[^>]*>([^<]*)/.exec(en.answer.html)[1]);
  // signing in and out need the disk as well: done, where room is kept back for it; else perhaps refused with
  // the same page, but the device forgets
  for (const [password, status] of [[server.accounts.principal.password, 303], ["wrong-password", 422]]) {
    const answer = await new Visitor(server.url).submit("/login", { login: "principal", password }, (one) => "password" in one.fields);
    assert.ok(answer.status === status || (answer.status === FULL && !keptBack), `${answer.status}`);
  }
  const leaving = new Visitor(server.url);
  leaving.cookies = new Map(teacher.cookies);
  const left = await leaving.submit("/account", {}, (one) => one.action === "/logout");
  assert.ok(left.status === 303 || (left.status === FULL && !keptBack));
  assert.ok(!leaving.cookies.has("sy_session"));
}

// A small disk of its own. Without the right to mount, there is none.
function smallDisk(t, megabytes) {
  const folder = mkdtempSync(join(tmpdir(), "shuyuan-disk-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=0700`, "tmpfs", folder], { encoding: "utf8" });
  if (mounted.status !== 0) {
    rmSync(folder, { recursive: true });
    return t.skip(`no small disk can be mounted here: ${mounted.error?.message ?? mounted.stderr.trim()}`);
  }
  t.after(() => { execFileSync("umount", ["-l", folder]); rmSync(folder, { recursive: true, force: true }); });
  return folder;
}

function fillUp(path, leave) {
  const file = openSync(path, "w"), piece = Buffer.alloc(4096);
  try { for (;;) writeSync(file, piece); } catch (error) { assert.equal(error.code, "ENOSPC"); }
  execFileSync("truncate", ["-s", String(Math.max(0, statSync(path).size - leave)), path]);
  closeSync(file);
}

test("a full disk: reads go on, writes are told, nothing acknowledged is lost, and room heals it", async (t) => {
  const from = freshData(), disk = smallDisk(t, 64);
  if (!disk) return;
  const data = join(disk, "data");
  cpSync(from, data, { recursive: true });
  rmSync(resolve(from, ".."), { recursive: true });
  const server = await serve({ data });
  const mum = await signedIn(server, "guardian"), teacher = await signedIn(server, "teacher");
  const form = await leaveForm(server, mum);
  fillUp(join(disk, "filler"), 256 << 10);

  const ledger = [];
  const refused = await fill(mum, form, ledger);
  const pids = server.pids();
  await holds(server, mum, teacher, form, ledger);
  assert.deepEqual(server.pids(), pids, "nobody had to be started again");

  rmSync(join(disk, "filler"));
  const again = await mum.post(form.path, { ...form.fields, reason: refused.reason, _key: refused.reason.slice(0, 20) });
  assert.equal(again.status, 303, "the refused one, sent again");
  ledger.push(refused.reason);
  await signedIn(server, "principal");
  isWhole(server, ledger);

  // and once more through a kill, with the disk full
  fillUp(join(disk, "filler"), 0);
  process.kill(server.pid("committer"), "SIGKILL");
  await until(async () => (await mum.get("/readyz")).status === 200 && server.pids().length === pids.length, "a new committer on a full disk");
  assert.equal((await mum.get(`/o/${server.org}/leave/mine`)).status, 200);
  rmSync(join(disk, "filler"));
  assert.equal((await mum.post(form.path, { ...form.fields, _key: "after the kill" })).status, 303);
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
});

test("a store at store.bytes_max: the same; a higher limit heals it", async () => {
  const data = freshData();
  const first = await serve({ data, settings: { jobs: 0 } }); // nobody else writes
  const { store_bytes: used } = await until(async () => { const figures = await first.metrics(); return figures.store_bytes > 0 && figures; }, "the size of the store");
  await first.stop();
  const server = await serve({ data, settings: { jobs: 0, "store.bytes_max": `${Math.ceil(used / 1024) + 256}KiB` } });
  const mum = await signedIn(server, "guardian"), teacher = await signedIn(server, "teacher");
  const form = await leaveForm(server, mum);
  const ledger = [];
  await fill(mum, form, ledger);
  await holds(server, mum, teacher, form, ledger, true);
  for (let i = 0; i < 20; i++) await signedIn(server, i % 2 ? "principal" : "county");
  const figures = await server.metrics();
  assert.ok(figures.store_bytes <= figures.store_bytes_max);
  await server.stop();

  const larger = await serve({ data });
  await signedIn(larger, "principal");
  isWhole(larger, ledger);
  await larger.remove();
});
