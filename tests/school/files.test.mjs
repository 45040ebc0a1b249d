// SPDX-License-Identifier: Apache-2.0
// Files: resumable uploads (tus 1.0), who may read them, what attackers try.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeFileSync, chmodSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import tus from "tus-js-client";
import { forms, serve, signedIn, until, Visitor } from "../lib/school.mjs";

const PART = 256 * 1024;
const day = (offset) => new Date(Date.now() + offset * 86400e3).toISOString().slice(0, 10);
const b64 = (text) => Buffer.from(text).toString("base64");

let server, org;
before(async () => {
  server = await serve({ settings: { "http.body_bytes": "300KiB", "files.org_bytes": "64MiB", "files.check_rate": "8MiB" } });
  org = server.org;
});
after(() => server?.remove());

// One request with its answer's bytes.
function ask(url, { method = "GET", headers = {}, body, agent, started } = {}) {
  return new Promise((done, fail) => {
    const sent = request(url, { method, agent, headers: { ...headers, ...(body && { "content-length": body.length }) } }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("error", () => done({ cut: true, status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }));
      answer.on("end", () => done({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }));
    });
    sent.on("error", fail);
    started?.(sent);
    sent.end(body);
  });
}

class Program {
  constructor(base, token) { this.base = base; this.headers = { authorization: `Bearer ${token}` }; }
  static async of(base, account) {
    const body = Buffer.from(JSON.stringify({ login: account.login, password: account.password }));
    const answer = await ask(new URL("/api/v1/session", base.url), { method: "POST", headers: { "content-type": "application/json" }, body });
    return new Program(base, JSON.parse(answer.body).token);
  }
  ask(path, { method, headers = {}, body, ...rest } = {}) {
    return ask(new URL(path, this.base.url), { method, headers: { ...this.headers, ...headers }, body, ...rest });
  }
  tus(path, { headers = {}, ...rest } = {}) { return this.ask(path, { ...rest, headers: { "tus-resumable": "1.0.0", ...headers } }); }
  create(length, metadata = {}, more = {}) {
    const pairs = Object.entries({ org, ...metadata }).map(([key, value]) => `${key} ${b64(value)}`).join(",");
    return this.tus("/uploads/", { method: "POST", ...more, headers: { "upload-length": String(length), "upload-metadata": pairs, ...more.headers } });
  }
  patch(location, offset, body, headers = {}) {
    return this.tus(location, { method: "PATCH", body, headers: { "content-type": "application/offset+octet-stream", "upload-offset": String(offset), ...headers } });
  }
  async offset(location) { return Number((await this.tus(location, { method: "HEAD" })).headers["upload-offset"]); }
  async upload(bytes, metadata) {
    const { headers, status } = await this.create(bytes.length, metadata);
    assert.equal(status, 201);
    for (let at = 0; at < bytes.length || at === 0; at += PART) {
      const answer = await this.patch(headers.location, at, bytes.subarray(at, at + PART));
      assert.equal(answer.status, 204, answer.body.toString());
    }
    return headers.location.split("/").at(-1);
  }
}

const uploads = (one) => readdirSync(join(one.data, "uploads")).filter((name) => name !== "lock");
const program = (role) => Program.of(server, server.accounts[role]);
// By the independent client, in parts.
function withClient(base, bytes, { headers, options = {} }) {
  return new Promise((done, fail) => {
    const upload = new tus.Upload(bytes, {
      endpoint: `${base.url}/uploads/`, chunkSize: PART, headers, retryDelays: [0, 50, 100, 200, 400, 800, 1600, 3000],
      metadata: { filename: "作业.bin", org }, onError: fail, onSuccess: () => done(upload), ...options,
    });
    options.started?.(upload);
    upload.start();
  });
}

const JPEG = Buffer.concat([
  Buffer.from("ffd8ffe000104a46494600010100000100010000", "hex"),
  Buffer.from("ffe1002e457869660000", "hex"),
  Buffer.from("49492a0008000000020012010300010000000600" + "00000f01020004000000" + "47505321" + "00000000", "hex"),
  Buffer.from("ffda00040102", "hex"), Buffer.from("picture"), Buffer.from("ffd9", "hex"), Buffer.from("<script>alert(1)</script>"),
]);

