// SPDX-License-Identifier: Apache-2.0
// What the processes that run applications may no longer do.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { serve } from "../lib/school.mjs";

const lines = (pid, thread) => readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8");

test("every thread of a worker and of a job process is confined, the helpers' too", async () => {
  const server = await serve();
  try {
    for (const name of ["worker 0", "job 0"]) {
      const pid = server.pid(name);
      const threads = readdirSync(`/proc/${pid}/task`);
      if (name === "worker 0") assert.ok(threads.length > 1, "a worker has helpers");
      for (const thread of threads) assert.match(lines(pid, thread), /^NoNewPrivs:\s+1$/m, `${name}, thread ${thread}`);
    }
  } finally {
    await server.stop();
  }
});
