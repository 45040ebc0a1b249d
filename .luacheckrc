-- Every file of the platform, the applications and the tests: Lua 5.4, no globals of their own.
std = "lua54"
self = false
max_line_length = 150
files["lua/web"] = {read_globals = {"readonly", "weak"}} -- the library room of a state has them
files["lua/app"] = {read_globals = {"readonly", "weak"}}
