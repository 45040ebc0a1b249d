// SPDX-License-Identifier: Apache-2.0
// Calls of applications to the outside, tried against servers on this machine, which is inside:
// only the host that the configuration names may be reached.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { forms, product, root, serve, signedIn, until } from "../lib/school.mjs";

// Whoever listened to the environment would go nowhere.
for (const name of ["http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"]) process.env[name] = "http://127.0.0.1:9";
process.env.no_proxy = "";

const OWN = "own.localhost", OTHER = "other.localhost"; // OWN is the operator's service
let scratch, folder, server, mum, calls = 0;
const seen = []; // what reached one of our servers
const held = []; // answers that are kept back
const servers = {};

function openssl(...words) {
  execFileSync("openssl", words, { cwd: scratch, stdio: "ignore" });
}

// An authority of our own, and a certificate by it for each name.
function certificates() {
  openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test authority");
  for (const name of [OWN, "elsewhere.localhost"]) {
    writeFileSync(join(scratch, "names"), `subjectAltName=DNS:${name}\n`);
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    openssl("x509", "-req", "-in", `${name}.csr`, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", `${name}.pem`, "-days", "2", "-extfile", "names");
  }
}

const pem = (name) => ({ key: readFileSync(join(scratch, `${name}.key`)), cert: readFileSync(join(scratch, `${name}.pem`)) });

function handle(request, response) {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts).toString();
    seen.push({ method: request.method, path: request.url, headers: request.headers, body });
    const [, what, ...rest] = request.url.split("?")[0].split("/");
    if (what === "to") {
      const [status, ...where] = rest;
      response.writeHead(Number(status), { location: decodeURIComponent(where.join("/")) }).end();
    } else if (what === "drip") {
      response.writeHead(200);
      const timer = setInterval(() => response.write("."), 10);
      response.on("close", () => clearInterval(timer));
    } else if (what === "flood") {
      response.writeHead(200);
      const more = () => { while (!response.destroyed && response.write("x".repeat(65536))); };
      response.on("drain", more);
      more();
    } else if (what === "head") {
      response.writeHead(200, Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`x-${i}`, "v".repeat(400 * Number(rest[0]))]))).end("fine");
    } else if (what === "cut") {
      response.writeHead(200, { "content-length": 100 });
      response.write("half");
      response.socket.end();
    } else if (what === "hold") {
      held.push(response);
    } else {
      response.writeHead(200, { "X-Answer": ["a", "b"], "set-cookie": "s=1" }).end(`hello ${request.method} ${body}`);
    }
  });
}

const listen = (one) => new Promise((done) => one.listen(0, "127.0.0.1", () => done(one.address().port)));

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), "shuyuan-fetch-"));
  certificates();
  const made = { plain: http.createServer(handle), own: https.createServer(pem(OWN), handle), elsewhere: https.createServer(pem("elsewhere.localhost"), handle) };
  made.strange = https.createServer({ ...pem(OWN), ...selfSigned() }, handle);
  for (const [name, one] of Object.entries(made)) servers[name] = { one, port: await listen(one) };
  folder = product(join(root, "tests/school/apps/outside"));
  const hosts = Object.values(servers).flatMap(({ port }) => [`${OWN}:${port}`, `'*.other.localhost:${port}'`, `${OTHER}:${port}`, `localhost:${port}`, `127.0.0.1:${port}`, `127.8.9.10:${port}`, `'[::1]:${port}'`, `'[::ffff:127.0.0.1]:${port}'`]);
  hosts.push("10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.100.100.200", "0.0.0.0", "224.0.0.1", "255.255.255.255",
    ...["fe80::1", "fd00:ec2::254", "ff02::1", "::", "64:ff9b::7f00:1", "2002:7f00:1::", "2001::1"].map((address) => `'[${address}]'`));
  const manifest = join(folder, "apps/outside/app.yaml");
  writeFileSync(manifest, readFileSync(manifest, "utf8").replace("[ ]", `[ ${hosts.join(", ")} ]`));
  server = await serve({ settings: {
    platform: folder, "job.poll": "5ms", "job.backoff": "5ms", jobs: "2", "outbound.allow": OWN, "outbound.authorities": join(scratch, "ca.pem"),
    "outbound.answer_bytes": "64KiB", "outbound.body_bytes": "1KiB", "outbound.rate_per_org": "100000",
  } });
  mum = await signedIn(server, "guardian");
});

