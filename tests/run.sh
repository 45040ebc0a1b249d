#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs every test and adds them up: tests/run.sh [STEP…]. The output of a step is kept in
# build/test/STEP.log and shown when it fails; the last line is «N passed, N failed».
set -u
cd "$(dirname "$0")/.."
out=build/test
mkdir -p "$out"
passed=0 failed=0
SANITIZE="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer"

# Sums the closing lines of C units («NAME: N passed, N failed») and of node («# pass N»).
tally() {
  awk '/^[a-z0-9_\/ -]+: [0-9]+ passed, [0-9]+ failed$/ { p += $(NF-3); f += $(NF-1) }
       /^# pass [0-9]+/ { p += $3 } /^# fail [0-9]+/ { f += $3 } /^# cancelled [0-9]+/ { f += $3 }
       END { print p + 0, f + 0 }' "$1"
}

step() { # name, command…
  name=$1; shift
  start=$(date +%s)
  "$@" >"$out/$name.log" 2>&1
  status=$?
  set -- $(tally "$out/$name.log")
  # A step that failed without a failed test, or passed without one, is itself a failure.
  [ "$status" = 0 ] || [ "$2" -gt 0 ] || set -- "$1" 1
  [ "$1" -gt 0 ] || [ "$2" -gt 0 ] || set -- 0 1
  passed=$((passed + $1)) failed=$((failed + $2))
  printf '%-10s %4d passed, %d failed  (%d s)\n' "$name" "$1" "$2" $(($(date +%s) - start))
  [ "$2" = 0 ] || show_failures "$out/$name.log"
}

# What failed, each with the lines that follow it; the whole stands in the log.
show_failures() {
  grep -nE -A 18 '^ *not ok|FAILED|not true:|runtime error|ERROR: |cc1:|error: |Error ' "$1" | head -160
}

lint() {
  lua5.4 tests/lint/layers.lua && tests/lint/smells.sh &&
    luacheck -q lua apps tests/county tests/lint tests/bench/apps tests/lua && echo 'luacheck: 1 passed, 0 failed'
}
units() { make -s -k units; }
sanitized() { make -s -k -j2 units BUILD=build/sanitized CFLAGS="$SANITIZE"; }
apps() { build/shuyuan app check && build/shuyuan app test; }
# What apps do is the same in a process of their own.
isolated() {
  for unit in host crossing escape kept; do
    make -s "build/sanitized/tests/core/bind/${unit}_test" BUILD=build/sanitized CFLAGS="$SANITIZE" &&
      ISOLATED=1 "build/sanitized/tests/core/bind/${unit}_test"
  done
  SETTINGS="apps.isolated=all apps.isolated_wall=10s" node --test --test-concurrency=1 --test-reporter=tap \
    tests/school/leave.test.mjs tests/school/hang.test.mjs tests/school/jobs.test.mjs
}
wire() { node --test --test-reporter=tap $(find tests/wire -name '*.test.mjs' | sort); }
school() { node --test --test-concurrency=1 --test-reporter=tap $(find tests/school -name '*.test.mjs' | sort); }
browser() { node --test --test-concurrency=1 --test-reporter=tap $(find tests/browser -name '*.test.mjs' | sort); }
crash() { node --test --test-reporter=tap tests/crash/*.test.mjs; }

for name in ${*:-lint sanitized isolated apps wire school browser crash}; do step "$name" "$name"; done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
