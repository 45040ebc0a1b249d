// SPDX-License-Identifier: Apache-2.0
// Starts the small server of tests/core/http/echo_server.c and talks to it byte by byte.
import assert from "node:assert/strict";
import {execFileSync, spawn} from "node:child_process";
import {mkdtempSync} from "node:fs";
import net from "node:net";
import {tmpdir} from "node:os";
import path from "node:path";
import {test as plainTest} from "node:test";
import tls from "node:tls";
import {fileURLToPath} from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const build = process.env.BUILD ?? "build";
const binary = path.resolve(root, build, "tests/core/http/echo_server");

function make() {
  // test files run side by side: one of them builds
  execFileSync("flock", [path.join(tmpdir(), "shuyuan-wire.lock"), "make", "-s", `${build}/tests/core/http/echo_server`,
    `BUILD=${build}`], {cwd: root, stdio: ["ignore", "ignore", "inherit"]});
}

/** A folder with a new self-signed certificate. */
export function certificate() {
  const folder = mkdtempSync(path.join(tmpdir(), "shuyuan-wire-"));
  const files = {cert: `${folder}/cert.pem`, key: `${folder}/key.pem`};
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
    "-subj", "/CN=localhost", "-keyout", files.key, "-out", files.cert], {stdio: "ignore"});
  execFileSync("chmod", ["600", files.key]);
  return files;
}

/** A test that waits for facts must not wait for ever. */
export const test = (name, run) => plainTest(name, {timeout: Number(process.env.WIRE_TIMEOUT ?? 30000)}, run);

let made = false;

/** Starts a server with these settings; it ends with the test. */
export async function start(t, settings = {}) {
  if (!made && !process.env.WIRE_NO_MAKE) make();
  made = true;
  const child = spawn(binary, Object.entries(settings).map(([key, value]) => `${key}=${value}`),
    {stdio: ["ignore", "pipe", process.env.WIRE_LOG ? "inherit" : "pipe"]});
  const server = {child, host: settings.listen ?? "127.0.0.1", output: "", log: ""};
  child.stderr?.on("data", (chunk) => { server.log += chunk; });
  server.exited = new Promise((resolve) => child.on("close", (code, signal) => resolve({code, signal})));
  t.after(async () => {
    child.kill("SIGKILL");
    const {code, signal} = await server.exited;
    if (code !== 0 && signal !== "SIGKILL") throw new Error(`the server fell: ${code ?? signal} ${server.log}`);
  });
  await new Promise((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      server.output += chunk;
      const found = /PORT (\d+)\nTLS (\d+)\nADMIN (\d+)\n/.exec(server.output);
      if (found) {
        [server.port, server.tlsPort, server.adminPort] = found.slice(1).map(Number);
        resolve();
      }
    });
    server.exited.then(() => reject(new Error(`the server ended: ${server.log}`)));
  });
  return server;
}

/** A connection that remembers what came and can wait for it. */
export class Wire {
  constructor(socket) {
    this.socket = socket;
    this.bytes = Buffer.alloc(0);
    this.ended = false;
    this.waiting = [];
    const wake = () => { for (const look of this.waiting.splice(0)) look(); };
    socket.on("data", (chunk) => { this.bytes = Buffer.concat([this.bytes, chunk]); wake(); });
    socket.on("error", (error) => { this.error = error; });
    socket.on("close", () => { this.ended = true; wake(); });
    socket.on("end", () => { this.half = true; wake(); });
  }

  static open(server, port = server.port) {
    const socket = net.connect({host: server.host, port, allowHalfOpen: true});
    return new Promise((resolve, reject) => {
      socket.once("connect", () => resolve(new Wire(socket)));
      socket.once("error", reject);
    });
  }

  static openTls(server, protocols = ["h2"]) {
    const socket = tls.connect({host: server.host, port: server.tlsPort, rejectUnauthorized: false, ALPNProtocols: protocols});
    return new Promise((resolve, reject) => {
      socket.once("secureConnect", () => resolve(new Wire(socket)));
      socket.once("error", reject);
    });
  }

  send(bytes) {
    if (!this.socket.destroyed) this.socket.write(bytes);
    return this;
  }

