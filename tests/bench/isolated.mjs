// SPDX-License-Identifier: Apache-2.0
// What it costs that applications run in processes of their own.
import { signedIn } from "../lib/school.mjs";
import { askSome, cookie, product } from "./product.mjs";
import { compare, family, note, pin, privateKiB, results } from "./tools.mjs";

const PEERS = { "in the worker": {}, isolated: { "apps.isolated": "all", "apps.isolated_wall": "10s" } };

// The desk of leave, on a server of its own.
async function desk(peer, settings) {
  const server = await product({ settings });
  const teacher = await signedIn(server, "teacher");
  await askSome(server, await signedIn(server, "guardian"));
  const url = `${server.url}/o/${server.org}/leave/desk`;
  await teacher.get(new URL(url).pathname); // its process is there
  const pids = () => family(server.child.pid);
  pin(pids(), 0);
  return { peer, url, pids, server, options: { headers: cookie(teacher), connections: 8 } };
}

export async function isolated() {
  const desks = [];
  for (const [peer, settings] of Object.entries(PEERS)) desks.push(await desk(peer, settings));
  compare("leave desk, isolation", desks);
  const alone = "leave desk, one at a time";
  compare(alone, desks.map((one) => ({ ...one, options: { ...one.options, connections: 1 } })));
  for (const { peer } of desks) {
    const { value } = results.find((row) => row.name === alone && row.peer === peer && row.unit === "requests/s");
    note("leave desk, latency", peer, Number((1000 / value).toFixed(2)), "ms");
  }
  const [here, there] = desks.map(({ pids }) => privateKiB(pids()) / 1024);
  note("memory of isolation, all apps", "isolated", Number((there - here).toFixed(1)), "MiB private more");
  for (const { server } of desks) await server.remove();
}
