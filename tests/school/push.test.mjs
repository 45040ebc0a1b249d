// SPDX-License-Identifier: Apache-2.0
// A video of a county on its way to twelve schools: sent in parts over a line that is cut five times, kept
// once, and the same bytes at the other end. PUSH_MIB=500 says how large; see tests/bench/README.md.
import assert from "node:assert/strict";
import { createHash, randomFillSync } from "node:crypto";
import { createReadStream, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import tus from "tus-js-client";
import { cookieOf } from "../lib/line.mjs";
import { Program } from "../lib/program.mjs";
import { forms, freshData, orgId, serve, shuyuan, until, Visitor } from "../lib/school.mjs";

const MIB = 1 << 20, SIZE = Number(process.env.PUSH_MIB ?? 24) * MIB + 12345, PART = 512 * 1024, CUTS = 5, SCHOOLS = 12;
const PASSWORD = "mingHu-2026", COUNTY = "329902";
const codes = Array.from({ length: SCHOOLS }, (_, i) => `21329902${String(i + 1).padStart(2, "0")}`);
const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");

let server, clerk, county, video;

// A second county, with a class of grade 3 at each of its schools.
function enlarge(data) {
  const folder = mkdtempSync(join(tmpdir(), "shuyuan-push-")), file = join(folder, "file.csv");
  writeFileSync(file, `code,parent,kind,name,name_en,stages\n${COUNTY},329900,county,清溪区,Qingxi,\n${codes.map((code, i) => `${code},${COUNTY},school,清溪${i + 1}小,Qingxi ${i + 1},primary\n`).join("")}`);
  shuyuan(data, ["org", "import", file]);
  writeFileSync(file, "学段,年级,班级\n小学,三年级,三(1)班\n");
  for (const code of codes) shuyuan(data, ["data", "import", "--as", "base.classes", "--org", code, "--commit", file]);
  for (const [login, role, org] of [["clerk", "county", COUNTY], ...codes.map((code, i) => [`head${i}`, "principal", code])])
    shuyuan(data, ["user", "add", "--login", `push-${login}`, "--name", login, "--role", role, "--org", org], `${PASSWORD}\n`);
  rmSync(folder, { recursive: true });
}

before(async () => {
  const data = freshData();
  enlarge(data);
  server = await serve({ data, settings: { "job.poll": "5ms", "job.off": "20ms" } });
  clerk = await Program.signedIn(server, { login: "push-clerk", password: PASSWORD });
  county = orgId(data, COUNTY);
  video = randomFillSync(Buffer.alloc(SIZE));
  Buffer.from("\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "latin1").copy(video);
});
after(() => server?.remove());

// A line to the server that breaks after so many bytes, again and again.
async function brittle(each) {
  const line = { cuts: 0, sent: 0 };
  const { hostname, port } = new URL(server.url);
  line.listener = createServer((near) => {
    const far = connect(Number(port), hostname), end = () => { near.destroy(); far.destroy(); };
    near.on("data", (bytes) => {
      line.sent += bytes.length;
      if (line.cuts < CUTS && line.sent > each * (line.cuts + 1)) { line.cuts++; end(); } else far.write(bytes);
    });
    far.on("data", (bytes) => near.write(bytes));
    for (const side of [near, far]) side.on("error", end).on("close", end);
  });
  await new Promise((done) => line.listener.listen(0, "127.0.0.1", done));
  line.url = `http://127.0.0.1:${line.listener.address().port}`;
  return line;
}

function upload(url) {
  return new Promise((done, fail) => {
    const one = new tus.Upload(video, {
      endpoint: `${url}/uploads/`, chunkSize: PART, retryDelays: [0, 50, 100, 200, 400, 800],
      headers: { authorization: `Bearer ${clerk.token}` },
      metadata: { filename: "种子发芽.mp4", org: county, field: "push.resource.file" },
      onError: fail, onSuccess: () => done(one.url.split("/").at(-1)),
    });
    one.start();
  });
}

const made = async (path, values, headers) => {
  const answer = await clerk.post(`/api/v1/o/${county}/push/${path}`, values, headers);
  assert.ok(answer.status < 300, answer.text);
  return answer.body;
};

// What lies under blobs/: path and size.
function kept() {
  const folder = join(server.data, "blobs");
  return readdirSync(folder).flatMap((two) => readdirSync(join(folder, two)).map((name) => join(folder, two, name))).map((path) => ({ path, size: statSync(path).size }));
}

// As a browser's video asks: one range, by cookie.
function range(visitor, url, from, to) {
  return new Promise((done, fail) => {
    request(new URL(url, server.url), { headers: { cookie: cookieOf(visitor), range: `bytes=${from}-${to}` } }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part)).on("error", fail);
      answer.on("end", () => done({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }));
    }).on("error", fail).end();
  });
}

