// SPDX-License-Identifier: Apache-2.0
// What two readers could read differently is refused (RFC 9112).
import assert from "node:assert/strict";

import {ask, get, post, start, test, Wire} from "./server.mjs";

const HOST = "Host: school.example\r\n";

const refusals = [
  ["1: Content-Length with Transfer-Encoding", `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ["2: two different Content-Lengths", `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`, 400],
  ["3: Content-Length +5", `POST /echo HTTP/1.1\r\n${HOST}Content-Length: +5\r\n\r\nhello`, 400],
  ["3: Content-Length 5, 5", `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 5, 5\r\n\r\nhello`, 400],
  ["3: Content-Length -1", `POST /echo HTTP/1.1\r\n${HOST}Content-Length: -1\r\n\r\n`, 400],
  ["3: Content-Length of 20 digits", `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 12345678901234567890\r\n\r\n`, 400],
  ["5: Transfer-Encoding xchunked", `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: xchunked\r\n\r\n`, 501],
  ["5: Transfer-Encoding gzip, chunked", `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n`, 501],
  ["6: two Transfer-Encodings", `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n`, 400],
  ["8: bare line feeds", "GET /echo HTTP/1.1\nHost: a\n\n", 400],
  ["8: one bare line feed", `GET /echo HTTP/1.1\r\nA: b\n${HOST}\r\n`, 400],
  ["9: a folded field", `GET /echo HTTP/1.1\r\n${HOST}A: b\r\n c\r\n\r\n`, 400],
  ["11: chunked, whatever the chunks", `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n`, 411],
  ["11: a chunk extension of 1,000 bytes", `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5;${"x".repeat(1000)}\r\nhello\r\n`, 411],
  ["12: no Host", "GET /echo HTTP/1.1\r\n\r\n", 400],
  ["12: two Hosts", `GET /echo HTTP/1.1\r\n${HOST}Host: other\r\n\r\n`, 400],
  ["12: a malformed Host", "GET /echo HTTP/1.1\r\nHost: a/b\r\n\r\n", 400],
  ["12: target and Host differ", `GET http://other/echo HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["29: TRACE", `TRACE /echo HTTP/1.1\r\n${HOST}\r\n`, 405],
  ["29: CONNECT", `CONNECT school.example:80 HTTP/1.1\r\n${HOST}\r\n`, 405],
  ["29: an unknown method", `BREW /echo HTTP/1.1\r\n${HOST}\r\n`, 501],
  ["a method in lower case", `get /echo HTTP/1.1\r\n${HOST}\r\n`, 501],
  ["GET *", `GET * HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["a space before the colon", `GET /echo HTTP/1.1\r\n${HOST}A : b\r\n\r\n`, 400],
  ["NUL in a value", `GET /echo HTTP/1.1\r\n${HOST}A: b\0c\r\n\r\n`, 400],
  ["a control character in a name", `GET /echo HTTP/1.1\r\n${HOST}A\x01: b\r\n\r\n`, 400],
  ["HTTP/2 without TLS", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
  ["a TLS greeting on the plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400],
  ["an expectation nobody knows", `POST /echo HTTP/1.1\r\n${HOST}Expect: more\r\nContent-Length: 1\r\n\r\na`, 417],
  ["a head of 17 KiB", get("/echo", `A: ${"a".repeat(17 * 1024)}\r\n`), 431],
  ["65 fields", get("/echo", "A: b\r\n".repeat(65)), 431],
  ["a target of 17 KiB", get(`/${"a".repeat(17 * 1024)}`), 414],
  ["35: a body of 1 GiB, declared", `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 1073741824\r\n\r\n`, 413],
];

const strange = [
  ["%2e%2e", get("/echo/%2e%2e/x")], ["..", get("/echo/../x")], ["//", get("/echo//x")],
  ["%2f", get("/echo/a%2fb")], ["%5c", get("/echo/a%5cb")], ["%00", get("/echo/a%00")],
  ["overlong UTF-8", get("/echo/%c0%af")], ["a broken escape", get("/echo/%4")],
  ["two Authorization fields", get("/echo", "Authorization: a\r\nAuthorization: b\r\n")],
  ["two Content-Types", post("/echo", "a", "Content-Type: text/plain\r\nContent-Type: text/html\r\n")],
];

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
