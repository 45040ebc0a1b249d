// SPDX-License-Identifier: Apache-2.0
// The name that the operator gave: on the sign-in page, in every title, and beside other apps.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { serve, signedIn, Visitor } from "../lib/school.mjs";

const NAME = '明湖 <"A&B"> 教育';
let server;

before(async () => { server = await serve({ settings: { name: NAME } }); });
after(() => server?.remove());

const escaped = NAME.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

test("who is about to sign in sees where", async () => {
  const { html } = await new Visitor(server.url).get("/login");
  assert.match(html, /<title>[^<]* - 明湖 &lt;/);
  assert.ok(html.includes(`<span>${escaped}`) || html.includes(`<span>${escaped.replace(/"/g, "&#34;")}`), html);
  assert.ok(!html.includes(NAME));
});

test("every title says it, in errors too", async () => {
  const mum = await signedIn(server, "guardian");
  for (const path of ["/", "/account", "/help", "/nowhere", `/o/${server.org}/leave/mine`]) assert.match((await mum.get(path)).html, /<title>[^<]* - 明湖 &lt;/, path);
});

test("a device that keeps the page beside its apps learns name and picture", async () => {
  const visitor = new Visitor(server.url);
  const { html } = await visitor.get("/login");
  const [, path] = /<link rel="manifest" href="([^"]+)">/.exec(html);
  assert.equal(path, "/manifest.webmanifest");
  const answer = await visitor.get(path);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get("content-type"), /^application\/(manifest\+)?json/);
  const manifest = JSON.parse(answer.html);
  assert.equal(manifest.name, NAME);
  assert.equal(manifest.start_url, "/");
  const icon = await visitor.get(manifest.icons[0].src);
  assert.equal(icon.status, 200);
  assert.equal(icon.headers.get("content-type"), manifest.icons[0].type);
  assert.match(answer.headers.get("content-security-policy") ?? "", /./);
  assert.match((await visitor.get("/login")).headers.get("content-security-policy"), /manifest-src 'self'|default-src 'self'/);
});
