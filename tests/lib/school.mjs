// SPDX-License-Identifier: Apache-2.0
// A real server on real data, for tests that speak to it as browsers and programs do.
import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

export const root = resolve(fileURLToPath(import.meta.url), "../../..");
export const binary = process.env.SHUYUAN ?? join(root, "build/shuyuan");
const PUPILS = 480;

// The county in small, made once by the real import and copied for every server.
function template() {
  const folder = join(root, "build/test/county");
  const age = existsSync(join(folder, "data.mdb"));
  if (!age) execFileSync(join(root, "tests/county/make.sh"), [folder, `pupils=${PUPILS}`], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  return folder;
}

export function accounts(data) {
  const list = JSON.parse(readFileSync(join(data, "accounts.json"), "utf8"));
  return Object.fromEntries(list.map((account) => [account.role, account]));
}

export function freshData() {
  const folder = mkdtempSync(join(tmpdir(), "shuyuan-test-"));
  const data = join(folder, "data");
  cpSync(template(), data, { recursive: true, preserveTimestamps: true });
  return data;
}

export function shuyuan(data, words, input = "") {
  return execFileSync(binary, [...words, "-c", join(root, "config/demo.yaml"), "--set", `data=${data}`], {
    cwd: root, input, encoding: "utf8", maxBuffer: 64 << 20, stdio: ["pipe", "pipe", "pipe"],
  });
}

// A test that fails must not leave its server behind: node would wait for it for ever.
const running = new Set();
if (process.env.NODE_TEST_CONTEXT) after(async () => { for (const server of running) await server.kill(); });

// A copy of the product with one application more, of a test's own.
export function product(app) {
  const folder = mkdtempSync(join(tmpdir(), "shuyuan-product-"));
  for (const part of ["lua", "apps"]) cpSync(join(root, part), join(folder, part), { recursive: true });
  cpSync(app, join(folder, "apps", basename(app)), { recursive: true });
  return folder;
}

// The id of an organisation, as it stands in addresses.
export function orgId(data, code) {
  const rows = shuyuan(data, ["org", "list", "--json"]).trim().split("\n").map((line) => JSON.parse(line));
  return rows.find((row) => row.code === code).id;
}

// SETTINGS="apps.isolated=all …": the same tests under other settings.
function always() {
  return Object.fromEntries((process.env.SETTINGS ?? "").split(" ").filter(Boolean).map((one) => one.split(/=(.*)/, 2)));
}

// Starts a server on free ports; resolves when it says that it serves.
export async function serve({ data = freshData(), settings = {}, config = join(root, "config/demo.yaml"), command = ["serve"], program = binary } = {}) {
  const all = { data, listen: "127.0.0.1:0", "admin.listen": "127.0.0.1:0", "log.level": "info", ...always(), ...settings };
  const words = [...command, "-c", config];
  for (const [key, value] of Object.entries(all)) words.push("--set", `${key}=${value}`);
  const child = spawn(program, words, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const server = { data, child, log: "", accounts: accounts(data) };
  child.stderr.on("data", (bytes) => { server.log += bytes; });
  running.add(server);
  server.ended = new Promise((done) => child.on("exit", (code, signal) => { running.delete(server); done({ code, signal }); }));
  const serving = new Promise((done, fail) => {
    let out = "";
    child.stdout.on("data", (bytes) => {
      out += bytes;
      const found = /serving on (\S+)/.exec(out);
      if (found) done(found[1]);
    });
    server.ended.then(() => fail(new Error(`the server ended:\n${server.log}`)));
  });
  server.url = await serving;
  server.org = orgId(data, server.accounts.guardian.org); // the school of the demonstration's teacher and child
  server.pids = () => children(child.pid);
  // By its name: "committer", "worker 0". Undefined while there is none.
  server.pid = (name) => server.pids().find((pid) => { try { return readFileSync(`/proc/${pid}/comm`, "utf8") === `sy ${name}\n`; } catch { return false; } });
  // What it has said in whole lines, every one of them JSON.
  server.lines = () => server.log.split("\n").slice(0, -1).map((line) => JSON.parse(line));
  server.ports = (address) => server.lines().filter((line) => line.event === "listening" && line.address === address).map((line) => line.port);
  // The figures, by their names with labels.
  server.metrics = async () => {
    const port = await until(() => server.lines().find((line) => line.event === "metrics")?.port, "the address of the metrics");
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return Object.fromEntries([...text.matchAll(/^shuyuan_(\S+) (\S+)$/gm)].map(([, name, value]) => [name, Number(value)]));
  };
  server.stop = async () => { child.kill("SIGTERM"); return server.ended; };
  // Everybody at once, as a power cut of the process table would.
  server.kill = async () => { for (const pid of [child.pid, ...server.pids()]) tryKill(pid); return server.ended; };
  server.remove = async () => { await server.stop(); rmSync(resolve(data, ".."), { recursive: true, force: true }); };
  return server;
}

function tryKill(pid) {
  try { process.kill(pid, "SIGKILL"); } catch { /* it was faster */ }
}

function children(pid) {
  try { return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number); } catch { return []; }
}

// Waits until check() gives something true; a fact, not a time.
export async function until(check, what = "a condition", ms = 10000) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((done) => setImmediate(done));
  }
}

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", "#x27": "'", "#34": '"' };
const unescape = (text) => text.replace(/&(#?\w+);/g, (all, name) => ENTITIES[name] ?? all);

// The forms of a page as a browser without script sees them.
export function forms(html) {
  return [...html.matchAll(/<form\b([^>]*)>([^]*?)<\/form>/g)].map(([, head, body]) => ({
    action: unescape(/\baction="([^"]*)"/.exec(head)?.[1] ?? ""),
    method: (/\bmethod="([^"]*)"/.exec(head)?.[1] ?? "get").toLowerCase(),
    fields: Object.fromEntries([...body.matchAll(/<(?:input|button|textarea|select)\b[^>]*\bname="([^"]*)"[^>]*>/g)].map(([tag, name]) =>
      [unescape(name), unescape(/\bvalue="([^"]*)"/.exec(tag)?.[1] ?? "")])),
    options: [...body.matchAll(/<option\b[^>]*\bvalue="([^"]+)"/g)].map(([, value]) => unescape(value)),
    text: body.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").trim(),
  }));
}

// One request over node's own client: the fetch of a fresh Debian's Node cannot tell cookies apart.
function exchange(url, options, body) {
  return new Promise((done, fail) => {
    const sent = request(url, { ...options, headers: { ...options.headers, ...(body !== undefined && { "content-length": Buffer.byteLength(body) }) } }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("error", fail);
      answer.on("end", () => done({
        status: answer.statusCode, html: Buffer.concat(parts).toString("utf8"), setCookie: answer.headers["set-cookie"] ?? [],
        headers: { get: (name) => answer.headers[name] ?? null, keys: () => Object.keys(answer.headers) },
      }));
    });
    sent.on("error", fail);
    sent.end(body);
  });
}

