// SPDX-License-Identifier: Apache-2.0
// What a district's developer holds in the hand: shuyuan app new, test, check, dev.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { binary, root } from "../lib/school.mjs";

const folders = [];
after(() => { for (const folder of folders) rmSync(folder, { recursive: true, force: true }); });

// The product, to be worked in: commands find it from where they are run.
function workshop() {
  const folder = mkdtempSync(join(tmpdir(), "shuyuan-workshop-"));
  folders.push(folder);
  for (const part of ["lua", "apps", "sdk/template"]) cpSync(join(root, part), join(folder, part), { recursive: true });
  return folder;
}

function run(folder, ...words) {
  const { status, stdout, stderr } = spawnSync(binary, words, { cwd: folder, encoding: "utf8" });
  return { status, stdout, stderr, said: stdout + stderr };
}

// An app called demo, with a test file of its own.
function withTest(text) {
  const folder = workshop();
  run(folder, "app", "new", "demo");
  rmSync(join(folder, "apps/demo/test"), { recursive: true });
  mkdirSync(join(folder, "apps/demo/test"));
  writeFileSync(join(folder, "apps/demo/test/own.lua"), text);
  return folder;
}

test("a name that is taken, reserved or malformed is refused, and nothing is made", () => {
  const folder = workshop();
  for (const name of ["oidc", "platform", "Demo", "1st", "a-b", "x".repeat(33), ".."]) {
    const { status, stderr } = run(folder, "app", "new", name);
    assert.equal(status, 1, name);
    assert.match(stderr, /small letters, digits and '_'/);
  }
  assert.match(run(folder, "app", "new", "leave").stderr, /is there already/);
  assert.equal(run(folder, "app", "new").status, 2);
  assert.deepEqual(readdirSync(join(folder, "apps")).sort(), readdirSync(join(root, "apps")).sort());
});

test("a new app passes its tests untouched, from whatever folder it is asked", () => {
  const folder = workshop();
  assert.equal(run(folder, "app", "new", "demo").status, 0);
  for (const [where, words] of [[folder, ["demo"]], [join(folder, "apps/demo/lang"), []], [tmpdir(), ["demo", "--set", `platform=${folder}`]]]) {
    const { status, said } = run(where, "app", "test", ...words);
    assert.equal(status, 0, said);
    assert.match(said, /^demo: 3 passed, 0 failed$/m);
  }
  assert.doesNotMatch(readFileSync(join(folder, "apps/demo/app.yaml"), "utf8"), /found/);
});

test("a test that fails says where, what was expected and what was got", () => {
  const folder = withTest(`local test = require "app.test"

test("one and one", function(w)
  w:expect(1 + 1, 3)
end)

test("tables are compared by what is in them", function(w)
  w:expect({a = {1, 2}}, {a = {1, 3}})
end)

test("what is allowed is not denied", function(w)
  w:expect_denied(function() w:as(w:user "student"):open("/items") end)
end)
`);
  const { status, stdout } = run(folder, "app", "test", "demo");
  assert.equal(status, 1);
  assert.match(stdout, /demo\/test\/own\.lua:4: expected 3, got 2/);
  assert.match(stdout, /own\.lua:8: expected \{a = \{1, 3\}\}, got \{a = \{1, 2\}\}/);
  assert.match(stdout, /own\.lua:12: expected to be denied, and was not/);
  assert.match(stdout, /^demo: 0 passed, 3 failed$/m);
  const lines = run(folder, "app", "test", "demo", "--json").stdout.trim().split("\n").map(JSON.parse);
  assert.deepEqual(lines.map(({ app, ok, place }) => [app, ok, place]), [["demo", false, "demo/test/own.lua:3"], ["demo", false, "demo/test/own.lua:7"], ["demo", false, "demo/test/own.lua:11"]]);
});

test("a test file that does not load, and an app that does not, fail with file and line", () => {
  const folder = withTest("local test = require 'app.test'\ntest('half a sentence'\n");
  const { status, stdout } = run(folder, "app", "test", "demo");
  assert.equal(status, 1);
  assert.match(stdout, /demo\/test\/own\.lua:3:/);
  writeFileSync(join(folder, "apps/demo/main.lua"), "local app = require 'app'\napp.nonsense()\n");
  const broken = run(folder, "app", "test", "demo");
  assert.equal(broken.status, 1);
  assert.match(broken.stdout, /demo\/main\.lua:2:/);
  assert.equal(run(folder, "app", "test", "nobody").status, 1);
  assert.equal(run(folder, "app", "test", "a", "b").status, 2);
});

const FIGURES = `local test = require "app.test"
for i = 1, 3 do
  test("figures " .. i, function(w)
    local pupil = w:user "student"
    for n = 1, i do w:as(pupil):submit("demo.new", {what = "杯" .. n}) end
    w:as(pupil):open("/items?state=open")
    local use = w:use()
    error(("steps %d kib %d reads %d writes %d"):format(use.steps, use.kib, use.reads, use.writes), 0)
  end)
end
`;

