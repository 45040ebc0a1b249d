// SPDX-License-Identifier: Apache-2.0
// One's own account: a password that must be changed, a password that is changed, sessions.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { forms, serve, shuyuan, signedIn, until, Visitor } from "../lib/school.mjs";

const GIVEN = "given-to-you-7", OWN = "an own password 8";
let server;

before(async () => { server = await serve({ settings: { "auth.sessions": "3", "auth.per_account": "4" } }); });
after(() => server?.remove());

let made = 0;
function account(...options) {
  const login = `person${made++}`;
  shuyuan(server.data, ["user", "add", "--login", login, "--name", "新老师", "--role", "teacher", "--org", server.accounts.guardian.org, ...options], `${GIVEN}\n`);
  return { login, password: GIVEN };
}

const json = { "content-type": "application/json" };
async function program(who) {
  const answer = await fetch(`${server.url}/api/v1/session`, { method: "POST", headers: json, body: JSON.stringify(who) });
  return { status: answer.status, ...await answer.json() };
}
const renew = (token, body) => fetch(`${server.url}/api/v1/account/password`, { method: "POST", headers: { ...json, authorization: `Bearer ${token}` }, body: JSON.stringify(body) });
const change = (visitor, fields) => visitor.submit("/account/password", { again: fields.new, ...fields }, (form) => "old" in form.fields);
const sessionForms = async (visitor) => forms((await visitor.get("/account")).html).filter((form) => form.action === "/account/sessions");

test("who was given a password can do nothing but choose another", async () => {
  const who = account("--temporary");
  const visitor = await new Visitor(server.url).signIn(who);
  for (const path of ["/", "/account", "/inbox", `/o/${server.org}/leave/`, `/o/${server.org}/leave/desk`, "/console/apps"]) {
    const answer = await visitor.get(path);
    assert.equal(answer.status, 303, path);
    assert.equal(answer.headers.get("location"), "/account/password", path);
  }
  const form = forms((await visitor.get("/account/password")).html).find((one) => "old" in one.fields);
  for (const path of ["/switch", "/account/sessions", `/o/${server.org}/leave/ask`]) assert.equal((await visitor.post(path, { _csrf: form.fields._csrf })).headers.get("location"), "/account/password", path);
  assert.equal((await visitor.get("/live")).status, 403);
  assert.equal((await visitor.request("/uploads/", { method: "POST", headers: { "tus-resumable": "1.0.0", "upload-length": "3" } })).status, 403);
  assert.equal((await visitor.get("/files/00000000000000000000000000")).status, 303);

  const done = await change(visitor, { old: GIVEN, new: OWN });
  assert.equal(done.status, 303, done.html);
  assert.equal((await visitor.get("/")).status, 200);
  assert.equal((await (await new Visitor(server.url).signIn({ ...who, password: OWN })).get("/")).status, 200);
});

test("a program that was given a password is told so, and changes it", async () => {
  const who = account("--temporary");
  const { token, must_change } = await program(who);
  assert.equal(must_change, true);
  const headers = { authorization: `Bearer ${token}` };
  const refused = await fetch(`${server.url}/api/v1/o/${server.org}/leave/leave`, { headers });
  assert.equal(refused.status, 403);
  assert.equal((await refused.json()).title, "must_change");

  assert.equal((await renew(token, { old: GIVEN })).status, 400);
  assert.equal((await (await renew(token, { old: GIVEN, new: "short" })).json()).title, "short");
  assert.equal((await (await renew(token, { old: GIVEN, new: GIVEN })).json()).title, "same");
  assert.equal((await (await renew(token, { old: "not the one", new: OWN })).json()).title, "wrong");
  const answer = await renew(token, { old: GIVEN, new: OWN });
  assert.equal(answer.status, 200);
  const fresh = (await answer.json()).token;
  const list = (value) => fetch(`${server.url}/api/v1/o/${server.org}/leave/leave`, { headers: { authorization: `Bearer ${value}` } });
  assert.equal((await list(fresh)).status, 200);
  assert.equal((await list(token)).status, 401);
  assert.equal((await program({ ...who, password: OWN })).must_change, undefined);
});

test("a password that was set anew with --temporary must be changed again", async () => {
  const who = account();
  const visitor = await new Visitor(server.url).signIn(who);
  assert.equal((await visitor.get("/")).status, 200);
  shuyuan(server.data, ["user", "passwd", "--login", who.login, "--temporary"], "another given 9\n");
  const again = await new Visitor(server.url).signIn({ ...who, password: "another given 9" });
  assert.equal((await again.get("/")).headers.get("location"), "/account/password");
});

