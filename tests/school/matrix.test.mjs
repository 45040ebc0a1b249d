// SPDX-License-Identifier: Apache-2.0
// Who may what: every route and every verb of every collection, as the server itself lists them,
// asked by every role from its own class, the same school, another school and another county, and
// by nobody. What is expected is worked out by tests/lib/rules.mjs; what has no expectation fails.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Program } from "../lib/program.mjs";
import { Model } from "../lib/rules.mjs";
import { forms, freshData, serve, shuyuan, until, Visitor } from "../lib/school.mjs";

const SAMPLES = 2; // rows of each kind: those that have to do with the class, those that have not
const lines = (text) => text.trim().split("\n").filter(Boolean).map((line) => JSON.parse(line));
const pace = async (list, work, width = 8) => {
  const left = [...list];
  await Promise.all(Array.from({ length: width }, async () => { while (left.length) await work(left.shift()); }));
};

let server, model, actors, places, samples;
const covered = new Set();
const keyOf = ({ app, method, path }) => `${app} ${method} ${path}`;

// A second county with a school of two classes, and what the schools' offices have entered.
function enlarge(data) {
  const folder = mkdtempSync(join(tmpdir(), "shuyuan-matrix-"));
  const put = (as, org, text) => {
    writeFileSync(join(folder, "file.csv"), text);
    shuyuan(data, ["data", "import", "--as", `base.${as}`, "--org", org, "--commit", join(folder, "file.csv")]);
  };
  writeFileSync(join(folder, "orgs.csv"), "code,parent,kind,name,name_en,stages\n329902,329900,county,清溪区,Qingxi,\n2132990201,329902,school,清溪小学,Qingxi Primary,primary\n");
  shuyuan(data, ["org", "import", join(folder, "orgs.csv")]);
  put("teachers", "2132990201", "工号,姓名,岗位\n1,远教师,\n2,近教师,\n");
  put("classes", "2132990201", "学段,年级,班级,入学年份,班主任工号,班主任姓名\n小学,一年级,一(1)班,2026,1,远教师\n小学,一年级,一(2)班,2026,2,近教师\n");
  put("students", "2132990201", "姓名,年级,班级,学号,监护人1姓名,监护人1关系,监护人1电话\n远学生,一年级,一(1)班,1,远家长,母亲,12955510001\n近学生,一年级,一(2)班,2,近家长,父亲,12955510002\n");
  put("lessons", "2132990201", "年级,班级,星期,节次,科目,教师工号\n一年级,一(1)班,一,1,语文,1\n一年级,一(2)班,一,1,数学,2\n");
  for (const org of ["329901", "329902", "2132990001", "2132990002", "2132990201"]) put("calendar", org, "日期,安排,名称\n2026-10-01,放假,国庆\n2026-10-10,上课,补课\n");
  rmSync(folder, { recursive: true });
}

function exported(data, name, code) {
  return lines(shuyuan(data, ["data", "export", "--as", name, "--org", code, "--json"]));
}

// One snapshot of everything, as the system sees it.
function snapshot(data) {
  const declared = lines(shuyuan(data, ["check", "--json"])), orgs = [], path = [];
  for (const { id, depth, code } of lines(shuyuan(data, ["org", "list", "--json"]))) {
    path[depth] = id;
    orgs.push({ id, code, parent: depth > 0 ? path[depth - 1] : undefined });
  }
  const rows = new Map();
  for (const one of declared.filter(({ kind, app }) => kind === "collection" && app !== "core"))
    rows.set(one.name, one.instance ? exported(data, one.name, "329900") : Object.values(places).flatMap(({ code }) => exported(data, one.name, code)));
  return new Model({ declared, rows, orgs, root: orgs[0].id });
}

// Whoever belongs to a child: its guardian, its head teacher, itself.
function around(student) {
  const held = model.rows("base.class").find(({ id }) => id === student.class);
  const guardian = model.rows("base.guardianship").find((one) => one.student === student.id);
  return { student, class: held, guardian: guardian.guardian, teacher: held.head_person, self: student.person };
}

