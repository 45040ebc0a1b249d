// SPDX-License-Identifier: Apache-2.0
// The school that is measured: a server with data of its own, and leaves in it.
import { cpSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forms, freshData, root, serve } from "../lib/school.mjs";

// A copy of the applications and the bench's own.
export async function product({ program, data = freshData(), settings = {} } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "shuyuan-bench-"));
  cpSync(join(root, "lua"), join(folder, "lua"), { recursive: true });
  cpSync(join(root, "apps"), join(folder, "apps"), { recursive: true });
  cpSync(join(root, "tests/bench/apps"), join(folder, "apps"), { recursive: true });
  return serve({ program, data, settings: {
    platform: folder, workers: 1, "log.level": "error", "http.requests_per_connection": 100000000,
    "auth.per_address": 1000000, "script.wall": "5s", watchdog: "20s", ...settings, // other work may hold a call up
  } });
}

async function askOne(visitor, action, form, reason) {
  const day = new Date(Date.now() + 86400e3).toISOString().slice(0, 10);
  const fields = { ...form.fields, from: day, to: day, reason, _key: reason };
  if (!fields.student) fields.student = form.options[0];
  if ("kind" in form.fields && !fields.kind) fields.kind = form.options.at(-1);
  const answer = await visitor.post(action, fields);
  if (answer.status !== 303) throw new Error(`ask: ${answer.status} ${answer.html.slice(0, 300)}`);
  return fields;
}

// Twenty-four leaves that wait for the teacher.
export async function askSome(server, mum) {
  const form = forms((await mum.get(`/o/${server.org}/leave/ask`)).html).find((one) => "reason" in one.fields);
  let fields;
  for (let i = 0; i < 24; i++) fields = await askOne(mum, form.action, form, `bench-${i}`);
  return { form, fields };
}

export const cookie = (visitor) => ({ Cookie: [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join("; ") });
