// SPDX-License-Identifier: Apache-2.0
// The same attacks against the real server: supervisor, committer, two workers, TLS, IPv6.
import assert from "node:assert/strict";
import {rmSync} from "node:fs";
import http2 from "node:http2";
import net from "node:net";
import path from "node:path";
import {after, before} from "node:test";
import tls from "node:tls";

import {forms, product, root, serve, signedIn, until, Visitor} from "../lib/school.mjs";
import {abuses, floods, refusals, strange} from "./attacks.mjs";
import {
  ask, block, certificate, END_HEADERS, END_STREAM, eventually, frame, frames, get, isProtected, openHttp2, request, test, TYPE, Wire,
} from "./server.mjs";

const platform = product(path.join(root, "tests/school/apps/trial"));
const files = certificate();
const TLS_SETTINGS = {listen: "127.0.0.1:0, 127.0.0.1:0 tls, [::1]:0, [::1]:0 tls", "tls.certificate": files.cert, "tls.key": files.key};
const LIMITS = {"http.head_bytes": "16KiB", "http.head_fields": 64, "http.http2_frame_rate": 1000, "auth.per_account": 2, "auth.per_address": 1000};
let school, places;

// Where a server listens, as the wire's functions want it.
async function placesOf(server) {
  await until(() => server.ports("[::1]:0").length === 2, "the ports");
  const [plain, secure] = server.ports("127.0.0.1:0"), [plain6, secure6] = server.ports("[::1]:0");
  return {v4: {host: "127.0.0.1", port: plain, tlsPort: secure}, v6: {host: "::1", port: plain6, tlsPort: secure6}};
}

before(async () => {
  school = await serve({settings: {platform, ...TLS_SETTINGS, ...LIMITS}});
  places = await placesOf(school);
});
after(async () => {
  await school?.remove();
  rmSync(platform, {recursive: true});
});

const alive = async () => {
  for (const place of Object.values(places)) assert.equal((await ask(place, get("/healthz"))).status, 200);
};

const ways = {
  "IPv4": () => Wire.open(places.v4), "IPv6": () => Wire.open(places.v6), "TLS": () => Wire.openTls(places.v4, ["http/1.1"]),
};
for (const [way, open] of Object.entries(ways)) {
  test(`malformed heads over ${way} are refused, closed, and protected`, async () => {
    for (const [name, bytes, status] of refusals) {
      if (way === "TLS" && name.startsWith("a TLS greeting")) continue;
      const wire = await open();
      wire.send(Buffer.concat([Buffer.from(get("/healthz")), Buffer.from(bytes, "latin1")]));
      assert.equal((await wire.response())?.status, 200, name);
      const answer = await wire.response();
      assert.equal(answer?.status, status, name);
      assert.equal(answer.headers.connection, "close", name);
      isProtected(answer);
      assert.equal(/max-age=\d{8}/.test(answer.headers["strict-transport-security"]), way === "TLS", name);
      await wire.closed();
      assert.equal(wire.bytes.length, 0, name);
      wire.end();
    }
    for (const [name, bytes] of strange) {
      const wire = await open();
      const answer = await wire.send(bytes).response();
      assert.equal(answer?.status, 400, name);
      isProtected(answer);
      wire.end();
    }
    await alive();
  });
}

test("14: 1,000 pipelined requests are answered in order", async () => {
  const wire = await Wire.open(places.v4);
  wire.send(Array.from({length: 1000}, (_, i) => get(i % 10 === 0 ? `/nowhere/${i}` : "/healthz")).join(""));
  for (let i = 0; i < 1000; i++) assert.equal((await wire.response()).status, i % 10 === 0 ? 404 : 200);
  wire.end();
});

const greet = (options) => new Promise((resolve, reject) => {
  const socket = tls.connect({host: "127.0.0.1", port: places.v4.tlsPort, rejectUnauthorized: false, ...options}, () => resolve(socket)).on("error", reject);
});