// A person for each role at each distance from one child.
function choose(own) {
  const students = (org) => model.rows("base.student").filter((one) => model.orgOf(one) === org && model.rows("base.guardianship").some(({ student }) => student === one.id));
  const here = students(places.own.id);
  const at = {
    own, "same class": around(here.find((one) => one.class === own.class.id && one.id !== own.student.id)),
    "same school": around(here.find((one) => one.class !== own.class.id)),
    "other school": around(students(places.other.id)[0]), "other county": around(students(places.far.id)[0]),
  };
  const list = [{ name: "nobody", grants: [], out: true }, { name: "visitor, a role that no rule names", role: "visitor", place: "own", grants: [{ role: "visitor", org: places.own.id }], codes: [["visitor", places.own.code]] }];
  const org = { own: places.own, "same class": places.own, "same school": places.own, "other school": places.other, "other county": places.far };
  const add = (role, place, person, where) => list.push({ name: `${role}, ${place}`, role, place, person, grants: [{ role, org: where.id }], codes: [[role, where.code]] });
  for (const [place, one] of Object.entries(at)) {
    add("guardian", place, one.guardian, org[place]);
    add("student", place, one.self, org[place]);
    if (place !== "same class") add("teacher", place, one.teacher, org[place]);
  }
  for (const role of ["principal", "office"]) for (const place of ["own", "other school", "other county"]) add(role, place, undefined, org[place]);
  add("county", "own", undefined, places.county);
  add("county", "other county", undefined, places.farCounty);
  add("operator", "own", undefined, places.root);
  return list;
}

function enroll(data, actor, at) {
  actor.login = `matrix-${at}`;
  const words = ["user", "add", "--login", actor.login, "--name", actor.name, ...(actor.person ? ["--person", actor.person.slice(27)] : [])];
  for (const [role, code] of actor.codes ?? []) words.push("--role", role, "--org", code);
  shuyuan(data, words, "mingHu-2026\n");
}

async function signIn(actor) {
  actor.program = new Program(server.url);
  actor.visitor = new Visitor(server.url);
  if (actor.out) return;
  const account = { login: actor.login, password: "mingHu-2026" };
  actor.program = await Program.signedIn(server, account);
  await actor.visitor.signIn(account);
  actor.csrf = forms((await actor.visitor.get("/account")).html).find((one) => one.fields._csrf).fields._csrf;
  const me = (await actor.program.get(`/api/v1/o/${places.root.id}/base/person`)).body.items;
  assert.deepEqual(me.map(({ id }) => id), actor.person ? [actor.person] : [], `${actor.name} sees themselves`);
}

// Every collection has something to be seen, from each distance.
async function fill() {
  const day = new Date(Date.now() + 86400e3).toISOString().slice(0, 10);
  for (const actor of actors.filter(({ role }) => role === "guardian")) {
    const { student } = model.rows("base.guardianship").find(({ guardian }) => guardian === actor.person);
    const made = await actor.program.post(`/api/v1/o/${student.slice(0, 26)}/leave/leave`, { student, from: day, to: day, kind: "sick", reason: "秘密" });
    assert.equal(made.status, 201, made.text);
  }
  for (const actor of actors.filter(({ role }) => role === "office")) {
    const at = `/api/v1/o/${actor.grants[0].org}/base`;
    const year = await actor.program.post(`${at}/year`, { name: "2026", begins: "2026-08-01", ends: "2027-08-01" });
    assert.equal(year.status, 201, year.text);
    assert.equal((await actor.program.post(`${at}/term`, { year: year.body.id, ordinal: 1, begins: "2026-09-01", ends: "2027-01-20" })).status, 201);
  }
}

// The roll of a teacher's class, as its sheet lists the pupils: one of them ill, which is an alarm already.
async function takeRoll(actor) {
  const at = `/api/v1/o/${actor.grants[0].org}`;
  const [pupil] = (await actor.program.get(`${at}/base/student?limit=1`)).body.items;
  const sheet = await until(async () => (await actor.program.get(`${at}/roll/sheet`)).body.items.find((one) => one.class === pupil.class), "the day's sheets");
  const done = await actor.program.post(`${at}/roll/sheet/${sheet.id}/take`, { [pupil.id]: "fever" }, { "if-match": "*" });
  assert.ok(done.status < 400, `${done.status} ${done.text}`);
}

