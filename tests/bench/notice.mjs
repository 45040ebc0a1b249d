// SPDX-License-Identifier: Apache-2.0
// A notice to a school: 1,200 guardians have their inbox open; from the press of the button until
// the last of them has heard, and until the last page has fetched it.
// Alone: node tests/bench/run.mjs notice
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { press } from "../lib/live.mjs";
import { freshData, orgId, root, serve, shuyuan, Visitor } from "../lib/school.mjs";
import { listen, program } from "./live.mjs";
import { median, note } from "./tools.mjs";

const CLASSES = 30, OF_A_CLASS = 40, GUARDIANS = CLASSES * OF_A_CLASS, ROUNDS = 5, AT_ONCE = 16;
const CODE = "2132990399", PASSWORD = "mingHu-2026";

// A school of its own: a guardian a pupil, so that each page hears once.
function enlarge(data) {
  const folder = mkdtempSync(join(tmpdir(), "shuyuan-notice-")), file = join(folder, "file.csv");
  const put = (as, head, rows) => {
    writeFileSync(file, [head, ...rows].join("\n"));
    shuyuan(data, ["data", "import", "--as", `base.${as}`, "--org", CODE, "--commit", file]);
  };
  writeFileSync(file, `code,parent,kind,name,name_en,stages\n${CODE},329901,school,大塘小学,Datang Primary,primary\n`);
  shuyuan(data, ["org", "import", file]);
  const grades = ["一", "二", "三", "四", "五", "六"];
  const names = Array.from({ length: CLASSES }, (_, i) => [`${grades[i % 6]}年级`, `${grades[i % 6]}(${1 + Math.floor(i / 6)})班`]);
  put("classes", "学段,年级,班级", names.map(([grade, name]) => `小学,${grade},${name}`));
  put("students", "姓名,年级,班级,学号,监护人1姓名,监护人1关系,监护人1电话", names.flatMap(([grade, name], i) =>
    Array.from({ length: OF_A_CLASS }, (_, k) => `学生${i}之${k},${grade},${name},${i * 100 + k},家长${i}之${k},母亲,129${String(66000000 + i * 1000 + k)}`)));
  rmSync(folder, { recursive: true });
}

function guardians(data) {
  const school = orgId(data, CODE);
  const ties = shuyuan(data, ["data", "export", "--as", "base.guardianship", "--org", "329900", "--json"]).trim().split("\n").map((line) => JSON.parse(line));
  return ties.filter((tie) => tie.school.endsWith(school)).map((tie) => tie.guardian.slice(27));
}

// What an open page does next: it asks for its part anew, as its own reader. A page that is told to come
// again does.
async function fetchAll(url, path, tokens, title) {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE }), left = [...tokens];
  const one = (token) => new Promise((done, fail) => request(new URL(path, url), { agent, headers: { cookie: `sy_session=${token}` } }, (answer) => {
    let text = "";
    answer.setEncoding("utf8").on("data", (part) => { text += part; }).on("end", () => done({ status: answer.statusCode, text }));
  }).on("error", fail).end());
  let again = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (left.length) {
      const token = left.pop(), { status, text } = await one(token);
      if (status === 503) { again++; left.unshift(token); } else if (!text.includes(title)) throw new Error(`${status}: not on the page`);
    }
  }));
  agent.destroy();
  return again;
}

async function measure(server, pages, at, tokens) {
  const head = await new Visitor(server.url).signIn({ login: "bench-head", password: PASSWORD });
  const heard = [], seen = [];
  let again = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const title = `第${round}次通知`, begin = performance.now();
    const answer = await press(head, `${at}/write`, `${at}/write`, { scope: "school", title, body: "明天停课一天，请在家注意安全。", urgent: "true", ask: "sign" });
    if (answer.status !== 303) throw new Error(answer.html);
    await pages.next();
    heard.push(performance.now() - begin);
    again += await fetchAll(server.url, `${at}/`, tokens, title);
    seen.push(performance.now() - begin);
  }
  const last = Math.round(median(heard));
  note(`a notice to ${GUARDIANS} guardians`, "shuyuan, as delivered", last, "ms to the last open page", 1000, last <= 1000);
  note(`a notice to ${GUARDIANS} guardians`, "shuyuan, as delivered", Math.round(median(seen)), "ms until all have fetched it");
  if (again > 0) note(`a notice to ${GUARDIANS} guardians`, "shuyuan, as delivered", again / ROUNDS, "fetches that were told to come again");
}

export async function notice() {
  const data = freshData();
  enlarge(data);
  const persons = guardians(data);
  if (persons.length !== GUARDIANS) throw new Error(`${persons.length} guardians`);
  const tokens = execFileSync(program("live_people"), [join(root, "config/demo.yaml"), data, CODE, "guardian", String(GUARDIANS), "known"],
    { encoding: "utf8", input: `${persons.join("\n")}\n`, maxBuffer: 16 << 20 }).trim().split("\n");
  shuyuan(data, ["user", "add", "--login", "bench-head", "--name", "校长", "--role", "principal", "--org", CODE], `${PASSWORD}\n`);
  const server = await serve({ data, settings: { "log.level": "error", "http.connections_per_address": "10000", "live.heartbeat": "10min" } });
  let pages;
  try {
    pages = await listen(Number(new URL(server.url).port), tokens, "notice.arrived");
    await measure(server, pages, `/o/${orgId(data, CODE)}/notice`, tokens);
  } finally {
    pages?.end();
    await server.remove();
  }
}
