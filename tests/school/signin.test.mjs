// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { cookieOf, Line } from "../lib/line.mjs";
import { forms, serve, shuyuan, signedIn, until, Visitor } from "../lib/school.mjs";

let server;
before(async () => { server = await serve({ settings: { "auth.per_account": 5, "auth.per_address": 60 } }); });
after(() => server?.remove());

const attempt = (visitor, login, password) => visitor.submit("/login", { login, password }, (form) => "password" in form.fields);

test("an unknown user and a wrong password get the same answer", async () => {
  const wrong = await attempt(new Visitor(server.url), server.accounts.office.login, "wrong-password");
  const unknown = await attempt(new Visitor(server.url), "nobody-at-all", "wrong-password");
  const bare = (html, login) => html.replaceAll(login, "LOGIN").replace(/[\w-]{20,}/g, "TOKEN");
  assert.equal(wrong.status, 422);
  assert.equal(unknown.status, 422);
  assert.equal(bare(wrong.html, server.accounts.office.login), bare(unknown.html, "nobody-at-all"));
  assert.deepEqual([...wrong.headers.keys()].sort(), [...unknown.headers.keys()].sort());
});

test("a session gets a new token, HttpOnly and SameSite; signing out ends it", async () => {
  const visitor = new Visitor(server.url);
  const answer = await attempt(visitor, server.accounts.teacher.login, server.accounts.teacher.password);
  const cookie = answer.setCookie.find((line) => line.startsWith("sy_session="));
  assert.match(cookie, /HttpOnly/);
  assert.match(cookie, /SameSite=Lax/);
  assert.match(visitor.cookies.get("sy_session"), /^[\w-]{43}$/);
  const old = new Map(visitor.cookies);
  assert.equal((await visitor.submit("/account", {}, (form) => form.action === "/logout")).status, 303);
  visitor.cookies = old;
  assert.equal((await visitor.get("/account")).status, 303);
});

test("failures throttle the account, but a device that knows it still gets in", async () => {
  const known = await signedIn(server, "principal");
  const stranger = new Visitor(server.url);
  for (let i = 0; i < 5; i++) assert.equal((await attempt(stranger, "principal", `wrong-${i}-xx`)).status, 422);
  const shut = await attempt(stranger, "principal", server.accounts.principal.password);
  assert.equal(shut.status, 429);
  assert.ok(Number(shut.headers.get("retry-after")) > 0);
  known.cookies.delete("sy_session");
  assert.equal((await attempt(known, "principal", server.accounts.principal.password)).status, 303);
});

test("a school that is shut tells neither names nor passwords, and lets known devices in", async () => {
  const shut = await serve({ settings: { "auth.per_school": 3, "auth.per_address": 1000 } });
  try {
    const known = await signedIn(shut, "office");
    const { login, password } = shut.accounts.office;
    for (let i = 0; i < 3; i++) await attempt(new Visitor(shut.url), login, `wrong-${i}-xx`);
    const bare = ({ status, html, headers }, name) => ({ status, names: [...headers.keys()].sort(), html: html.replaceAll(name, "LOGIN").replace(/[\w-]{20,}/g, "TOKEN") });
    const right = await attempt(new Visitor(shut.url), login, password);
    const unknown = await attempt(new Visitor(shut.url), "nobody-at-all", password);
    assert.deepEqual(bare(right, login), bare(unknown, "nobody-at-all"));
    assert.equal(right.status, 422);
    const program = async (name) => (await fetch(`${shut.url}/api/v1/session`, { method: "POST", body: JSON.stringify({ login: name, password }) })).status;
    assert.deepEqual([await program(login), await program("nobody-at-all")], [401, 401]);
    known.cookies.delete("sy_session");
    assert.equal((await attempt(known, login, password)).status, 303);
  } finally {
    await shut.remove();
  }
});

test("disabling an account ends its sessions at once, on every worker", async () => {
  const student = await signedIn(server, "student");
  assert.equal((await student.get("/account")).status, 200);
  shuyuan(server.data, ["user", "disable", "--login", server.accounts.student.login]);
  for (let i = 0; i < 8; i++) assert.equal((await student.get("/account")).status, 303);
  shuyuan(server.data, ["user", "enable", "--login", server.accounts.student.login]);
});

test("after signing in one lands on this host only", async () => {
  for (const [next, wanted] of [["/help", "/help"], ["//evil.example", "/"], ["https://evil.example/", "/"], ["/\\evil", "/"]]) {
    const visitor = new Visitor(server.url);
    const page = await visitor.get(`/login?next=${encodeURIComponent(next)}`);
    const form = forms(page.html).find((one) => "password" in one.fields);
    const answer = await visitor.post("/login", { ...form.fields, next, login: server.accounts.county.login, password: server.accounts.county.password });
    assert.equal(answer.headers.get("location"), wanted);
  }
});