async function fillRoll() {
  const of = (role, place) => actors.find((one) => one.role === role && one.place === place);
  const org = places.own.id, office = of("office", "own"), teacher = of("teacher", "own");
  const set = await office.visitor.submit(`/console/settings/${org}/roll`, { alike_in_a_day: "1" }, (form) => "alike_in_a_day" in form.fields);
  assert.equal(set.status, 303, set.html);
  await takeRoll(teacher);
  const [leave] = (await teacher.program.get(`/api/v1/o/${org}/leave/leave`)).body.items;
  assert.ok((await teacher.program.post(`/api/v1/o/${org}/leave/leave/${leave.id}/grant`, {}, { "if-match": "*" })).status < 300);
  for (const name of ["alarm", "excuse"]) await until(() => exported(server.data, `roll.${name}`, places.own.code).length > 0, `roll.${name}`);
}

// What a class teacher tells the families of the class.
async function fillNotice() {
  for (const place of ["own", "other school"]) {
    const teacher = actors.find((one) => one.role === "teacher" && one.place === place);
    const held = model.rows("base.class").find(({ head_person }) => head_person === teacher.person);
    const made = await teacher.program.post(`/api/v1/o/${model.orgOf(held)}/notice/notice`, { scope: "class", class: held.id, title: "春游", body: "请带水。", ask: "choice", options: "去\n不去" });
    assert.equal(made.status, 201, made.text);
    await until(() => exported(server.data, "notice.receipt", places.root.code).some(({ notice }) => notice === made.body.id), "receipts");
  }
}

// A picture in one part, by a program.
async function upload(actor, org, field) {
  const b64 = (text) => Buffer.from(text).toString("base64"), bytes = Buffer.from("%PDF-1.4\n%%EOF\n");
  const { status, headers } = await fetch(new URL("/uploads/", server.url), {
    method: "POST", body: bytes, headers: {
      authorization: `Bearer ${actor.program.token}`, "tus-resumable": "1.0.0", "upload-length": String(bytes.length),
      "content-type": "application/offset+octet-stream", "upload-metadata": `org ${b64(org)},field ${b64(field)}`,
    },
  });
  assert.equal(status, 201);
  return headers.get("location").split("/").at(-1);
}

// A pack of each county that is sent, with one resource more that was taken back, and one that is not sent.
async function fillPush() {
  for (const clerk of actors.filter(({ role }) => role === "county")) {
    const org = clerk.grants[0].org, at = `/api/v1/o/${org}/push`, made = [];
    const make = async (collection, values) => {
      const answer = await clerk.program.post(`${at}/${collection}`, values);
      assert.equal(answer.status, 201, answer.text);
      return answer.body;
    };
    for (const name of ["推送", "准备"]) made.push(await make("pack", { name, stage: "primary", first: 1, last: 6, owner: `${places.root.id}.${org}` }));
    for (const pack of [made[0], made[0], made[1]])
      made.push(await make("resource", { pack: pack.id, name: "课件", licence: "open", channel: "made", file: await upload(clerk, org, "push.resource.file") }));
    for (const [one, word] of [[made[0], "send"], [made[2], "withdraw"]]) {
      const done = await clerk.program.post(`${at}/${word === "send" ? "pack" : "resource"}/${one.id}/${word}`, {}, { "if-match": "*" });
      assert.ok(done.status < 300, done.text);
    }
    const reader = actors.filter(({ role, grants }) => role === "teacher" && model.under(grants[0].org, org));
    for (const one of [...reader, ...actors.filter(({ role, place }) => role === "student" && place === "own" && clerk.place === "own")]) {
      const path = `/api/v1/o/${one.grants[0].org}/push`;
      await until(async () => (await one.program.get(`${path}/resource`)).body.items.length > 0, `what was sent to ${one.name}`);
      assert.equal((await one.program.post(`${path}/note`, { resource: made[3].id, text: "笔记" })).status, 201);
      if (one.role === "teacher") assert.equal((await one.program.post(`${path}/rating`, { resource: made[3].id, stars: 4 })).status, 201);
    }
  }
}

