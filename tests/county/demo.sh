#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Serves the demonstration county, made on the first run and kept: tests/county/demo.sh
# DEMO_LISTEN (127.0.0.1:8080) and DEMO_DATA (build/demo) say where.
set -eu
cd "$(dirname "$0")/../.."
listen=${DEMO_LISTEN:-127.0.0.1:8080}
data=${DEMO_DATA:-build/demo}
admin=${listen%:*}:$((${listen##*:} + 1))
shuyuan=build/shuyuan

# Everything goes into a folder beside, which is renamed when it is whole.
make_county() {
  new=$data.new
  rm -rf "$new"
  mkdir -p "$new/files"
  chmod 700 "$new"
  lua5.4 tests/county/generate.lua "$new/files" ${DEMO_YEAR:+year=$DEMO_YEAR} ${DEMO_PUPILS:+pupils=$DEMO_PUPILS}
  echo "Loading the county of 示例市明湖区 through 'shuyuan data import' …"
  $shuyuan org import -c config/demo.yaml --set data="$new" "$new/files/orgs.csv"
  # One file holds bad rows on purpose: exit status 1 says so.
  $shuyuan data import -c config/demo.yaml --set data="$new" --list "$new/files/imports.csv" --commit || [ $? = 1 ]
  lua5.4 tests/county/accounts.lua $shuyuan "$new"
  mv "$new" "$data"
}

if [ ! -e "$data/data.mdb" ]; then
  [ ! -e "$data" ] || rmdir "$data" 2>/dev/null || { echo "$data is not empty and holds no store" >&2; exit 1; }
  mkdir -p "$(dirname "$data")"
  make_county
fi
lua5.4 tests/county/accounts.lua --show "$data"
exec $shuyuan serve -c config/demo.yaml --set data="$data" --set listen="$listen" --set admin.listen="$admin"
