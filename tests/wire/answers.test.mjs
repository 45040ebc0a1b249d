// SPDX-License-Identifier: Apache-2.0
// What every answer carries, compression, static files.
import assert from "node:assert/strict";
import {mkdirSync, mkdtempSync, symlinkSync, writeFileSync} from "node:fs";
import {tmpdir} from "node:os";
import path from "node:path";
import zlib from "node:zlib";

import {ask, get, isProtected, post, start, test} from "./server.mjs";

const HASHED = "app.1a2b3c4d.css";

function assets() {
  const folder = mkdtempSync(path.join(tmpdir(), "shuyuan-assets-"));
  const css = "p { color: red }\n".repeat(200);
  writeFileSync(`${folder}/${HASHED}`, css);
  writeFileSync(`${folder}/${HASHED}.gz`, zlib.gzipSync(css));
  writeFileSync(`${folder}/${HASHED}.br`, zlib.brotliCompressSync(css));
  writeFileSync(`${folder}/plain.txt`, "plain");
  writeFileSync(`${folder}/favicon.ico`, "icon");
  writeFileSync(`${folder}/orphan.js.gz`, "x");
  writeFileSync(`${folder}/.hidden`, "x");
  mkdirSync(`${folder}/icons`);
  writeFileSync(`${folder}/icons/a.svg`, "<svg/>");
  symlinkSync("/etc/passwd", `${folder}/passwd.txt`);
  symlinkSync("/etc", `${folder}/etc`);
  return {folder, css};
}

test("114: every answer is protected", async (t) => {
  const {folder} = assets();
  const server = await start(t, {assets: folder, body_bytes: 1000});
  const asked = {
    200: get("/echo"), 204: get("/status?204"), 303: get("/status?303"), 304: get("/static/plain.txt", "If-None-Match: *\r\n"),
    400: "GET / HTTP/1.1\r\n\r\n", 404: get("/nowhere"), 405: post("/static/plain.txt", "x"), 408: null, 411:
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 413: post("/echo", "x".repeat(2000)),
    415: post("/echo", "x", "Content-Encoding: br\r\n"), 417: get("/echo", "Expect: x\r\n"), 431: get("/echo", `A: ${"a".repeat(20000)}\r\n`),
    500: get("/status?500"), 501: "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 503: get("/status?503"),
  };
  for (const [status, bytes] of Object.entries(asked).filter(([, bytes]) => bytes !== null)) {
    const answer = await ask(server, bytes);
    assert.equal(answer?.status, Number(status));
    isProtected(answer);
  }
  isProtected(await ask(server, get("/static/plain.txt")));
});

test("pages are not kept by caches, ids and nonces differ", async (t) => {
  const server = await start(t);
  const [a, b] = [await ask(server, get("/html?10")), await ask(server, get("/html?10"))];
  assert.equal(a.headers["cache-control"], "no-store");
  assert.notEqual(a.headers["x-request-id"], b.headers["x-request-id"]);
  const nonce = (answer) => /script-src 'self' 'nonce-([\w-]{24})'; style-src 'self' 'nonce-([\w-]{24})'/.exec(answer.headers["content-security-policy"]);
  assert.equal(nonce(a)[1], nonce(a)[2]);
  assert.notEqual(nonce(a)[1], nonce(b)[1]);
});

test("text over 1 KiB is compressed for who accepts it", async (t) => {
  const server = await start(t);
  const gzip = (extra) => ask(server, get("/html?5000", extra));
  const packed = await gzip("Accept-Encoding: br, gzip\r\n");
  assert.equal(packed.headers["content-encoding"], "gzip");
  assert.equal(packed.headers.vary, "accept-encoding");
  assert.equal(zlib.gunzipSync(packed.raw).length, 5000);
  const plain = await gzip("");
  assert.equal(plain.headers["content-encoding"], undefined);
  assert.equal(plain.headers.vary, "accept-encoding");
  assert.equal(plain.raw.length, 5000);
  assert.equal((await gzip("Accept-Encoding: gzip;q=0\r\n")).headers["content-encoding"], undefined);
  assert.equal((await ask(server, get("/html?1000", "Accept-Encoding: gzip\r\n"))).headers["content-encoding"], undefined);
  assert.equal((await ask(server, get("/big?5000", "Accept-Encoding: gzip\r\n"))).headers["content-encoding"], undefined);
  const head = await ask(server, "HEAD /html?5000 HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n", {bodyless: true});
  assert.equal(head.headers["content-encoding"], "gzip");
});

test("the length of a compressed page does not tell what is in it", async (t) => {
  const server = await start(t);
  const lengths = new Set();
  for (let i = 0; i < 40; i++) lengths.add((await ask(server, get("/html?5000", "Accept-Encoding: gzip\r\n"))).raw.length);
  assert.ok(lengths.size > 10, `${lengths.size} lengths`);
});

test("hashed files are served in the best coding and for ever", async (t) => {
  const {folder, css} = assets();
  const server = await start(t, {assets: folder});
  const file = (extra, options) => ask(server, get(`/static/${HASHED}`, extra), options);
  const plain = await file("");
  assert.equal(plain.body, css);
  assert.equal(plain.headers["content-type"], "text/css; charset=utf-8");
  assert.equal(plain.headers["cache-control"], "public, max-age=31536000, immutable");
  assert.equal(plain.headers.vary, "accept-encoding");
  const br = await file("Accept-Encoding: gzip, br\r\n");
  assert.equal(br.headers["content-encoding"], "br");
  assert.equal(zlib.brotliDecompressSync(br.raw).toString(), css);
  const gz = await file("Accept-Encoding: br;q=0.5, gzip;q=0.8\r\n");
  assert.equal(gz.headers["content-encoding"], "gzip");
  assert.equal(zlib.gunzipSync(gz.raw).toString(), css);
  assert.equal((await file("Accept-Encoding: br;q=0\r\n")).headers["content-encoding"], undefined);
  assert.equal(new Set([plain, br, gz].map((answer) => answer.headers.etag)).size, 3);
  const known = await file(`If-None-Match: "x", ${plain.headers.etag}\r\n`);
  assert.equal(known.status, 304);
  assert.equal(known.headers.etag, plain.headers.etag);
  const head = await ask(server, `HEAD /static/${HASHED} HTTP/1.1\r\nHost: a\r\n\r\n`, {bodyless: true});
  assert.equal(Number(head.headers["content-length"]), css.length);
});

test("32: only files in the folder are served", async (t) => {
  const {folder} = assets();
  const server = await start(t, {assets: folder});
  assert.equal((await ask(server, get("/static/plain.txt"))).headers["cache-control"], "public, no-cache");
  assert.equal((await ask(server, get("/favicon.ico"))).body, "icon");
  assert.equal((await ask(server, get("/static/icons/a.svg"))).headers["content-type"], "image/svg+xml");
  for (const name of ["passwd.txt", "etc/passwd", ".hidden", "orphan.js", "orphan.js.gz", "icons", "icons/", "", `${HASHED}.gz`, "none.css"])
    assert.equal((await ask(server, get(`/static/${name}`))).status, 404, name);
});

test("the admin listener has a handler of its own", async (t) => {
  const server = await start(t);
  const answer = await ask({...server, port: server.adminPort}, get("/metrics"));
  assert.equal(answer.body, "admin");
  isProtected(answer);
  assert.equal((await ask(server, get("/metrics"))).status, 404);
});
