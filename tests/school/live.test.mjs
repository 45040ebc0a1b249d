// SPDX-License-Identifier: Apache-2.0
// What is told to open pages: to whom, when, what is not, and what becomes of a stream.
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import http2 from "node:http2";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { certificate } from "../wire/server.mjs";
import { cookieOf, Line } from "../lib/line.mjs";
import { press, Stream } from "../lib/live.mjs";
import { forms, product, root, serve, shuyuan, signedIn, until, Visitor } from "../lib/school.mjs";

let server, folder, mum, principal, teacher, bell;

before(async () => {
  folder = product(join(root, "tests/school/apps/bell"));
  server = await serve({ settings: { platform: folder, workers: 3, "job.poll": "5ms", "live.heartbeat": "200ms", "live.buffer": "8KiB", "live.kept": "300", "live.per_person": "8" } });
  bell = `/o/${server.org}/bell`;
  [mum, principal, teacher] = await Promise.all(["guardian", "principal", "teacher"].map((role) => signedIn(server, role)));
});
after(async () => { await server?.remove(); rmSync(folder, { recursive: true, force: true }); });

const post = (path, fields, key) => press(mum, `${bell}/`, bell + path, fields, key);
const told = async (path, fields) => assert.equal((await post(path, fields)).status, 303);
// A mark that everybody here hears last: whatever was told before it has come by then, or never will.
const mark = () => told("/office");
async function closeAll(...streams) { await Promise.all(streams.map((stream) => stream.close())); }

test("who is not signed in, or comes from another page, gets no stream", async () => {
  assert.equal((await Stream.open(new Visitor(server.url))).status, 401);
  assert.equal((await Stream.open(mum, { headers: { "sec-fetch-site": "cross-site" } })).status, 403);
  assert.equal((await mum.post("/live", {})).status, 404);
});

test("a stream begins with its position and a pause of its own, and lives by heartbeats", async () => {
  const [one, other] = await Promise.all([Stream.open(mum), Stream.open(mum)]);
  await until(() => one.last !== undefined && other.last !== undefined, "the first lines");
  assert.match(one.answer.headers["content-type"], /^text\/event-stream/);
  assert.equal(one.answer.headers["cache-control"], "no-store");
  assert.match(one.answer.headers["content-security-policy"], /default-src 'self'/);
  assert.ok(one.retry >= 1500 && one.retry <= 3000 && other.retry >= 1500);
  await until(() => one.beats > 1 && other.beats > 1, "heartbeats");
  await closeAll(one, other);
});

test("every worker's streams hear it, and only those who may", async () => {
  const open = (visitor) => Promise.all(Array.from({ length: 6 }, () => Stream.open(visitor)));
  const [heads, mums, teachers] = await Promise.all([open(principal), open(mum), open(teacher)]);
  await told("/ring", { text: "ding" });
  await told("/call");
  await mark();
  for (const stream of heads) {
    await stream.until(2);
    assert.deepEqual(stream.topics(), ["bell.rung", "bell.office"]);
    const [rung, office] = stream.events();
    assert.equal(rung.data.org, server.org);
    assert.match(rung.data.about, new RegExp(`^${server.org}\\.\\w{26}$`));
    assert.equal(rung.data.data, undefined);
    assert.deepEqual(office.data.data, { number: 1, pad: "" });
    assert.ok(Number(office.id) > Number(rung.id));
  }
  for (const stream of mums) {
    await stream.until(2);
    assert.deepEqual(stream.topics(), ["bell.rung", "bell.called"]);
  }
  for (const stream of teachers) assert.deepEqual(stream.topics(), []);
  await closeAll(...heads, ...mums, ...teachers);
});

test("another school's principal and office, another guardian, a pupil and the county hear nothing of it", async () => {
  for (const role of ["principal", "guardian", "office"])
    shuyuan(server.data, ["user", "add", "--login", `other-${role}`, "--name", role, "--role", role, "--org", "2132990002"], "another-Password-7\n");
  const others = await Promise.all([
    ...["county", "student", "subject-teacher"].map((role) => signedIn(server, role)),
    ...["principal", "guardian", "office"].map((role) => new Visitor(server.url).signIn({ login: `other-${role}`, password: "another-Password-7" })),
  ]);
  const streams = await Promise.all(others.map((visitor) => Stream.open(visitor)));
  const head = await Stream.open(principal);
  await told("/ring", { text: "quiet" });
  await told("/call");
  await mark();
  await head.until(2);
  await until(() => streams.every((stream) => stream.beats > 1), "signs of life");
  for (const stream of streams) assert.deepEqual(stream.topics(), []);
  await closeAll(head, ...streams);
});

