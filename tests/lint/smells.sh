#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Smells that a command can find. Each should print nothing; a line is «smell: where».
set -u
cd "$(dirname "$0")/../.."
passed=0 failed=0

smell() { # name, findings
  if [ -n "$2" ]; then
    failed=$((failed + 1))
    echo "$2" | sed "s/^/$1: /"
  else
    passed=$((passed + 1))
  fi
}

smell 'call with a better friend' \
  "$(grep -rnE '\b(strcpy|strcat|sprintf|gets|atoi|strtok|system|alloca)\(' core)"
smell 'protected Lua call outside script/' \
  "$(grep -rnE '\b(lua_pcallk?|lua_resume)\(' core | grep -v '^core/script/')"
smell 'note without a condition' "$(grep -rnE 'TODO|FIXME|XXX|HACK' core lua apps)"
smell 'name that says nothing' \
  "$(find core lua apps | grep -iE '/(utils?|helpers?|managers?|common|misc|stuff)(\.|/|$)')"
smell 'test that sleeps' "$(grep -rnE '\b(u?sleep|nanosleep)\(' tests --include='*.c' --include='*.lua')"
smell 'markup glued from strings' \
  "$(grep -rnE '"<[a-z]+[^"]*"[[:space:]]*\.\.|\.\.[[:space:]]*"</?[a-z]' lua apps --include='*.lua')"
smell 'secret compared byte by byte' \
  "$(grep -rnE '\b(memcmp|strcmp)\([^)]*(token|hash|secret|password)' core/auth core/crypto core/http)"
smell 'file without a licence line' \
  "$(grep -rL 'SPDX-License-Identifier' core lua apps --include='*.[ch]' --include='*.lua')"
smell 'domain word in core' \
  "$(grep -rniwE 'pupils?|guardians?|homework|classroom|headteacher' core --include='*.[ch]' | grep -vE 'bind/.*"|example|//')"
smell 'line over 120 characters' \
  "$(grep -rnE '^.{121,}$' core --include='*.[ch]' | grep -v 'core/config/keys.c' | cut -c1-80)"

echo "smells: $passed passed, $failed failed"
[ "$failed" = 0 ]
