-- SPDX-License-Identifier: Apache-2.0
--- Asks for what is not there.
local _ = require("app")