test("what a call takes is counted alike in every run and in any order", () => {
  const folder = withTest(FIGURES);
  const figures = () => [...run(folder, "app", "test", "demo").stdout.matchAll(/steps (\d+) kib (\d+) reads (\d+) writes (\d+)/g)].map(([whole]) => whole);
  const first = figures();
  assert.equal(first.length, 3);
  assert.match(first[1], /writes 2$/);
  for (let i = 0; i < 3; i++) assert.deepEqual(figures(), first);
  writeFileSync(join(folder, "apps/demo/test/own.lua"), FIGURES.replace("i = 1, 3", "i = 3, 1, -1"));
  assert.deepEqual(figures(), first.toReversed?.() ?? [...first].reverse());
});

test("a call that is dearer than a test allows fails it, with the figures", () => {
  const folder = withTest(`local test = require "app.test"
test("cheap", function(w)
  w:as(w:user "student"):submit("demo.new", {what = "杯"})
  w:expect_under{steps = 10, writes = 1, reads = 1000}
end)
`);
  assert.match(run(folder, "app", "test", "demo").stdout, /own\.lua:4: too dear: steps \d{3,} \(at most 10\)\n/);
});

test("each test has a world of its own, whose clock only the test moves", () => {
  const folder = withTest(`local test = require "app.test"
local before
test("first", function(w)
  before = w:clock()
  local pupil = w:user "student"
  local cup = w:as(pupil):submit("demo.new", {what = "杯"})
  w:expect(cup.id, w:find("demo.item")[1].id)
  w:expect(w:as(pupil):get(cup).day, "2026-03-02")
  w:clock{days = 2, hours = 16}
  local late = w:as(pupil):submit("demo.new", {what = "壶"})
  w:expect(w:as(pupil):get(late).day, "2026-03-05")
end)
test("second", function(w)
  w:expect(w:clock(), before)
  w:expect(#w:find("demo.item"), 0)
  w:clock "2026-09-01 07:30"
  w:expect(w:as(w:user "student"):create("demo.item", {what = "书"}).day, "2026-09-01")
end)
`);
  const { status, said } = run(folder, "app", "test", "demo");
  assert.equal(status, 0, said);
});

test("a job that fails fails its test; schedules follow the clock", () => {
  const folder = withTest(`local test = require "app.test"
test("digest", function(w)
  w:expect(w:run_jobs(), 0)
  w:clock{days = 1}
  w:run_jobs()
end)
`);
  writeFileSync(join(folder, "apps/demo/main.lua"), `${readFileSync(join(folder, "apps/demo/main.lua"), "utf8")}
app.every("07:30", "digest", {kinds = {"school"}}, function() error("no paper") end)
`);
  const { status, stdout } = run(folder, "app", "test", "demo");
  assert.equal(status, 1);
  assert.match(stdout, /job 'digest' of demo: demo\/main\.lua:\d+: no paper/);
});

test("nothing is left behind in memory or on the disk", () => {
  const left = () => ["/dev/shm", "/tmp"].flatMap((place) => existsSync(place) ? readdirSync(place).filter((name) => name.startsWith("shuyuan-test-") && /-\d+-\d+$/.test(name)) : []);
  const before = left();
  assert.equal(run(withTest(""), "app", "test", "demo").status, 0);
  spawnSync("sh", ["-c", `${binary} app test --json | head -1`], { cwd: workshop() });
  spawnSync("timeout", ["-s", "INT", "0.2", binary, "app", "test"], { cwd: workshop() });
  assert.deepEqual(left().filter((name) => !before.includes(name)), []);
});