test("a video comes over a line that is cut five times, is kept once for twelve schools, and is the same there", async () => {
  const line = await brittle(Math.floor(SIZE / (CUTS + 1))), wanted = digest(video);
  const file = await upload(line.url);
  line.listener.close();
  assert.equal(line.cuts, CUTS);
  assert.ok(line.sent < SIZE + (CUTS + 1) * (PART + 64 * 1024) + (SIZE / PART) * 2048, `${line.sent} bytes for ${SIZE}: it went on where it was`);

  const owner = `${orgId(server.data, "329900")}.${county}`;
  const pack = await made("pack", { name: "三年级科学", stage: "primary", first: 3, last: 3, owner });
  const { id } = await made("resource", { pack: pack.id, name: "种子发芽", licence: "open", channel: "made", file });
  await made(`pack/${pack.id}/send`, {}, { "if-match": "*" });

  const heads = await Promise.all(codes.map(async (code, i) => {
    const visitor = new Visitor(server.url), program = await Program.signedIn(server, { login: `push-head${i}`, password: PASSWORD });
    await visitor.signIn({ login: `push-head${i}`, password: PASSWORD });
    const got = await until(async () => { const { body } = await program.get(`/api/v1/o/${orgId(server.data, code)}/push/resource/${id}`); return body?.file && body; }, `the video at ${code}`, 60000);
    return { visitor, url: got.file.url };
  }));
  for (const [i, { visitor, url }] of heads.entries()) {
    const from = Math.floor((SIZE / SCHOOLS) * i), to = Math.min(from + MIB, SIZE) - 1;
    const { status, headers, body } = await range(visitor, url, from, to);
    assert.equal(status, 206);
    assert.equal(headers["content-range"], `bytes ${from}-${to}/${SIZE}`);
    assert.ok(body.equals(video.subarray(from, to + 1)), `the bytes at school ${i + 1}`);
  }

  const whole = createHash("sha256");
  for (let at = 0; at < SIZE; at += 8 * MIB) whole.update((await range(heads[0].visitor, heads[0].url, at, Math.min(at + 8 * MIB, SIZE) - 1)).body);
  assert.equal(whole.digest("hex"), wanted, "to the browser");

  const large = kept().filter(({ size }) => size >= MIB);
  assert.deepEqual(large.map(({ size }) => size), [SIZE], "one file for twelve schools");
  const onDisk = createHash("sha256");
  for await (const bytes of createReadStream(large[0].path)) onDisk.update(bytes);
  assert.equal(onDisk.digest("hex"), wanted, "on the disk");
  assert.deepEqual(readdirSync(join(server.data, "uploads")).filter((name) => name !== "lock"), [], "nothing of it is left elsewhere");

  // Taken back, it is gone at all of them, by its address too.
  await made(`resource/${id}/withdraw`, {}, { "if-match": "*" });
  for (const { visitor, url } of heads) assert.equal((await range(visitor, url, 0, 9)).status, 404);
});

test("a school that has switched it off gets it when it is on again; the others do not wait", async () => {
  const ids = codes.map((code) => orgId(server.data, code)), head = new Visitor(server.url), console = `/console/apps/${ids[0]}`;
  await head.signIn({ login: "push-head0", password: PASSWORD });
  const say = async (word) => {
    const form = forms((await head.get(console)).html).find((one) => one.action === `${console}/push` && one.fields.word === word);
    assert.equal((await head.post(form.action, form.fields)).status, 303);
  };
  const pack = await made("pack", { name: "夜间推送", stage: "primary", first: 3, last: 3, owner: `${orgId(server.data, "329900")}.${county}` });
  const there = async () => {
    const lists = await Promise.all(ids.map((id) => clerk.get(`/api/v1/o/${id}/push/delivery?pack=${pack.id}`)));
    return lists.reduce((sum, { status, body }) => sum + (status === 200 ? body.items.length : 0), 0);
  };
  await say("off");
  await made(`pack/${pack.id}/send`, {}, { "if-match": "*" });
  await until(async () => await there() === SCHOOLS - 1, "eleven of twelve", 30000);
  await say("on");
  await until(async () => await there() === SCHOOLS, "the twelfth", 30000);
  const reach = new Visitor(server.url);
  await reach.signIn({ login: "push-clerk", password: PASSWORD });
  assert.equal([...(await reach.get(`/o/${county}/push/pack/${pack.id}/reach`)).html.matchAll(/清溪\d+小/g)].length, SCHOOLS);
});
