// SPDX-License-Identifier: Apache-2.0
// HTTP/2 over TLS: requests, and what attackers send instead.
import assert from "node:assert/strict";
import http2 from "node:http2";
import tls from "node:tls";

import {abuses, floods} from "./attacks.mjs";
import {
  ask, block, certificate, END_HEADERS, END_STREAM, eventually, frame, frames, get, openHttp2, PREFACE, request, start, test, TYPE, Wire,
} from "./server.mjs";

const files = certificate();
const begin = (t, settings = {}) => start(t, {...files, ...settings});
const connect = (t, server) => {
  const client = http2.connect(`https://${server.host}:${server.tlsPort}`, {rejectUnauthorized: false});
  client.on("error", () => {});
  t.after(() => client.destroy());
  return client;
};

async function fetch2(client, headers, body) {
  const stream = client.request(headers, {endStream: body === undefined});
  if (body !== undefined) stream.end(body);
  return new Promise((resolve) => {
    const answer = {text: ""};
    stream.setEncoding("utf8");
    stream.on("response", (fields) => { answer.headers = fields; answer.status = fields[":status"]; });
    stream.on("data", (chunk) => { answer.text += chunk; });
    stream.on("error", (error) => { answer.error = error; });
    stream.on("close", () => { answer.code = stream.rstCode; resolve(answer); });
  });
}

const alive = async (t, server) => {
  const answer = await fetch2(connect(t, server), {":path": "/echo/alive"});
  assert.equal(answer.status, 200);
};

/** Waits until the connection is cut; the server must go on. */
async function isCut(t, server, wire) {
  await wire.closed();
  wire.end();
  await alive(t, server);
}

test("requests, bodies and many at once", async (t) => {
  const server = await begin(t);
  const client = connect(t, server);
  const one = await fetch2(client, {":path": "/echo/%E4%B8%AD?q", cookie: "a=1; b=2"});
  assert.equal(one.status, 200);
  assert.match(one.text, /path=\/echo\/中\nquery=q\nhost=127\.0\.0\.1:\d+\naddress=127\.0\.0\.1\ntls=1\ncookie=1\n/);
  assert.match(one.headers["strict-transport-security"], /max-age=/);
  const posted = await fetch2(client, {":path": "/echo", ":method": "POST", "content-length": 500000}, "x".repeat(500000));
  assert.match(posted.text, /body=x{500000}\n/);
  const many = await Promise.all(Array.from({length: 300}, (_, i) => fetch2(client, {":path": `/echo/${i}`})));
  many.forEach((answer, i) => assert.match(answer.text, new RegExp(`path=/echo/${i}\n`)));
  const head = await fetch2(client, {":path": "/echo", ":method": "HEAD"});
  assert.ok(head.status === 200 && head.text === "");
  const big = await fetch2(client, {":path": "/big?20000000"});
  assert.equal(big.text.length, 20000000);
});

test("HTTP/1.1 is served over TLS to who asks for it", async (t) => {
  const server = await begin(t);
  const wire = await Wire.openTls(server, ["http/1.1"]);
  wire.send(get("/echo").repeat(3));
  for (let i = 0; i < 3; i++) {
    const answer = await wire.response();
    assert.match(answer.body, /tls=1/);
    assert.match(answer.headers["strict-transport-security"], /max-age/);
  }
  wire.send("GET /echo HTTP/1.1\nHost: a\n\n");
  const refused = await wire.response();
  assert.equal(refused.status, 400);
  assert.match(refused.headers["strict-transport-security"], /max-age/);
  await wire.closed();
  wire.end();
});

