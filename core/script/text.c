// SPDX-License-Identifier: Apache-2.0
// string, tostring and print: sizes limited, addresses never shown.
#include "script/state.h"

#include <stdlib.h>

#include "base/log.h"

static size_t check_len(lua_State *L, int arg, size_t max)
{
    size_t len;

    deadline_check(L);
    luaL_checklstring(L, arg, &len);
    if (len > max)
        luaL_argerror(L, arg, lua_pushfstring(L, "longer than %d bytes", (int)max));
    return len;
}

static bool shows_address(lua_State *L, int index)
{
    int type = lua_type(L, index);

    return type == LUA_TLIGHTUSERDATA || type > LUA_TSTRING;
}

const char *text_of(lua_State *L, int index, size_t *len)
{
    int top = lua_gettop(L);

    if (!shows_address(L, index) || luaL_getmetafield(L, index, "__tostring") != LUA_TNIL) {
        luaL_tolstring(L, index, NULL);
    } else if (luaL_getmetafield(L, index, "__name") != LUA_TSTRING) {
        lua_pushstring(L, luaL_typename(L, index));
    }
    lua_copy(L, -1, index);
    lua_settop(L, top);
    return lua_tolstring(L, index, len);
}

static int text_tostring(lua_State *L)
{
    deadline_check(L);
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    text_of(L, 1, NULL);
    return 1;
}

static int text_print(lua_State *L)
{
    struct script *script = script_of(L);
    luaL_Buffer line;
    size_t len;
    int count = lua_gettop(L);
    const char *text;

    for (int i = 1; i <= count; i++)
        text_of(L, i, NULL);
    luaL_buffinit(L, &line);
    for (int i = 1; i <= count; i++) {
        if (i > 1)
            luaL_addchar(&line, '\t');
        lua_pushvalue(L, i);
        luaL_addvalue(&line);
    }
    luaL_pushresult(&line);
    text = lua_tolstring(L, -1, &len);
    script->now.printed += len + 1;
    if (script->now.printed > PRINT_MAX)
        return luaL_error(L, "more than %d bytes printed", PRINT_MAX);
    if (script->printer != NULL)
        script->printer(script->printer_context, slice_of(text, len));
    else
        log_info("print", LOG_TEXT("app", script->name), LOG_SLICE("text", slice_of(text, len)));
    return 0;
}

static int text_rep(lua_State *L)
{
    size_t len, sep_len = 0;
    lua_Integer count = luaL_checkinteger(L, 2);

    luaL_checklstring(L, 1, &len);
    luaL_optlstring(L, 3, "", &sep_len);
    if (count > TEXT_MAX || (count > 0 && (len + sep_len) > (size_t)TEXT_MAX / (size_t)count))
        return luaL_error(L, "string.rep makes at most %d bytes", TEXT_MAX);
    return library_original(L);
}

static int text_one(lua_State *L)
{
    check_len(L, 1, TEXT_MAX);
    return library_original(L);
}

// The sizes that a format asks for are paddings too, and made byte by byte.
static int text_pack(lua_State *L)
{
    const char *format;
    unsigned long total = 0;

    check_len(L, 1, PATTERN_MAX);
    for (format = lua_tostring(L, 1); *format != 0; format++) {
        if (*format < '0' || *format > '9')
            continue;
        total += strtoul(format, (char **)&format, 10);
        if (total > TEXT_MAX)
            return luaL_error(L, "a packed text has at most %d bytes", TEXT_MAX);
        format--;
    }
    return library_original(L);
}

static int text_unpack(lua_State *L)
{
    check_len(L, 2, TEXT_MAX);
    return text_pack(L);
}

static void refuse_addresses(lua_State *L, const char *format)
{
    while ((format = strchr(format, '%')) != NULL) {
        format++;
        if (*format == '%') {
            format++;
            continue;
        }
        format += strspn(format, "-+ #0123456789.");
        if (*format == 'p')
            luaL_error(L, "%%p is not available");
    }
}

static int text_format(lua_State *L)
{
    size_t total = check_len(L, 1, TEXT_MAX), len;

    if (lua_gettop(L) > FORMAT_MAX + 1)
        return luaL_error(L, "string.format takes at most %d values", FORMAT_MAX);
    refuse_addresses(L, lua_tostring(L, 1));
    for (int i = 2; i <= lua_gettop(L); i++) {
        if (shows_address(L, i))
            text_of(L, i, NULL);
        if (lua_type(L, i) == LUA_TSTRING) {
            lua_tolstring(L, i, &len);
            total += len;
        }
    }
    if (total > TEXT_MAX)
        return luaL_error(L, "string.format makes at most %d bytes", TEXT_MAX);
    return library_original(L);
}

static int text_codes(lua_State *L)
{
    deadline_check(L);
    if (lua_gettop(L) > CODES_MAX)
        return luaL_error(L, "utf8.char takes at most %d codes", CODES_MAX);
    return library_original(L);
}

void text_open(lua_State *L)
{
    static const luaL_Reg wrappers[] = {
        {"rep", text_rep},       {"format", text_format}, {"pack", text_pack},
        {"packsize", text_pack}, {"unpack", text_unpack}, {"reverse", text_one},
        {"lower", text_one},     {"upper", text_one},     {NULL, NULL},
    };

    library_wrap(L, wrappers);
    search_open(L);
    lua_pushnil(L);
    lua_setfield(L, -2, "dump");
}

void text_base_open(lua_State *L)
{
    static const luaL_Reg wrappers[] = {
        {"tostring", text_tostring}, {"print", text_print}, {NULL, NULL}};

    library_wrap(L, wrappers);
    lua_getfield(L, -1, LUA_UTF8LIBNAME);
    library_wrap(L, (const luaL_Reg[]){{"len", text_one},
                                       {"codepoint", text_one},
                                       {"offset", text_one},
                                       {"codes", text_one},
                                       {"char", text_codes},
                                       {NULL, NULL}});
    lua_pop(L, 1);
}
