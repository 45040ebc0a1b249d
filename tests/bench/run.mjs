// SPDX-License-Identifier: Apache-2.0
// Peers side by side in one run: node tests/bench/run.mjs [PART…]. All processes of a stack are
// held on core 0, the client alone on core 1; processor time is summed over the stack.
// Each figure is the median of three rounds that take turns. Results also go to
// build/bench/results.json: [{name, peer, value, unit, target, ok}].
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freshData, root, serve, signedIn } from "../lib/school.mjs";
import { develop } from "./develop.mjs";
import { isolated } from "./isolated.mjs";
import { neighbours } from "./neighbours.mjs";
import { streams } from "./live.mjs";
import { notice } from "./notice.mjs";
import { askSome, cookie, product } from "./product.mjs";
import { applications, budgets, organisations } from "./scale.mjs";
import { compare, family, median, note, out, pin, privateKiB, results, table } from "./tools.mjs";

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

// The peers, side by side.
async function peers() {
  const server = await product();
  const port = 20000 + (process.pid % 20000);
  const nginx = startNginx(port);
  const mine = () => family(server.child.pid), theirs = () => family(nginx.pid);
  const peer = `http://127.0.0.1:${port}`;
  const teacher = await signedIn(server, "teacher"), mum = await signedIn(server, "guardian");
  const { org } = server;
  const { form, fields } = await askSome(server, mum);
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
}

// What programs of C measure: one JSON line a figure.
function inside(name) {
  for (const line of spawnSync(join(root, "build/tests/bench", name), { encoding: "utf8", cwd: root }).stdout.split("\n").filter(Boolean)) {
    const row = JSON.parse(line);
    note(row.name, row.peer, row.value, row.unit, row.target, row.ok);
  }
}

const parts = {
  peers, budgets, isolated, organisations, applications, develop, streams, notice, start: startTimes,
  neighbours: () => neighbours(join(root, "tests/bench/percentiles.lua")),
  instance: () => inside("instance_bench"), store: () => inside("store_bench"),
};
for (const name of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(parts)) await parts[name]();
table();
process.exit(results.some((row) => row.ok === false) ? 1 : 0);