function selfSigned() {
  openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "self.key", "-out", "self.pem", "-days", "2", "-subj", `/CN=${OWN}`, "-addext", `subjectAltName=DNS:${OWN}`);
  return pem("self");
}

after(async () => {
  await server?.remove();
  for (const { one } of Object.values(servers)) { one.close(); one.closeAllConnections?.(); }
  for (const path of [scratch, folder]) rmSync(path, { recursive: true, force: true });
});

const at = (name = "own", host = OWN) => `https://${host}:${servers[name].port}`;
const answerOf = async (call, at = server, visitor = mum) => JSON.parse((await visitor.get(`/o/${at.org}/outside/answers?call=${call}`)).html);

async function send(url, fields = {}, at = server, visitor = mum) {
  const call = `call-${calls++}`;
  const form = forms((await visitor.get(`/o/${at.org}/outside/`)).html).find((one) => one.action.endsWith("/call"));
  const answer = await visitor.post(form.action, { ...form.fields, job: "call", method: "", header: "", value: "", body: "", timeout: "", ...fields, call, url });
  assert.equal(answer.status, 303, answer.html);
  return call;
}

async function call(url, fields) {
  const name = await send(url, fields);
  return (await until(async () => { const now = await answerOf(name); return now.count > 0 && now; }, `an answer from ${url}`)).text;
}

async function reachesNobody(url, wanted, fields) {
  const before = seen.length;
  assert.match(await call(url, fields), wanted, url);
  assert.equal(seen.length, before, url);
}

test("what nobody asked for is an error that says what to do", async () => {
  await reachesNobody("https://api.example.com/", /^error .*: app\.yaml does not ask for api\.example\.com, port 443: add it to asks\.http/);
  await reachesNobody(`https://x.${OWN}:${servers.own.port}/`, /^error .*does not ask/);
  await reachesNobody(`https://${OWN}/`, /^error .*does not ask for own\.localhost, port 443/);
  await reachesNobody(`https://${OWN}.evil.test:${servers.own.port}/`, /^error .*does not ask/);
});

test("names that lead inside reach nobody", async () => {
  for (const host of ["localhost", "LocalHost", OTHER, `deep.${OTHER}`]) await reachesNobody(at("own", host), /^word address$/);
});

