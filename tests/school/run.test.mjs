// SPDX-License-Identifier: Apache-2.0
// One file in the sandbox: what it prints, how it fails, which budget stops it.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { binary } from "../lib/school.mjs";

const folder = mkdtempSync(join(tmpdir(), "shuyuan-run-"));
after(() => rmSync(folder, { recursive: true }));

function run(text, ...words) {
  const file = join(folder, "try.lua");
  writeFileSync(file, text);
  const { status, stdout, stderr } = spawnSync(binary, ["app", "run", file, ...words], { encoding: "utf8" });
  return { status, out: stdout, error: stderr };
}

test("a file that ends well prints and exits with 0", () => {
  writeFileSync(join(folder, "beside.lua"), "return {word = 'beside'}");
  const { status, out, error } = run("print('书院', 1, {})\nprint(require('beside').word)\n");
  assert.deepEqual({ status, out, error }, { status: 0, out: "书院\t1\ttable\nbeside\n", error: "" });
});

test("an error exits with 1 and says the file and the line, after what was printed", () => {
  const fault = run("print('before')\nlocal x\nprint(x.y)\n");
  assert.equal(fault.status, 1);
  assert.equal(fault.out, "before\n");
  assert.match(fault.error, /^try\.lua:3: attempt to index a nil value \(local 'x'\)\n/);
  const slip = run("x = = 1");
  assert.equal(slip.status, 1);
  assert.match(slip.error, /^try\.lua:1: unexpected symbol near '='/);
});

test("nothing outside the sandbox is there", () => {
  for (const name of ["io", "os", "debug", "package", "dofile", "weak"]) {
    const { status, error } = run(`return ${name}`);
    assert.equal(status, 1);
    assert.match(error, new RegExp(`try\\.lua:1: undeclared variable '${name}'`));
  }
  assert.match(run("require('../beside')").error, /not a module name/);
  assert.match(run("leak = 1").error, /'leak' is not declared/);
});

test("a budget that is used up exits with 3 and is named", () => {
  const stops = [
    ["while true do pcall(error) end", "processor time of 50 ms"],
    ["local t = {} while true do t[#t + 1] = {} end", "memory of 1024 KiB", "script.memory=1MiB"],
    ["('a'):rep(9999):find('.-.-.-b')", "1000 pattern steps", "script.pattern_steps=1000"],
  ];
  for (const [text, says, setting] of stops) {
    const { status, error } = run(text, ...(setting ? ["--set", setting] : []));
    assert.equal(status, 3);
    assert.equal(error, `stopped: script: ${says} used up\n`);
  }
});

test("what is printed is bounded", () => {
  const { status, out, error } = run("while true do print(('x'):rep(1000)) end");
  assert.equal(status, 1);
  assert.ok(out.length <= 65536);
  assert.match(error, /try\.lua:1: more than 65536 bytes printed/);
});

test("wrong use exits with 2, a file that is not there with 1", () => {
  assert.equal(spawnSync(binary, ["app", "run"]).status, 2);
  assert.equal(spawnSync(binary, ["app", "run", "a.lua", "b.lua"]).status, 2);
  const absent = spawnSync(binary, ["app", "run", join(folder, "absent.lua")], { encoding: "utf8" });
  assert.equal(absent.status, 1);
  assert.match(absent.stderr, /absent\.lua: No such file/);
  writeFileSync(join(folder, "try.lua"), " ".repeat(262145));
  const long = spawnSync(binary, ["app", "run", join(folder, "try.lua")], { encoding: "utf8" });
  assert.equal(long.status, 1);
});
