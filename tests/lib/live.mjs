// SPDX-License-Identifier: Apache-2.0
// An event stream as a browser holds it, read byte by byte.
import { request } from "node:http";
import { cookieOf } from "./line.mjs";
import { forms, until } from "./school.mjs";

export class Stream {
  // Opens /live as the visitor; resolves when its head is there.
  static open(visitor, { after, had, agent, headers = {} } = {}) {
    const stream = new Stream();
    const url = new URL(after === undefined ? "/live" : `/live?after=${after}`, visitor.url);
    const sent = request(url, { agent: agent ?? false, headers: { cookie: cookieOf(visitor), ...(had !== undefined && { "last-event-id": had }), ...headers } });
    stream.sent = sent;
    stream.text = "";
    stream.ended = new Promise((done) => { sent.on("close", () => { stream.over = true; done(); }); });
    sent.on("error", () => {});
    return new Promise((done, fail) => {
      sent.on("response", (answer) => {
        stream.answer = answer;
        stream.status = answer.statusCode;
        answer.setEncoding("utf8");
        answer.on("data", (text) => { stream.text += text; });
        answer.on("error", () => {});
        done(stream);
      });
      stream.ended.then(() => fail(new Error("the stream ended before its head")));
      sent.end();
    });
  }

  // Whole blocks so far: {id, event, data}.
  blocks() {
    return this.text.split("\n\n").slice(0, -1).map((block) => Object.fromEntries(block.split("\n").filter((line) => !line.startsWith(":")).map((line) => {
      const colon = line.indexOf(": ");
      return [line.slice(0, colon), line.slice(colon + 2)];
    }))).filter((block) => Object.keys(block).length > 0);
  }

  events() { return this.blocks().filter((block) => block.data).map((block) => ({ ...block, data: JSON.parse(block.data) })); }
  topics() { return this.events().map((event) => event.event ?? event.data.topic); }
  get last() { return this.blocks().filter((block) => block.id).at(-1)?.id; }
  get retry() { return Number(this.blocks()[0].retry); }
  get beats() { return this.text.split("\n").filter((line) => line === ":").length; }

  // Resolves when so many events have come.
  async until(count, what = `${count} events`) {
    await until(() => this.over || this.events().length >= count, what);
    return this.events();
  }

  pause() { this.answer.pause(); }
  resume() { this.answer.resume(); }
  close() { this.sent.destroy(); return this.ended; }
}

// Posts to a path with the tokens of any page's form.
export async function press(visitor, page, path, fields = {}, key = `${Date.now()}-${Math.random()}`) {
  visitor.token ??= forms((await visitor.get(page)).html).find((one) => one.fields._csrf).fields._csrf;
  return visitor.post(path, { _csrf: visitor.token, _key: key, ...fields });
}
