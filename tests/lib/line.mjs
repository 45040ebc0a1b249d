// SPDX-License-Identifier: Apache-2.0
// One connection held open, for tests that care which worker is at its other end, or what
// becomes of a connection.
import { Wire } from "../wire/server.mjs";
import { until } from "./school.mjs";

export class Line {
  static async open(server, url = server.url) {
    const line = new Line();
    const { hostname, port } = new URL(url);
    line.host = `${hostname}:${port}`;
    line.wire = await Wire.open({ host: hostname.replace(/[[\]]/g, ""), port: Number(port) });
    return line;
  }

  // A connection to a worker that is not among the others; to the same as another's.
  static toAnother(server, others = []) { return Line.where(server, (worker) => !others.some((other) => other.worker === worker)); }
  static toSame(server, other) { return Line.where(server, (worker) => other.worker === worker); }

  static async where(server, fits) {
    for (;;) {
      const line = await Line.open(server);
      const { headers } = await line.ask("/healthz");
      line.worker = await until(() => server.lines().find((one) => one.id === headers["x-request-id"])?.process, "the line of the log");
      if (fits(line.worker)) return line;
      line.end();
    }
  }

  static head(host, path, { method = "GET", headers = {}, body } = {}) {
    const all = { host, ...(body !== undefined && { "content-type": "application/x-www-form-urlencoded", "content-length": Buffer.byteLength(body) }), ...headers };
    return `${method} ${path} HTTP/1.1\r\n${Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body ?? ""}`;
  }

  send(path, options) { this.wire.send(Line.head(this.host, path, options)); return this; }
  answer() { return this.wire.response(); }
  ask(path, options) { return this.send(path, options).answer(); }
  end() { this.wire.end(); }
}

export const cookieOf = (visitor) => [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