test("what is wrong with a new password is said at its field, and nothing changes", async () => {
  const who = account();
  const visitor = await new Visitor(server.url).signIn(who);
  for (const [fields, word] of [
    [{ old: GIVEN, new: "short" }, /太短/], [{ old: GIVEN, new: "password" }, /用这个密码的人太多/], [{ old: GIVEN, new: GIVEN }, /和现在不同/],
    [{ old: GIVEN, new: OWN, again: `${OWN}!` }, /两次输入不一样/], [{ old: "not the one", new: OWN }, /现在的密码不对/],
  ]) {
    const answer = await change(visitor, fields);
    assert.equal(answer.status, 422);
    assert.match(answer.html, word);
    const shown = forms(answer.html).find((form) => "old" in form.fields);
    assert.deepEqual([shown.fields.old, shown.fields.new, shown.fields.again], ["", "", ""], "no password comes back");
  }
  assert.equal((await visitor.post("/account/password", { old: GIVEN, new: OWN, again: OWN })).status, 403, "a form of ours only");
  assert.equal((await new Visitor(server.url).post("/account/password", { old: GIVEN, new: OWN, again: OWN })).status, 403);
  assert.equal((await visitor.get("/account")).status, 200);
  await new Visitor(server.url).signIn(who);
});

test("who found an open session cannot try old passwords for ever", async () => {
  const who = account();
  const visitor = await new Visitor(server.url).signIn(who);
  for (let i = 0; i < 4; i++) assert.equal((await change(visitor, { old: `guess ${i} xx`, new: OWN })).status, 422);
  const shut = await change(visitor, { old: GIVEN, new: OWN });
  assert.equal(shut.status, 429);
  assert.ok(Number(shut.headers.get("retry-after")) > 0);
});

test("a new password ends every other session, and this one goes on under a new token", async () => {
  const who = account();
  const [here, there] = [await new Visitor(server.url).signIn(who), await new Visitor(server.url).signIn(who)];
  const token = here.cookies.get("sy_session");
  assert.equal((await change(here, { old: GIVEN, new: OWN })).status, 303);
  assert.notEqual(here.cookies.get("sy_session"), token);
  for (let i = 0; i < 4; i++) assert.equal((await here.get("/account")).status, 200);
  for (let i = 0; i < 4; i++) assert.equal((await there.get("/account")).status, 303);
  const found = new Visitor(server.url);
  found.cookies.set("sy_session", token);
  assert.equal((await found.get("/account")).status, 303);
});

test("the page of an account shows where one is signed in, and ends one or all others", async () => {
  const who = account();
  const agents = ["Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36 MicroMessenger/8.0", "Mozilla/5.0 (Windows NT 10.0) Chrome/120 Safari/537.36 Edg/120"];
  const here = await new Visitor(server.url).signIn(who);
  const others = [];
  for (const agent of agents) others.push(await new Visitor(server.url, { "user-agent": agent }).signIn(who));
  const { html } = await here.get("/account");
  assert.match(html, /Android · 微信/);
  assert.match(html, /Windows · Edge/);
  assert.match(html, /本设备/);

  const ends = await sessionForms(here);
  assert.equal(ends.length, 3, "two others, and all others");
  const one = ends.find((form) => "end" in form.fields);
  assert.equal((await here.post(one.action, one.fields)).status, 303);
  await until(async () => (await Promise.all(others.map((visitor) => visitor.get("/account")))).filter(({ status }) => status === 303).length === 1, "one of them to end");
  const all = (await sessionForms(here)).find((form) => "others" in form.fields);
  assert.equal((await here.post(all.action, all.fields)).status, 303);
  for (const visitor of others) assert.equal((await visitor.get("/account")).status, 303);
  assert.equal((await here.get("/account")).status, 200);
  assert.deepEqual(await sessionForms(here), []);
});

test("nobody ends a session of somebody else", async () => {
  const [mine, theirs] = [account(), account()];
  const me = await new Visitor(server.url).signIn(mine);
  const they = await new Visitor(server.url).signIn(theirs), also = await new Visitor(server.url).signIn(theirs);
  const [form] = await sessionForms(they);
  const { fields: { _csrf } } = forms((await me.get("/account")).html).find((one) => "_csrf" in one.fields);
  assert.equal((await me.post("/account/sessions", { _csrf, end: form.fields.end })).status, 303);
  for (const visitor of [they, also]) assert.equal((await visitor.get("/account")).status, 200);
});

test("an account has so many sessions: the oldest ends, programs and browsers apart", async () => {
  const who = account();
  const browsers = [];
  const programs = [];
  for (let i = 0; i < 4; i++) {
    browsers.push(await new Visitor(server.url).signIn(who));
    programs.push((await program(who)).token);
  }
  assert.deepEqual(await Promise.all(browsers.map(async (visitor) => (await visitor.get("/account")).status)), [303, 200, 200, 200]);
  const asked = programs.map(async (token) => (await fetch(`${server.url}/api/v1/o/${server.org}/leave/leave`, { headers: { authorization: `Bearer ${token}` } })).status);
  assert.deepEqual(await Promise.all(asked), [401, 200, 200, 200]);
  assert.match((await browsers[3].get("/account")).html, /程序/);
});

test("no password and no token stands in the log", async () => {
  await signedIn(server, "teacher");
  for (const secret of [GIVEN, OWN, "not the one"]) assert.ok(!server.log.includes(secret));
});
