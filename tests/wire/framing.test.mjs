// SPDX-License-Identifier: Apache-2.0
// What two readers could read differently is refused (RFC 9112).
import assert from "node:assert/strict";

import {HOST, refusals, strange} from "./attacks.mjs";
import {ask, get, post, start, test, Wire} from "./server.mjs";

test("malformed heads", async (t) => {
  const server = await start(t);
  for (const [name, bytes, status] of refusals) {
    await t.test(`${name} → ${status} and closed`, async () => {
      const wire = await Wire.open(server);
      wire.send(Buffer.from(bytes, "latin1"));
      const answer = await wire.response();
      assert.equal(answer?.status, status);
      assert.equal(answer.headers.connection, "close");
      await wire.closed();
      assert.equal(wire.bytes.length, 0, "nothing after the refusal");
      wire.end();
    });
    await t.test(`${name}, in one go behind a good request → the good one is answered first`, async () => {
      const wire = await Wire.open(server);
      wire.send(Buffer.concat([Buffer.from(get("/echo/first")), Buffer.from(bytes, "latin1")]));
      assert.match((await wire.response()).body, /path=\/echo\/first/);
      assert.equal((await wire.response())?.status, status);
      await wire.closed();
      wire.end();
    });
  }
  for (const [name, bytes] of strange)
    await t.test(`${name} → 400`, async () => assert.equal((await ask(server, bytes)).status, 400));
  await t.test("the server lives", async () => assert.equal((await ask(server, get("/echo"))).status, 200));
});

test("a smuggled request is never answered", async (t) => {
  const server = await start(t);
  const inner = get("/echo/smuggled");
  const wire = await Wire.open(server);
  wire.send(`POST /echo HTTP/1.1\r\n${HOST}Content-Length: ${inner.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${inner}`);
  assert.equal((await wire.response()).status, 400);
  await wire.closed();
  assert.equal(wire.bytes.length, 0);
  wire.end();
});

test("a request that comes byte by byte is answered", async (t) => {
  const server = await start(t);
  const wire = await Wire.open(server);
  wire.socket.setNoDelay(true);
  for (const byte of post("/echo/slowly", "hello")) {
    await new Promise((resolve) => wire.socket.write(byte, resolve));
  }
  assert.match((await wire.response()).body, /body=hello/);
  wire.end();
});

test("14: 1,000 pipelined requests are answered in order", async (t) => {
  const server = await start(t);
  const wire = await Wire.open(server);
  wire.send(Array.from({length: 1000}, (_, i) => i % 3 === 0 ? post(`/echo/${i}`, `body ${i}`) : get(`/echo/${i}`)).join(""));
  for (let i = 0; i < 1000; i++)
    assert.match((await wire.response()).body, new RegExp(`path=/echo/${i}\n`));
  wire.end();
});

test("a request reaches the handler as it was meant", async (t) => {
  const server = await start(t);
  const wire = await Wire.open(server);
  wire.send(post("/echo/%E4%B8%AD%20a?q=%20", "h\u4e2d", "Cookie: b=1; a=two; c=3\r\nX-Forwarded-For: 1.2.3.4\r\n"));
  const answer = await wire.response();
  assert.equal(answer.body, "method=2\npath=/echo/中 a\nquery=q=%20\nhost=school.example\naddress=127.0.0.1\ntls=0\ncookie=two\nbody=h中\n");
  wire.send(`HEAD /echo HTTP/1.1\r\n${HOST}\r\n`);
  const head = await wire.response({bodyless: true});
  assert.equal(head.status, 200);
  assert.ok(Number(head.headers["content-length"]) > 0);
  wire.send(`OPTIONS * HTTP/1.1\r\n${HOST}\r\n`);
  const options = await wire.response();
  assert.equal(options.status, 204);
  assert.match(options.headers.allow, /PATCH/);
  wire.send(`GET http://school.example/echo/absolute HTTP/1.1\r\n${HOST}\r\n`);
  assert.match((await wire.response()).body, /path=\/echo\/absolute\n/);
  wire.send("GET /echo HTTP/1.0\r\n\r\n");
  assert.equal((await wire.response()).headers.connection, "close");
  await wire.closed();
  wire.end();
});

test("Expect: 100-continue is answered before the body", async (t) => {
  const server = await start(t);
  const wire = await Wire.open(server);
  wire.send(`POST /echo HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`);
  await wire.until(() => wire.bytes.toString().includes("100 Continue\r\n\r\n") || undefined);
  wire.bytes = Buffer.alloc(0);
  wire.send("hello");
  assert.match((await wire.response()).body, /body=hello/);
  wire.send(get("/echo/again"));
  assert.match((await wire.response()).body, /again/);
  wire.end();
});

test("36: a packed body is not unpacked", async (t) => {
  const server = await start(t);
  assert.equal((await ask(server, post("/echo", "x", "Content-Encoding: gzip\r\n"))).status, 415);
});

test("a trusted proxy's last address counts", async (t) => {
  const server = await start(t, {proxy: 1});
  const one = await ask(server, get("/echo", "X-Forwarded-For: 6.6.6.6, 1.2.3.4\r\nX-Forwarded-Proto: https\r\n"));
  assert.match(one.body, /address=1\.2\.3\.4\ntls=1/);
  assert.match(one.headers["strict-transport-security"], /max-age/);
  assert.match((await ask(server, get("/echo", "X-Forwarded-For: 1.2.3.4, evil\r\n"))).body, /address=127\.0\.0\.1/);
});

test("IPv6 is served", async (t) => {
  const server = await start(t, {listen: "::1"});
  assert.match((await ask(server, get("/echo"))).body, /address=::1\n/);
  assert.match((await ask(server, "GET /echo HTTP/1.1\r\nHost: [::1]:80\r\n\r\n")).body, /host=\[::1\]:80/);
});
