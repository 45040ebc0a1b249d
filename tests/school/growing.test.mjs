// SPDX-License-Identifier: Apache-2.0
// An app whose collections change between two starts: what nobody has to decide is done, also over
// a kill; what breaks is refused, and the records are kept.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { binary, forms, freshData, product, root, serve, shuyuan, signedIn } from "../lib/school.mjs";

const MANY = 6000;
let folder, data, main, server, teacher, first;

before(async () => {
  folder = product(join(root, "tests/school/apps/growing"));
  main = join(folder, "apps/growing/main.lua");
  first = readFileSync(main, "utf8");
  data = freshData();
  await start();
  const csrf = forms((await teacher.get("/account")).html).find((form) => form.fields._csrf).fields._csrf;
  for (let at = 0; at < MANY; at += 500) {
    const answer = await teacher.post(`/o/${server.org}/growing/many`, { _csrf: csrf, _key: `many-${at}`, first: at, count: 500 });
    assert.equal(answer.status, 200);
  }
  await server.stop();
});
after(async () => { await server?.remove(); rmSync(folder, { recursive: true }); });

async function start() {
  server = await serve({ data, settings: { platform: folder } });
  teacher = await signedIn(server, "teacher");
}
const clubs = async (query = "") => JSON.parse((await teacher.get(`/o/${server.org}/growing/${query}`)).html);
const said = (event) => server.lines().filter((line) => line.event === event);

const second = () => first
  .replace("    size =", '    kind = {one_of = {"sport", "music"}, default = "sport"},\n    size =')
  .replace('index = {{"name"}}', 'index = {{"name"}, {"kind", "size"}}').replace("between = {1, 30}", "between = {1, 300}")
  .replace("rows({name = req.query.name", "rows({kind = req.query.kind, name = req.query.name");

test("killed while its records are brought up to date it serves nobody, and goes on at the next start", async () => {
  writeFileSync(main, second());
  const child = spawn(binary, ["serve", "-c", join(root, "config/demo.yaml"), "--set", `data=${data}`, "--set", `platform=${folder}`,
    "--set", "listen=127.0.0.1:0", "--set", "admin.listen=127.0.0.1:0", "--set", "log.level=info"], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let out = "", log = "";
  child.stdout.on("data", (bytes) => { out += bytes; });
  child.stderr.on("data", (bytes) => {
    log += bytes;
    if (log.includes("brought up to date")) child.kill("SIGKILL"); // its process for this dies with it
  });
  await new Promise((done) => child.on("exit", done));
  assert.match(log, /records are brought up to date.*"collection":"growing\.club"/);
  assert.doesNotMatch(out, /serving/);
  await start();
  const [line] = said("records are up to date");
  assert.equal(line.collection, "growing.club");
  assert.ok(line.records < MANY, `${line.records} were left to do`);
  assert.equal((await clubs("?kind=sport")).count, 1000); // as many as it asks for
  assert.deepEqual(await clubs("?kind=music"), { count: 0 });
  assert.deepEqual(await clubs("?name=club%20700&kind=sport"), { count: 1, first: "club 700" });
  await server.stop();
});

test("the same version again has nothing to do", async () => {
  await start();
  assert.deepEqual(said("records are up to date"), []);
  await server.stop();
});

test("what breaks puts the app into quarantine with the reason, its records stay, the rest runs", async () => {
  writeFileSync(main, second().replace("    size = {type = \"integer\", between = {1, 300}},\n", "").replace(', {"kind", "size"}', ', {"kind"}').replace(", size = i % 30 + 1", ""));
  await start();
  assert.equal((await teacher.get(`/o/${server.org}/growing/`)).status, 404);
  assert.equal((await teacher.get(`/o/${server.org}/leave/desk`)).status, 200);
  const [line] = server.lines().filter((one) => one.app === "growing" && JSON.stringify(one).includes("growing.club.size"));
  assert.match(JSON.stringify(line), /growing\.club\.size: the field is gone; its records are kept as they are/);
  await server.stop();
  writeFileSync(main, second());
  await start();
  assert.equal((await clubs("?kind=sport")).count, 1000);
  const all = shuyuan(data, ["data", "export", "--as", "growing.club", "--org", server.accounts.teacher.org, "--json", "--set", `platform=${folder}`]).trim().split("\n").map((one) => JSON.parse(one));
  assert.equal(all.length, MANY);
  assert.ok(all.every((one) => one.kind === "sport" && one.size >= 1));
});
