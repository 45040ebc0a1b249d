// SPDX-License-Identifier: Apache-2.0
// A notice and the pages that are open when it goes out: each guardian of the class hears once, and
// nobody else; how long it takes with 1,200 of them is measured by tests/bench/notice.mjs.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { press, Stream } from "../lib/live.mjs";
import { freshData, serve, shuyuan, signedIn, until, Visitor } from "../lib/school.mjs";

const GUARDIANS = 24, CODE = "2132990001", PASSWORD = "mingHu-2026-x", ARRIVED = "notice.arrived";
const lines = (text) => text.trim().split("\n").filter(Boolean).map((line) => JSON.parse(line));

let server, teacher, families, stranger, at, own;

// The class of the demonstration's teacher, with families more.
function enlarge(data) {
  const file = join(data, "../class.csv");
  writeFileSync(file, `班级,姓名,学号,监护人1姓名,监护人1关系,监护人1电话\n${Array.from({ length: GUARDIANS }, (_, i) =>
    `三(3)班,学生${i},8800${10 + i},家长${i},母亲,129666000${10 + i}`).join("\n")}\n`);
  shuyuan(data, ["data", "import", "--as", "base.students", "--commit", "--org", CODE, file]);
  return lines(shuyuan(data, ["data", "export", "--as", "base.guardianship", "--org", "329900", "--json"]));
}

async function enrol(data, login, person) {
  shuyuan(data, ["user", "add", "--login", login, "--name", login, "--person", person.slice(27), "--role", "guardian", "--org", CODE], `${PASSWORD}\n`);
  return { login, password: PASSWORD };
}

before(async () => {
  const data = freshData(), ties = enlarge(data);
  const fresh = ties.filter(({ guardian_name }) => /^家长\d+$/.test(guardian_name));
  assert.equal(fresh.length, GUARDIANS);
  const other = ties.find((tie) => tie.school === fresh[0].school && tie.class !== fresh[0].class && !fresh.some(({ guardian }) => guardian === tie.guardian));
  const accounts = await Promise.all(fresh.map(({ guardian }, i) => enrol(data, `family-${i}`, guardian)));
  const outside = await enrol(data, "stranger", other.guardian);
  server = await serve({ data, settings: { "job.poll": "5ms", "live.heartbeat": "200ms", "script.wall": "30s", "script.cpu": "5s", watchdog: "2min" } });
  at = `/o/${server.org}/notice`;
  teacher = await signedIn(server, "teacher");
  families = [];
  for (const account of accounts) families.push(await new Visitor(server.url).signIn(account));
  stranger = await new Visitor(server.url).signIn(outside);
  own = fresh[0].class;
});
after(() => server?.remove());

const write = (fields) => press(teacher, `${at}/write`, `${at}/write`, { scope: "class", class: own, title: "春游", body: "请带水。", ...fields });
const arrived = (stream) => stream.topics().filter((topic) => topic === ARRIVED).length;

test("every guardian of the class hears once, with nothing of what it says, and nobody else hears", async () => {
  const streams = await Promise.all(families.map((family) => Stream.open(family)));
  const outside = await Stream.open(stranger);
  assert.equal((await write({ ask: "choice", options: "去\n不去" })).status, 303);
  await until(() => streams.every((stream) => arrived(stream) > 0), "all have heard");
  const beats = outside.beats;
  await until(() => outside.beats > beats, "a sign of life");
  assert.deepEqual(streams.map(arrived), streams.map(() => 1));
  assert.ok(streams.every((stream) => !stream.text.includes("春游")));
  assert.equal(arrived(outside), 0);
  assert.doesNotMatch((await stranger.get(`${at}/`)).html, /春游/);
  await Promise.all([...streams, outside].map((stream) => stream.close()));
});

test("what is taken back before its time tells nobody", async () => {
  const stream = await Stream.open(families[0]);
  const made = await write({ title: "改天", day: new Date(Date.now() + 2 * 86400e3).toISOString().slice(0, 10), time: "17:30" });
  const notice = made.headers.get("location").split("?")[0];
  assert.equal((await press(teacher, `${at}/write`, `${notice}/withdraw`)).status, 303);
  await write({ title: "最后" });
  await until(() => arrived(stream) > 0, "the one after it");
  const page = (await families[0].get(`${at}/`)).html;
  assert.match(page, /最后/);
  assert.doesNotMatch(page, /改天/);
  await stream.close();
});
