// SPDX-License-Identifier: Apache-2.0
// A program that speaks to /api/v1 with a token: JSON in, JSON out, no cookies, no redirects.
import assert from "node:assert/strict";
import { Agent, request } from "node:http";

export class Program {
  constructor(url, token) {
    this.url = url;
    this.token = token;
    this.agent = new Agent({ keepAlive: true });
  }

  static async signedIn(server, { login, password }) {
    const answer = await new Program(server.url).ask("POST", "/api/v1/session", { login, password });
    assert.equal(answer.status, 201, answer.text);
    return new Program(server.url, answer.body.token);
  }

  // One request. A body that is a table goes as JSON, URLSearchParams as a form, a text as it is.
  ask(method, path, body, headers = {}) {
    const form = body instanceof URLSearchParams, plain = typeof body === "string";
    const bytes = body === undefined ? undefined : Buffer.from(form || plain ? String(body) : JSON.stringify(body));
    const all = {
      ...(this.token && { authorization: `Bearer ${this.token}` }),
      ...(bytes && { "content-length": bytes.length, "content-type": form ? "application/x-www-form-urlencoded" : "application/json" }),
      ...headers,
    };
    return new Promise((done, fail) => {
      const sent = request(new URL(path, this.url), { method, agent: this.agent, headers: all }, (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("error", fail);
        answer.on("end", () => {
          const text = Buffer.concat(parts).toString("utf8"), type = answer.headers["content-type"] ?? "";
          done({ status: answer.statusCode, headers: answer.headers, text, type, body: /json/.test(type) && text ? JSON.parse(text) : undefined });
        });
      });
      sent.on("error", fail);
      sent.end(bytes);
    });
  }

  get(path) { return this.ask("GET", path); }
  post(path, body, headers) { return this.ask("POST", path, body, headers); }
  patch(path, body, tag) { return this.ask("PATCH", path, body, tag && { "if-match": tag }); }
  delete(path, tag) { return this.ask("DELETE", path, undefined, tag && { "if-match": tag }); }
}

// A refusal as RFC 9457 says it; of fields as [field, code].
export function refused(answer, status, title, fields) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.type, "application/problem+json");
  assert.equal(answer.body.status, status);
  assert.equal(answer.body.title, title);
  assert.equal(answer.body.type, `urn:shuyuan:problem:${title}`);
  assert.equal(answer.body.instance, answer.headers["x-request-id"]);
  if (!fields) return;
  assert.deepEqual(answer.body.fields.map(({ field, code }) => [field, code]), fields);
  for (const { message } of answer.body.fields) assert.match(message, /\S/);
}
