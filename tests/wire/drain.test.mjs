// SPDX-License-Identifier: Apache-2.0
// SIGTERM: what runs is finished, nothing new is taken.
import assert from "node:assert/strict";
import http2 from "node:http2";

import {ask, certificate, eventually, get, start, test, Wire} from "./server.mjs";

test("draining finishes a running request, closes the idle and ends", async (t) => {
  const server = await start(t, {drain_ms: 60000});
  const idle = await Wire.open(server), running = await Wire.open(server);
  idle.send(get("/echo"));
  await idle.response();
  running.send(get("/wait"));
  const releaser = await Wire.open(server);
  releaser.send("GET /release HTTP/1.1\r\n"); // a head that has begun may end
  await eventually(async () => (await ask(server, get("/waiting"))).body === "1");
  server.child.kill("SIGTERM");
  await idle.closed();
  releaser.send("Host: a\r\n\r\n");
  const released = await running.response();
  assert.equal(released.body, "released");
  assert.equal(released.headers.connection, "close");
  assert.equal((await releaser.response()).headers.connection, "close");
  const {code} = await server.exited;
  assert.equal(code, 0);
  assert.match(server.output, /drained\n$/);
  for (const wire of [idle, running, releaser]) wire.end();
});

test("draining does not wait longer than its limit", async (t) => {
  const server = await start(t, {drain_ms: 300});
  const wire = await Wire.open(server);
  wire.send(get("/wait"));
  await eventually(async () => (await ask(server, get("/waiting"))).body === "1");
  server.child.kill("SIGTERM");
  await wire.closed();
  assert.equal(wire.bytes.length, 0);
  assert.equal((await server.exited).code, 0);
  wire.end();
});

test("draining says GOAWAY over HTTP/2 and finishes its streams", async (t) => {
  const server = await start(t, {...certificate(), drain_ms: 60000});
  const client = http2.connect(`https://${server.host}:${server.tlsPort}`, {rejectUnauthorized: false});
  const stream = client.request({":path": "/wait"});
  const releaser = await Wire.open(server);
  releaser.send("GET /release HTTP/1.1\r\n");
  await eventually(async () => (await ask(server, get("/waiting"))).body === "1");
  const goaway = new Promise((resolve) => client.once("goaway", resolve));
  server.child.kill("SIGTERM");
  await goaway;
  releaser.send("Host: a\r\n\r\n");
  let text = "";
  for await (const chunk of stream) text += chunk;
  assert.equal(text, "released");
  assert.equal((await server.exited).code, 0);
  client.destroy();
  releaser.end();
});

test("a server without connections drains at once", async (t) => {
  const server = await start(t, {drain_ms: 60000});
  server.child.kill("SIGTERM");
  assert.equal((await server.exited).code, 0);
});