// A class's term in publicity, its record challenged, and one that is open.
async function fillAppraisal() {
  const of = (role) => actors.find((one) => one.role === role && one.place === "own").program;
  const at = `/api/v1/o/${places.own.id}/appraisal`, office = of("office"), teacher = of("teacher"), pupil = of("student");
  const done = (answer) => { assert.ok(answer.status < 400, `${answer.status} ${answer.text}`); return answer.body?.id; };
  const act = async (who, path, form = {}) => done(await who.post(`${at}/${path}`, form, { "if-match": "*" }));
  const make = async (who, name, values) => done(await who.post(`${at}/${name}`, values));
  const [student] = (await pupil.get(`/api/v1/o/${places.own.id}/base/student`)).body.items;
  const drafts = [await make(office, "edition", { name: "2026" }), await make(office, "edition", { name: "2027" })], leaves = [];
  for (const edition of drafts) leaves.push(await make(office, "indicator", { edition, name: "志愿服务", place: 1 }));
  await act(office, `edition/${drafts[0]}/publish`);
  const record = { student: student.id, indicator: leaves[0], name: "义卖", date: "2026-03-02", text: "秘密" };
  for (const term of ["2026 春", "2026 秋"]) {
    const round = await make(teacher, "round", { class: student.class, edition: drafts[0], name: term });
    const evidence = await make(pupil, "evidence", { round, ...record });
    if (term === "2026 秋") continue;
    await act(teacher, `evidence/${evidence}/accept`, { level: "good" });
    await act(pupil, `evidence/${evidence}/choose`);
    await act(teacher, `round/${round}/publish`);
    await act(of("guardian"), `evidence/${evidence}/challenge`, { reason: "秘密" });
  }
}

// A few rows of each organisation: such that name the child or what is around it, and others.
function sample(name, own) {
  const keys = [own.student.id, own.class.id, own.guardian, own.teacher, own.self], found = [];
  const about = (row) => keys.filter((key) => Object.values(row).includes(key)).length;
  for (const { id } of Object.values(places)) {
    const rows = model.rows(name).filter((row) => model.orgOf(row) === id);
    found.push(...rows.filter(about).sort((a, b) => about(b) - about(a)).slice(0, SAMPLES), ...rows.filter((row) => !about(row)).slice(0, SAMPLES));
  }
  return found;
}

before(async () => {
  const data = freshData();
  enlarge(data);
  const codes = { own: "2132990001", other: "2132990002", far: "2132990201", county: "329901", farCounty: "329902", root: "329900" };
  const orgs = lines(shuyuan(data, ["org", "list", "--json"]));
  places = Object.fromEntries(Object.entries(codes).map(([place, code]) => [place, { code, id: orgs.find((one) => one.code === code).id }]));
  model = snapshot(data);
  const child = model.rows("base.student").find((one) => model.orgOf(one) === places.own.id && model.rows("base.guardianship").some(({ student }) => student === one.id) &&
    model.rows("base.student").some((other) => other.class === one.class && other.id !== one.id));
  const own = around(child);
  actors = choose(own);
  actors.filter(({ out }) => !out).forEach((actor, at) => enroll(data, actor, at));
  server = await serve({ data });
  for (const actor of actors) await signIn(actor);
  await fill();
  await fillRoll();
  await fillNotice();
  await fillPush();
  await fillAppraisal();
  model = snapshot(data);
  samples = new Map([...model.collections.keys()].map((name) => [name, sample(name, own)]));
});
after(() => server?.remove());

