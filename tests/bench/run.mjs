// SPDX-License-Identifier: Apache-2.0
// Peers side by side in one run: node tests/bench/run.mjs. All processes of a stack are
// held on core 0, the client alone on core 1; processor time is summed over the stack.
// Each figure is the median of three rounds that take turns. Results also go to
// build/bench/results.json: [{name, peer, value, unit, target, ok}].
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forms, freshData, root, serve, signedIn } from "../lib/school.mjs";

const SECONDS = Number(process.env.BENCH_SECONDS ?? 4), ROUNDS = 3, CONNECTIONS = 64;
const TICK = 1000 / Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
const results = [];
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const out = join(root, "build/bench");
mkdirSync(out, { recursive: true });

function family(pid) {
  const below = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
  return [pid, ...below.flatMap(family)];
}
function cpuMs(pids) {
  return pids.reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
    return sum + (Number(stat[11]) + Number(stat[12])) * TICK;
  }, 0);
}
function privateKiB(pids) {
  return pids.reduce((sum, pid) => sum + [...readFileSync(`/proc/${pid}/smaps_rollup`, "utf8").matchAll(/^Private_\w+:\s+(\d+)/gm)].reduce((kib, [, n]) => kib + Number(n), 0), 0);
}
const pin = (pids, core) => pids.forEach((pid) => spawnSync("taskset", ["-a", "-p", "-c", String(core), String(pid)]));

function wrk(url, { headers = {}, script, connections = CONNECTIONS } = {}) {
  const words = ["-c", "1", "wrk", "-t1", `-c${connections}`, `-d${SECONDS}s`];
  for (const [name, value] of Object.entries(headers)) words.push("-H", `${name}: ${value}`);
  if (script) words.push("-s", script);
  const text = execFileSync("taskset", [...words, url], { encoding: "utf8" });
  const bad = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0);
  if (bad > 0) throw new Error(`${url}: ${bad} bad answers\n${text}`);
  return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)[1]), count: Number(/(\d+) requests in/.exec(text)[1]) };
}

function measure(pids, url, options) {
  const before = cpuMs(pids);
  const { rate, count } = wrk(url, options);
  return { rate, cpu: ((cpuMs(pids) - before) * 1000) / count };
}

function note(name, peer, value, unit, target, ok) {
  results.push({ name, peer, value, unit, target: target ?? null, ok: ok ?? null });
}

// Rows take turns, so that a disturbance meets all of them.
function compare(name, contestants, target) {
  const rounds = contestants.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    contestants.forEach(({ pids, url, options }, i) => rounds[i].push(measure(pids(), url, options)));
  }
  contestants.forEach(({ peer }, i) => {
    const rate = median(rounds[i].map((one) => one.rate));
    const wanted = i === 0 ? target : undefined;
    note(name, peer, Math.round(rate), "requests/s", wanted, wanted === undefined ? undefined : rate >= wanted);
    note(name, peer, Number(median(rounds[i].map((one) => one.cpu)).toFixed(1)), "CPU us/request");
  });
}

async function product() {
  const folder = mkdtempSync(join(tmpdir(), "shuyuan-bench-"));
  cpSync(join(root, "lua"), join(folder, "lua"), { recursive: true });
  cpSync(join(root, "apps"), join(folder, "apps"), { recursive: true });
  cpSync(join(root, "tests/bench/apps"), join(folder, "apps"), { recursive: true });
  return serve({ data: freshData(), settings: {
    platform: folder, workers: 1, "log.level": "error", "http.requests_per_connection": 100000000,
    "auth.per_address": 1000000,
  } });
}

async function askOne(visitor, action, form, reason) {
  const day = new Date(Date.now() + 86400e3).toISOString().slice(0, 10);
  const fields = { ...form.fields, from: day, to: day, reason, _key: reason };
  if (!fields.student) fields.student = form.options[0];
  if ("kind" in form.fields && !fields.kind) fields.kind = form.options.at(-1);
  const answer = await visitor.post(action, fields);
  if (answer.status !== 303) throw new Error(`ask: ${answer.status} ${answer.html.slice(0, 300)}`);
  return fields;
}

// A wrk script that sends the same form under a new key each time.
function writeScript(fields, cookie) {
  const body = new URLSearchParams({ ...fields, _key: "", reason: "bench" }).toString();
  const path = join(out, "write.lua");
  writeFileSync(path, `local n, base = 0, ${JSON.stringify(body)}
local run = tostring(os.time()) .. tostring({}):match("0x(%x+)")
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
wrk.headers["Cookie"] = ${JSON.stringify(cookie)}
function request()
  n = n + 1
  return wrk.format(nil, nil, nil, (base:gsub("_key=", "_key=" .. run .. n)))
end
`);
  return path;
}

