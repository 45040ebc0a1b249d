// SPDX-License-Identifier: Apache-2.0
// Event streams: 2,000 people at one worker, an event to all of them, and what a stream costs.
// Alone: node tests/bench/run.mjs streams
import { execFileSync, spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import http2 from "node:http2";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { press } from "../lib/live.mjs";
import { accounts, freshData, product, root, serve, signedIn, until } from "../lib/school.mjs";
import { cpuMs, family, median, note, pin } from "./tools.mjs";
import { certificate } from "../wire/server.mjs";

const PEOPLE = 2000, WARM = 200, ROUNDS = 9, SEALED = 200;
// Without what of the store's file is mapped: a session that was looked at is no cost of its stream.
const ownKiB = (pid) => Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);
export const program = (name) => join(root, "build/tests/bench", name);

// A program of C holds the streams, so that the server is what is measured. next(): its next word.
export async function listen(port, tokens, text) {
  const child = spawn(program("listeners"), [String(port), String(tokens.length), text], { stdio: ["pipe", "pipe", "inherit"] });
  const words = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  child.stdin.end(`${tokens.join("\n")}\n`);
  pin([child.pid], 1);
  const next = async () => { const { value } = await words.next(); if (!value) throw new Error("a stream was cut"); return value; };
  await next();
  return { next, end: () => child.kill() };
}

const openSealed = (port, token) => new Promise((done, fail) => {
  const client = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  client.on("error", fail);
  client.request({ ":path": "/live", cookie: `__Host-sy_session=${token}` })
    .on("response", (head) => head[":status"] === 200 ? done(client) : fail(new Error(`refused: ${head[":status"]}`)))
    .on("data", () => {}).on("error", () => {});
});

export async function streams() {
  const folder = product(join(root, "tests/school/apps/bell")), data = freshData(), cert = certificate();
  const tokens = execFileSync(program("live_people"), [join(root, "config/demo.yaml"), data, accounts(data).guardian.org, "principal", String(PEOPLE + WARM + SEALED)],
    { encoding: "utf8", maxBuffer: 16 << 20 }).trim().split("\n");
  const server = await serve({ data, settings: {
    platform: folder, workers: 1, listen: "127.0.0.1:0, 127.0.0.1:0 tls", "tls.certificate": cert.cert, "tls.key": cert.key,
    "log.level": "info", "http.connections_per_address": 10000, "live.heartbeat": "10min" } });
  const [, sealed] = await until(() => server.ports("127.0.0.1:0").length === 2 && server.ports("127.0.0.1:0"), "the port of TLS");
  const port = Number(new URL(server.url).port), mum = await signedIn(server, "guardian"), bell = `/o/${server.org}/bell`;
  const pid = server.pid("worker 0"), worker = [pid];
  pin(family(server.child.pid), 0);
  const few = await listen(port, tokens.slice(0, WARM), "bell.office"), empty = ownKiB(pid);
  const many = await listen(port, tokens.slice(WARM, WARM + PEOPLE), "bell.office");
  note("open event streams, memory", "shuyuan, HTTP/1.1", Math.round((ownKiB(pid) - empty) * 1024 / PEOPLE), "bytes a stream");
  few.end();

  const times = [], costs = [];
  for (let round = 0; round < ROUNDS; round++) {
    const cpu = cpuMs(worker), begin = performance.now();
    const answer = press(mum, `${bell}/`, `${bell}/office`);
    await many.next();
    times.push(performance.now() - begin);
    await answer;
    costs.push(cpuMs(worker) - cpu);
  }
  const last = Math.round(median(times));
  note(`an event to ${PEOPLE} streams`, "shuyuan, one worker", last, "ms to the last", 100, last <= 100);
  note(`an event to ${PEOPLE} streams`, "shuyuan, one worker", Math.round(median(costs)), "ms of processor");

  const before = ownKiB(pid), clients = [];
  for (const token of tokens.slice(WARM + PEOPLE)) clients.push(await openSealed(sealed, token));
  note("open event streams, memory", "shuyuan, HTTP/2 with TLS", Math.round((ownKiB(pid) - before) * 1024 / SEALED), "bytes a stream");
  for (const client of clients) client.destroy();
  many.end();
  await server.remove();
  rmSync(folder, { recursive: true });
}
