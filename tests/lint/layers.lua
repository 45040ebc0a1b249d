-- SPDX-License-Identifier: Apache-2.0
-- The order of core/: a folder uses only what stands to its right; a third-party header
-- appears in one folder only; lua_State in script/ and bind/ only. Prints every breach.
local ORDER <const> = {"cli", "serve", "bind", "http", "script", "net", "job", "auth", "record",
  "blob", "store", "crypto", "config", "base"}
-- Each library's headers and where they may appear.
local LIBRARIES <const> = {
  {"^h2o", {"http"}}, {"^lmdb", {"store"}}, {"^yaml", {"config"}}, {"^argon2", {"crypto"}},
  {"^utf8proc", {"base"}}, {"^xxhash", {"store"}}, {"^bsd/", {"store"}}, {"^zlib", {"http"}},
  {"^lua", {"script", "bind"}}, {"^lauxlib", {"script", "bind"}},
  {"^openssl/ssl", {"crypto", "http"}}, {"^openssl/", {"crypto", "http"}}, {"^iconv", {"base"}}, {"^curl", {"net"}},
}

local rank, problems = {}, {}
for place, folder in ipairs(ORDER) do rank[folder] = place end

local function report(file, line, text)
  problems[#problems + 1] = ("%s:%d: %s"):format(file, line, text)
end

local function is_in(list, wanted)
  for _, item in ipairs(list) do
    if item == wanted then return true end
  end
  return false
end

local function check_library(file, folder, line, header)
  for _, library in ipairs(LIBRARIES) do
    if header:find(library[1]) and not is_in(library[2], folder) then
      report(file, line, ("<%s> belongs to %s/"):format(header, table.concat(library[2], ", ")))
    end
  end
end

local function check_line(file, folder, line, text)
  local own, header = text:match('^#include "(%w+)/[^"]+"'), text:match("^#include <([^>]+)>")
  if own and not rank[own] then report(file, line, "no such folder: " .. own) end
  if own and rank[own] and rank[own] < rank[folder] then
    report(file, line, ("%s/ may not use %s/, which stands to its left"):format(folder, own))
  end
  if header then check_library(file, folder, line, header) end
  if text:find("lua_State") and folder ~= "script" and folder ~= "bind" then
    report(file, line, "lua_State belongs to script/ and bind/")
  end
end

local count = 0
for file in io.popen("find core -name '*.[ch]' | sort"):lines() do
  local folder, number = file:match("^core/(%w+)/"), 0
  count = count + 1
  if not rank[folder] then report(file, 1, "a folder that the order does not name") end
  for text in io.lines(file) do
    number = number + 1
    if rank[folder] then check_line(file, folder, number, text) end
  end
end

for _, problem in ipairs(problems) do print(problem) end
print(("layers: %d passed, %d failed"):format(count > 0 and #problems == 0 and 1 or 0,
  #problems > 0 and 1 or (count == 0 and 1 or 0)))
os.exit(#problems == 0 and count > 0)
