// SPDX-License-Identifier: Apache-2.0
// What a school's neighbours notice of an application that runs to its limit, again and again: one
// worker, the list of leave by a teacher, with and without it, in rounds that take turns.
import { execFileSync, spawn } from "node:child_process";
import { signedIn } from "../lib/school.mjs";
import { askSome, cookie, product } from "./product.mjs";
import { family, median, note, pin } from "./tools.mjs";

const ROUNDS = 5, SECONDS = 3;

const words = (headers, connections, seconds) => ["-c", "1", "wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "--latency",
  ...Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`])];

// Answered once it has opened its connections.
const keepAsking = (url, headers) => spawn("taskset", [...words(headers, 4, 3600), url], { stdio: "ignore" });

// A script of wrk's: percentiles in microseconds, finer than its own table says.
const percentiles = (url, headers, script) => {
  const text = execFileSync("taskset", [...words(headers, 4, SECONDS), "-s", script, url], { encoding: "utf8" });
  const found = /percentiles (\d+) (\d+) (\d+) bad (\d+)/.exec(text);
  if (Number(found[4]) > 0) throw new Error(`${url}: ${found[4]} bad answers`);
  return { p50: Number(found[1]), p95: Number(found[2]), p99: Number(found[3]) };
};

export async function neighbours(script) {
  const server = await product({ settings: { "script.wall": "250ms" } });
  const mum = await signedIn(server, "guardian"), teacher = await signedIn(server, "teacher");
  await askSome(server, mum);
  pin(family(server.child.pid), 0);
  const list = `${server.url}/o/${server.org}/leave/desk`, forever = `${server.url}/o/${server.org}/runaway/forever`;
  const rounds = { alone: [], beside: [] };
  for (let round = 0; round < ROUNDS; round++) {
    rounds.alone.push(percentiles(list, cookie(teacher), script));
    const runaway = keepAsking(forever, cookie(mum));
    rounds.beside.push(percentiles(list, cookie(teacher), script));
    const ended = new Promise((done) => runaway.once("exit", done));
    runaway.kill("SIGINT");
    await ended;
  }
  for (const name of ["p50", "p95", "p99"]) {
    const [alone, beside] = ["alone", "beside"].map((how) => median(rounds[how].map((one) => one[name])));
    const target = { p95: 1.2, p99: 2 }[name], times = Number((beside / alone).toFixed(2));
    note(`neighbour's ${name}, alone`, "shuyuan", alone, "us");
    note(`neighbour's ${name}, beside a runaway`, "shuyuan", beside, "us");
    note(`neighbour's ${name}, ratio`, "shuyuan", times, "times", target, target && times < target);
  }
  await server.remove();
}
