-- SPDX-License-Identifier: Apache-2.0
--- `require "app.ui"`: the components, see ui/init.lua.
return require("ui.init")