test("what fails, is refused or is only read tells nobody", async () => {
  const stream = await Stream.open(mum);
  const head = await Stream.open(principal);
  assert.equal((await post("/ring", { text: "refused" })).status, 422);
  assert.equal((await post("/ring", { text: "broken" })).status, 500);
  assert.equal((await post("/office", { times: 101 })).status, 500); // too many at once: none of them
  assert.equal((await mum.get(`${bell}/tell`)).status, 500);
  await until(() => /app\.publish in a read: GET \/o\/\w+\/\w+\/tell cannot write/.test(server.log), "the line of the log");
  await told("/call");
  await mark();
  await stream.until(1);
  await head.until(1);
  assert.deepEqual([stream.topics(), head.topics()], [["bell.called"], ["bell.office"]]);
  await closeAll(stream, head);
});

test("what is sent twice, and what runs again after a conflict, is told once", async () => {
  const stream = await Stream.open(mum);
  const begin = (await server.metrics()).conflicts_total;
  for (let i = 0; i < 2; i++) assert.equal((await post("/ring", { text: "twice" }, "the same key")).status, 303);
  const lines = await Promise.all(Array.from({ length: 12 }, () => Line.open(server)));
  const answers = await Promise.all(lines.map((line, i) => line.ask(`${bell}/collide`, {
    method: "POST", headers: { cookie: cookieOf(mum) }, body: new URLSearchParams({ _csrf: mum.token, _key: `collide-${i}`, text: `c${i}` }).toString() })));
  for (const line of lines) line.end();
  const stored = answers.filter(({ status }) => status === 303).length;
  await told("/call");
  await until(() => stream.topics().includes("bell.called"), "the last");
  assert.equal(stream.topics().filter((topic) => topic === "bell.rung").length, 1 + stored);
  assert.ok((await server.metrics()).conflicts_total > begin, "nothing collided");
  await stream.close();
});

test("a job tells too, after its commit", async () => {
  const head = await Stream.open(principal);
  await told("/later");
  const [event] = await head.until(1);
  assert.deepEqual(event.data.data, { number: 7 });
  await head.close();
});

test("who comes back gets what was missed, in order and once, from whatever worker", async () => {
  const first = await Stream.open(principal);
  await mark();
  await first.until(1);
  const had = first.last;
  await first.close();
  await told("/office", { times: 3 });
  await told("/ring", { text: "missed" });
  for (let i = 0; i < 6; i++) {
    const again = await Stream.open(principal, { had });
    await again.until(4);
    assert.deepEqual(again.topics(), ["bell.office", "bell.office", "bell.office", "bell.rung"]);
    assert.deepEqual(again.events().map((event) => event.data.data?.number), [1, 2, 3, undefined]);
    const asked = await Stream.open(principal, { after: had });
    await asked.until(4);
    assert.deepEqual(asked.topics(), again.topics());
    await closeAll(again, asked);
  }
  const theirs = await Stream.open(mum, { had });
  await theirs.until(1);
  assert.deepEqual(theirs.topics(), ["bell.rung"]);
  await theirs.close();
});

test("a position that is no longer kept, lies ahead or is no number begins anew, and says so", async () => {
  for (let i = 0; i < 4; i++) await told("/office", { times: 100 });
  for (const had of ["0", "1", "999999999", "99999999999999999999", "-1", "1e3", "0x10", " ", "1;2", "ä", "9".repeat(3000)]) {
    const stream = await Stream.open(principal, { had: encodeURIComponent(had) === had ? had : encodeURIComponent(had) });
    assert.equal(stream.status, 200, had);
    const [reset] = await stream.until(1, `a reset after ${had.slice(0, 20)}`);
    assert.equal(reset.event, "reset", had);
    assert.ok(Number(reset.id) > 300);
    await stream.close();
  }
  assert.ok(shuyuan(server.data, ["job", "list", "--dead"]).endsWith("0 given up\n"));
});

