#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Serves the demonstration county, made on the first run and kept: tests/county/demo.sh
# DEMO_LISTEN (127.0.0.1:8080) and DEMO_DATA (build/demo) say where.
set -eu
cd "$(dirname "$0")/../.."
listen=${DEMO_LISTEN:-127.0.0.1:8080}
data=${DEMO_DATA:-build/demo}
admin=${listen%:*}:$((${listen##*:} + 1))

if [ ! -e "$data/data.mdb" ]; then
  mkdir -p "$(dirname "$data")"
  tests/county/make.sh "$data"
fi
lua5.4 tests/county/accounts.lua --show "$data"
exec build/shuyuan serve -c config/demo.yaml --set data="$data" --set listen="$listen" --set admin.listen="$admin"
