// SPDX-License-Identifier: Apache-2.0
// Settings in layers: who may set what, what holds where, what becomes of a secret.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { forms, leaveForm, orgId, product, root, serve, signedIn } from "../lib/school.mjs";

let server, folder, office, county, mum, teacher, countyOrg, otherSchool;

before(async () => {
  folder = product(join(root, "tests/school/apps/envelope"));
  server = await serve({ settings: { platform: folder } });
  [office, county, mum, teacher] = await Promise.all(["office", "county", "guardian", "teacher"].map((role) => signedIn(server, role)));
  countyOrg = orgId(server.data, "329901");
  otherSchool = orgId(server.data, "2132990002");
});
after(async () => { await server?.remove(); rmSync(folder, { recursive: true }); });

const path = (org, app) => `/console/settings/${org}${app ? `/${app}` : ""}`;
async function set(who, org, app, values) {
  const form = forms((await who.get(path(org, app))).html).find((one) => one.action === path(org, app));
  return who.post(form.action, { ...form.fields, ...await shown(who, org, app), ...values });
}
// What radios and menus hold, as a browser would send it.
async function shown(who, org, app) {
  const { html } = await who.get(path(org, app));
  return Object.fromEntries([...html.matchAll(/<input type="radio" name="([^"]+)" value="([^"]*)" checked/g)].map(([, name, value]) => [name, value]));
}
const holds = async (query = "") => JSON.parse((await mum.get(`/o/${server.org}/envelope/${query}`)).html);
const words = (html) => html.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");

test("only who manages an organisation finds its settings", async () => {
  for (const who of [mum, teacher]) {
    assert.equal((await who.get(path(server.org))).status, 404);
    assert.equal((await who.get(path(server.org, "leave"))).status, 404);
  }
  assert.equal((await office.get(path(countyOrg))).status, 404);
  assert.equal((await office.get(path(otherSchool))).status, 404);
  assert.equal((await office.get(path("nonsense"))).status, 404);
  assert.equal((await office.get(path(server.org, "nothing"))).status, 404);
  assert.equal((await county.get(path(otherSchool))).status, 200);
  assert.match((await office.get("/")).html, new RegExp(`href="/console/settings/${server.org}"`));
  assert.doesNotMatch((await teacher.get("/")).html, /console\/settings/);
});

test("what a school sets holds there from then on, and the default elsewhere", async () => {
  assert.deepEqual(await holds(), { colour: "green", quiet: false, weight: 2, has_code: false, fits: false });
  assert.equal((await set(office, server.org, "envelope", { colour: "red", quiet: "true", weight: "4.5" })).status, 303);
  assert.deepEqual(await holds(), { colour: "red", quiet: true, weight: 4.5, has_code: false, fits: false });
  assert.equal(JSON.parse((await county.get(`/o/${otherSchool}/envelope/`)).html).colour, "green");
});

test("what is wrong comes back by its key with the text kept, and nothing is stored", async () => {
  const answer = await set(office, server.org, "envelope", { weight: "90", colour: "blue" });
  assert.equal(answer.status, 422);
  assert.match(answer.html, /value="90"/);
  assert.match(words(answer.html), /Weight：超出了上级允许的范围/);
  assert.equal((await holds()).colour, "red");
  assert.equal((await set(office, server.org, "envelope", { weight: "heavy" })).status, 422);
});

test("a county narrows; what a school had set is told with what was kept, and wider is refused", async () => {
  assert.equal((await set(county, countyOrg, "envelope", { "weight.high": "3", "colour.red": "false" })).status, 303);
  const now = await holds();
  assert.equal(now.weight, 2); // the school's 4.5 is out of bounds, the default is what is left
  assert.equal(now.colour, "green");
  const page = words((await office.get(path(server.org, "envelope"))).html);
  assert.match(page, /Weight：.*填的 4\.5 超出了现在的范围，没有生效，现按 2/);
  assert.match(page, /Colour：.*选的 red 现在不可选，没有生效，现按 Green 执行/);
  assert.match(page, /可填 0\.5 至 3（/);
  assert.match(words((await office.get(path(server.org))).html), /2 处没有生效/);
  assert.equal((await set(office, server.org, "envelope", { weight: "4", colour: "green" })).status, 422);
  assert.equal((await set(office, server.org, "envelope", { weight: "", colour: "inherit" })).status, 303);
  assert.doesNotMatch(words((await office.get(path(server.org, "envelope"))).html), /没有生效/);
  const wider = await set(county, countyOrg, "envelope", { "weight.high": "60" });
  assert.equal(wider.status, 422);
  assert.match(words(wider.html), /不能比上级允许的范围更宽/);
});

test("a secret is given to the app, sealed in the store and shown to nobody", async () => {
  const secret = "Xq7-never-seen-again";
  assert.equal((await set(county, countyOrg, "envelope", { code: secret })).status, 303);
  assert.deepEqual([(await holds()).has_code, (await holds(`?code=${secret}`)).fits], [true, true]);
  const page = await county.get(path(countyOrg, "envelope"));
  assert.ok(!page.html.includes("Xq7") && !page.html.includes("again"));
  assert.match(words(page.html), /已由.*设置，不再显示/);
  assert.ok(!(await office.get(path(server.org, "envelope"))).html.includes("Xq7"));
  for (const file of readdirSync(server.data).filter((name) => name.endsWith(".mdb"))) assert.ok(!readFileSync(join(server.data, file)).includes(secret), file);
  assert.ok(!server.log.includes(secret));
  assert.equal((await set(county, countyOrg, "envelope", { "weight.high": "5" })).status, 303); // left empty it stays
  assert.ok((await holds(`?code=${secret}`)).fits);
  assert.equal((await set(county, countyOrg, "envelope", { "code.remove": "true" })).status, 303);
  assert.equal((await holds()).has_code, false);
});

test("a school does not set what is the county's, even past the form", async () => {
  const page = await office.get(path(server.org, "envelope"));
  const form = forms(page.html).find((one) => one.action === path(server.org, "envelope"));
  assert.ok(!("code" in form.fields));
  assert.match(words(page.html), /由上级设置/);
  assert.equal((await office.post(form.action, { ...form.fields, code: "mine" })).status, 303);
  assert.equal((await holds()).has_code, false);
});

test("leave asks its setting: what is too long for the teacher follows it", async () => {
  const day = (offset) => new Date(Date.now() + offset * 86400e3).toISOString().slice(0, 10);
  const granted = async (from) => {
    const { path: to, fields } = await leaveForm(server, mum, { from: day(from), to: day(from + 6), reason: "七天" });
    const record = (await mum.post(to, fields)).headers.get("location").split("?")[0];
    const form = forms((await teacher.get(record)).html).find((one) => one.action.endsWith("/grant"));
    assert.equal((await teacher.post(form.action, form.fields)).status, 303);
    return /已同意/.test((await mum.get(record)).html);
  };
  assert.equal(await granted(1), false);
  assert.equal((await set(office, server.org, "leave", { max_days: "7" })).status, 303);
  assert.equal(await granted(11), true);
});

test("who changed what stands in the audit log, a secret only as that", async () => {
  const store = readFileSync(join(server.data, "data.mdb")).toString("latin1");
  assert.match(store, /"action":"setting","object":"leave\.max_days","detail":"\d+: 7"/);
  assert.match(store, /"action":"setting","object":"envelope\.code","detail":"329901: a secret"/);
});