test("30: TLS 1.2 and 1.3 with both protocols, nothing older, nothing weak", async () => {
  for (const version of ["TLSv1.2", "TLSv1.3"]) {
    for (const protocol of ["h2", "http/1.1"]) {
      const socket = await greet({minVersion: version, maxVersion: version, ALPNProtocols: [protocol]});
      assert.equal(socket.getProtocol(), version);
      assert.equal(socket.alpnProtocol, protocol);
      socket.destroy();
    }
  }
  for (const version of ["TLSv1", "TLSv1.1"])
    await assert.rejects(greet({minVersion: version, maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0"}));
  for (const ciphers of ["AES128-SHA", "AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA", "NULL"])
    await assert.rejects(greet({maxVersion: "TLSv1.2", ciphers: `${ciphers}@SECLEVEL=0`}), ciphers);
  await assert.rejects(greet({ALPNProtocols: ["spdy/3"]}));
  const none = await greet({});
  none.write(get("/healthz"));
  assert.match(await new Promise((resolve) => none.once("data", (bytes) => resolve(bytes.toString()))), /^HTTP\/1\.1 200/);
  none.destroy();
});

test("30: a greeting of SSL 3.0 or 2.0 gets an alert or nothing, and is closed", async () => {
  const hello = Buffer.concat([Buffer.from([3, 0]), Buffer.alloc(32, 7), Buffer.from([0, 0, 2, 0, 0x35, 1, 0])]);
  const handshake = Buffer.concat([Buffer.from([1, 0, 0, hello.length]), hello]);
  const ssl3 = Buffer.concat([Buffer.from([22, 3, 0, 0, handshake.length]), handshake]);
  const ssl2 = Buffer.from([0x80, 0x1c, 1, 0, 2, 0, 3, 0, 0, 0, 16, 7, 0, 0xc0, ...Array(16).fill(1)]);
  for (const bytes of [ssl3, ssl2]) {
    const wire = await Wire.open(places.v4, places.v4.tlsPort);
    wire.send(bytes);
    await wire.closed();
    assert.ok(wire.bytes.length === 0 || wire.bytes[0] === 21, "an alert at most");
    wire.end();
  }
  await alive();
});

// ---- HTTP/2 ----

async function isCut(wire) {
  await wire.closed();
  wire.end();
  await alive();
}

for (const [name, make] of Object.entries(floods)) {
  test(`${name} flood is cut`, async () => {
    const wire = await openHttp2(places.v4);
    wire.send(Buffer.concat(Array.from({length: 5000}, (_, i) => make(i))));
    await isCut(wire);
  });
}

test("19: a rapid reset over pages that read the store is cut", async () => {
  const before = await school.metrics();
  const wire = await openHttp2(places.v4);
  const pairs = [];
  for (let stream = 1; stream < 20000; stream += 2)
    pairs.push(frame(TYPE.HEADERS, END_STREAM | END_HEADERS, stream, request("GET", "/login")), frame(TYPE.RST_STREAM, 0, stream, Buffer.from([0, 0, 0, 8])));
  wire.send(Buffer.concat(pairs));
  await isCut(wire);
  const now = await school.metrics(), seconds = "request_seconds_count";
  assert.ok(now[seconds] - before[seconds] < 500, `${now[seconds] - before[seconds]} pages were made`);
  assert.equal(now.restarts_total, 0);
});

test("21: a header block that never ends is cut", async () => {
  const wire = await openHttp2(places.v4);
  wire.send(frame(TYPE.HEADERS, END_STREAM, 1, request("GET", "/login")));
  for (let i = 0; i < 100 && !wire.ended; i++) wire.send(frame(TYPE.CONTINUATION, 0, 1, block([["a", "b".repeat(1000)]])));
  await isCut(wire);
});

test("27: abuse of pseudo-fields and fields is refused", async () => {
  for (const [name, fields] of Object.entries(abuses)) {
    const wire = await openHttp2(places.v4);
    wire.send(frame(TYPE.HEADERS, END_STREAM | END_HEADERS, 1, block(fields)));
    const answer = await wire.until(() => frames(wire.bytes).find(({type, stream}) =>
      (stream === 1 && (type === TYPE.DATA || type === TYPE.RST_STREAM)) || type === TYPE.GOAWAY));
    if (answer?.type === TYPE.DATA) assert.match(answer.payload.toString(), /^(4\d\d|501) |^found an invalid/, name);
    wire.end();
  }
  await alive();
});

// ---- what every answer carries ----

function connect(place = places.v4) {
  const authority = `${place.host.includes(":") ? `[${place.host}]` : place.host}:${place.tlsPort}`;
  const client = http2.connect(`https://${authority}`, {rejectUnauthorized: false});
  const cookies = new Map();
  const exchange = (fields, body) => new Promise((resolve, reject) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const stream = client.request({":authority": authority, ...(cookie && {cookie}), ...fields}, {endStream: body === undefined});
    const answer = {body: ""};
    stream.setEncoding("utf8").on("data", (part) => { answer.body += part; }).on("error", reject);
    stream.on("response", (headers) => Object.assign(answer, {headers, status: headers[":status"]}));
    stream.on("end", () => {
      for (const line of answer.headers["set-cookie"] ?? []) cookies.set(...line.split(";")[0].split(/=(.*)/).slice(0, 2));
      resolve(answer);
    });
    if (body !== undefined) stream.end(body);
  });
  return {
    cookies, end: () => client.close(), get: (page) => exchange({":path": page}),
    post: (page, fields) => exchange({":path": page, ":method": "POST", "content-type": "application/x-www-form-urlencoded"}, new URLSearchParams(fields).toString()),
  };
}

async function signIn(client, account) {
  const form = forms((await client.get("/login")).body).find(({fields}) => "password" in fields);
  return client.post("/login", {...form.fields, login: account.login, password: account.password});
}

test("a session under TLS: __Host-, Secure, HSTS, for IPv4 and IPv6", async () => {
  for (const place of Object.values(places)) {
    const client = connect(place);
    const answer = await signIn(client, school.accounts.guardian);
    assert.equal(answer.status, 303);
    const cookie = answer.headers["set-cookie"].find((line) => line.includes("sy_session"));
    assert.match(cookie, /^__Host-sy_session=[\w-]{43}; Path=\/; SameSite=Lax; HttpOnly; Secure$/);
    for (const line of answer.headers["set-cookie"]) {
      assert.match(line, /; Secure/);
      assert.doesNotMatch(line, /domain/i);
    }
    assert.match(answer.headers["strict-transport-security"], /^max-age=\d{8,}/);
    assert.equal((await client.get("/account")).status, 200);
    // the same token without its prefix is nobody's
    client.cookies.set("sy_session", client.cookies.get("__Host-sy_session"));
    client.cookies.delete("__Host-sy_session");
    assert.equal((await client.get("/account")).status, 303);
    client.end();
  }
});

test("signing in over plain IPv6 works, and sends no HSTS", async () => {
  const visitor = new Visitor(`http://[::1]:${places.v6.port}`);
  await visitor.signIn(school.accounts.teacher);
  const answer = await visitor.get("/account");
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("strict-transport-security"), null);
});

const asHeaders = (answer) => ({headers: Object.fromEntries([...answer.headers.keys()].map((name) => [name, answer.headers.get(name)]))});

test("114: every answer of the school is protected, whatever its status", async () => {
  const mum = await signedIn(school, "guardian"), nobody = new Visitor(school.url);
  const trial = `/o/${school.org}/trial`;
  const wrong = () => nobody.submit("/login", {login: "nobody-at-all", password: "wrong-password"}, ({fields}) => "password" in fields);
  const asked = [
    [200, () => mum.get("/")], [200, () => mum.get("/healthz")], [200, () => mum.get("/readyz")], [303, () => nobody.get("/account")],
    [403, () => nobody.post("/login", {})], [404, () => mum.get("/nowhere")], [404, () => mum.get("/api/v1/x")], [404, () => mum.get("/static/none")],
    [422, wrong], [422, wrong], [429, wrong], [500, () => mum.get(`${trial}/fail`)], [503, () => mum.get(`${trial}/loop`)],
  ];
  for (const [status, run] of asked) {
    const answer = await run();
    assert.equal(answer.status, status);
    isProtected(asHeaders(answer));
  }
  const raw = {
    400: "GET / HTTP/1.1\r\n\r\n", 405: "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 411: "POST /login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    413: "POST /login HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n", 431: get("/", `A: ${"a".repeat(20000)}\r\n`), 501: "BREW / HTTP/1.1\r\nHost: a\r\n\r\n",
  };
  for (const [status, bytes] of Object.entries(raw)) {
    const answer = await ask(places.v4, bytes);
    assert.equal(answer?.status, Number(status));
    isProtected(answer);
  }
});

test("over HTTP/2 as well, with HSTS", async () => {
  const client = connect();
  const seen = [await client.get("/login"), await client.get("/account"), await client.get("/nowhere"), await client.post("/login", {})];
  await signIn(client, school.accounts.guardian);
  for (const page of ["fail", "loop"]) seen.push(await client.get(`/o/${school.org}/trial/${page}`));
  assert.deepEqual(seen.map(({status}) => status), [200, 303, 404, 403, 500, 503]);
  for (const answer of seen) {
    isProtected(answer);
    assert.match(answer.headers["strict-transport-security"], /max-age=/);
  }
  client.end();
});

test("a full store's 507 is protected too", async () => {
  const full = await serve({settings: {"store.bytes_max": "1MiB"}});
  const answer = await new Visitor(full.url).submit("/login", full.accounts.guardian, ({fields}) => "password" in fields);
  assert.equal(answer.status, 507);
  isProtected(asHeaders(answer));
  await full.remove();
});

test("17: idle connections beyond the limit make room for real users", async () => {
  const small = await serve({settings: {workers: 1, "http.connections": 40, "http.connections_per_address": 40}});
  const {hostname, port} = new URL(small.url);
  const idle = await Promise.all(Array.from({length: 120}, () => new Promise((resolve) => {
    const socket = net.connect(Number(port), hostname, () => resolve(socket)).on("error", () => {});
  })));
  assert.equal((await signedIn(small, "guardian")).cookies.has("sy_session"), true);
  await eventually(async () => (await small.metrics()).connections_open <= 40);
  for (const socket of idle) socket.destroy();
  await small.remove();
});
