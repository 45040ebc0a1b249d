// SPDX-License-Identifier: Apache-2.0
// SIGTERM: what was asked before it is answered, nobody new is let in, the end is exit 0.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { cookieOf, Line } from "../lib/line.mjs";
import { leaveForm, leaves, serve, signedIn, until } from "../lib/school.mjs";

const knock = (url) => new Promise((done) => {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname, () => { socket.destroy(); done("open"); }).on("error", (error) => done(error.code));
});

// Sends a request behind an answered one, in one piece: its bytes have surely arrived.
async function sendBehind(line, text) {
  line.wire.send(Line.head(line.host, "/healthz") + text);
  assert.equal((await line.answer()).status, 200);
}

test("a write that waits for the disk is answered, then all end with exit 0", async () => {
  const server = await serve();
  const mum = await signedIn(server, "guardian");
  const { path, fields } = await leaveForm(server, mum);
  const committer = server.pid("committer");
  const line = await Line.toAnother(server), idle = await Line.toSame(server, line);
  process.kill(committer, "SIGSTOP");
  await sendBehind(line, Line.head(line.host, path, {
    method: "POST", headers: { cookie: cookieOf(mum) }, body: new URLSearchParams({ ...fields, reason: "just before the stop" }).toString(),
  }));
  server.child.kill("SIGTERM");
  await idle.wire.closed(); // so the worker knows
  assert.equal(line.wire.bytes.length, 0, "not answered before it is durable");
  process.kill(committer, "SIGCONT");
  const answer = await line.answer();
  assert.equal(answer.status, 303);
  assert.equal(answer.headers.connection, "close");
  await line.wire.closed();
  assert.deepEqual(await server.ended, { code: 0, signal: null });
  assert.equal(leaves(server).filter(({ reason }) => reason === "just before the stop").length, 1);
});

test("who waits is told to close, who has begun a head may end it, who comes is refused", async () => {
  const server = await serve();
  const idle = await Line.toAnother(server), begun = await Line.open(server);
  await sendBehind(begun, "GET /login HTTP/1.1\r\n");
  server.child.kill("SIGTERM");
  await idle.wire.closed();
  assert.equal(idle.wire.bytes.length, 0);
  await until(async () => await knock(server.url) === "ECONNREFUSED", "a refusal");
  assert.equal(server.child.exitCode, null, "refused while it still runs");
  begun.wire.send("Host: a\r\n\r\n");
  const answer = await begun.answer();
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.connection, "close");
  assert.deepEqual(await server.ended, { code: 0, signal: null });
});

test("the drain has an end: a client that never finishes does not hold it", async () => {
  const server = await serve({ settings: { "http.drain": "200ms" } });
  const begun = await Line.open(server);
  await sendBehind(begun, "GET /login HTTP/1.1\r\n");
  server.child.kill("SIGTERM");
  await begun.wire.closed();
  assert.deepEqual(await server.ended, { code: 0, signal: null });
});

test("Ctrl-C reaches all processes at once, and ends as orderly", async () => {
  const server = await serve();
  const mum = await signedIn(server, "guardian");
  const { path, fields } = await leaveForm(server, mum);
  const committer = server.pid("committer"), line = await Line.open(server);
  process.kill(committer, "SIGSTOP");
  await sendBehind(line, Line.head(line.host, path, {
    method: "POST", headers: { cookie: cookieOf(mum) }, body: new URLSearchParams({ ...fields, reason: "interrupted" }).toString(),
  }));
  for (const pid of [...server.pids(), server.child.pid]) process.kill(pid, "SIGINT");
  process.kill(committer, "SIGCONT");
  assert.equal((await line.answer()).status, 303);
  assert.deepEqual(await server.ended, { code: 0, signal: null });
  assert.ok(!/"level":"(warn|error)"/.test(server.log), server.log);
});
