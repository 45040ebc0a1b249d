// SPDX-License-Identifier: Apache-2.0
// SIGHUP: what can be taken up is taken up, everywhere; connections stay; what is wrong
// changes nothing.
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import tls from "node:tls";
import { certificate } from "../wire/server.mjs";
import { cookieOf, Line } from "../lib/line.mjs";
import { product, root, serve, signedIn, until } from "../lib/school.mjs";

const ROUNDS = 3e7; // far more than 20 ms of them, and than what a first call may take
const folder = mkdtempSync(join(tmpdir(), "shuyuan-reload-"));
const file = join(folder, "instance.yaml");
const platform = product(join(root, "tests/school/apps/trial"));
let server, tlsPort;

const BASE = { "http.body_bytes": "1KiB", "script.cpu": "20ms", "auth.per_account": 1000, "log.level": "info", "store.bytes_max": "1GiB" };

function write(changes = {}) {
  const sections = {};
  let text = "";
  for (const [key, value] of Object.entries({ ...BASE, ...changes })) {
    const [section, name] = key.split(".");
    if (name) (sections[section] ??= []).push(`  ${name}: ${value}\n`);
    else text += `${key}: ${value}\n`;
  }
  for (const [section, lines] of Object.entries(sections)) text += `${section}:\n${lines.join("")}`;
  writeFileSync(file, `${text}tls:\n  certificate: cert.pem\n  key: key.pem\nplatform: ${platform}\nassets: ${root}/build/static\nworkers: 2\n`);
}

// A renewal replaces the files, as certbot does.
function renew() {
  const made = certificate();
  for (const [from, to] of [[made.cert, "cert.pem"], [made.key, "key.pem"]]) {
    rmSync(join(folder, to), { force: true });
    copyFileSync(from, join(folder, to));
    chmodSync(join(folder, to), 0o600);
  }
}

const greet = () => new Promise((done, fail) => {
  const socket = tls.connect({ port: tlsPort, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] }, () => done(socket)).on("error", fail);
});

async function serial() {
  const socket = await greet();
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

// Either the supervisor refuses, or every process says that it has taken it up.
async function reload(changes) {
  const already = server.lines().length;
  write(changes);
  server.child.kill("SIGHUP");
  const said = () => server.lines().slice(already);
  await until(() => said().some(({ event }) => event.includes("the old one stays")) ||
    said().filter(({ event }) => event === "configuration reloaded").length === 1 + server.pids().length, "an answer to SIGHUP");
  return said();
}

before(async () => {
  renew();
  write();
  server = await serve({ config: file, settings: { listen: "127.0.0.1:0, 127.0.0.1:0 tls" } });
  tlsPort = (await until(() => server.ports("127.0.0.1:0")[1] && server.ports("127.0.0.1:0"), "the port of TLS"))[1];
});
after(async () => { await server?.remove(); rmSync(folder, { recursive: true }); rmSync(platform, { recursive: true }); });

test("limits of HTTP, and of applications are taken up by both workers, on connections that stay", async () => {
  const lines = [await Line.toAnother(server)];
  lines.push(await Line.toAnother(server, lines));
  const mum = await signedIn(server, "guardian");
  const headers = { cookie: cookieOf(mum) };
  const trial = `/o/${server.org}/trial`;
  const large = { method: "POST", body: "a=".padEnd(3000, "x") };
  for (const line of lines) {
    assert.equal((await line.ask(`${trial}/busy?rounds=${ROUNDS}`, { headers })).status, 503);
    const probe = await Line.open(server);
    assert.equal((await probe.ask("/login", large)).status, 413);
    probe.end();
  }
  await reload({ "http.body_bytes": "64KiB", "script.cpu": "2000ms", "script.wall": "3s", watchdog: "10s" });
  for (const line of lines) {
    await until(async () => (await line.ask(`${trial}/busy?rounds=${ROUNDS}`, { headers })).status === 200, "a script's new limit");
    assert.equal((await line.ask("/login", large)).status, 403, "read, and refused for its token");
    line.end();
  }
});

test("a renewed certificate is shown to who comes, who is there stays", async () => {
  const old = await serial(), there = await greet();
  renew();
  await reload();
  const shown = new Set(await Promise.all(Array.from({ length: 12 }, serial)));
  assert.equal(shown.size, 1, "one certificate, whoever answers");
  assert.ok(!shown.has(old));
  there.write("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  const answer = await new Promise((done) => there.once("data", (bytes) => done(bytes.toString())));
  assert.match(answer, /^HTTP\/1\.1 200 /);
  there.destroy();
});

test("a certificate that is wrong changes nothing, and is named", async () => {
  const old = await serial();
  writeFileSync(join(folder, "cert.pem"), "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
  const said = await reload({ "http.body_bytes": "2KiB" });
  assert.match(said.find(({ event }) => event.includes("the old one stays")).error, /cert\.pem/);
  for (let i = 0; i < 8; i++) assert.equal(await serial(), old);
  renew();
  await reload();
});

test("a key that needs a start is named, and even a process started later keeps the old value", async () => {
  const said = await reload({ "store.bytes_max": "1MiB" });
  assert.deepEqual(said.filter(({ key }) => key).map(({ key }) => key), ["store.bytes_max"]);
  const committer = server.pid("committer");
  process.kill(committer, "SIGKILL");
  await signedIn(server, "teacher"); // a write: refused, if the limit were 1 MiB now
  assert.equal((await server.metrics()).store_bytes_max, 1 << 30);
});

test("the committer is reloaded as the workers are", async () => {
  const before = server.pids();
  await reload({ "auth.throttle_window": "1min" });
  await signedIn(server, "teacher");
  assert.deepEqual(server.pids(), before, "nobody was started again");
});
