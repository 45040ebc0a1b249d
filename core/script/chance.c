// SPDX-License-Identifier: Apache-2.0
// math.random and math.randomseed. The generator belongs to the call: nobody's seed and no place
// in a sequence is left for the next one, which may be another organisation's. xoshiro256**
// (Blackman and Vigna), seeded by the system at its first use in a call.
#include "script/state.h"

static uint64_t turn(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static uint64_t next(uint64_t s[4])
{
    uint64_t result = turn(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = turn(s[3], 45);
    return result;
}

static void seed(struct script *script)
{
    if (script->is_steady)
        for (int i = 0; i < 4; i++)
            script->now.chance[i] = (uint64_t)script->now.serial + (uint64_t)i;
    else
        random_fill(random_system(), script->now.chance, sizeof script->now.chance);
    script->now.is_seeded = true;
}

static uint64_t draw(lua_State *L)
{
    struct script *script = script_of(L);

    if (!script->now.is_seeded)
        seed(script);
    return next(script->now.chance);
}

// Each of 0 to most equally often: what lies beyond is drawn again.
static uint64_t draw_to(lua_State *L, uint64_t most)
{
    uint64_t mask = most, drawn;

    for (int shift = 1; shift < 64; shift *= 2)
        mask |= mask >> shift;
    do
        drawn = draw(L) & mask;
    while (drawn > most);
    return drawn;
}

/// math.random(low: integer?, high: integer?): number
static int chance_random(lua_State *L)
{
    lua_Integer low = 1, high;

    switch (lua_gettop(L)) {
    case 0:
        lua_pushnumber(L, (lua_Number)(draw(L) >> 11) * 0x1p-53);
        return 1;
    case 1:
        high = luaL_checkinteger(L, 1);
        if (high == 0) {
            lua_pushinteger(L, (lua_Integer)draw(L));
            return 1;
        }
        break;
    case 2:
        low = luaL_checkinteger(L, 1);
        high = luaL_checkinteger(L, 2);
        break;
    default:
        return luaL_error(L, "wrong number of arguments");
    }
    luaL_argcheck(L, low <= high, lua_gettop(L), "interval is empty");
    lua_pushinteger(L, (lua_Integer)((uint64_t)low + draw_to(L, (uint64_t)high - (uint64_t)low)));
    return 1;
}

/// math.randomseed(one: integer, two: integer?) – for the rest of this call
static int chance_seed(lua_State *L)
{
    struct script *script = script_of(L);

    script->now.chance[0] = (uint64_t)luaL_checkinteger(L, 1);
    script->now.chance[1] = 0xff; // not all zeroes
    script->now.chance[2] = (uint64_t)luaL_optinteger(L, 2, 0);
    script->now.chance[3] = 0;
    script->now.is_seeded = true;
    for (int i = 0; i < 16; i++)
        next(script->now.chance);
    return 0;
}

void chance_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"random", chance_random}, {"randomseed", chance_seed}, {NULL, NULL}};

    luaL_setfuncs(L, functions, 0);
}
