// SPDX-License-Identifier: Apache-2.0
// What budgets cost; what ten thousand organisations cost, and fifty applications.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freshData, root, serve, shuyuan, signedIn } from "../lib/school.mjs";
import { askSome, cookie, product } from "./product.mjs";
import { family, measure, median, note, out, pin, privateKiB } from "./tools.mjs";

const PAIRS = 15, SHORT = { connections: 8, seconds: 1 };

// The list of leave of a server of its own, as the teacher sees it.
async function desk(options) {
  const server = await product(options);
  const teacher = await signedIn(server, "teacher");
  await askSome(server, await signedIn(server, "guardian"));
  const page = { pids: () => family(server.child.pid), url: `${server.url}/o/${server.org}/leave/desk`, headers: cookie(teacher), server };
  pin(page.pids(), 0);
  return page;
}

// How much more processor time the first page takes than the second: pairs of short rounds, each
// beginning where the one before ended, so that what disturbs the machine meets both.
function more(one, other) {
  const cpu = (page) => measure(page.pids(), page.url, { headers: page.headers, ...SHORT }).cpu;
  const ratios = Array.from({ length: PAIRS }, (_, i) => {
    const first = cpu(i % 2 ? other : one), second = cpu(i % 2 ? one : other);
    return i % 2 ? second / first : first / second;
  });
  return Number(((median(ratios) - 1) * 100).toFixed(1));
}

// Turns are not a budget: they let others through, and on a busy machine a turn is over before much
// was done. They have a row of their own.
export async function budgets() {
  const settings = { "script.slice": "50ms" };
  const turns = await desk(), on = await desk({ settings }), off = await desk({ settings, program: join(root, "build/tests/bench/unbounded") });
  const cost = more(on, off);
  note("leave desk, the cost of budgets", "shuyuan", cost, "% CPU", 5, cost < 5);
  note("leave desk, the cost of turns", "shuyuan", more(turns, on), "% CPU");
  for (const page of [turns, on, off]) await page.server.remove();
}

const MANY = 10000;

// So many schools more in the county, as an operator would bring them.
function addSchools(data) {
  const file = join(data, "many.csv"), rows = ["code,parent,kind,name,name_en"];
  for (let i = 0; rows.length <= MANY; i++) rows.push(`41329${String(i).padStart(5, "0")},329901,school,第${i}小学,School ${i}`);
  writeFileSync(file, rows.join("\n") + "\n");
  shuyuan(data, ["org", "import", file]);
}

// A wrk script that asks each school in turn for the same page.
function inTurn(ids, headers) {
  const path = join(out, "schools.lua");
  writeFileSync(path, `local ids, n = {${ids.map((id) => JSON.stringify(id)).join(",")}}, 0
wrk.headers["Cookie"] = ${JSON.stringify(headers.Cookie)}
function request()
  n = n % #ids + 1
  return wrk.format("GET", "/o/" .. ids[n] .. "/leave/desk")
end
`);
  return path;
}

const worker = (server) => privateKiB([server.pid("worker 0")]);

// Of a worker that has answered nobody but one who signs in. Its memory for passing needs may have grown by an
// id of each organisation.
async function idle(data) {
  const server = await product({ data });
  await signedIn(server, "teacher");
  const memory = worker(server);
  await server.stop();
  return memory;
}

export async function organisations() {
  const data = freshData(), small = freshData(), grown = [];
  addSchools(data);
  for (let i = 0; i < 3; i++) grown.push(((await idle(data)) - (await idle(small))) * 1024 / MANY);
  const each = Math.round(median(grown));
  note("10,000 schools more, none asked", "shuyuan", each, "bytes of a worker each", 64, each <= 64);
  const settings = { jobs: 0 }; // the day that each school begins is work of its own, and not the page's
  const few = await desk({ data: small, settings }), many = await desk({ data, settings });
  const slower = more(many, few);
  note("leave desk among 10,000 schools", "shuyuan", slower, "% CPU more", 5, slower < 5);

  const ids = shuyuan(many.server.data, ["org", "list", "--json"]).trim().split("\n").map((line) => JSON.parse(line))
    .filter((org) => org.code.startsWith("41329")).map((org) => org.id);
  const visitor = cookie(await signedIn(many.server, "county"));
  const round = (list) => measure(many.pids(), many.server.url, { script: inTurn(list, visitor), connections: 8 }).cpu;
  const [warm, cold] = [round(ids.slice(0, 100)), round(ids)];
  note("county's desk of one school of 100", "shuyuan", Number(warm.toFixed(1)), "CPU us/request");
  note("the same of 10,000, one by one", "shuyuan", Number(cold.toFixed(1)), "CPU us/request");
  const after = worker(many.server) / 1024;
  note("a worker that served 10,000 schools", "shuyuan", Number(after.toFixed(1)), "MiB private", 64, after < 64);
  await few.server.remove();
  await many.server.remove();
}

const APPS = 50;

export async function applications() {
  const folder = mkdtempSync(join(tmpdir(), "shuyuan-apps-")), times = [];
  for (const part of ["lua", "apps"]) cpSync(join(root, part), join(folder, part), { recursive: true });
  for (let i = 0; i < APPS; i++) {
    const app = join(folder, "apps", `leave${i}`);
    cpSync(join(root, "apps/leave"), app, { recursive: true });
    const manifest = readFileSync(join(app, "app.yaml"), "utf8");
    writeFileSync(join(app, "app.yaml"), manifest.replace(/^app: leave$/m, `app: leave${i}`));
  }
  const data = freshData();
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    const server = await serve({ data, settings: { platform: folder, "log.level": "warn" } });
    times.push(performance.now() - start);
    await server.stop();
    if (server.log.includes("quarantine")) throw new Error(server.log);
  }
  const time = Math.round(median(times));
  note(`start to ready, ${APPS} applications more`, "shuyuan", time, "ms", 1000, time < 1000);
  for (const rest of [folder, join(data, "..")]) rmSync(rest, { recursive: true });
}