test("who missed much that could have been theirs begins anew, instead of having all of it looked at", async () => {
  const school = "2132990001", login = "childless";
  shuyuan(server.data, ["user", "add", "--login", login, "--name", login, "--role", "guardian", "--org", school], "another-Password-7\n");
  const stranger = await new Visitor(server.url).signIn({ login, password: "another-Password-7" });
  const open = async () => {
    const stream = await Stream.open(stranger);
    await until(() => stream.last !== undefined, "its position");
    await stream.close();
    return stream.last;
  };
  const had = await open();
  for (const times of [100, 100, 60]) await told("/ring", { text: "peal", times });
  const again = await Stream.open(stranger, { had });
  assert.equal((await again.until(1))[0].event, "reset");
  await again.close();
  const some = await Stream.open(stranger, { had: String(Number(again.last) - 100) });
  await until(() => some.beats > 1, "signs of life");
  assert.deepEqual(some.topics(), []);
  await some.close();
});

test("a slow reader is cut and catches up; the others do not wait for it", async () => {
  const slow = await Stream.open(principal), quick = await Stream.open(principal);
  await until(() => slow.last !== undefined, "the first lines");
  const had = slow.last;
  slow.pause();
  const begin = (await server.metrics()).live_dropped_total;
  let sent = 0;
  while ((await server.metrics()).live_dropped_total === begin && sent < 5000) {
    await told("/office", { times: 2, pad: 3000 });
    sent += 2;
    await until(() => quick.over || quick.events().length >= sent, "the quick one");
    assert.ok(!quick.over, `cut after ${sent}`);
  }
  slow.resume();
  await slow.ended;
  assert.ok(slow.events().length < sent);
  const again = await Stream.open(principal, { had: slow.last ?? had });
  await again.until(1);
  assert.ok(again.topics()[0] === "reset" || again.events()[0].data.topic === "bell.office");
  await closeAll(again, quick);
});

test("signing out closes the streams of this sign-in and no other, at every worker", async () => {
  const [here, there] = await Promise.all([signedIn(server, "principal"), signedIn(server, "principal")]);
  const open = (visitor) => Promise.all([1, 2, 3].map(() => Stream.open(visitor)));
  const [gone, stay] = await Promise.all([open(here), open(there)]);
  await press(here, "/account", "/logout");
  await Promise.all(gone.map((stream) => stream.ended));
  await mark();
  for (const stream of stay) {
    await stream.until(1);
    assert.ok(!stream.over);
  }
  assert.equal((await Stream.open(here, { had: gone[0].last })).status, 401);
  await closeAll(...stay);
});

test("disabling an account and taking a role away close its streams everywhere", async () => {
  const login = server.accounts.teacher.login;
  const streams = await Promise.all([1, 2, 3, 4].map(() => Stream.open(teacher)));
  shuyuan(server.data, ["user", "disable", "--login", login]);
  await Promise.all(streams.map((stream) => stream.ended));
  assert.equal((await Stream.open(teacher)).status, 401);
});

test("of an application that is switched off nothing is told, and of what was missed nothing either", async () => {
  const first = await Stream.open(principal);
  await mark();
  await first.until(1);
  const had = first.last;
  await told("/office", { times: 2 });
  await first.until(3);
  const say = async (word) => {
    const form = forms((await principal.get(`/console/apps/${server.org}`)).html).find((one) => one.action.endsWith("/bell") && one.fields.word === word);
    assert.equal((await principal.post(form.action, form.fields)).status, 303);
  };
  await say("off");
  const off = await Stream.open(principal, { had });
  await until(() => off.beats > 1, "signs of life");
  assert.deepEqual(off.topics(), []);
  await say("on");
  const on = await Stream.open(principal, { had });
  await on.until(2);
  assert.deepEqual(on.topics(), ["bell.office", "bell.office"]);
  await closeAll(first, off, on);
});

test("there are only so many streams of a person", async () => {
  const one = await signedIn(server, "principal");
  const streams = await Promise.all(Array.from({ length: 40 }, () => Stream.open(one)));
  const refused = streams.filter((stream) => stream.status === 429);
  assert.ok(refused.length >= 40 - 3 * 8);
  assert.ok(refused.every((stream) => Number(stream.answer.headers["retry-after"]) > 0));
  await closeAll(...streams);
});

test("a stream ends with its session, though nobody says so", async () => {
  const short = await serve({ settings: { "auth.session_idle": "3s", "live.heartbeat": "40ms" } });
  const one = await signedIn(short, "guardian");
  const stream = await Stream.open(one);
  assert.equal(stream.status, 200);
  await stream.ended;
  assert.equal((await Stream.open(one)).status, 401);
  await short.remove();
});

