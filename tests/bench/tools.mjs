// SPDX-License-Identifier: Apache-2.0
// How the bench measures: processor time over a stack's processes, memory, requests by wrk.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../lib/school.mjs";

const SECONDS = Number(process.env.BENCH_SECONDS ?? 4), ROUNDS = 3, CONNECTIONS = 64;
export const results = [];
export const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
export const out = join(root, "build/bench");
mkdirSync(out, { recursive: true });

export function family(pid) {
  const below = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
  return [pid, ...below.flatMap(family)];
}
// Of all threads, in parts of a microsecond: ticks would be too coarse for short rounds.
export function cpuMs(pids) {
  const threads = pids.flatMap((pid) => readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}/schedstat`));
  return threads.reduce((sum, file) => sum + Number(readFileSync(file, "utf8").split(" ")[0]) / 1e6, 0);
}
export function privateKiB(pids) {
  return pids.reduce((sum, pid) => sum + [...readFileSync(`/proc/${pid}/smaps_rollup`, "utf8").matchAll(/^Private_\w+:\s+(\d+)/gm)].reduce((kib, [, n]) => kib + Number(n), 0), 0);
}
export const pin = (pids, core) => pids.forEach((pid) => spawnSync("taskset", ["-a", "-p", "-c", String(core), String(pid)]));

export function wrk(url, { headers = {}, script, connections = CONNECTIONS, seconds = SECONDS } = {}) {
  const words = ["-c", "1", "wrk", "-t1", `-c${connections}`, `-d${seconds}s`];
  for (const [name, value] of Object.entries(headers)) words.push("-H", `${name}: ${value}`);
  if (script) words.push("-s", script);
  const text = execFileSync("taskset", [...words, url], { encoding: "utf8" });
  const bad = Number(/Non-2xx or 3xx responses: (\d+)/.exec(text)?.[1] ?? 0);
  if (bad > 0) throw new Error(`${url}: ${bad} bad answers\n${text}`);
  return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)[1]), count: Number(/(\d+) requests in/.exec(text)[1]) };
}

export function measure(pids, url, options) {
  const before = cpuMs(pids);
  const { rate, count } = wrk(url, options);
  return { rate, cpu: ((cpuMs(pids) - before) * 1000) / count };
}

export function note(name, peer, value, unit, target, ok) {
  results.push({ name, peer, value, unit, target: target ?? null, ok: ok ?? null });
}

// Rows take turns, so that a disturbance meets all of them.
export function compare(name, contestants, target) {
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

export function table() {
  console.log(`\n${"what".padEnd(34)} ${"peer".padEnd(20)} ${"value".padStart(10)} unit`);
  for (const row of results) {
    const goal = row.target === null ? "" : `  target ${row.target}: ${row.ok ? "met" : "MISSED"}`;
    console.log(`${row.name.padEnd(34)} ${row.peer.padEnd(20)} ${String(row.value).padStart(10)} ${row.unit}${goal}`);
  }
  writeFileSync(join(out, "results.json"), JSON.stringify(results, null, 2));
}