test("a program signs in with JSON and is known by its token", async () => {
  const { login, password } = server.accounts.office;
  const post = (body) => fetch(`${server.url}/api/v1/session`, { method: "POST", body, headers: { "content-type": "application/json" } });
  assert.equal((await post("{")).status, 400);
  const refused = await post(JSON.stringify({ login, password: "wrong-password" }));
  assert.equal(refused.status, 401);
  assert.match(refused.headers.get("content-type"), /problem\+json/);
  const { token } = await (await post(JSON.stringify({ login, password }))).json();
  assert.match(token, /^[\w-]{43}$/);
  const asCookie = new Visitor(server.url);
  asCookie.cookies.set("sy_session", token);
  assert.equal((await asCookie.get("/account")).status, 303);
});

test("no password and no token stands in the log", async () => {
  const visitor = await signedIn(server, "teacher");
  await until(() => server.log.includes('"path":"/login"'), "the log line");
  assert.ok(!server.log.includes(server.accounts.teacher.password));
  assert.ok(!server.log.includes(visitor.cookies.get("sy_session")));
});

test("every way to fail costs exactly one hash, as signing in does", async () => {
  const fresh = await serve();
  const cost = async (login, password) => {
    const before = await fresh.metrics();
    const { status } = await attempt(new Visitor(fresh.url), login, password);
    return [status, (await fresh.metrics()).password_hashes_total - before.password_hashes_total];
  };
  const { login, password } = fresh.accounts.teacher;
  shuyuan(fresh.data, ["user", "disable", "--login", fresh.accounts.student.login]);
  assert.deepEqual(await cost(login, password), [303, 1]);
  assert.deepEqual(await cost(login, "wrong-password"), [422, 1]);
  assert.deepEqual(await cost("nobody-at-all", "wrong-password"), [422, 1]);
  assert.deepEqual(await cost(fresh.accounts.student.login, fresh.accounts.student.password), [422, 1], "disabled");
  assert.deepEqual(await cost("\u0430dmin", "wrong-password"), [422, 1], "not a login name at all");
  assert.deepEqual(await cost("", ""), [422, 1]);
  await fresh.remove();
});

const PER_ACCOUNT = 4;
const guess = (visitor, form, login, password) => ({
  method: "POST", headers: { cookie: cookieOf(visitor) },
  body: new URLSearchParams({ ...form.fields, login, password }).toString(),
});

test("failures count wherever they were made: both workers refuse, for names that exist and others", async () => {
  const fresh = await serve({ settings: { "auth.per_account": PER_ACCOUNT } });
  const lines = [await Line.toAnother(fresh)];
  lines.push(await Line.toAnother(fresh, lines));
  const visitor = new Visitor(fresh.url);
  const form = forms((await visitor.get("/login")).html).find((one) => "password" in one.fields);
  for (const login of [fresh.accounts.office.login, "nobody-at-all"]) {
    const attempts = [];
    for (let i = 0; i < PER_ACCOUNT + 2; i++) attempts.push((await lines[i % 2].ask("/login", guess(visitor, form, login, `wrong-${i}-xx`))).status);
    assert.deepEqual(attempts, [...Array(PER_ACCOUNT).fill(422), 429, 429]);
  }
  const right = guess(visitor, form, fresh.accounts.office.login, fresh.accounts.office.password);
  for (const line of lines) assert.equal((await line.ask("/login", right)).status, 429);
  for (const line of lines) line.end();
  await fresh.remove();
});

test("guessing over many connections at once gets no more guesses than one by one", async () => {
  const fresh = await serve({ settings: { "auth.per_account": PER_ACCOUNT } });
  const visitor = new Visitor(fresh.url);
  const form = forms((await visitor.get("/login")).html).find((one) => "password" in one.fields);
  const lines = await Promise.all(Array.from({ length: 24 }, () => Line.open(fresh)));
  const answers = await Promise.all(lines.map((line, i) => line.ask("/login", guess(visitor, form, fresh.accounts.office.login, `wrong-${i}-xx`))));
  const learned = answers.filter(({ status }) => status === 422).length;
  assert.ok(answers.every(({ status }) => status === 422 || status === 429));
  // one for each worker may be on its way to the disk when the limit is reached
  assert.ok(learned >= PER_ACCOUNT && learned <= PER_ACCOUNT + 2, `${learned} guesses were judged`);
  for (const line of lines) line.end();
  await fresh.remove();
});

test("a burst of sign-ins beyond the queue is told to come again, and the others go on", async () => {
  const fresh = await serve({ settings: { "auth.hash_queue": 2, "auth.per_account": 1000 } });
  const visitor = new Visitor(fresh.url);
  const form = forms((await visitor.get("/login")).html).find((one) => "password" in one.fields);
  const lines = await Promise.all(Array.from({ length: 24 }, () => Line.open(fresh)));
  const right = guess(visitor, form, fresh.accounts.teacher.login, fresh.accounts.teacher.password);
  const answers = await Promise.all(lines.map((line) => line.ask("/login", right)));
  const count = (wanted) => answers.filter(({ status }) => status === wanted).length;
  assert.ok(count(303) >= 2, `${count(303)} signed in`);
  assert.ok(count(503) >= 1);
  assert.equal(count(303) + count(503), 24);
  for (const line of lines) line.end();
  await fresh.remove();
});
