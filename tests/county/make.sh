#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the county's data in an empty or absent folder: tests/county/make.sh FOLDER [key=value of the generator…]
# Everything goes into a folder beside it, which is renamed when it is whole.
set -eu
cd "$(dirname "$0")/../.."
data=$1 new=$1.new shuyuan=build/shuyuan
shift
[ ! -e "$data" ] || rmdir "$data" 2>/dev/null || { echo "$data is not empty and holds no store" >&2; exit 1; }
rm -rf "$new"
mkdir -p "$new/files"
chmod 700 "$new"
lua5.4 tests/county/generate.lua "$new/files" "$@"
echo "Loading the county of 示例市明湖区 through 'shuyuan data import' …"
$shuyuan org import -c config/demo.yaml --set data="$new" "$new/files/orgs.csv"
# One file holds bad rows on purpose: exit status 1 says so.
$shuyuan data import -c config/demo.yaml --set data="$new" --list "$new/files/imports.csv" --commit || [ $? = 1 ]
lua5.4 tests/county/accounts.lua $shuyuan "$new"
mv "$new" "$data"