const isPublic = (one) => one.app !== "core" && one.app !== "platform";
const api = (one, org, rest = "") => `/api/v1/o/${org}/${one.app}/${one.name.split(".")[1]}${rest}`;
const cell = (actor, what) => `${actor.name}: ${what}`;
const same = (answer, status, what) => assert.ok([status].flat().includes(answer.status), `${what} → ${answer.status}, not ${status}\n${(answer.text ?? answer.html).slice(0, 300)}`);

// As the model knows a record: of a file its id.
const known = (record) => Object.fromEntries(Object.entries(record).map(([name, value]) => [name, value?.url ? `${record.id.slice(0, 26)}.${value.id}` : value]));

// The whole list, page by page.
async function listed(actor, one, org) {
  const items = [];
  for (let next = ""; next !== null;) {
    const answer = await actor.program.get(api(one, org, `?limit=200${next && `&after=${next}`}`));
    assert.equal(answer.status, 200, answer.text);
    items.push(...answer.body.items.map(known));
    next = answer.body.next;
  }
  return items;
}

test("the people of the matrix stand at every distance, and everything has rows", () => {
  const roles = new Set(model.routes.filter(({ app }) => app !== "platform").flatMap(({ allow }) => allow).filter((role) => !["anyone", "everyone", "app"].includes(role)));
  for (const role of roles) {
    const found = actors.filter((actor) => actor.role === role).map(({ place }) => place);
    for (const place of ["own", "other county"]) assert.ok(found.includes(place), `${role}, ${place}`);
  }
  for (const one of [...model.collections.values()].filter(isPublic)) assert.ok(samples.get(one.name).length > 0, `${one.name} has rows`);
});

test("lists hold the rows and fields that the rules open, and nothing else", async () => {
  let rows = 0;
  for (const one of [...model.collections.values()].filter(isPublic))
    await pace(actors, async (actor) => {
      for (const { id } of Object.values(places)) {
        if (actor.out) { same(await actor.program.get(api(one, id)), 401, cell(actor, one.name)); continue; }
        const owner = one.instance ? places.root.id : id;
        const wanted = model.rows(one.name).filter((row) => model.orgOf(row) === owner).map((row) => model.seen(actor, one.name, row)).filter(Boolean);
        const items = await listed(actor, one, id);
        const order = (list) => [...list].sort((a, b) => (a.id < b.id ? -1 : 1));
        assert.deepEqual(order(items), order(wanted), cell(actor, api(one, id)));
        rows += items.length;
      }
    });
  assert.ok(rows > 1000, `${rows} rows were compared`);
});

test("a record is there for whom the rules open it, with the fields they open", async () => {
  const seen = { yes: 0, no: 0 };
  for (const one of [...model.collections.values()].filter(isPublic))
    await pace(actors, async (actor) => {
      for (const row of samples.get(one.name)) {
        const answer = await actor.program.get(api(one, door(actor, one, row), `/${row.id}`)), wanted = model.seen(actor, one.name, row);
        const what = cell(actor, `${one.name} ${JSON.stringify(row)}`);
        same(answer, actor.out ? 401 : wanted ? 200 : 404, what);
        if (wanted && !actor.out) assert.deepEqual(known(answer.body), wanted, what);
        // So with its files: whoever may read the field, from any school, and nobody beside.
        for (const { name } of one.fields.filter(({ type, name: field }) => type === "file" && row[field] && !actor.out))
          same(await actor.program.get(`/files/${row[name].slice(27)}`), wanted?.[name] ? 200 : 404, what);
        seen[wanted ? "yes" : "no"]++;
        // Another's address is no way around.
        if (!actor.out && !wanted) same(await actor.program.get(api(one, places.own.id, `/${row.id}`)), 404, what);
      }
    });
  assert.ok(seen.yes > 100 && seen.no > 100, JSON.stringify(seen));
});

// Where a record is asked for: at its organisation; what is the instance's, wherever one is.
const door = (actor, one, row) => one.instance ? actor.grants[0]?.org ?? places.own.id : model.orgOf(row);

