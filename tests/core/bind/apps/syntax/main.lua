-- SPDX-License-Identifier: Apache-2.0
local app = require("app")
app.get("/" {