// Planted mistakes: what is written, in which file of the new app, and what the check says of it.
const MISTAKES = [
  ["an unknown key", "main.lua", ["max = 60", "maxx = 60"], /demo\/main\.lua:\d+: unknown key 'maxx' in field 'place'; did you mean 'max'\?/],
  ["too many arguments", "main.lua", ["return app.redirect(", "return app.redirect(app.today(1), "], /main\.lua:38: app\.redirect takes 1 argument, not 2/],
  ["too few arguments", "main.lua", ['app.get("/", {allow = items:roles("read")}, function()', 'app.log() app.get("/", {allow = items:roles("read")}, function()'], /app\.log takes 1 argument, not 0/],
  ["something asked for and not used", "app.yaml", ["[ base.person ]", "[ base.person, base.class ]"], /demo\/app\.yaml:6: asks to read base\.class, and does not/],
  ["something used and not asked for", "app.yaml", ["asks: { read: [ base.person ] }", ""], /demo\/app\.yaml:\d+: asks\.read lacks base\.person, to which the field 'by' of demo\.item refers/],
  ["a wish to notify that is not used", "app.yaml", ["[ base.person ] }", "[ base.person ], notify: [ inbox ] }"], /asks to notify, and calls no app\.notify/],
  ["a rule without an index", "main.lua", ['student = {"org under @me.orgs", except = {"by", "by_name"}}', 'student = {"by is @me"}'], /main\.lua:20: .*add index = \{ \{ "by" \} \}/],
  ["words that one language lacks", "lang/en.yaml", [/ {6}send: .*\n/, ""], /lang\/zh\.yaml:\d+: 'item\.forms\.new\.send' has no words in lang\/en\.yaml/],
  ["words that nobody wrote", "main.lua", [/$/, '\napp.get("/x", {allow = {"teacher"}}, function() return app.json({a = app.t("no.such")}) end)\n'], /main\.lua:41: lang\/zh\.yaml and lang\/en\.yaml have no 'no\.such'/],
  ["words that nothing shows", "lang/zh.yaml", [/$/, "lonely: 孤单\n"], /demo\/lang\/zh\.yaml:\d+: nothing shows 'lonely'/],
  ["a variable that is never passed", "pages/item.html", ['<% layout("page", {title = title}) %>\n<%= titel %>\n'], /pages\/item\.html:2: 'titel' is passed by no app\.page/],
  ["words in a page", "pages/item.html", ['<% layout("page", {title = title}) %>\n<p>\nHello\n</p>\n'], /pages\/item\.html:3: 'Hello' stands in the page itself/],
  ["words in an attribute", "pages/item.html", ['<% layout("page", {title = title}) %>\n<p title="你好"></p>\n'], /pages\/item\.html:2: the words of title/],
  ["a text as markup", "pages/item.html", ['<% layout("page", {title = title}) %>\n<%- t("item.title") %>\n'], /pages\/item\.html:2: <%- takes markup/],
  ["markup glued together", "main.lua", [/$/, '\nlocal html = "<b>" .. "x"\n'], /main\.lua:41: markup in a text/],
  ["a route without a permission", "main.lua", ['{allow = items:roles("read")}, ', ""], /main\.lua:37: GET \/ says nobody may use it/],
  ["an unknown data element", "main.lua", ["max = 60", 'max = 60, element = "GB/T 2262"'], /main\.lua:8: unknown data element 'GB\/T 2262'; did you mean 'GB\/T 226\d/],
];

function plant(folder, [, file, [from, to]]) {
  const path = join(folder, "apps/demo", file);
  mkdirSync(join(path, ".."), { recursive: true });
  if (to === undefined) { writeFileSync(path, from); return; }
  const before = readFileSync(path, "utf8"), now = before.replace(from, to);
  assert.notEqual(now, before, `${file} has no ${from}`);
  writeFileSync(path, now);
}

for (const mistake of MISTAKES) {
  test(`the check tells ${mistake[0]}, with file and line`, () => {
    const folder = workshop();
    run(folder, "app", "new", "demo");
    plant(folder, mistake);
    const { status, stdout, stderr } = run(folder, "app", "check", "demo");
    assert.equal(status, 1, stdout + stderr);
    assert.match(stdout, mistake[3]);
    assert.equal(run(folder, "check", "--set", `platform=${folder}`).status, 1, "and so does shuyuan check");
  });
}

test("a new app, and those that come with the product, have nothing wrong", () => {
  const folder = workshop();
  run(folder, "app", "new", "demo");
  const one = run(folder, "app", "check", "demo"), all = run(folder, "app", "check");
  assert.deepEqual([one.status, one.stdout], [0, "demo: nothing is wrong.\n"]);
  assert.deepEqual([all.status, all.stdout], [0, "All applications: nothing is wrong.\n"]);
});

test("all mistakes are told at once, and also of an app that does not load", () => {
  const folder = workshop();
  run(folder, "app", "new", "demo");
  const told = MISTAKES.filter(([name]) => ["an unknown key", "too many arguments", "a rule without an index", "words that nothing shows", "a route without a permission"].includes(name) === true);
  for (const mistake of told.filter(([name]) => name !== "a route without a permission")) plant(folder, mistake);
  const { stdout } = run(folder, "app", "check", "demo");
  for (const [name, , , words] of told.filter(([one]) => one !== "a route without a permission")) assert.match(stdout, words, name);
  const lines = run(folder, "app", "check", "demo", "--json").stdout.trim().split("\n").map(JSON.parse);
  assert.ok(lines.some(({ app, place }) => app === "demo" && place === "demo/main.lua:38"), JSON.stringify(lines));
  const file = join(folder, "apps/demo/main.lua");
  writeFileSync(file, readFileSync(file, "utf8").replace("items:form(", "items:fom("));
  const stopped = run(folder, "app", "check", "demo").stdout;
  assert.match(stopped, /main\.lua:\d+: .*fom/);
  assert.match(stopped, /app\.redirect takes 1 argument, not 2/);
});