test("HTTP/2: a browser's stream and its pages share a connection, also of an isolated app; signing out ends the stream alone", async () => {
  const cert = certificate();
  const sealed = await serve({ settings: { listen: "127.0.0.1:0, 127.0.0.1:0 tls", "tls.certificate": cert.cert, "tls.key": cert.key, platform: folder, "live.heartbeat": "50ms", "apps.isolated": "bell" } });
  const [, port] = await until(() => sealed.ports("127.0.0.1:0").length === 2 && sealed.ports("127.0.0.1:0"), "the port of TLS");
  const client = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  const ask = (path, fields = {}, body) => {
    const sent = client.request({ ":path": path, ":method": body === undefined ? "GET" : "POST", ...fields });
    const answer = { text: "", sent };
    answer.head = new Promise((done) => { sent.on("response", (head) => { answer.status = head[":status"]; answer.fields = head; done(head); }); });
    sent.setEncoding("utf8").on("data", (text) => { answer.text += text; });
    answer.over = new Promise((done) => { sent.on("close", done); });
    sent.end(body);
    return answer;
  };
  const whole = async (...words) => { const answer = ask(...words); await answer.over; return answer; };
  const type = { "content-type": "application/x-www-form-urlencoded" };
  const page = await whole("/login");
  const anonymous = page.fields["set-cookie"].map((line) => line.split(";")[0]).join("; ");
  const form = forms(page.text).find((one) => "password" in one.fields);
  const { login, password } = sealed.accounts.guardian;
  const signed = await whole("/login", { ...type, cookie: anonymous }, new URLSearchParams({ ...form.fields, login, password }).toString());
  assert.equal(signed.status, 303);
  const cookie = signed.fields["set-cookie"].map((line) => line.split(";")[0]).join("; ");
  assert.equal((await whole("/live")).status, 401);
  const streams = [ask("/live", { cookie }), ask("/live", { cookie, "last-event-id": "0" })];
  for (const stream of streams) {
    await stream.head;
    assert.equal(stream.status, 200);
    await until(() => /^:$/m.test(stream.text), "a heartbeat");
  }
  const bellPage = await whole(`/o/${sealed.org}/bell/`, { cookie });
  const { _csrf } = forms(bellPage.text).find((one) => one.fields._csrf).fields;
  const rung = await whole(`/o/${sealed.org}/bell/call`, { ...type, cookie }, new URLSearchParams({ _csrf, _key: "h2" }).toString());
  assert.equal(rung.status, 303);
  for (const stream of streams) await until(() => /"topic":"bell.called"/.test(stream.text), "the event");
  assert.equal((await whole("/logout", { ...type, cookie }, new URLSearchParams({ _csrf, _key: "out" }).toString())).status, 303);
  await Promise.all(streams.map((stream) => stream.over));
  assert.equal((await whole("/login")).status, 200);
  client.destroy();
  await sealed.remove();
});

test("kill -9 of a worker loses nothing: another one replays", async () => {
  const first = await Stream.open(principal);
  await mark();
  await first.until(1);
  const had = first.last;
  for (const i of [0, 1, 2]) process.kill(server.pid(`worker ${i}`), "SIGKILL");
  await first.ended;
  mum.agent.destroy();
  await until(async () => { try { return (await mum.get("/readyz")).status === 200; } catch { return false; } }, "workers again");
  await told("/office", { times: 2 });
  const again = await Stream.open(principal, { had });
  await again.until(2);
  assert.deepEqual(again.topics(), ["bell.office", "bell.office"]);
  await again.close();
});

test("a committer that is killed after a commit leaves nothing untold", async () => {
  const head = await Stream.open(principal);
  process.kill(server.pid("committer"), "SIGKILL");
  await told("/office");
  await head.until(1);
  assert.deepEqual(head.topics(), ["bell.office"]);
  await head.close();
});

test("a reload keeps streams open; the end of the server closes them at once", async () => {
  const stream = await Stream.open(principal);
  process.kill(server.child.pid, "SIGHUP");
  await until(() => server.log.includes("configuration reloaded"), "the reload");
  await mark();
  await stream.until(1);
  const metrics = await server.metrics();
  assert.ok(metrics.live_streams >= 1 && metrics.live_events_total > 0);
  await server.stop();
  await stream.ended;
});