test("a request sent with the last words of the handshake is checked as well", async (t) => {
  const server = await begin(t);
  const socket = tls.connect({host: server.host, port: server.tlsPort, rejectUnauthorized: false, ALPNProtocols: ["http/1.1"]});
  socket.write("GET /echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  const wire = new Wire(socket);
  assert.equal((await wire.response()).status, 400);
  await wire.closed();
  wire.end();
});

test("30: old versions of TLS are refused", async (t) => {
  const server = await begin(t);
  for (const version of ["TLSv1", "TLSv1.1"]) {
    await assert.rejects(new Promise((resolve, reject) => {
      const socket = tls.connect({host: server.host, port: server.tlsPort, rejectUnauthorized: false, minVersion: version,
        maxVersion: version, ciphers: "DEFAULT@SECLEVEL=0"}, resolve);
      socket.on("error", reject);
    }));
  }
  await alive(t, server);
});

test("a handshake that does not go on ends in time", async (t) => {
  const server = await begin(t, {request_ms: 200, idle_ms: 60000});
  const wire = await Wire.open(server, server.tlsPort);
  await wire.closed();
  wire.end();
});

test("19: a rapid reset is cut, and its requests are gone", async (t) => {
  const server = await begin(t);
  const wire = await openHttp2(server);
  const pairs = [];
  for (let stream = 1; stream < 20000; stream += 2)
    pairs.push(frame(TYPE.HEADERS, END_STREAM | END_HEADERS, stream, request("GET", "/wait")), frame(TYPE.RST_STREAM, 0, stream, Buffer.from([0, 0, 0, 8])));
  wire.send(Buffer.concat(pairs));
  await isCut(t, server, wire);
  assert.equal((await ask(server, get("/waiting"))).body, "0");
  const {requests} = JSON.parse((await ask(server, get("/stats"))).body);
  assert.ok(requests < 300, `${requests} requests ran`);
});

test("20: resets that the server is made to send come out of the same budget", async (t) => {
  const server = await begin(t);
  const wire = await openHttp2(server);
  const pairs = [];
  for (let stream = 1; stream < 1000; stream += 2)
    pairs.push(frame(TYPE.HEADERS, END_STREAM | END_HEADERS, stream, request("GET", "/wait")), frame(TYPE.WINDOW_UPDATE, 0, stream, Buffer.alloc(4)));
  wire.send(Buffer.concat(pairs.slice(0, 220)));
  await wire.until(() => frames(wire.bytes).some(({type}) => type === TYPE.RST_STREAM) || undefined);
  wire.send(Buffer.concat(pairs.slice(220)));
  await isCut(t, server, wire);
  assert.equal((await ask(server, get("/waiting"))).body, "0");
});

test("now and then a reset is no attack", async (t) => {
  const server = await begin(t);
  const client = connect(t, server);
  for (let i = 0; i < 60; i++) {
    const stream = client.request({":path": "/wait"});
    stream.on("error", () => {});
    await eventually(async () => (await fetch2(client, {":path": "/waiting"})).text === "1");
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await eventually(async () => (await fetch2(client, {":path": "/waiting"})).text === "0");
  }
  assert.equal((await fetch2(client, {":path": "/gone"})).text, "60");
});

test("21: a header block that never ends is cut", async (t) => {
  const server = await begin(t);
  const wire = await openHttp2(server);
  wire.send(frame(TYPE.HEADERS, END_STREAM, 1, request("GET", "/echo")));
  for (let i = 0; i < 100 && !wire.ended; i++) wire.send(frame(TYPE.CONTINUATION, 0, 1, block([["a", "b".repeat(1000)]])));
  await isCut(t, server, wire);
});

test("a header block that drips in is cut", async (t) => {
  const server = await begin(t, {request_ms: 300, idle_ms: 60000});
  const wire = await openHttp2(server);
  wire.send(frame(TYPE.HEADERS, END_STREAM, 1, request("GET", "/echo")));
  const drip = setInterval(() => wire.send(frame(TYPE.CONTINUATION, 0, 1, block([["a", "b"]]))), 50);
  t.after(() => clearInterval(drip));
  await isCut(t, server, wire);
});

for (const [name, make] of Object.entries(floods)) {
  test(`${name} flood is cut`, async (t) => {
    const server = await begin(t);
    const wire = await openHttp2(server);
    wire.send(Buffer.concat(Array.from({length: 5000}, (_, i) => make(i))));
    await isCut(t, server, wire);
    assert.doesNotMatch(server.log, /skipping frame/);
  });
}

test("a few frames of an unknown type are ignored, as RFC 9113 asks", async (t) => {
  const server = await begin(t);
  const wire = await openHttp2(server);
  wire.send(Buffer.concat([frame(0x10, 0, 0, Buffer.from("00000u=1")), frame(TYPE.HEADERS, END_STREAM | END_HEADERS, 1, request("GET", "/echo")),
    frame(0xff, 7, 1, Buffer.alloc(0))]));
  const data = await wire.until(() => frames(wire.bytes).find(({type}) => type === TYPE.DATA));
  assert.match(data.payload.toString(), /path=\/echo/);
  assert.doesNotMatch(server.log, /skipping frame/);
  wire.end();
});

test("26: a window of zero does not hold an answer for ever", async (t) => {
  const server = await begin(t, {write_ms: 300, idle_ms: 60000});
  const wire = await Wire.openTls(server);
  wire.send(Buffer.concat([PREFACE, frame(TYPE.SETTINGS, 0, 0, Buffer.from([0, 4, 0, 0, 0, 0])),
    frame(TYPE.HEADERS, END_STREAM | END_HEADERS, 1, request("GET", "/big?1000000"))]));
  await isCut(t, server, wire);
});

test("who opens windows but sends nothing else is closed", async (t) => {
  const server = await begin(t, {idle_ms: 300});
  const wire = await openHttp2(server);
  const drip = setInterval(() => wire.send(frame(TYPE.PING, 0, 0, Buffer.alloc(8))), 50);
  t.after(() => clearInterval(drip));
  await isCut(t, server, wire);
});

test("a body slower than the least rate is cut", async (t) => {
  const server = await begin(t, {request_ms: 200, body_rate: 5000, idle_ms: 60000});
  const wire = await openHttp2(server);
  wire.send(frame(TYPE.HEADERS, END_HEADERS, 1, request("POST", "/echo")));
  const drip = setInterval(() => wire.send(frame(TYPE.DATA, 0, 1, Buffer.alloc(70))), 50);
  t.after(() => clearInterval(drip));
  await isCut(t, server, wire);
});

test("a body too large is cut before it is read", async (t) => {
  const server = await begin(t, {body_bytes: 100000});
  const wire = await openHttp2(server);
  wire.send(frame(TYPE.HEADERS, END_HEADERS, 1, request("POST", "/echo")));
  for (let i = 0; i < 20 && !wire.ended; i++) wire.send(frame(TYPE.DATA, 0, 1, Buffer.alloc(16000)));
  await isCut(t, server, wire);
});

test("many large bodies at once are cut", async (t) => {
  const server = await begin(t, {body_bytes: 50000});
  const wire = await openHttp2(server);
  for (let stream = 1; stream < 21 && !wire.ended; stream += 2) {
    wire.send(frame(TYPE.HEADERS, END_HEADERS, stream, request("POST", "/wait")));
    for (let i = 0; i < 3; i++) wire.send(frame(TYPE.DATA, 0, stream, Buffer.alloc(16000)));
  }
  await isCut(t, server, wire);
  assert.equal((await ask(server, get("/waiting"))).body, "0");
});

test("27: abuse of pseudo-fields and fields is refused", async (t) => {
  const server = await begin(t);
  for (const [name, fields] of Object.entries(abuses)) {
    await t.test(name, async () => {
      const wire = await openHttp2(server);
      wire.send(frame(TYPE.HEADERS, END_STREAM | END_HEADERS, 1, block(fields)));
      // the handler's answer begins with "method="; a refusal is a reset, a cut or an answer of ours
      const answer = await wire.until(() => frames(wire.bytes).find(({type, stream}) =>
        (stream === 1 && (type === TYPE.DATA || type === TYPE.RST_STREAM)) || type === TYPE.GOAWAY));
      if (answer?.type === TYPE.DATA) assert.match(answer.payload.toString(), /^(4\d\d|501) |^found an invalid/);
      wire.end();
    });
  }
  await alive(t, server);
});

test("400,001 fields in one request do not reach the handler", async (t) => {
  const server = await begin(t, {head_bytes: 65536});
  const wire = await openHttp2(server);
  // one field into the table, then a byte for each of the others
  const bomb = Buffer.concat([request("GET", "/echo"), Buffer.from([0x40, 1, 0x61, 1, 0x62]), Buffer.alloc(16000, 0xbe)]);
  wire.send(frame(TYPE.HEADERS, END_STREAM | END_HEADERS, 1, bomb.subarray(0, 16384)));
  const data = await wire.until(() => frames(wire.bytes).find(({type}) => type === TYPE.DATA));
  assert.match(data.payload.toString(), /^431/);
  wire.end();
});

test("a stream that is reset before its answer is told to the handler", async (t) => {
  const server = await begin(t);
  const client = connect(t, server);
  const stream = client.request({":path": "/wait"});
  stream.on("error", () => {});
  await eventually(async () => (await ask(server, get("/waiting"))).body === "1");
  client.destroy();
  await eventually(async () => (await ask(server, get("/gone"))).body === "1");
});

test("a broken preface is closed", async (t) => {
  const server = await begin(t);
  const wire = await Wire.openTls(server);
  wire.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  await isCut(t, server, wire);
});
