-- SPDX-License-Identifier: Apache-2.0
--- Standards whose data elements a field may be bound to: element = "GB/T 2261.1", or with the
--- element behind it, "JY/T 0633 …".
local known = {}
for name in ([[GB 11643;GB/T 2260;GB/T 2261.1;GB/T 2261.2;GB/T 2261.3;GB/T 2261.4;GB/T 2261.5;GB/T 2659;GB/T 3304;
GB/T 4658;GB/T 4761;GB/T 4762;GB/T 7408;GB/T 33782;GB/T 35298;GB/T 36351.1;GB/T 36351.2;JY/T 0633;JY/T 0661;JY/T 1001;
JY/T 1002;JY/T 1003;JY/T 1004;JY/T 1005;JY/T 1006;JY/T 1007]]):gmatch("[^;\n]+") do
  known[#known + 1] = name
end

local elements = {list = known}

--- Is it one of them, alone, with its year, or with an element behind it?
function elements.is_known(element)
  for _, name in ipairs(known) do
    if element == name or element:sub(1, #name + 1):find("^.*[ %-]$") and element:sub(1, #name) == name then
      return true
    end
  end
  return false
end

return elements