  /** Waits until look() gives something; undefined when the connection ended before. */
  async until(look) {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.ended || this.half) return undefined;
      await new Promise((resolve) => this.waiting.push(resolve));
    }
  }

  /** The next HTTP/1.1 answer; bodyless for answers to HEAD. */
  response({bodyless = false} = {}) {
    return this.until(() => {
      const end = this.bytes.indexOf("\r\n\r\n");
      if (end < 0) return undefined;
      const [line, ...fields] = this.bytes.subarray(0, end).toString("latin1").split("\r\n");
      const headers = Object.fromEntries(fields.map((field) => {
        const colon = field.indexOf(":");
        return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
      }));
      const status = Number(line.split(" ")[1]);
      const length = bodyless || status === 204 || status === 304 ? 0 : Number(headers["content-length"]);
      if (this.bytes.length < end + 4 + length) return undefined;
      const body = this.bytes.subarray(end + 4, end + 4 + length);
      this.bytes = this.bytes.subarray(end + 4 + length);
      return {status, headers, body: body.toString("utf8"), raw: body};
    });
  }

  /** Resolves when the server has closed its side. */
  async closed() {
    await this.until(() => undefined);
    return true;
  }

  end() {
    this.socket.destroy();
  }
}

/** Sends the bytes on a new connection and takes one answer; open tells whether it stayed open. */
export async function ask(server, bytes, options) {
  const wire = await Wire.open(server);
  wire.send(bytes);
  const answer = await wire.response(options);
  wire.end();
  return answer;
}

export const get = (path, extra = "") => `GET ${path} HTTP/1.1\r\nHost: school.example\r\n${extra}\r\n`;
export const post = (path, body, extra = "") =>
  `POST ${path} HTTP/1.1\r\nHost: school.example\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${extra}\r\n${body}`;

/** What every answer carries. */
export function isProtected(answer) {
  const {headers} = answer;
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.equal(headers["referrer-policy"], "same-origin");
  assert.equal(headers["cross-origin-opener-policy"], "same-origin");
  assert.match(headers["permissions-policy"], /camera=\(\)/);
  assert.match(headers["content-security-policy"],
    /^default-src 'self'; script-src 'self'[^;]*; style-src 'self'[^;]*; img-src 'self' data: blob:; frame-ancestors 'self'; base-uri 'none'; form-action 'self'; object-src 'none'$/);
  assert.doesNotMatch(headers["content-security-policy"], /unsafe/);
  assert.match(headers["x-request-id"], /^[0-9a-z]{26}$/);
  assert.ok(headers["cache-control"]);
  assert.equal(headers.server, "shuyuan");
  assert.match(headers.date, / GMT$/);
}

/** Asks for something again until it is so. */
export async function eventually(look) {
  for (;;) {
    const found = await look();
    if (found) return found;
  }
}

// ---- HTTP/2 by hand ----

export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
export const TYPE = {DATA: 0, HEADERS: 1, PRIORITY: 2, RST_STREAM: 3, SETTINGS: 4, PING: 6, GOAWAY: 7, WINDOW_UPDATE: 8, CONTINUATION: 9};
export const END_STREAM = 1, END_HEADERS = 4;

export function frame(type, flags, stream, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const text = (value) => {
  const bytes = Buffer.from(value);
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
};
/** Fields as literals without indexing (RFC 7541 section 6.2.2). */
export const block = (fields) => Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
export const request = (method, path, extra = []) => block([[":method", method], [":scheme", "https"],
  [":authority", "school.example"], [":path", path], ...extra]);

/** The frames in what has come so far. */
export function frames(bytes) {
  const list = [];
  for (let at = 0; at + 9 <= bytes.length;) {
    const length = bytes.readUIntBE(at, 3);
    if (at + 9 + length > bytes.length) break;
    list.push({type: bytes[at + 3], flags: bytes[at + 4], stream: bytes.readUInt32BE(at + 5) & 0x7fffffff,
      payload: bytes.subarray(at + 9, at + 9 + length)});
    at += 9 + length;
  }
  return list;
}

export async function openHttp2(server) {
  const wire = await Wire.openTls(server);
  wire.send(Buffer.concat([PREFACE, frame(TYPE.SETTINGS, 0, 0)]));
  return wire;
}
