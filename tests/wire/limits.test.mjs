// SPDX-License-Identifier: Apache-2.0
// Every limit of a connection, reached.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";

import {ask, eventually, get, post, start, test, Wire} from "./server.mjs";

const HOST = "Host: school.example\r\n";
const stats = async (server) => JSON.parse((await ask(server, get("/stats"))).body);
const since = (begin) => Number(process.hrtime.bigint() - begin) / 1e6;

test("an idle connection is closed without a word", async (t) => {
  const server = await start(t, {idle_ms: 200});
  const begin = process.hrtime.bigint();
  const wire = await Wire.open(server);
  await wire.closed();
  assert.equal(wire.bytes.length, 0);
  assert.ok(since(begin) >= 190, `after ${since(begin)} ms`);
  wire.end();
});

test("a connection kept alive is closed when it is idle, not before", async (t) => {
  const server = await start(t, {idle_ms: 300});
  const wire = await Wire.open(server);
  for (let i = 0; i < 3; i++) assert.equal((await ask(server, get("/echo"))).status, 200);
  wire.send(get("/echo"));
  assert.equal((await wire.response()).headers.connection, "keep-alive");
  const begin = process.hrtime.bigint();
  await wire.closed();
  assert.ok(since(begin) >= 250, `after ${since(begin)} ms`);
  wire.end();
});

test("15: a head that drips in is refused in time, and keeps no one else waiting", async (t) => {
  const server = await start(t, {request_ms: 300, idle_ms: 60000});
  const wire = await Wire.open(server);
  const text = get("/echo", `A: ${"a".repeat(5000)}\r\n`);
  let at = 0;
  const drip = setInterval(() => wire.send(text[at++]), 10);
  t.after(() => clearInterval(drip));
  const answer = await wire.response();
  clearInterval(drip);
  assert.equal(answer.status, 408);
  assert.ok(at < 100);
  await wire.closed();
  wire.end();
});

test("a body slower than the least rate is refused", async (t) => {
  const server = await start(t, {request_ms: 200, body_rate: 2000});
  const wire = await Wire.open(server);
  wire.send(`POST /echo HTTP/1.1\r\n${HOST}Content-Length: 100000\r\n\r\n`);
  const drip = setInterval(() => wire.send("a"), 10);
  t.after(() => clearInterval(drip));
  assert.equal((await wire.response()).status, 408);
  clearInterval(drip);
  wire.end();
});

test("a body slower than request_ms, but at the rate, is taken", async (t) => {
  const server = await start(t, {request_ms: 200, body_rate: 2000});
  const wire = await Wire.open(server);
  wire.send(`POST /echo HTTP/1.1\r\n${HOST}Content-Length: 6000\r\n\r\n`);
  let sent = 0;
  await new Promise((resolve) => {
    const pour = setInterval(() => {
      wire.send("a".repeat(100));
      if ((sent += 100) === 6000) resolve(clearInterval(pour));
    }, 10);
  });
  const answer = await wire.response();
  assert.equal(answer?.status, 200);
  assert.match(answer.body, /body=a{6000}\n/);
  wire.end();
});

test("35: a body too large is refused before it is read, and the answer is not lost while it is still being sent", async (t) => {
  const server = await start(t, {body_bytes: 100000});
  for (let i = 0; i < 20; i++) {
    const answer = await ask(server, post("/echo", "a".repeat(400000)));
    assert.equal(answer?.status, 413);
  }
  assert.equal((await ask(server, post("/echo", "a".repeat(100000)))).status, 200);
});

test("17: when all places are taken, who waited longest without a request goes", async (t) => {
  const server = await start(t, {connections: 20});
  const idle = [];
  for (let i = 0; i < 50; i++) idle.push(await Wire.open(server));
  assert.equal((await ask(server, get("/echo"))).status, 200);
  await idle[0].closed();
  idle[49].send(get("/echo"));
  assert.equal((await idle[49].response()).status, 200);
  assert.ok((await stats(server)).open <= 20);
  for (const wire of idle) wire.end();
});

test("one address gets its share and no more", async (t) => {
  const server = await start(t, {connections_per_address: 5, listen: "::1"});
  const held = [];
  for (let i = 0; i < 5; i++) {
    const wire = await Wire.open(server);
    held.push(wire.send(get("/wait")));
  }
  const admin = {...server, port: server.adminPort}; // no share is counted there
  await eventually(async () => (await ask(admin, get("/waiting"))).body === "5");
  // the sixth is turned away: all five are in use
  const begin = await Wire.open(server);
  begin.send(get("/waiting"));
  await begin.closed();
  assert.equal(begin.bytes.length, 0);
  held[0].end();
  const answer = await eventually(() => ask(server, get("/gone")));
  assert.equal(answer.status, 200);
  for (const wire of held) wire.end();
  begin.end();
});

test("a connection ends after its last request", async (t) => {
  const server = await start(t, {requests_per_connection: 3});
  const wire = await Wire.open(server);
  wire.send(get("/echo").repeat(5));
  for (const kept of ["keep-alive", "keep-alive", "close"])
    assert.equal((await wire.response()).headers.connection, kept);
  await wire.closed();
  assert.equal(wire.bytes.length, 0);
  wire.end();
});

test("18: who does not read a large answer is cut, and its memory is bounded", async (t) => {
  const server = await start(t, {write_ms: 400});
  const wire = await Wire.open(server);
  wire.socket.pause();
  wire.socket.removeAllListeners("data");
  wire.send(get("/big?50000000"));
  await eventually(async () => (await stats(server)).open === 1);
  wire.end();
});

test("18: who reads it at a fair pace gets all of it", async (t) => {
  const server = await start(t, {write_ms: 400});
  const wire = await Wire.open(server);
  wire.send(get("/big?20000000"));
  const answer = await wire.response();
  assert.equal(answer.raw.length, 20000000);
  wire.end();
});

test("a client that leaves before its answer is noticed, and the request forgotten", async (t) => {
  const server = await start(t, {idle_ms: 200});
  const wire = await Wire.open(server);
  wire.send(get("/wait"));
  await eventually(async () => (await ask(server, get("/waiting"))).body === "1");
  wire.end();
  await eventually(async () => (await ask(server, get("/gone"))).body === "1");
  assert.equal((await ask(server, get("/waiting"))).body, "0");
  assert.equal((await ask(server, get("/release"))).status, 200);
});

test("an answer that comes later reaches who waited", async (t) => {
  const server = await start(t);
  const wires = await Promise.all(Array.from({length: 20}, () => Wire.open(server)));
  for (const wire of wires) wire.send(get("/wait") + get("/echo/next"));
  await eventually(async () => (await ask(server, get("/waiting"))).body === "20");
  await ask(server, get("/release"));
  for (const wire of wires) {
    assert.equal((await wire.response()).body, "released");
    assert.match((await wire.response()).body, /next/);
    wire.end();
  }
});

function cpuTicks(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

test("R-11: out of descriptors nothing spins, and room is used again", async (t) => {
  const server = await start(t, {nofile: 40, connections: 100000});
  const wires = [];
  for (let i = 0; i < 120; i++) {
    const wire = await Wire.open(server);
    wires.push(wire.send(get("/wait")));
  }
  const before = cpuTicks(server.child.pid), begin = process.hrtime.bigint();
  await new Promise((resolve) => setTimeout(resolve, 500)); // a span to measure over
  const busy = (cpuTicks(server.child.pid) - before) * 10 / since(begin);
  assert.ok(busy < 0.2, `${busy} of a core`);
  for (const wire of wires) wire.end();
  assert.equal((await eventually(() => ask(server, get("/echo")))).status, 200);
});