test("tables and choices say no more than records do", async () => {
  const route = model.routes.find((one) => keyOf(one) === "leave GET /desk.csv"), seen = { rows: 0, hidden: 0, children: 0 };
  await pace(actors.filter(({ out }) => !out), async (actor) => {
    for (const { id } of Object.values(places)) {
      if (model.mayUse(actor, route, id)) {
        const wanted = model.rows("leave.leave").filter((row) => model.under(model.orgOf(row), id)).map((row) => model.seen(actor, "leave.leave", row)).filter(Boolean);
        const [head, ...lines] = (await actor.visitor.get(`/o/${id}/leave/desk.csv`)).html.replace(/^\ufeff/, "").split("\r\n").filter(Boolean).map((line) => line.split(","));
        const at = head.indexOf("原因");
        assert.deepEqual(lines.map((line) => line[at]).sort(), wanted.map(({ reason }) => reason ?? "").sort(), cell(actor, `table at ${id}`));
        seen.rows += lines.length;
        seen.hidden += lines.filter((line) => line[at] === "").length;
      }
      if (model.mayUse(actor, { allow: ["guardian"] }, id)) {
        const page = (await actor.visitor.get(`/o/${id}/leave/ask`)).html;
        const children = model.members(model.sets.get("children"), { actor, collection: model.collections.get("leave.leave"), at: id }).filter((ref) => ref.startsWith(id));
        const offered = [...page.slice(page.indexOf('name="student"') - 200).matchAll(/value="(\w{26}\.\w{26})"/g)].map(([, value]) => value);
        assert.deepEqual([...new Set(offered)].sort(), children.sort(), cell(actor, `choices at ${id}`));
        seen.children += children.length;
      }
    }
  });
  assert.ok(seen.rows > 10 && seen.hidden > 0 && seen.children > 3, JSON.stringify(seen));
});

// What a program's write is to get before anything is changed: by role, then by what is there.
function gate(actor, route, one, row) {
  if (actor.out) return 401;
  if (!route) return 405;
  if (!model.mayUse(actor, route, door(actor, one, row))) return 403;
  return model.seen(actor, one.name, row) ? undefined : 404;
}

test("each field is changed by whom a rule opens it, and refused to the others by its name", async () => {
  const seen = {};
  for (const one of [...model.collections.values()].filter(isPublic)) {
    const route = model.routes.find(({ app, method, path }) => app === one.app && method === "UPDATE" && path === `/${one.name.split(".")[1]}/{id}`);
    await pace(actors, async (actor) => {
      for (const row of samples.get(one.name)) {
        const patch = (names) => actor.program.patch(api(one, door(actor, one, row), `/${row.id}`), Object.fromEntries(names.map((name) => [name, row[name] ?? null])), "*");
        const what = cell(actor, `PATCH ${one.name} ${JSON.stringify(row)}`), stopped = gate(actor, route, one, row);
        const open = model.fields(actor, "update", one.name, row), names = one.fields.map(({ name }) => name);
        const answer = await patch(names), closed = names.filter((name) => !open.has(name));
        same(answer, stopped ?? (closed.length > 0 ? 403 : 200), what);
        if (!stopped && open.size > 0 && closed.length > 0) assert.deepEqual(answer.body.fields.map(({ field }) => field), closed.sort(), what);
        if (!stopped && open.size > 0) same(await patch(names.filter((name) => open.has(name))), 200, what);
        seen[stopped ?? (open.size > 0 ? "changed" : "denied")] = true;
      }
    });
    if (route) covered.add(keyOf(route));
  }
  for (const outcome of [401, 403, 404, 405, "changed", "denied"]) assert.ok(seen[outcome], `somebody got ${outcome}`);
});

test("a record is deleted by whom a rule lets, and by nobody else", async () => {
  const seen = {};
  for (const one of [...model.collections.values()].filter(isPublic)) {
    const route = model.routes.find(({ app, method, path }) => app === one.app && method === "REMOVE" && path === `/${one.name.split(".")[1]}/{id}`);
    await pace(actors, async (actor) => {
      for (const row of samples.get(one.name)) {
        const may = model.fields(actor, "delete", one.name, row).size > 0;
        const outcome = gate(actor, route, one, row) ?? (may ? 412 : 403); // a version that never was: it stays
        same(await actor.program.delete(api(one, door(actor, one, row), `/${row.id}`), '"999999"'), outcome, cell(actor, `DELETE ${one.name} ${JSON.stringify(row)}`));
        seen[outcome] = true;
      }
    });
    if (route) covered.add(keyOf(route));
  }
  for (const outcome of [401, 403, 405, 412]) assert.ok(seen[outcome], `somebody got ${outcome}`);
});