async function leaveWith(who, proof, where = org) {
  const visitor = await signedIn(server, "guardian");
  const form = forms((await visitor.get(`/o/${where}/leave/ask`)).html).find((one) => "reason" in one.fields);
  const student = form.fields.student || form.options[0];
  const body = Buffer.from(new URLSearchParams({ student, from: day(1), to: day(1), kind: "sick", reason: "发烧", proof }).toString());
  return who.ask(`/api/v1/o/${where}/leave/leave`, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body });
}

async function refused(answer, word) {
  const { status, body } = await answer, { fields: [{ field }], title } = JSON.parse(body);
  assert.deepEqual([status, field, title], [422, "proof", word]);
}

test("what the place offers is told to anybody", async () => {
  const answer = await ask(new URL("/uploads/", server.url), { method: "OPTIONS" });
  assert.equal(answer.status, 204);
  assert.equal(answer.headers["tus-version"], "1.0.0");
  assert.match(answer.headers["tus-extension"], /creation.*termination.*expiration/);
  assert.ok(Number(answer.headers["tus-max-size"]) > 0);
});

test("nobody uploads without signing in, and no page does it for somebody", async () => {
  const headers = { "tus-resumable": "1.0.0", "upload-length": "3" };
  assert.equal((await ask(new URL("/uploads/", server.url), { method: "POST", headers })).status, 401);
  const mum = await signedIn(server, "guardian");
  const cookie = [...mum.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const token = forms((await mum.get("/account")).html).find((one) => one.fields._csrf).fields._csrf;
  const tries = [[{}, 403], [{ "x-form-token": "wrong" }, 403], [{ "x-form-token": token, origin: "https://evil.example" }, 403], [{ "x-form-token": token }, 201]];
  for (const [more, status] of tries)
    assert.equal((await ask(new URL("/uploads/", server.url), { method: "POST", headers: { ...headers, cookie, ...more } })).status, status);
});

test("heads that are not tus 1.0 are refused", async () => {
  const mum = await program("guardian");
  assert.equal((await mum.ask("/uploads/", { method: "POST", headers: { "upload-length": "3" } })).status, 412);
  assert.equal((await mum.tus("/uploads/", { method: "POST" })).status, 400);
  for (const length of ["-1", "+3", "3.5", "99999999999999999999", ""])
    assert.equal((await mum.create(length)).status, 400, length);
  assert.equal((await mum.tus("/uploads/", { method: "POST", headers: { "upload-defer-length": "1" } })).status, 400);
  const { headers } = await mum.create(3);
  assert.equal((await mum.tus(headers.location, { method: "PATCH", body: Buffer.from("abc"), headers: { "upload-offset": "0" } })).status, 415);
  assert.equal((await mum.patch(headers.location, "x", Buffer.from("abc"))).status, 400);
  assert.equal((await mum.patch(headers.location, 1, Buffer.from("bc"))).status, 409);
  assert.equal((await mum.patch(headers.location, 0, Buffer.from("abcd"))).status, 413);
  assert.equal((await mum.tus(headers.location, { method: "PUT", body: Buffer.from("abc") })).status, 405);
  assert.equal(await mum.offset(headers.location), 0);
});

test("a size over the limit and a quota are refused before a byte is read", async () => {
  const mum = await program("guardian");
  assert.equal((await mum.create(3 * 2 ** 30)).status, 413);
  assert.equal((await mum.create(65 * 2 ** 20)).status, 507);
  assert.equal((await mum.create(30 * 2 ** 20, { field: "leave.leave.proof" })).status, 413);
});

test("an organisation or a field that is not the person's is refused", async () => {
  const mum = await program("guardian"), teacher = await program("teacher");
  assert.equal((await mum.create(3, { org: "0".repeat(26) })).status, 403);
  assert.equal((await mum.create(3, { org: "../../etc" })).status, 403);
  assert.equal((await mum.create(3, { field: "core.account.hash" })).status, 403);
  assert.equal((await teacher.create(3, { field: "leave.leave.proof" })).status, 403);
});

test("42: another person's upload is like none, whatever is tried", async () => {
  const mum = await program("guardian"), teacher = await program("teacher");
  const { headers } = await mum.create(3);
  const absent = `/uploads/${"0".repeat(26)}`;
  for (const go of [(path) => teacher.tus(path, { method: "HEAD" }), (path) => teacher.patch(path, 0, Buffer.from("abc")), (path) => teacher.tus(path, { method: "DELETE" })]) {
    const [theirs, none] = [await go(headers.location), await go(absent)];
    assert.equal(theirs.status, 404);
    assert.equal(none.status, 404);
    const bare = (answer) => answer.body.toString().replace(/"id":"[^"]*"/, "");
    assert.equal(bare(theirs), bare(none));
    assert.deepEqual(Object.keys(theirs.headers), Object.keys(none.headers));
  }
  assert.equal((await mum.patch(headers.location, 0, Buffer.from("abc"))).status, 204);
  const id = headers.location.split("/").at(-1);
  assert.equal((await teacher.ask(`/files/${id}`)).status, 404);
  assert.equal((await mum.ask(`/files/${id}`)).status, 200);
});

test("an upload can come with its first part, be checked, and be ended", async () => {
  const mum = await program("guardian"), body = Buffer.from("hello");
  const type = { "content-type": "application/offset+octet-stream" };
  const created = await mum.create(10, {}, { body, headers: type });
  assert.equal(created.status, 201);
  assert.equal(created.headers["upload-offset"], "5");
  assert.ok(Date.parse(created.headers["upload-expires"]) > Date.now());
  const wrong = { "upload-checksum": `sha1 ${createHash("sha1").update("other").digest("base64")}` };
  const right = { "upload-checksum": `sha256 ${createHash("sha256").update("world").digest("base64")}` };
  assert.equal((await mum.patch(created.headers.location, 5, Buffer.from("world"), wrong)).status, 460);
  assert.equal(await mum.offset(created.headers.location), 5);
  assert.equal((await mum.patch(created.headers.location, 5, Buffer.from("world"), { "upload-checksum": "md5 aaaa" })).status, 400);
  assert.equal((await mum.patch(created.headers.location, 5, Buffer.from("world"), right)).status, 204);
  assert.equal((await mum.tus(created.headers.location, { method: "DELETE" })).status, 204);
  assert.equal((await mum.tus(created.headers.location, { method: "HEAD" })).status, 404);
  assert.equal((await mum.ask(created.headers.location.replace("uploads", "files"))).status, 404);
});

test("an empty file is a file", async () => {
  const mum = await program("guardian");
  const created = await mum.create(0);
  assert.equal(created.status, 201);
  const file = await mum.ask(created.headers.location.replace("uploads", "files"));
  assert.equal(file.status, 200);
  assert.equal(file.headers["content-length"], "0");
});

test("an independent client uploads in parts and goes on after a cut", async () => {
  const mum = await program("guardian"), bytes = randomBytes(5 * PART + 17);
  const whole = await withClient(server, bytes, { headers: mum.headers });
  const path = new URL(whole.url).pathname.replace("uploads", "files");
  assert.deepEqual((await mum.ask(path)).body, bytes);

  let seen = 0, first;
  await new Promise((done, fail) => {
    withClient(server, bytes, {
      headers: mum.headers,
      options: {
        started: (upload) => { first = upload; }, onError: fail,
        onChunkComplete: (size, accepted) => { seen = accepted; if (accepted >= 2 * PART) first.abort().then(done); },
      },
    }).catch(fail);
  });
  assert.ok(seen >= 2 * PART && seen < bytes.length);
  const resumed = await withClient(server, bytes, { headers: mum.headers, options: { uploadUrl: first.url } });
  assert.deepEqual((await mum.ask(new URL(resumed.url).pathname.replace("uploads", "files"))).body, bytes);
});

test("a part that is cut off in the middle is sent again", async () => {
  const mum = await program("guardian"), bytes = randomBytes(2 * PART);
  const { headers } = await mum.create(bytes.length);
  assert.equal((await mum.patch(headers.location, 0, bytes.subarray(0, PART))).status, 204);
  await new Promise((done) => {
    const cut = request(new URL(headers.location, server.url), { method: "PATCH", headers: { ...mum.headers, "tus-resumable": "1.0.0", "content-type": "application/offset+octet-stream", "upload-offset": String(PART), "content-length": PART } });
    cut.on("error", done);
    cut.on("close", done);
    cut.write(bytes.subarray(PART, PART + 1000), () => cut.destroy());
  });
  assert.equal(await mum.offset(headers.location), PART);
  assert.equal((await mum.patch(headers.location, PART, bytes.subarray(PART))).status, 204);
});

test("two that write the same upload at once: one goes on, nothing is mixed", async () => {
  const mum = await program("guardian"), letters = [..."abcdefgh"].map((letter) => Buffer.alloc(PART, letter));
  for (let round = 0; round < 10; round++) {
    const { headers } = await mum.create(PART);
    const answers = await Promise.all(letters.map((bytes) => mum.patch(headers.location, 0, bytes)));
    const good = answers.findIndex((answer) => answer.status === 204), statuses = answers.map((answer) => answer.status);
    assert.ok(statuses.every((status, i) => i === good || [409, 423].includes(status)), statuses.join(" "));
    assert.ok(good >= 0, statuses.join(" "));
    const bytes = (await mum.ask(headers.location.replace("uploads", "files"))).body;
    assert.ok(bytes.equals(letters[good]));
  }
});

test("44: of 50 uploads at 99 % of the quota none passes it", async () => {
  const tight = await serve({ settings: { "files.org_bytes": "1MiB" } });
  const mum = await Program.of(tight, tight.accounts.guardian), where = { org: tight.org };
  assert.equal((await mum.create(1014 * 1024, where)).status, 201);
  const agent = new Agent({ keepAlive: true, maxSockets: 50 });
  const answers = await Promise.all(Array.from({ length: 50 }, () => mum.create(4000, where, { agent })));
  const made = answers.filter((answer) => answer.status === 201);
  assert.equal(made.length, 2, answers.map((answer) => answer.status).join(" "));
  assert.ok(answers.every((answer) => [201, 507].includes(answer.status)));
  assert.equal((await mum.tus(made[0].headers.location, { method: "DELETE" })).status, 204);
  assert.equal((await mum.create(4000, where)).status, 201);
  agent.destroy();
  await tight.remove();
});

test("ranges: one, from either end; many or inverted ones are refused", async () => {
  const mum = await program("guardian"), bytes = randomBytes(3 * 128 * 1024 + 100), id = await mum.upload(bytes), path = `/files/${id}`;
  const get = (range, headers = {}) => mum.ask(path, { headers: { range, ...headers } });
  const whole = await mum.ask(path);
  assert.deepEqual(whole.body, bytes);
  assert.equal(whole.headers["accept-ranges"], "bytes");
  for (const [range, from, to] of [["bytes=0-0", 0, 1], ["bytes=131071-131073", 131071, 131074], ["bytes=393216-", 393216, bytes.length], ["bytes=-7", bytes.length - 7, bytes.length], ["bytes=10-99999999", 10, bytes.length]]) {
    const part = await get(range);
    assert.equal(part.status, 206, range);
    assert.equal(part.headers["content-range"], `bytes ${from}-${to - 1}/${bytes.length}`);
    assert.deepEqual(part.body, bytes.subarray(from, to), range);
  }
  const many = Array.from({ length: 1000 }, (_, i) => `${i}-${i + 5}`).join(",");
  for (const range of [`bytes=${many}`, "bytes=0-5,3-9", "bytes=9-3", "bytes=99999999-", "bytes=-0", "bytes=a-b", "bytes=18446744073709551616-"]) {
    const answer = await get(range);
    assert.equal(answer.status, 416, range.slice(0, 30));
    assert.equal(answer.headers["content-range"], `bytes */${bytes.length}`);
  }
  assert.equal((await get("lines=1-2")).status, 200);
  assert.equal((await get("bytes=0-0", { "if-range": whole.headers.etag })).status, 206);
  assert.equal((await get("bytes=0-0", { "if-range": '"other"' })).status, 200);
  assert.equal((await mum.ask(path, { headers: { "if-none-match": whole.headers.etag } })).status, 304);
  const head = await mum.ask(path, { method: "HEAD" });
  assert.deepEqual([head.status, head.headers["content-length"], head.body.length], [200, String(bytes.length), 0]);
  assert.equal((await mum.ask(path, { method: "POST", body: Buffer.from("x") })).status, 405);
});

test("38, 39: what a browser could run is a download, whatever it is called", async () => {
  const mum = await program("guardian");
  const cases = [
    ["<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "photo.jpg", "image/svg+xml"],
    ["<!doctype html><script>alert(1)</script>", "photo.png", "text/html; charset=utf-8"],
    ["\x7fELF\x02\x01\x01", "essay.pdf", "application/x-executable"],
    ["plain words", "page.html", "text/plain; charset=utf-8"],
  ];
  for (const [text, filename, type] of cases) {
    const answer = await mum.ask(`/files/${await mum.upload(Buffer.from(text, "latin1"), { filename })}`);
    assert.match(answer.headers["content-disposition"], /^attachment; /);
    assert.equal(answer.headers["content-type"], type);
    assert.equal(answer.headers["x-content-type-options"], "nosniff");
    assert.match(answer.headers["content-security-policy"], /default-src 'none'.*sandbox/);
  }
  const gif = await mum.ask(`/files/${await mum.upload(Buffer.from("GIF89a=1;alert(1)//"), { filename: "evil.js" })}`);
  assert.equal(gif.headers["content-type"], "image/gif");
  assert.match(gif.headers["content-disposition"], /^inline; /);
  assert.match(gif.headers["content-security-policy"], /sandbox/);
});

test("33: names are shown, never used", async () => {
  const mum = await program("guardian");
  const names = ["../../../etc/passwd", "a\0b", "line\nfeed\r\nset-cookie: x=1", "CON", "photo\u202egnp.exe", "-rf", "长".repeat(2000), "\"; filename=\"x.html", "."];
  for (const filename of names) {
    const answer = await mum.ask(`/files/${await mum.upload(Buffer.from("text"), { filename })}`);
    assert.equal(answer.status, 200);
    const shown = answer.headers["content-disposition"];
    assert.match(shown, /^attachment; filename="file\.txt"(; filename\*=UTF-8''[\w!#$&+.^`|~%-]+)?$/);
    assert.equal(answer.headers["set-cookie"], undefined);
    const name = decodeURIComponent(/''(.*)$/.exec(shown)?.[1] ?? "");
    assert.doesNotMatch(name, /[\p{Cc}\u202e/\\]/u);
    assert.ok([...name].length <= 120);
  }
  for (const name of uploads(server)) assert.match(name, /^[0-9a-z]{26}(\.c)?$/);
});

test("a photograph loses its place, a broken one is refused", async () => {
  const mum = await program("guardian");
  const file = await mum.ask(`/files/${await mum.upload(JPEG, { filename: "现场.jpg" })}`);
  assert.equal(file.headers["content-type"], "image/jpeg");
  assert.ok(!file.body.includes("GPS!") && !file.body.includes("script") && file.body.includes("picture"));
  assert.ok(file.body.includes("Exif\0\0MM"), "how it is turned stays");
  const broken = Buffer.concat([JPEG.subarray(0, 20), Buffer.from("ffe1ffff457869660000", "hex")]);
  const { headers } = await mum.create(broken.length);
  assert.equal((await mum.patch(headers.location, 0, broken)).status, 422);
  assert.equal((await mum.tus(headers.location, { method: "HEAD" })).status, 404);
});

test("a proof is read by who may read the leave, and by nobody beside", async () => {
  const mum = await program("guardian"), teacher = await program("teacher"), county = await program("county");
  const id = await mum.upload(JPEG, { field: "leave.leave.proof", filename: "病历.jpg" });
  assert.equal((await teacher.ask(`/files/${id}`)).status, 404);
  const made = await leaveWith(mum, id);
  assert.equal(made.status, 201, made.body.toString());
  const leave = JSON.parse(made.body);
  for (const who of [mum, teacher]) assert.equal((await who.ask(`/files/${id}`)).status, 200);
  assert.equal((await county.ask(`/files/${id}`)).status, 404, "the county may read the leave, not its proof");
  const shown = JSON.parse((await teacher.ask(`/api/v1/o/${org}/leave/leave/${leave.id}`)).body);
  assert.deepEqual([shown.proof.id, shown.proof.name, shown.proof.type, shown.proof.url], [id, "病历.jpg", "image/jpeg", `/files/${id}`]);
  const other = await program("subject-teacher");
  assert.equal((await other.ask(`/files/${id}`)).status, (await other.ask(`/api/v1/o/${org}/leave/leave/${leave.id}`)).status);
  assert.equal((await new Visitor(server.url).get(`/files/${id}`)).status, 303, "a browser is asked to sign in");
  assert.equal((await mum.tus(`/uploads/${id}`, { method: "DELETE" })).status, 404, "what a record holds is no upload any more");
  await refused(leaveWith(mum, id), "absent"); // one file, one record
});

test("a proof that is none is refused: of another kind, another's, unfinished", async () => {
  const mum = await program("guardian"), teacher = await program("teacher");
  await refused(leaveWith(mum, await mum.upload(Buffer.from("words"))), "kind");
  await refused(leaveWith(mum, await teacher.upload(JPEG)), "absent");
  await refused(leaveWith(mum, (await mum.create(100)).headers.location.split("/").at(-1)), "absent");
  await refused(leaveWith(mum, "0".repeat(26)), "absent");
  await refused(leaveWith(mum, "nonsense"), "type");
});

// As a browser without script sends a form with a file.
function multipart(fields, files) {
  const mark = `----mark${randomBytes(8).toString("hex")}`, parts = [];
  for (const [name, value] of Object.entries(fields)) parts.push(Buffer.from(`--${mark}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`));
  for (const [name, filename, bytes] of files) parts.push(Buffer.from(`--${mark}\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: image/jpeg\r\n\r\n`), bytes, Buffer.from("\r\n"));
  return { body: Buffer.concat([...parts, Buffer.from(`--${mark}--\r\n`)]), headers: { "content-type": `multipart/form-data; boundary=${mark}` } };
}

async function askForm(mum) {
  const form = forms((await mum.get(`/o/${org}/leave/ask`)).html).find((one) => "reason" in one.fields);
  return { action: form.action, fields: { ...form.fields, student: form.fields.student || form.options[0], from: day(2), to: day(2), kind: "sick", reason: "牙疼" } };
}

test("without script a small file goes with the form, and is kept when the form comes back", async () => {
  const mum = await signedIn(server, "guardian"), { action, fields } = await askForm(mum);
  delete fields.proof;
  const send = (more, files) => mum.request(action, { method: "POST", ...multipart({ ...fields, ...more }, files) });
  const back = await send({ to: day(1) }, [["proof", "病历.jpg", JPEG]]);
  assert.equal(back.status, 422);
  assert.match(back.html, /病历\.jpg/);
  const again = forms(back.html).find((one) => "reason" in one.fields);
  assert.match(again.fields._key, /./);
  const kept = /name="proof" value="(\w{26})"/.exec(back.html)[1];
  const sent = await send({ _key: again.fields._key, proof: kept }, [["proof", "", Buffer.alloc(0)]]);
  assert.equal(sent.status, 303, sent.html.slice(0, 500));
  const page = await mum.get(sent.headers.get("location"));
  assert.match(page.html, new RegExp(`href="/files/${kept}"[^>]*>病历\\.jpg`));
  assert.equal((await mum.get(`/files/${kept}`)).headers.get("content-type"), "image/jpeg");
});

test("a form with a file that is sent twice is one leave, whatever marks its parts", async () => {
  const mum = await signedIn(server, "guardian"), { action, fields } = await askForm(mum);
  delete fields.proof;
  const send = () => mum.request(action, { method: "POST", ...multipart(fields, [["proof", "a.jpg", JPEG]]) });
  const [first, second] = [await send(), await send()];
  assert.equal(first.status, 303, first.html.slice(0, 500));
  assert.equal(second.status, 303);
  assert.equal(first.headers.get("location"), second.headers.get("location"));
});

test("a form without its token keeps no file; broken parts and pictures are refused", async () => {
  const mum = await signedIn(server, "guardian"), { action, fields } = await askForm(mum);
  delete fields.proof;
  const send = (all, files) => mum.request(action, { method: "POST", ...multipart(all, files) });
  const count = () => readdirSync(join(server.data, "blobs")).reduce((sum, folder) => sum + readdirSync(join(server.data, "blobs", folder)).length, 0);
  const before = count();
  assert.equal((await send({ ...fields, _csrf: "wrong" }, [["proof", "x.bin", randomBytes(999)]])).status, 403);
  assert.equal(count(), before);
  assert.equal((await send({ ...fields, _key: "k1" }, [["proof", "x.jpg", JPEG.subarray(0, 40)]])).status, 422);
  assert.equal((await mum.request(action, { method: "POST", body: Buffer.from("nonsense"), headers: { "content-type": "multipart/form-data; boundary=x" } })).status, 400);
  const wrongKind = await send({ ...fields, _key: "k2" }, [["proof", "x.txt", Buffer.from("words")]]);
  assert.equal(wrongKind.status, 422);
  assert.match(wrongKind.html, /这里不收这种文件/);
  assert.deepEqual(uploads(server).filter((name) => name.endsWith(".c")), []);
});

test("rotten content is never sent", async () => {
  const mum = await program("guardian"), bytes = randomBytes(300 * 1024), id = await mum.upload(bytes);
  const digest = createHash("sha256").update(bytes).digest("hex"), file = join(server.data, "blobs", digest.slice(0, 2), digest.slice(2));
  assert.equal(statSync(file).size, bytes.length);
  const stored = readFileSync(file);
  stored[200 * 1024] ^= 1;
  chmodSync(file, 0o600);
  writeFileSync(file, stored);
  const answer = await mum.ask(`/files/${id}`);
  assert.ok(answer.cut && answer.body.length === 128 * 1024, "the good chunk, and then the line is cut");
  assert.equal((await mum.ask(`/files/${id}`, { headers: { range: "bytes=140000-140001" } })).status, 500);
  assert.equal((await mum.ask(`/files/${id}`, { headers: { range: "bytes=0-9" } })).status, 206);
  await until(() => server.log.includes("a file is rotten"), "the check that reads everything again", 30000);
});

test("kill -9 of workers and committer during an upload: what was acknowledged is there", async () => {
  const mum = await program("guardian"), bytes = randomBytes(40 * PART);
  let killed = 0;
  const upload = await withClient(server, bytes, {
    headers: mum.headers,
    options: {
      onChunkComplete: (size, accepted) => {
        if (accepted % (8 * PART) !== 0) return;
        killed++;
        for (const pid of server.pids()) try { process.kill(pid, "SIGKILL"); } catch { /* gone */ }
      },
      onShouldRetry: () => true,
    },
  });
  assert.ok(killed >= 3);
  const file = await until(async () => {
    const answer = await mum.ask(new URL(upload.url).pathname.replace("uploads", "files")).catch(() => null);
    return answer?.status === 200 && !answer.cut && answer;
  });
  assert.ok(file.body.equals(bytes));
  assert.ok(uploads(server).every((name) => !name.startsWith(upload.url.split("/").at(-1))));
});

test("an upload that nobody finishes ends", async () => {
  const brief = await serve({ settings: { "files.upload": "150ms", "files.grace": "100ms" } });
  const mum = await Program.of(brief, brief.accounts.guardian);
  const { headers } = await mum.create(100, { org: brief.org });
  assert.equal((await mum.patch(headers.location, 0, Buffer.from("part"))).status, 204);
  await until(async () => (await mum.tus(headers.location, { method: "HEAD" })).status === 404, "the end of the upload");
  await until(() => uploads(brief).length === 0, "its bytes to go");
  await brief.remove();
});
