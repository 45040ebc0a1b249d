-- SPDX-License-Identifier: Apache-2.0
--- Full-width forms, which look like digits and letters and are none.
local width = {}

--- Does a text hold a digit or letter in its full-width form (U+FF10 to U+FF5A)?
function width.is_full(text)
  return text:find("\xEF\xBC[\x90-\x99\xA1-\xBA]") ~= nil or text:find("\xEF\xBD[\x81-\x9A]") ~= nil
end

return width
