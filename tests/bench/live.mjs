// SPDX-License-Identifier: Apache-2.0
// Event streams: 2,000 people at one worker, an event to all of them, and what a stream costs.
// Alone: node tests/bench/run.mjs streams
import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import http2 from "node:http2";
import net from "node:net";
import { join } from "node:path";
import { press } from "../lib/live.mjs";
import { accounts, freshData, product, root, serve, signedIn, until } from "../lib/school.mjs";
import { cpuMs, family, median, note, pin, privateKiB } from "./tools.mjs";
import { certificate } from "../wire/server.mjs";

const PEOPLE = 2000, WARM = 200, ROUNDS = 9, SEALED = 200;
const config = join(root, "config/demo.yaml");

// Sockets by hand: a client that costs little, so that the server is what is measured.
class Listener {
  static open(port, token) {
    const one = new Listener();
    one.bytes = 0;
    one.socket = net.connect(port, "127.0.0.1");
    one.socket.setNoDelay(true);
    one.socket.on("data", (bytes) => { one.bytes += bytes.length; one.heard?.(bytes); });
    one.socket.on("error", () => {});
    one.socket.write(`GET /live HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nCookie: sy_session=${token}\r\n\r\n`);
    one.socket.once("data", (bytes) => { one.taken = bytes.includes("HTTP/1.1 200"); });
    return until(() => one.bytes > 0, "a head").then(() => { if (!one.taken) throw new Error("a stream was refused"); return one; });
  }
}

async function openAll(port, tokens) {
  const streams = [];
  for (let i = 0; i < tokens.length; i += 50) // a school arrives, not a flood
    streams.push(...await Promise.all(tokens.slice(i, i + 50).map((token) => Listener.open(port, token))));
  return streams;
}

const openSealed = (port, token) => new Promise((done, fail) => {
  const client = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  client.on("error", fail);
  client.request({ ":path": "/live", cookie: `__Host-sy_session=${token}` })
    .on("response", (head) => head[":status"] === 200 ? done(client) : fail(new Error(`refused: ${head[":status"]}`))).on("data", () => {}).on("error", () => {});
});

export async function streams() {
  const folder = product(join(root, "tests/school/apps/bell")), data = freshData(), cert = certificate();
  const tokens = execFileSync(join(root, "build/tests/bench/live_people"), [config, data, accounts(data).guardian.org, "principal", String(PEOPLE + WARM + SEALED)],
    { encoding: "utf8", maxBuffer: 16 << 20 }).trim().split("\n");
  const server = await serve({ data, settings: {
    platform: folder, workers: 1, listen: "127.0.0.1:0, 127.0.0.1:0 tls", "tls.certificate": cert.cert, "tls.key": cert.key,
    "log.level": "info", "http.connections_per_address": 10000, "live.heartbeat": "10min" } });
  const port = Number(new URL(server.url).port);
  const [, sealed] = await until(() => server.ports("127.0.0.1:0").length === 2 && server.ports("127.0.0.1:0"), "the port of TLS");
  const mum = await signedIn(server, "guardian"), bell = `/o/${server.org}/bell`;
  const worker = [server.pid("worker 0")];
  pin(family(server.child.pid), 0);
  await openAll(port, tokens.slice(0, WARM));
  const empty = privateKiB(worker);
  const listeners = await openAll(port, tokens.slice(WARM, WARM + PEOPLE));
  note("open event streams, memory", "shuyuan, HTTP/1.1", Math.round((privateKiB(worker) - empty) * 1024 / PEOPLE), "bytes a stream");

  const times = [], costs = [];
  for (let round = 0; round < ROUNDS; round++) {
    let missing = listeners.length;
    const heard = new Promise((done) => {
      for (const one of listeners) one.heard = (bytes) => { if (bytes.includes("bell.office") && --missing === 0) done(performance.now()); };
    });
    const cpu = cpuMs(worker), begin = performance.now();
    const answer = press(mum, `${bell}/`, `${bell}/office`);
    times.push(await heard - begin);
    await answer;
    costs.push(cpuMs(worker) - cpu);
  }
  const last = Math.round(median(times));
  note(`an event to ${PEOPLE} streams, the last has it`, "shuyuan, one worker", last, "ms", 100, last <= 100);
  note(`an event to ${PEOPLE} streams, processor`, "shuyuan, one worker", Math.round(median(costs)), "ms");

  const before = privateKiB(worker);
  const clients = [];
  for (const token of tokens.slice(WARM + PEOPLE)) clients.push(await openSealed(sealed, token));
  note("open event streams, memory", "shuyuan, HTTP/2 with TLS", Math.round((privateKiB(worker) - before) * 1024 / SEALED), "bytes a stream");
  for (const client of clients) client.destroy();
  for (const one of listeners) one.socket.destroy();
  await server.remove();
  rmSync(folder, { recursive: true });
}
