// SPDX-License-Identifier: Apache-2.0
// Answers without an end: bytes that come when there are some, whoever leaves is noticed, who does
// not read is refused more than its room.
import assert from "node:assert/strict";
import http2 from "node:http2";

import {ask, certificate, eventually, get, isProtected, start, test, Wire} from "./server.mjs";

const files = certificate();
const plain = {open: Wire.open, name: "HTTP/1.1"};
const sealed = {open: (server) => Wire.openTls(server, ["http/1.1"]), name: "HTTP/1.1 over TLS"};
const say = async (server, path) => (await ask(server, get(path))).body;
const open = async (server) => Number(await say(server, "/streams"));
const connections = async (server) => JSON.parse(await say(server, "/stats")).open;

/** Opens a stream and takes its head; the rest stays in wire.bytes. */
async function stream(server, way, room = 100000) {
  const wire = await way.open(server);
  wire.send(get(`/stream?${room}`));
  await comes(wire, "begin\n");
  const end = wire.bytes.indexOf("\r\n\r\n");
  const [line, ...fields] = wire.bytes.subarray(0, end).toString("latin1").split("\r\n");
  wire.head = {status: Number(line.split(" ")[1]), headers: Object.fromEntries(fields.map((field) => field.split(/: (.*)/s, 2)).map(([name, value]) => [name.toLowerCase(), value]))};
  wire.bytes = wire.bytes.subarray(end + 4 + "begin\n".length);
  return wire;
}
// What node hands over needs a turn of its loop.
const seen = (look) => eventually(async () => { await new Promise(setImmediate); return look(); });
const comes = (wire, text) => wire.until(() => wire.bytes.includes(text) || undefined);

for (const way of [plain, sealed]) {
  test(`${way.name}: the head is protected, what is told comes, and who leaves is noticed at once`, async (t) => {
    const server = await start(t, {...files});
    const [one, other] = [await stream(server, way), await stream(server, way)];
    assert.equal(one.head.status, 200);
    isProtected(one.head);
    assert.equal(one.head.headers["content-type"], "text/event-stream");
    assert.equal(one.head.headers["content-length"], undefined);
    assert.equal(one.head.headers["transfer-encoding"], undefined);
    assert.equal(await say(server, "/tell?5"), "0");
    await comes(one, "xxxxx");
    await comes(other, "xxxxx");
    one.end();
    await eventually(async () => await open(server) === 1);
    other.socket.end(); // half closed is gone, too
    await eventually(async () => await open(server) === 0);
    await eventually(async () => await connections(server) === 1);
    other.end();
  });

  test(`${way.name}: what a client says on its stream is thrown away, and is no request`, async (t) => {
    const server = await start(t, {...files});
    const wire = await stream(server, way);
    const requests = JSON.parse(await say(server, "/stats")).requests;
    wire.send(get("/release")).send("x".repeat(300000)).send(get("/echo"));
    assert.equal(await say(server, "/tell?3"), "0");
    await comes(wire, "xxx");
    assert.equal(wire.bytes.toString(), "xxx");
    assert.equal(JSON.parse(await say(server, "/stats")).requests, requests + 2);
    wire.end();
  });

  test(`${way.name}: the server ends a stream, also one whose client takes nothing`, async (t) => {
    const server = await start(t, {...files});
    const wire = await stream(server, way), deaf = await stream(server, way);
    deaf.socket.pause();
    await say(server, "/tell?50000");
    await say(server, "/shut");
    await wire.closed();
    assert.equal(await open(server), 0);
    deaf.end();
    await eventually(async () => await connections(server) === 1);
    wire.end();
  });

  test(`${way.name}: who takes nothing is refused more than its room`, async (t) => {
    const server = await start(t, {...files});
    const deaf = await stream(server, way, 50000), quick = await stream(server, way, 50000);
    deaf.socket.pause();
    for (let told = 0; ; told++) {
      const refused = Number(await say(server, "/tell?20000"));
      await quick.until(() => quick.bytes.length >= (told + 1) * 20000 || undefined);
      if (refused > 0) break;
      assert.ok(told < 2000, "nothing bounds what waits");
    }
    deaf.socket.resume();
    await eventually(async () => Number(await say(server, "/tell?1")) === 0); // there is room again
    deaf.end();
    quick.end();
  });

  test(`${way.name}: no time limit of a request ends a stream`, async (t) => {
    const server = await start(t, {...files, idle_ms: 60, request_ms: 60, write_ms: 60, body_rate: 100000});
    const wire = await stream(server, way), idle = await way.open(server);
    idle.send(get("/echo"));
    await idle.closed(); // for having been idle
    assert.equal(await open(server), 1);
    assert.equal(await say(server, "/tell?5"), "0");
    await comes(wire, "xxxxx");
    wire.end();
    idle.end();
  });
}

const connect = (t, server, settings) => {
  const client = http2.connect(`https://${server.host}:${server.tlsPort}`, {rejectUnauthorized: false, ...settings});
  client.on("error", () => {});
  t.after(() => client.destroy());
  return client;
};

function stream2(client, room = 100000) {
  const sent = client.request({":path": `/stream?${room}`});
  const answer = {sent, text: ""};
  sent.setEncoding("utf8");
  sent.on("error", () => {});
  sent.on("response", (headers) => { answer.headers = headers; });
  sent.on("data", (text) => { answer.text += text; });
  sent.on("end", () => { answer.ended = true; });
  sent.on("close", () => { answer.closed = true; });
  return answer;
}

test("HTTP/2: many streams and requests share a connection; each that is left is noticed", async (t) => {
  const server = await start(t, {...files});
  const client = connect(t, server);
  const streams = Array.from({length: 8}, () => stream2(client));
  await seen(() => streams.every(({text}) => text === "begin\n"));
  isProtected({headers: streams[0].headers});
  assert.equal(await say(server, "/tell?4"), "0");
  await seen(() => streams.every(({text}) => text === "begin\nxxxx"));
  streams[0].sent.close(http2.constants.NGHTTP2_CANCEL);
  await eventually(async () => await open(server) === 7);
  await say(server, "/tell?4");
  await seen(() => streams.slice(1).every(({text}) => text.length === 14));
  client.destroy();
  await eventually(async () => await open(server) === 0);
});

test("HTTP/2: who opens no window is refused more than its room, and ends like the others", async (t) => {
  const server = await start(t, {...files, write_ms: 60, body_rate: 100000, idle_ms: 60, request_ms: 60});
  const client = connect(t, server, {settings: {initialWindowSize: 0}}), other = connect(t, server);
  const deaf = stream2(client, 1000), quick = stream2(other, 1000);
  await seen(() => deaf.headers && quick.text === "begin\n");
  for (let told = 0; Number(await say(server, "/tell?400")) === 0; told++) assert.ok(told < 10, "nothing bounds what waits");
  assert.equal(deaf.text, "");
  await seen(() => quick.text.length > 800);
  await say(server, "/shut");
  await seen(() => quick.ended);
  client.destroy();
  await eventually(async () => await connections(server) <= 2);
});

test("the end of a server ends its streams when its patience ends", async (t) => {
  const server = await start(t, {...files, drain_ms: 200});
  const one = await stream(server, plain), sealedOne = await stream(server, sealed), client = connect(t, server);
  const two = stream2(client);
  await seen(() => two.text === "begin\n");
  server.child.kill("SIGTERM");
  await Promise.all([one.closed(), sealedOne.closed(), seen(() => two.closed)]);
  assert.equal((await server.exited).code, 0);
  one.end();
  sealedOne.end();
});
