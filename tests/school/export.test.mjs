// SPDX-License-Identifier: Apache-2.0
// Lists as tables for spreadsheets: by the rules, in the reader's language, and no formulas.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Program } from "../lib/program.mjs";
import { leaveForm, serve, signedIn, Visitor } from "../lib/school.mjs";

let server, org, mum, teacher;
before(async () => {
  server = await serve();
  org = server.org;
  [mum, teacher] = await Promise.all(["guardian", "teacher"].map((role) => signedIn(server, role)));
  for (const reason of ["=HYPERLINK(\"http://evil\")", "+1", "-1", "@SUM(1)", "\ttab", "＝1", "发烧，\"高\"", "plain"]) {
    const { path, fields } = await leaveForm(server, mum, { reason });
    assert.equal((await mum.post(path, fields)).status, 303);
  }
});
after(() => server?.remove());

// RFC 4180, without the mark.
const rows = (csv) => csv.replace(/^\ufeff/, "").split("\r\n").filter(Boolean)
  .map((line) => [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain));

test("nobody takes a list away whose page they may not see", async () => {
  assert.equal((await new Visitor(server.url).get(`/o/${org}/leave/desk.csv`)).status, 303);
  assert.equal((await mum.get(`/o/${org}/leave/desk.csv`)).status, 404);
  const student = await signedIn(server, "student");
  assert.equal((await student.get(`/o/${org}/leave/desk.csv`)).status, 404);
});

test("the list's rows come as a table, in the reader's words", async () => {
  const page = await teacher.get(`/o/${org}/leave/desk`);
  const [, href] = /href="([^"]*desk\.csv[^"]*)"/.exec(page.html);
  const answer = await teacher.get(href);

  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "text/csv; charset=utf-8");
  assert.match(answer.headers.get("content-disposition"), /^attachment; filename="file\.csv"; filename\*=UTF-8''%E8%AF%B7%E5%81%87/);
  assert.ok(answer.html.startsWith("\ufeff"), "spreadsheets know it is UTF-8");
  const [head, ...lines] = rows(answer.html);
  assert.equal(head[0], "学生");
  assert.ok(lines.length >= 8 && lines.every((line) => line.length === head.length));
  assert.ok(lines.every((line) => /^\d{4}-\d\d-\d\d$/.test(line[2]) && line[6] === "待审批"), answer.html);
  const english = new Visitor(server.url, { "accept-language": "en" });
  await english.signIn(server.accounts.teacher);
  assert.equal(rows((await english.get(href)).html)[0][0], "Pupil");
});

test("no cell is a formula", async () => {
  const [head, ...lines] = rows((await teacher.get(`/o/${org}/leave/desk.csv`)).html);
  const reasons = lines.map((line) => line[head.indexOf("原因")]);

  for (const cell of lines.flat()) assert.doesNotMatch(cell, /^[=+\-@\t\r＝＋－＠]/);
  for (const reason of ["'=HYPERLINK(\"http://evil\")", "'+1", "'-1", "'@SUM(1)", "'＝1", "发烧，\"高\"", "plain"]) assert.ok(reasons.includes(reason), reason);
});

test("the table follows the filter of the list, and the rules of the reader", async () => {
  assert.deepEqual(rows((await teacher.get(`/o/${org}/leave/desk.csv?state=granted`)).html).length, 1);
  const county = await signedIn(server, "county");
  const [head, ...lines] = rows((await county.get(`/o/${org}/leave/desk.csv`)).html);
  assert.ok(lines.length >= 8);
  assert.ok(lines.every((line) => line[head.indexOf("原因")] === ""), "why a child is away stays at the school");
});

test("of more rows than a table takes one is told to choose, and none is left out in silence", async () => {
  const program = await Program.signedIn(server, server.accounts.guardian);
  const [first] = (await program.get(`/api/v1/o/${org}/leave/leave?limit=1`)).body.items;
  const wish = { student: first.student, from: first.from, to: first.to, kind: "sick" };
  const count = rows((await teacher.get(`/o/${org}/leave/desk.csv`)).html).length - 1;
  const make = async (more) => { while (more > 0) { const now = Math.min(more, 40); more -= now; await Promise.all(Array.from({ length: now }, () => program.post(`/api/v1/o/${org}/leave/leave`, wish))); } };

  await make(999 - count);
  assert.equal(rows((await teacher.get(`/o/${org}/leave/desk.csv`)).html).length, 1000);
  await make(1);
  const answer = await teacher.get(`/o/${org}/leave/desk.csv`);
  assert.equal(answer.status, 422);
  assert.match(answer.html, /999/);
});
