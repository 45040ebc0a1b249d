// SPDX-License-Identifier: Apache-2.0
// What who writes an application waits for: its tests, and a page after a save.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binary, product, root, serve, signedIn } from "../lib/school.mjs";
import { median, note } from "./tools.mjs";

const SAVES = 15;
const TESTS = `local test = require "app.test"
for i = 1, 100 do
  test("small " .. i, function(w)
    local pupil = w:user "student"
    local cup = w:as(pupil):submit("small.new", {what = "杯"})
    w:expect(w:as(pupil):get(cup).state, "open")
  end)
end
`;

function hundredTests() {
  const folder = mkdtempSync(join(tmpdir(), "shuyuan-bench-"));
  for (const part of ["lua", "apps", "sdk/template"]) cpSync(join(root, part), join(folder, part), { recursive: true });
  const run = (...words) => spawnSync(binary, words, { cwd: folder, encoding: "utf8" });
  run("app", "new", "small");
  rmSync(join(folder, "apps/small/test"), { recursive: true });
  mkdirSync(join(folder, "apps/small/test"));
  writeFileSync(join(folder, "apps/small/test/small.lua"), TESTS);
  const before = performance.now(), { status, stdout } = run("app", "test", "small");
  const seconds = (performance.now() - before) / 1000;
  if (status !== 0) throw new Error(stdout);
  note("100 small tests of an application", "shuyuan", Number(seconds.toFixed(2)), "s", 2, seconds < 2);
  rmSync(folder, { recursive: true });
}

async function saves() {
  const folder = product(join(root, "sdk/template/found")), file = join(folder, "apps/found/main.lua");
  const text = readFileSync(file, "utf8"), times = [];
  const server = await serve({ command: ["app", "dev"], settings: { platform: folder } });
  const teacher = await signedIn(server, "teacher");
  const [, home] = /href="(\/o\/\w{26}\/found)\/?"/.exec((await teacher.get("/")).html);
  for (let i = 0; i < SAVES; i++) {
    const before = performance.now();
    writeFileSync(file, `${text}\napp.get("/now", {allow = {"teacher"}}, function() return app.json({now = "v${i}."}) end)\n`);
    while (!(await teacher.get(`${home}/now`)).html.includes(`v${i}.`));
    times.push(performance.now() - before);
  }
  const ms = Math.round(median(times));
  note("from saving to serving", "shuyuan", ms, "ms", 200, ms < 200);
  await server.remove();
  rmSync(folder, { recursive: true });
}

export async function develop() {
  hundredTests();
  await saves();
}
