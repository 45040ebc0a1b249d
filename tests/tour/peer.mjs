// SPDX-License-Identifier: Apache-2.0
// The usual way to host a district's plugins: functions in the server's own process. node tests/tour/peer.mjs
import { createServer } from "node:http";

const CPU_MS = 50; // what a call may take; here nobody can make it

const server = createServer((request, answer) => {
  if (request.url === "/runaway") {
    const end = performance.now() + CPU_MS;
    while (performance.now() < end);
  }
  answer.end("{}");
});
server.listen(0, "127.0.0.1", () => console.log(`serving on http://127.0.0.1:${server.address().port}`));