// "/leave/{id}/grant" → the collection of its records; undefined: of none.
function collectionOf(route) {
  const found = /^\/(\w+)\/\{id\}(\/\w+)?$/.exec(route.path);
  return found && model.collections.get(`${route.app}.${found[1]}`);
}

test("actions are there for their roles, on the rows they may see", async () => {
  for (const route of model.routes.filter((one) => one.method === "POST" && one.app !== "platform" && collectionOf(one))) {
    const one = collectionOf(route), seen = {};
    await pace(actors, async (actor) => {
      for (const row of samples.get(one.name)) {
        const org = door(actor, one, row);
        const outcome = actor.out ? 401 : !model.mayUse(actor, route, org) || !model.seen(actor, one.name, row) ? 404 : 412;
        const path = `/api/v1/o/${org}/${route.app}${route.path.replace("{id}", row.id)}`;
        same(await actor.program.post(path, {}, { "if-match": '"999999"' }), outcome, cell(actor, path));
        seen[outcome] = true;
      }
    });
    for (const outcome of [401, 404, 412]) assert.ok(seen[outcome], `${keyOf(route)}: somebody got ${outcome}`);
  }
});

// Pages of the platform whose place stands in their own address: who may is worked out here.
const managed = (collection, path, status = 200) => (actor) => Object.values(places).map(({ id }) =>
  [path.replace("{org}", id), model.fields(actor, "create", collection, { id: `${id}.x` }).size > 0 ? status : 404]);
const special = {
  "platform GET /console/settings/{org}": managed("platform.setting", "/console/settings/{org}"),
  "platform GET /console/settings/{org}/{app}": managed("platform.setting", "/console/settings/{org}/leave"),
  "platform POST /console/settings/{org}/{app}": managed("platform.setting", "/console/settings/{org}/leave", 303),
  "platform GET /console/apps/{org}": managed("platform.switch", "/console/apps/{org}"),
  "platform POST /console/apps/{org}/{app}": managed("platform.switch", "/console/apps/{org}/leave", 303),
  "platform POST /inbox/{id}": (actor) => model.rows("platform.notice").slice(0, 6).map((row) => [`/inbox/${row.id}`, model.seen(actor, "platform.notice", row) ? 303 : 404]),
};

function signedOut(route) {
  return route.allow.includes("everyone") ? [200] : route.method === "GET" ? [303] : [401];
}

// A page of an app, of one organisation and, where it is about one, of a record.
function cells(actor, route) {
  if (special[keyOf(route)]) return special[keyOf(route)](actor);
  const one = collectionOf(route);
  assert.ok(one || !route.path.includes("{"), `${keyOf(route)}: nobody has said what is expected of it`);
  if (route.app === "platform") return [[route.path, [200, 303]]];
  const spots = one ? samples.get(one.name).map((row) => [door(actor, one, row), row]) : Object.values(places).map(({ id }) => [id]);
  return spots.map(([org, row]) => {
    const may = model.mayUse(actor, route, org) && (!row || model.seen(actor, one.name, row));
    return [`/o/${org}/${route.app}${route.path.replace("{id}", row?.id)}`, may ? [200, 303] : 404];
  });
}

test("pages are there for their roles, and for nobody else", async () => {
  for (const route of model.routes.filter(({ method }) => method === "GET")) {
    await pace(actors, async (actor) => {
      for (const [path, outcome] of cells(actor, route)) {
        const answer = await actor.visitor.get(path);
        same(answer, actor.out ? signedOut(route) : outcome, cell(actor, path));
      }
    });
    covered.add(keyOf(route));
  }
});

