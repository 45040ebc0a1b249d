-- SPDX-License-Identifier: Apache-2.0
-- For wrk: three percentiles in microseconds, and how many answers were none.
function done(summary, latency)
  local errors = summary.errors
  io.write(("percentiles %d %d %d bad %d\n"):format(latency:percentile(50), latency:percentile(95), latency:percentile(99),
    errors.status + errors.timeout + errors.connect + errors.read))
end
