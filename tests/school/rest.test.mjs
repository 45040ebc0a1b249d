// SPDX-License-Identifier: Apache-2.0
// Collections for programs: the same rules as on the screens, in JSON.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Program, refused } from "../lib/program.mjs";
import { Line } from "../lib/line.mjs";
import { serve, shuyuan } from "../lib/school.mjs";

let server, org, leaves, years, mum, teacher, office, student;
const day = (offset) => new Date(Date.now() + offset * 86400e3).toISOString().slice(0, 10);
const asked = (more) => ({ student, kind: "sick", from: day(1), to: day(2), reason: "发烧", ...more });

before(async () => {
  server = await serve();
  org = server.org;
  [mum, teacher, office] = await Promise.all(["guardian", "teacher", "office"].map((role) => Program.signedIn(server, server.accounts[role])));
  leaves = `/api/v1/o/${org}/leave/leave`;
  years = `/api/v1/o/${org}/base/year`;
  const guardianships = await mum.get(`/api/v1/o/${org}/base/guardianship`);
  student = guardianships.body.items.map((one) => one.student).find((id) => id.startsWith(org));
});
after(() => server?.remove());

async function leave(more) {
  const made = await mum.post(leaves, asked(more));
  assert.equal(made.status, 201, made.text);
  return made;
}

test("whoever is not signed in gets a problem, whatever they ask", async () => {
  const nobody = new Program(server.url);
  for (const [method, path, body] of [["GET", leaves], ["POST", leaves, asked()], ["PATCH", `${leaves}/x`, {}], ["DELETE", `${leaves}/x`], ["OPTIONS", leaves]])
    refused(await nobody.ask(method, path, body), 401, "signed_out");
  refused(await new Program(server.url, "made-up").get(leaves), 401, "signed_out");
});

test("a body that is no object of JSON is refused before anything is done", async () => {
  for (const body of ["{", "[]", "null", "1", '"x"', '{"a":1,"a":2}', '{"a":\u0001}', `${"[".repeat(90)}${"]".repeat(90)}`, '{"reason":"\\ud800"}'])
    refused(await mum.post(leaves, body, { "content-type": "application/json" }), 400, "malformed");
  refused(await mum.post(leaves, "<leave/>", { "content-type": "application/xml" }), 415, "media_type");
});

test("what is refused before anybody looks at it is a problem in JSON too", async () => {
  for (const [status, options] of [[413, { method: "POST", headers: { "content-length": 9 << 20 } }], [405, { method: "TRACE" }], [415, { method: "POST", headers: { "content-encoding": "gzip" }, body: "x" }]]) {
    const line = await Line.open(server);
    const { headers, body } = await line.ask(leaves, options);
    assert.equal(headers["content-type"], "application/problem+json");
    const problem = JSON.parse(body);
    assert.deepEqual([problem.status, problem.instance], [status, headers["x-request-id"]]);
    line.end();
  }
});

test("what is wrong is told for every field at once, by its name", async () => {
  refused(await mum.post(leaves, {}), 422, "required", [["from", "required"], ["kind", "required"], ["student", "required"], ["to", "required"]]);
  const misspelt = await mum.post(leaves, asked({ reasn: "x", zzzzzz: 1 }));
  refused(misspelt, 422, "unknown", [["reasn", "unknown"], ["zzzzzz", "unknown"]]);
  assert.match(misspelt.body.fields[0].message, /reason/);
  refused(await mum.post(leaves, asked({ reason: { deep: 1 }, kind: ["sick"] })), 422, "type", [["kind", "type"], ["reason", "type"]]);
  refused(await mum.post(leaves, asked({ reason: 5 })), 422, "type", [["reason", "type"]]);
  refused(await mum.post(leaves, asked({ from: "2026-02-30" })), 422, "type", [["from", "type"]]);
  refused(await mum.post(leaves, asked({ kind: "holiday" })), 422, "code", [["kind", "code"]]);
  refused(await mum.post(leaves, asked({ to: day(0) })), 422, "order", [["to", "order"]]);
});

test("a field that no rule opens to the caller is refused by its name", async () => {
  refused(await mum.post(leaves, asked({ state: "granted" })), 403, "denied", [["state", "denied"]]);
  refused(await mum.post(leaves, asked({ by: student })), 422, "readonly", [["by", "readonly"]]);
  const { headers } = await leave();
  refused(await mum.patch(headers.location, { reason: "为了看病", state: "withdrawn" }, headers.etag), 403, "denied", [["reason", "denied"]]);
  refused(await teacher.patch(headers.location, { from: day(0), to: day(1) }, headers.etag), 403, "denied", [["from", "denied"], ["to", "denied"]]);
  refused(await mum.patch(headers.location, { state: "granted" }, headers.etag), 403, "denied");
  refused(await office.patch(headers.location, { state: "granted" }, headers.etag), 403, "denied");
  assert.equal((await mum.get(headers.location)).body.version, 1);
});