function startNginx(port) {
  const folder = mkdtempSync(join(tmpdir(), "shuyuan-nginx-"));
  const conf = readFileSync(join(root, "tests/bench/nginx.conf"), "utf8").replaceAll("@PORT@", port).replaceAll("@STATIC@", join(root, "build/static"));
  writeFileSync(join(folder, "nginx.conf"), conf);
  return spawn("/usr/sbin/nginx", ["-p", folder, "-c", join(folder, "nginx.conf")], { stdio: ["ignore", "ignore", "inherit"] });
}

async function startTimes() {
  const data = freshData(), times = [], memory = [];
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    const server = await serve({ data, settings: { "log.level": "error" } });
    times.push(performance.now() - start);
    await fetch(`${server.url}/login`);
    memory.push(privateKiB(family(server.child.pid)) / 1024);
    await server.stop();
  }
  note("start to ready", "shuyuan", Math.round(median(times)), "ms", 300, median(times) < 300);
  note("idle, all processes", "shuyuan", Number(median(memory).toFixed(1)), "MiB private", 64, median(memory) < 64);
}

function table() {
  console.log(`\n${"what".padEnd(34)} ${"peer".padEnd(20)} ${"value".padStart(10)} unit`);
  for (const row of results) {
    const goal = row.target === null ? "" : `  target ${row.target}: ${row.ok ? "met" : "MISSED"}`;
    console.log(`${row.name.padEnd(34)} ${row.peer.padEnd(20)} ${String(row.value).padStart(10)} ${row.unit}${goal}`);
  }
  writeFileSync(join(out, "results.json"), JSON.stringify(results, null, 2));
}

const server = await product();
const port = 20000 + (process.pid % 20000);
const nginx = startNginx(port);
const mine = () => family(server.child.pid), theirs = () => family(nginx.pid);
const peer = `http://127.0.0.1:${port}`;
const teacher = await signedIn(server, "teacher"), mum = await signedIn(server, "guardian");
const { org } = server;
const form = forms((await mum.get(`/o/${org}/leave/ask`)).html).find((one) => "reason" in one.fields);
let fields;
for (let i = 0; i < 24; i++) fields = await askOne(mum, form.action, form, `bench-${i}`);
const cookie = (visitor) => ({ Cookie: [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join("; ") });
const { login, password } = server.accounts.teacher;
const session = await (await fetch(`${server.url}/api/v1/session`, { method: "POST", body: JSON.stringify({ login, password }) })).json();
const bearer = { Authorization: `Bearer ${session.token}` };
const sheet = readdirSync(join(root, "build/static")).find((name) => /^licences\.[0-9a-f]+\.txt$/.test(name));
pin(mine(), 0);
pin(theirs(), 0);

compare("static text", [
  { peer: "shuyuan", pids: mine, url: `${server.url}/static/${sheet}` },
  { peer: "nginx", pids: theirs, url: `${peer}/static/${sheet}` },
]);
compare("Lua JSON", [
  { peer: "shuyuan, signed in", pids: mine, url: `${server.url}/o/${org}/hello/json`, options: { headers: cookie(teacher) } },
  { peer: "nginx + lua", pids: theirs, url: `${peer}/json` },
]);
compare("leave list of 20, JSON", [
  { peer: "shuyuan, checked", pids: mine, url: `${server.url}/api/v1/o/${org}/leave/leave?limit=20`, options: { headers: bearer } },
  { peer: "nginx + lua, unchecked", pids: theirs, url: `${peer}/rows` },
], 8000);
compare("leave desk, HTML page", [
  { peer: "shuyuan, checked", pids: mine, url: `${server.url}/o/${org}/leave/desk`, options: { headers: cookie(teacher) } },
]);
const script = writeScript({ ...fields }, cookie(mum).Cookie);
const write = (connections) => ({ peer: `shuyuan, ${connections} in flight`, pids: mine, url: `${server.url}${form.action}`, options: { script, connections } });
compare("durable writes", [write(1)]);
compare("durable writes", [write(256)]);
const rate = (flight) => results.find((row) => row.name === "durable writes" && row.peer.includes(` ${flight} `) && row.unit === "requests/s").value;
note("durable writes, 256 over 1", "shuyuan", Number((rate(256) / rate(1)).toFixed(2)), "times", 4, rate(256) >= 4 * rate(1));
nginx.kill();
await server.remove();
await startTimes();
for (const line of spawnSync(join(root, "build/tests/bench/store_bench"), { encoding: "utf8" }).stdout.split("\n").filter(Boolean)) {
  const row = JSON.parse(line);
  note(row.name, row.peer, row.value, row.unit, row.target, row.ok);
}
table();
process.exit(results.some((row) => row.ok === false) ? 1 : 0);
