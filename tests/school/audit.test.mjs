// SPDX-License-Identifier: Apache-2.0
// The audit log of a running school, checked beside it. What is done to it behind the store's back
// is tried in tests/core/store/chain_test.c.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { binary, root, serve, signedIn } from "../lib/school.mjs";

let server;

before(async () => { server = await serve(); });
after(async () => { await server?.remove(); });

function verify(...words) {
  const run = spawnSync(binary, ["audit", "verify", "-c", join(root, "config/demo.yaml"), "--set", `data=${server.data}`, ...words], { cwd: root, encoding: "utf8" });
  return { ...run, lines: words.includes("--json") ? run.stdout.trim().split("\n").map((line) => JSON.parse(line)) : [] };
}

test("beside a running server each sign-in adds to a log that is in order", async () => {
  const [first] = verify("--json").lines;
  assert.equal(first.log, "#audit");
  assert.equal(first.ok, true);
  for (const role of ["guardian", "teacher"]) await signedIn(server, role);
  const run = verify("--json");
  assert.equal(run.status, 0, run.stderr);
  assert.equal(run.lines[0].entries, first.entries + 2);
  assert.match(verify().stdout, new RegExp(`^#audit: ${first.entries + 2} entries in order; head #audit:${first.entries + 2}:[0-9a-f]{64}$`, "m"));
});

test("a head that was noted down is looked for", async () => {
  const [{ head, entries }] = verify("--json").lines;
  await signedIn(server, "teacher");
  assert.equal(verify("--head", head).status, 0);

  const other = verify("--json", "--head", head.replace(/.$/, (digit) => (digit === "0" ? "1" : "0")));
  assert.equal(other.status, 1);
  assert.equal(other.lines[0].ok, false);
  assert.equal(other.lines[0].broken, entries);
  const later = verify("--head", head.replace(`:${entries}:`, ":999999:"));
  assert.equal(later.status, 1);
  assert.match(later.stdout, /^#audit: broken at entry 999999: it was noted down, and is missing/m);
  assert.equal(verify("--head", `#gone:1:${"0".repeat(64)}`).status, 1);
  assert.equal(verify("--head", "nonsense").status, 2);
});

test("a rotten entry is named", async () => {
  await server.stop();
  const path = join(server.data, "data.mdb");
  const bytes = readFileSync(path);
  const word = '"action":"sign_in"';
  let at = bytes.indexOf(word), seen = 0;
  for (; at >= 0; at = bytes.indexOf(word, at + 1), seen++) bytes[at + 12] ^= 1;
  assert.ok(seen > 0);
  writeFileSync(path, bytes);
  const run = verify("--json");
  assert.equal(run.status, 1);
  assert.match(run.lines[0].why, /checksum/);
  assert.equal(run.lines[0].broken, run.lines[0].entries + 1);
});