test("a record that is made says where it is and which version it has", async () => {
  const made = await leave({ reason: "有“引号”" });

  assert.equal(made.headers.etag, '"1"');
  const read = await mum.get(made.headers.location);
  assert.equal(read.headers.etag, '"1"');
  assert.deepEqual(read.body, made.body);
  assert.equal(read.body.reason, "有“引号”");
  assert.equal((await mum.ask("HEAD", made.headers.location)).headers.etag, '"1"');
  const form = await mum.post(leaves, new URLSearchParams(asked({ from: day(3), to: day(3) })));
  assert.equal(form.status, 201);
});

test("a change needs the version that it is made to", async () => {
  const { headers: { location, etag } } = await leave();

  refused(await mum.patch(location, { state: "withdrawn" }), 428, "precondition_required");
  for (const tag of ['"2"', 'W/"1"', "1", '"1', "", '"0", "3"']) refused(await mum.patch(location, { state: "withdrawn" }, tag || " "), 412, "precondition_failed");
  const changed = await mum.patch(location, { state: "withdrawn" }, `"7", ${etag}`);
  assert.equal(changed.status, 200);
  assert.equal(changed.headers.etag, '"2"');
  assert.equal(changed.body.state, "withdrawn");
  refused(await mum.patch(location, { state: "asked" }, etag), 412, "precondition_failed");
  assert.equal((await mum.patch(location, { state: "asked" }, "*")).headers.etag, '"3"');
});

test("a value is taken away by null, but not one that has to be there", async () => {
  const made = await office.post(years, { name: "2031", begins: "2031-08-01", ends: "2032-08-01" });
  assert.equal(made.status, 201, made.text);

  refused(await office.patch(made.headers.location, { begins: null, ends: "" }, "*"), 422, "required", [["begins", "required"], ["ends", "required"]]);
  const { headers: { location } } = await leave();
  const answered = await teacher.patch(location, { answer: "好好休息" }, "*");
  assert.equal(answered.body.answer, "好好休息", answered.text);
  assert.equal((await teacher.patch(location, { answer: null }, "*")).body.answer, null);
});

test("a record that is deleted is gone, for who may delete and knows what", async () => {
  const { headers: { location, etag } } = await office.post(years, { name: "2033", begins: "2033-08-01", ends: "2034-08-01" });

  refused(await teacher.delete(location, etag), 403, "denied");
  refused(await office.delete(location), 428, "precondition_required");
  refused(await office.delete(location, '"9"'), 412, "precondition_failed");
  const gone = await office.delete(location, etag);
  assert.equal(gone.status, 204);
  assert.equal(gone.text, "");
  refused(await office.get(location), 404, "absent");
  refused(await office.delete(location, etag), 404, "absent");
  refused(await office.patch(location, {}, etag), 404, "absent");
});

test("an action is a step of its own, with words for what it refuses", async () => {
  const { headers: { location, etag } } = await leave();

  refused(await mum.post(`${location}/grant`), 404, "absent");
  refused(await teacher.post(`${location}/grant`, {}, { "if-match": '"8"' }), 412, "precondition_failed");
  refused(await teacher.post(`${location}/refuse`, { answer: { no: 1 } }), 422, "type", [["answer", "type"]]);
  const refusedLeave = await teacher.post(`${location}/refuse`, { answer: "先考试" }, { "if-match": etag });
  assert.equal(refusedLeave.status, 200);
  assert.equal(refusedLeave.body.answer, "先考试");
  assert.equal(refusedLeave.headers.etag, '"2"');
  refused(await teacher.post(`${location}/grant`), 409, "state");
  refused(await teacher.post(`${location}/nothing`), 404, "absent");
});

test("a write sent twice under one key happens once and answers alike", async () => {
  const key = { "idempotency-key": "rest-1" }, wish = asked({ from: day(9), to: day(9) });
  const [first, second] = [await mum.post(leaves, wish, key), await mum.post(leaves, wish, key)];

  assert.deepEqual([second.status, second.headers.location, second.headers.etag, second.text], [first.status, first.headers.location, first.headers.etag, first.text]);
  refused(await mum.post(leaves, { ...wish, kind: "personal" }, key), 409, "conflict");
  const change = { "idempotency-key": "rest-2", "if-match": first.headers.etag };
  const changes = [await mum.ask("PATCH", first.headers.location, { state: "withdrawn" }, change), await mum.ask("PATCH", first.headers.location, { state: "withdrawn" }, change)];
  assert.deepEqual(changes.map(({ status, headers }) => [status, headers.etag]), [[200, '"2"'], [200, '"2"']]);
  const year = await office.post(years, { name: "2035", begins: "2035-08-01", ends: "2036-08-01" });
  const gone = { "idempotency-key": "rest-3", "if-match": "*" };
  for (let time = 0; time < 2; time++) assert.equal((await office.ask("DELETE", year.headers.location, undefined, gone)).status, 204);
});

