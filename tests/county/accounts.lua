-- SPDX-License-Identifier: Apache-2.0
-- Accounts of the demonstration: accounts.lua SHUYUAN DATA makes them from files/accounts.csv and
-- writes accounts.json; accounts.lua --show DATA prints them.
local PASSWORD <const> = "mingHu-2026"

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- The generator writes plain cells here: no quotes, no line ends inside.
local function rows(text)
  local head, list = nil, {}
  for line in text:gsub("^\xef\xbb\xbf", ""):gmatch("[^\r\n]+") do
    local cells, row = {}, {}
    for cell in (line .. ","):gmatch("([^,]*),") do cells[#cells + 1] = cell end
    if not head then
      head = cells
    else
      for i, name in ipairs(head) do row[name] = cells[i] or "" end
      list[#list + 1] = row
    end
  end
  return list
end

local function add(shuyuan, data, account)
  local words = {shuyuan, "user", "add", "-c", "config/demo.yaml", "--set", "data=" .. data,
    "--login", account.login, "--name", account.name,
    "--person", "base.person.number=" .. account.number}
  for org in account.orgs:gmatch("%S+") do
    for _, word in ipairs({"--role", account.grant, "--org", org}) do words[#words + 1] = word end
  end
  for i, word in ipairs(words) do words[i] = quote(word) end
  local pipe = assert(io.popen(table.concat(words, " ") .. " >/dev/null", "w"))
  pipe:write(PASSWORD, "\n")
  assert(pipe:close(), "account " .. account.login .. " was not made")
end

local function make(shuyuan, data)
  local out = {}
  for _, account in ipairs(rows(read(data .. "/files/accounts.csv"))) do
    add(shuyuan, data, account)
    out[#out + 1] = ('  {"role": "%s", "login": "%s", "password": "%s", "org": "%s"}')
      :format(account.role, account.login, PASSWORD, account.orgs:match("%S+"))
  end
  local file <close> = assert(io.open(data .. "/accounts.json", "w"))
  file:write("[\n", table.concat(out, ",\n"), "\n]\n")
end

local function show(data)
  print(("\n  %-16s %-12s %s"):format("role", "login", "password"))
  for role, login, password in read(data .. "/accounts.json")
    :gmatch('"role": "([^"]*)", "login": "([^"]*)", "password": "([^"]*)"') do
    print(("  %-16s %-12s %s"):format(role, login, password))
  end
  print(("\n  also in %s/accounts.json\n"):format(data))
end

if arg[1] == "--show" then show(arg[2]) else make(arg[1], arg[2]) end