// A browser without script: cookies, redirects by hand, forms.
export class Visitor {
  constructor(url, headers = {}) {
    this.url = url;
    this.cookies = new Map();
    this.headers = headers;
    this.agent = new Agent({ keepAlive: true });
  }

  async request(path, { method = "GET", headers = {}, body } = {}) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await exchange(new URL(path, this.url), { method, agent: this.agent, headers: { ...(cookie && { cookie }), ...this.headers, ...headers } }, body);
    for (const line of answer.setCookie) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (/max-age=0/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return answer;
  }

  get(path) { return this.request(path); }

  post(path, fields, headers = {}) {
    return this.request(path, {
      method: "POST", body: new URLSearchParams(fields).toString(),
      headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
    });
  }

  // Opens a page, fills in its form (the first that posts, or that fits) and sends it.
  async submit(page, fields, fits = () => true) {
    const shown = await this.get(page);
    const form = forms(shown.html).find((one) => one.method === "post" && fits(one));
    if (!form) throw new Error(`no form on ${page} (${shown.status}):\n${shown.html.slice(0, 2000)}`);
    return this.post(form.action || page, { ...form.fields, ...fields });
  }

  async signIn({ login, password }) {
    const answer = await this.submit("/login", { login, password }, (form) => "password" in form.fields);
    if (answer.status !== 303) throw new Error(`sign-in of ${login}: ${answer.status}\n${answer.html.slice(0, 1000)}`);
    return this;
  }
}

export async function signedIn(server, role) {
  return new Visitor(server.url).signIn(server.accounts[role]);
}

// A guardian's filled-in form, as { path, fields }: to be sent once, or again and again.
export async function leaveForm(server, guardian, words = {}) {
  const page = await guardian.get(`/o/${server.org}/leave/ask`);
  const form = forms(page.html).find((one) => one.method === "post" && "reason" in one.fields);
  const day = new Date(Date.now() + 86400e3).toISOString().slice(0, 10);
  const chosen = { student: form.fields.student || form.options[0], kind: form.fields.kind || form.options.at(-1), from: day, to: day };
  return { path: form.action, fields: { ...form.fields, ...chosen, ...words } };
}

export function leaves(server) {
  return shuyuan(server.data, ["data", "export", "--as", "leave.leave", "--org", server.accounts.guardian.org, "--json"])
    .trim().split("\n").map((line) => JSON.parse(line));
}