test("addresses inside reach nobody", async () => {
  for (const host of ["127.0.0.1", "127.8.9.10", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::FFFF:7f00:1]"]) await reachesNobody(at("own", host), /^word address$/);
  for (const host of ["10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.100.100.200", "0.0.0.0", "224.0.0.1", "255.255.255.255",
    "[fe80::1]", "[fd00:ec2::254]", "[ff02::1]", "[::]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001::1]"]) await reachesNobody(`https://${host}/`, /^word address$/);
});

test("odd spellings are no addresses", async () => {
  const { port } = servers.own;
  for (const host of ["2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.1", "127.0.0.1.", `${OWN}.`, `${OWN}@127.0.0.1`, `user:word@${OWN}`, "[::1%25lo]", "%6cocalhost"])
    await reachesNobody(`https://${host}:${port}/`, /^error .*the host of an address/);
  for (const url of [`http://${OWN}:${servers.plain.port}/`]) await reachesNobody(url, /^error .*only https/);
  for (const url of ["file:///etc/passwd", `ftp://${OWN}/`, `gopher://${OWN}:${port}/`, `//${OWN}:${port}/`, "", "x"]) await reachesNobody(url, /^error .*(begins with https|visible)/);
  await reachesNobody(`${at()}/a b`, /^error .*visible/);
  await reachesNobody(`${at()}/\r\nx: y`, /^error .*visible/);
});

test("nothing is slipped into the head", async () => {
  for (const [header, value] of [["x-a", "v\r\nx-evil: 1"], ["x-a\r\nx-evil", "1"], ["host", "evil"], ["Cookie", "a=1"], ["content-length", "0"], ["transfer-encoding", "chunked"], ["x-forwarded-for", "1.2.3.4"], ["connection", "upgrade"]])
    await reachesNobody(`${at()}/`, /^error .*header/, { header, value });
  await reachesNobody(`${at()}/`, /^error .*method/, { method: "GET / HTTP/1.1\r\nx: y\r\n" });
  await reachesNobody(`${at()}/`, /^error .*method/, { method: "CONNECT" });
});

test("pages cannot call the outside, neither when they read nor when they write", async () => {
  const form = forms((await mum.get(`/o/${server.org}/outside/`)).html)[0];
  assert.equal(JSON.parse((await mum.get(`/o/${server.org}/outside/now?url=${encodeURIComponent(at())}`)).html).fine, false);
  assert.equal(JSON.parse((await mum.post(`/o/${server.org}/outside/now`, { ...form.fields, url: at() })).html).fine, false);
  assert.equal(seen.length, 0);
});

test("who is not who they should be is not spoken to", async () => {
  await reachesNobody(at("elsewhere"), /^word certificate$/);
  await reachesNobody(at("strange"), /^word certificate$/);
  await reachesNobody(at("plain"), /^word certificate$/);
});

test("a request goes out and its answer comes in", async () => {
  assert.equal(await call(`${at()}/x?y=1`, { method: "POST", body: "some words", header: "Idempotency-Key", value: "k-1" }), "200 hello POST some words|a, b|");
  const got = seen.at(-1);
  assert.equal(got.path, "/x?y=1");
  assert.equal(got.headers["idempotency-key"], "k-1");
  assert.equal(got.headers["content-type"], undefined);
  assert.deepEqual(Object.keys(got.headers).sort(), ["accept", "content-length", "host", "idempotency-key", "user-agent"]);
  assert.match(await call(`${at()}/`, { method: "HEAD" }), /^200 \|/);
  assert.match(await call(`${at()}/`, { method: "DELETE" }), /^200 hello DELETE \|/);
  assert.match(await call(`${at()}/`, { method: "PUT", body: "x" }), /^200 hello PUT x\|/);
  await reachesNobody(`${at()}/`, /^error .*a body has at most 1024 bytes/, { method: "POST", body: "x".repeat(1025) });
});

test("what leads on is followed within what was asked for, and nowhere else", async () => {
  const to = (where, status = 302) => `${at()}/to/${status}/${encodeURIComponent(where)}`;
  assert.match(await call(to("/there")), /^200 hello GET/);
  assert.match(await call(to("/there", 307), { method: "POST", body: "again" }), /^200 hello POST again/);
  assert.match(await call(to("/there", 303), { method: "POST", body: "again" }), /^200 hello GET \|/);
  const before = seen.length;
  for (const where of ["https://api.example.com/", `http://${OWN}:${servers.plain.port}/`, `https://user@${OWN}:${servers.own.port}/`, "file:///etc/passwd", "https://2130706433/", `//evil.test/`])
    assert.equal(await call(to(where)), "word redirect", where);
  for (const where of [at("own", "localhost"), at("own", "127.0.0.1"), at("own", "[::1]"), "https://169.254.169.254/latest/meta-data"])
    assert.equal(await call(to(where)), "word address", where);
  assert.equal(seen.length, before + 10, "only the first hops arrived");
  let round = `${at()}/end`;
  for (let i = 0; i < 4; i++) round = to(round);
  assert.equal(await call(round), "word redirect");
});

test("to another origin goes no secret", async () => {
  const where = `${at("strange")}/`;
  assert.equal(await call(`${at()}/to/302/${encodeURIComponent(where)}`, { header: "authorization", value: "Bearer x" }), "word certificate");
  assert.equal(seen.at(-1).headers.authorization, "Bearer x");
  const twin = https.createServer(pem(OWN), handle);
  const port = await listen(twin);
  const manifest = join(folder, "apps/outside/app.yaml");
  const text = readFileSync(manifest, "utf8");
  writeFileSync(manifest, text.replace("http: [", `http: [ ${OWN}:${port},`)); // the outbound process reads it anew
  assert.match(await call(`${at()}/to/302/${encodeURIComponent(`https://${OWN}:${port}/`)}`, { header: "authorization", value: "Bearer x" }), /^200/);
  assert.equal(seen.at(-1).headers.authorization, undefined);
  // What the job process has not loaded is not called, whatever the file says by now.
  await reachesNobody(`https://${OWN}:${port}/`, /^error .*does not ask/);
  writeFileSync(manifest, text);
  twin.close();
});

test("too much, too slow and too little are told apart", async () => {
  assert.equal(await call(`${at()}/flood`), "word too_large");
  assert.equal(await call(`${at()}/head/10`), "word too_large");
  assert.match(await call(`${at()}/head/1`), /^200 fine/);
  assert.equal(await call(`${at()}/drip`, { timeout: "0.2" }), "word timeout");
  assert.equal(await call(`${at()}/hold`, { timeout: "0.1" }), "word timeout");
  assert.equal(await call(`${at()}/cut`), "word unreachable");
});

test("an application without the wish in its file gets nothing, whatever a job process believes", async () => {
  const manifest = join(folder, "apps/outside/app.yaml");
  const text = readFileSync(manifest, "utf8");
  writeFileSync(manifest, text.replace(/http: .*/, "http: [ ]"));
  await reachesNobody(`${at()}/`, /^error .*does not ask/);
  writeFileSync(manifest, text);
  assert.match(await call(`${at()}/`), /^200/);
});

test("the log and the figures tell where a call went, and no more", async () => {
  await call(`${at()}/secret-path?token=secret-query`, { header: "authorization", value: "secret-value", method: "POST", body: "secret-body" });
  const lines = () => server.lines().filter((line) => line.event === "outbound call");
  const line = await until(() => lines().at(-1)?.method === "POST" && lines().at(-1), "the line");
  assert.equal(line.app, "outside");
  assert.equal(line.org, server.org);
  assert.equal(line.host, OWN);
  assert.equal(line.outcome, "done");
  assert.equal(line.status, 200);
  assert.doesNotMatch(server.log, /secret/);
  assert.ok(lines().some(({ refused }) => refused === "127.0.0.1"), "the address that was refused");
  const metrics = await server.metrics();
  assert.ok(metrics["outbound_outcomes_total{outcome=\"address\"}"] > 20);
  assert.ok(metrics["outbound_outcomes_total{outcome=\"done\"}"] > 5);
  assert.equal(metrics.outbound_open, 0);
});

test("kill -9 of the process in the middle of a call: the job runs again, everybody else goes on", async () => {
  const others = server.pids().filter((pid) => pid !== server.pid("outbound"));
  held.length = 0;
  const name = await send(`${at()}/hold`, { job: "persist" });
  await until(() => held.length === 1, "the first try");
  process.kill(server.pid("outbound"), "SIGKILL");
  await until(() => held.length === 2, "the second try");
  assert.equal((await mum.get(`/o/${server.org}/outside/`)).status, 200);
  held[1].writeHead(200).end("at last");
  await until(async () => (await answerOf(name)).text === "200 at last||", "its answer");
  assert.equal((await answerOf(name)).count, 1);
  for (const pid of others) assert.ok(server.pids().includes(pid), "nobody else was started again");
  assert.match(await call(`${at()}/`), /^200/);
});

test("one school cannot use up what all have: its jobs wait, and none fails for it", async () => {
  const small = await serve({ settings: {
    platform: folder, "job.poll": "5ms", "job.backoff": "5ms", "outbound.allow": OWN, "outbound.authorities": join(scratch, "ca.pem"), "outbound.rate_per_org": "2",
  } });
  try {
    const visitor = await signedIn(small, "guardian");
    const before = seen.length;
    for (let i = 0; i < 3; i++) await send(`${at()}/x`, {}, small, visitor);
    await until(async () => (await small.metrics())["outbound_outcomes_total{outcome=\"busy\"}"] > 1, "a call that waits");
    assert.equal(seen.length, before + 2);
    const metrics = await small.metrics();
    assert.equal(metrics.job_failures_total, 0);
    assert.equal(metrics.jobs_waiting, 1);
  } finally {
    await small.remove();
  }
});

test("a wrong list of addresses keeps the server from starting", async () => {
  await assert.rejects(serve({ settings: { "outbound.allow": "10.0.0.0/33" } }), /outbound\.allow: '10\.0\.0\.0\/33' is no range/);
});