test("forms are taken from their roles with the form's token, and from nobody else", async () => {
  for (const route of model.routes.filter(({ method }) => method === "POST")) {
    await pace(actors, async (actor) => {
      for (const [path, outcome] of cells(actor, route)) {
        const denied = outcome === 404, what = cell(actor, `POST ${path}`);
        if (actor.out) { same(await actor.visitor.post(path, {}), 401, what); continue; }
        // Without the token nothing happens; by then it is known whether there is such a page.
        same(await actor.visitor.post(path, {}), denied ? [403, 404] : 403, what);
        if (denied) same(await actor.visitor.post(path, { _csrf: actor.csrf }), 404, what);
      }
    });
    covered.add(keyOf(route));
  }
});

test("records are made by whom the rules let, and each one made was to be", async () => {
  const made = [];
  for (const route of model.routes.filter(({ method }) => method === "CREATE")) {
    const one = model.collections.get(`${route.app}.${route.path.slice(1)}`);
    covered.add(keyOf(route));
    await pace(actors, async (actor) => {
      // What is nobody's to write, a person, is whoever makes the record.
      const own = Object.fromEntries(one.fields.filter(({ readonly, ref }) => readonly && ref === "base.person").map(({ name }) => [name, actor.person]));
      for (const sampled of isPublic(one) ? samples.get(one.name) : [{ id: `${places.own.id}.x` }]) {
        const row = { ...sampled, ...own };
        const org = model.orgOf(row), open = model.fields(actor, "create", one.name, row);
        const names = one.fields.filter(({ name, readonly, from }) => !readonly && !from && row[name] !== undefined).map(({ name }) => name);
        const send = (some) => actor.program.post(api(one, org), Object.fromEntries(some.map((name) => [name, row[name]])));
        const what = cell(actor, `POST ${one.name} ${JSON.stringify(row)}`);
        if (actor.out) { same(await send(names), isPublic(one) ? 401 : 404, what); continue; }
        if (!isPublic(one)) { same(await send(names), 404, what); continue; }
        if (!model.mayUse(actor, route, org)) { same(await send(names), 403, what); continue; }
        const closed = names.filter((name) => !open.has(name));
        if (open.size === 0 || closed.length > 0) same(await send(names), [403, 422], what);
        if (open.size === 0) continue;
        const answer = await send(names.filter((name) => open.has(name)));
        same(answer, [201, 422], what);
        if (answer.status === 201) made.push([one.name, answer.body.id]);
        else assert.equal(answer.body.fields[0].code, "unique", what);
      }
    });
  }
  assert.ok(made.length > 0);
  const now = snapshot(server.data);
  for (const [name, rows] of now.data) {
    if (name === "platform.notice" || name === "notice.receipt") continue; // told by jobs
    const before = new Set(model.rows(name).map(({ id }) => id)), known = new Set(made.map(([, id]) => id));
    assert.deepEqual(rows.filter(({ id }) => !before.has(id) && !known.has(id)), [], `${name}: nothing else was made`);
    const old = model.rows(name);
    assert.deepEqual(rows.filter(({ id }) => before.has(id)), old, `${name}: nothing was changed, nothing has gone`);
  }
});

test("no route is without a cell", () => {
  assert.deepEqual(model.routes.map(keyOf).filter((key) => !covered.has(key) && !/^platform (CREATE|UPDATE|REMOVE) /.test(key)), []);
});

test("collections of the core and of the platform have no address", async () => {
  await pace(actors.filter(({ out }) => !out), async (actor) => {
    for (const one of [...model.collections.values()].filter((other) => !isPublic(other)))
      for (const [method, rest] of [["GET", ""], ["POST", ""], ["GET", `/${places.own.id}`], ["PATCH", `/${places.own.id}`], ["DELETE", `/${places.own.id}`], ["OPTIONS", ""]])
        same(await actor.program.ask(method, api(one, places.own.id, rest), method === "GET" ? undefined : {}), 404, cell(actor, `${method} ${one.name}${rest}`));
  });
});