test("of two who change the same version at once one is told to read again", async () => {
  const { headers: { location, etag } } = await leave({ from: day(12), to: day(12) });
  const answers = await Promise.all(["好", "不好"].map((answer) => teacher.patch(location, { answer }, etag)));
  const won = answers.filter(({ status }) => status === 200), lost = answers.filter(({ status }) => status !== 200);

  assert.equal(won.length, 1);
  refused(lost[0], 412, "precondition_failed");
});

test("a path says what may be done with it, to whom", async () => {
  const { headers: { location } } = await leave({ from: day(14), to: day(14) });
  const allowed = async (who, path) => {
    const answer = await who.ask("OPTIONS", path);
    assert.equal(answer.status, 204);
    return answer.headers.allow;
  };

  assert.equal(await allowed(mum, leaves), "GET, HEAD, POST, OPTIONS");
  assert.equal(await allowed(office, leaves), "GET, HEAD, OPTIONS");
  assert.equal(await allowed(teacher, location), "GET, HEAD, PATCH, OPTIONS");
  assert.equal(await allowed(office, `${years}/x`), "GET, HEAD, PATCH, DELETE, OPTIONS");
  assert.equal(await allowed(teacher, `${location}/grant`), "POST, OPTIONS");
  const put = await mum.ask("PUT", location, {});
  refused(put, 405, "method");
  assert.equal(put.headers.allow, "GET, HEAD, PATCH, OPTIONS");
  assert.equal((await mum.ask("DELETE", location)).headers.allow, "GET, HEAD, PATCH, OPTIONS");
  refused(await teacher.get(`${location}/grant`), 405, "method");
  refused(await teacher.post(leaves, asked()), 403, "denied");
  const session = await mum.get("/api/v1/session");
  refused(session, 405, "method");
  assert.equal(session.headers.allow, "POST, DELETE, OPTIONS");
  for (const path of ["/api/v1/o", `/api/v1/o/${org}`, `/api/v1/o/${org}/leave/`, `/api/v1/o/${org}/leave/ask`, `/api/v1/o/${org}/core/account`, `/api/v1/o/${org}/nothing/x`, `/api/v1/o/${"0".repeat(26)}/leave/leave`]) {
    refused(await mum.get(path), 404, "absent");
    refused(await mum.post(path, {}), 404, "absent");
  }
});

test("lists go page by page, filtered and sorted, and say what they do not understand", async () => {
  for (let at = 20; at < 26; at++) await leave({ from: day(at), to: day(at), kind: at % 2 ? "sick" : "personal" });
  const seen = [];
  for (let next = ""; next !== null;) {
    const page = await mum.get(`${leaves}?limit=2${next && `&after=${next}`}`);
    assert.equal(page.status, 200);
    assert.ok(page.body.items.length <= 2);
    seen.push(...page.body.items.map(({ id }) => id));
    next = page.body.next;
  }
  const all = (await mum.get(`${leaves}?limit=200`)).body.items;
  assert.deepEqual(seen, all.map(({ id }) => id));
  const sick = (await mum.get(`${leaves}?kind=sick&limit=200`)).body.items;
  assert.deepEqual(sick.map(({ id }) => id).sort(), all.filter(({ kind }) => kind === "sick").map(({ id }) => id).sort());
  const late = (await mum.get(`${leaves}?from.at_least=${day(22)}&from.at_most=${day(24)}&limit=200`)).body.items;
  assert.deepEqual(late.map(({ id }) => id).sort(), all.filter(({ from }) => from >= day(22) && from <= day(24)).map(({ id }) => id).sort());
  const sorted = (await mum.get(`${leaves}?sort=-from&limit=200`)).body.items.map(({ from }) => from);
  assert.deepEqual(sorted, [...sorted].sort().reverse());
  for (const query of ["limit=0", "limit=201", "limit=x", "after=x", "sort=x", "colour=red", "from=soon", "from.at=2026-01-01", "limit="])
    refused(await mum.get(`${leaves}?${query}`), 400, "input");
});

test("sorted lists go page by page too, with none twice and none left out", async () => {
  const whole = (await mum.get(`${leaves}?sort=kind&limit=200`)).body.items.map(({ id }) => id), seen = [];
  for (let next = ""; next !== null;) {
    const page = await mum.get(`${leaves}?sort=kind&limit=3${next && `&after=${next}`}`);
    assert.equal(page.status, 200, page.text);
    seen.push(...page.body.items.map(({ id }) => id));
    next = page.body.next;
  }
  assert.ok(seen.length > 3);
  assert.deepEqual(seen, whole);
});

test("what was written through the API is what the store holds", async () => {
  const { body } = await leave({ from: day(30), to: day(31), reason: "=1+1" });
  const stored = shuyuan(server.data, ["data", "export", "--as", "leave.leave", "--org", server.accounts.guardian.org, "--json"])
    .trim().split("\n").map((line) => JSON.parse(line)).find(({ from }) => from === day(30));

  assert.equal(stored.reason, "=1+1");
  assert.equal(stored.state, body.state);
});
