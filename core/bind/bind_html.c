// SPDX-License-Identifier: Apache-2.0
// core.html: escaping by place, and the type of markup that needs no escaping any more.
//
// An html value is a userdata that holds its markup as a user value. Only library code gets
// this module, so that applications meet html values but cannot make them out of texts.
#include <lauxlib.h>

#include "bind/pure.h"
#include "script/script.h"

enum { PAGE_MAX = 1024 * 1024, PIECES_MAX = 1000000 };

// Every function has the metatable of html values as its first upvalue.
static bool is_html(lua_State *L, int index)
{
    bool is;

    if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index))
        return false;
    is = lua_rawequal(L, -1, lua_upvalueindex(1));
    lua_pop(L, 1);
    return is;
}

// Replaces the string on the top by an html value. [-1, +1]
static void make_html(lua_State *L)
{
    lua_newuserdatauv(L, 0, 1);
    lua_insert(L, -2);
    lua_setiuservalue(L, -2, 1);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_setmetatable(L, -2);
}

// The value at 1 as text; nothing (nil, false) is empty. NULL raises for what has no text.
static struct slice check_text(lua_State *L)
{
    size_t len;
    const char *text;

    if (!lua_toboolean(L, 1))
        return slice_text("");
    if (lua_isboolean(L, 1))
        return slice_text("true");
    text = lua_tolstring(L, 1, &len);
    if (text == NULL && is_html(L, 1))
        luaL_error(L, "markup cannot stand here, only text");
    if (text == NULL)
        luaL_error(L, "a %s has no text", luaL_typename(L, 1));
    if (len > PAGE_MAX)
        luaL_error(L, "a text of more than %d bytes", PAGE_MAX);
    return slice_of(text, len);
}

static const char *entity_of(uint8_t c, bool quotes)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return quotes ? "&quot;" : NULL;
    case '\'':
        return quotes ? "&#39;" : NULL;
    default:
        return NULL;
    }
}

// Pushes text; most texts need nothing and are pushed as they are. [-0, +1]
static void push_escaped(lua_State *L, struct slice text, bool quotes)
{
    size_t at = 0, from = 0;
    luaL_Buffer out;

    while (at < text.len && entity_of(text.data[at], quotes) == NULL)
        at++;
    if (at == text.len) {
        lua_pushlstring(L, (const char *)text.data, text.len);
        return;
    }
    luaL_buffinitsize(L, &out, text.len + 64);
    for (; at < text.len; at++) {
        const char *entity = entity_of(text.data[at], quotes);

        if (entity == NULL)
            continue;
        luaL_addlstring(&out, (const char *)text.data + from, at - from);
        luaL_addstring(&out, entity);
        from = at + 1;
    }
    luaL_addlstring(&out, (const char *)text.data + from, at - from);
    luaL_pushresult(&out);
}

/// html.escape_text(value: any): string – for text between tags; markup passes as it is
static int escape_text(lua_State *L)
{
    luaL_checkany(L, 1);
    if (is_html(L, 1))
        lua_getiuservalue(L, 1, 1);
    else
        push_escaped(L, check_text(L), false);
    return 1;
}

/// html.escape_attribute(value: any): string – for a value between quotes of either kind
static int escape_attribute(lua_State *L)
{
    luaL_checkany(L, 1);
    push_escaped(L, check_text(L), true);
    return 1;
}

static bool is_letter(uint8_t c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool equals_fold(struct slice text, const char *word)
{
    if (text.len != strlen(word))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!is_letter(text.data[i]) || (text.data[i] | 0x20) != (uint8_t)word[i])
            return false;
    return true;
}

// Browsers drop tabs and line ends inside a URL and blanks in front of it, so that a scheme
// can be hidden among them: no control character is accepted, no leading blank.
static bool is_safe_url(struct slice url)
{
    static const char *const schemes[] = {"http", "https", "mailto", "tel"};
    size_t colon = 0;

    for (size_t i = 0; i < url.len; i++)
        if (url.data[i] < 0x20 || url.data[i] == 0x7f || (url.data[i] == ' ' && i == 0))
            return false;
    while (colon < url.len && memchr(":/?#", url.data[colon], 4) == NULL)
        colon++;
    if (colon == url.len || url.data[colon] != ':')
        return true;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (equals_fold(slice_of(url.data, colon), schemes[i]))
            return true;
    return false;
}

/// html.escape_url(value: any): string – a whole URL: http(s), mailto, tel, relative; else "#"
static int escape_url(lua_State *L)
{
    struct slice url;

    luaL_checkany(L, 1);
    url = check_text(L);
    push_escaped(L, is_safe_url(url) ? url : slice_text("#"), true);
    return 1;
}

// Percent-encodes all but letters, digits and the given others: never a quote, `:`, `&` or `%`.
static void push_encoded(lua_State *L, struct slice text, const char *others)
{
    static const char digits[] = "0123456789ABCDEF";
    luaL_Buffer out;

    luaL_buffinitsize(L, &out, text.len + 16);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        if (is_letter(c) || (c >= '0' && c <= '9') || (c != 0 && strchr(others, c) != NULL)) {
            luaL_addchar(&out, (char)c);
        } else {
            luaL_addchar(&out, '%');
            luaL_addchar(&out, digits[c >> 4]);
            luaL_addchar(&out, digits[c & 15]);
        }
    }
    luaL_pushresult(&out);
}

/// html.escape_path(value: any): string – a part of a URL's path; slashes stay
static int escape_path(lua_State *L)
{
    luaL_checkany(L, 1);
    push_encoded(L, check_text(L), "-._~/");
    return 1;
}

/// html.escape_query(value: any): string – a name or value of a URL's query, or its fragment
static int escape_query(lua_State *L)
{
    luaL_checkany(L, 1);
    push_encoded(L, check_text(L), "-._~");
    return 1;
}

/// html.json_script(value: any): string – JSON that may stand in a script element
static int json_script(lua_State *L)
{
    luaL_checkany(L, 1);
    bind_json_push(L, 1);
    return 1;
}

/// html.markup(value: Html): string
static int markup(lua_State *L)
{
    if (!is_html(L, 1))
        return luaL_error(L, "<%%- needs markup, not a %s: use <%%= for text", luaL_typename(L, 1));
    lua_getiuservalue(L, 1, 1);
    return 1;
}

/// html.trusted(text: string): Html
static int trusted(lua_State *L)
{
    luaL_checkstring(L, 1);
    lua_settop(L, 1);
    make_html(L);
    return 1;
}

/// html.is(value: any): boolean
static int is(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, is_html(L, 1));
    return 1;
}

static size_t total_len(lua_State *L, lua_Integer count)
{
    size_t total = 0;

    for (lua_Integer i = 1; i <= count; i++) {
        if (lua_rawgeti(L, 1, i) != LUA_TSTRING)
            luaL_error(L, "piece %d is a %s", (int)i, luaL_typename(L, -1));
        total += lua_rawlen(L, -1);
        lua_pop(L, 1);
        if (total > PAGE_MAX)
            luaL_error(L, "a page of more than %d bytes", PAGE_MAX);
    }
    return total;
}

/// html.concat(pieces: string[], count: integer?): Html – pieces that are escaped already
static int concat(lua_State *L)
{
    lua_Integer count;
    luaL_Buffer out;
    size_t total, len;
    char *at;

    luaL_checktype(L, 1, LUA_TTABLE);
    count = luaL_optinteger(L, 2, (lua_Integer)lua_rawlen(L, 1));
    luaL_argcheck(L, count <= PIECES_MAX, 2, "too many pieces");
    total = total_len(L, count);
    at = luaL_buffinitsize(L, &out, total);
    for (lua_Integer i = 1; i <= count; i++) {
        const char *piece;

        lua_rawgeti(L, 1, i);
        piece = lua_tolstring(L, -1, &len);
        memcpy(at, piece, len);
        at += len;
        lua_pop(L, 1);
    }
    luaL_pushresultsize(&out, total);
    make_html(L);
    return 1;
}

/// html.source(room: "library"|"app", path: string): string? – a template's text
static int source(lua_State *L)
{
    static const char *const rooms[] = {"library", "app", NULL};
    enum script_room room = luaL_checkoption(L, 1, NULL, rooms) == 0 ? SCRIPT_LIBRARY : SCRIPT_APP;
    const char *path = luaL_checkstring(L, 2);
    struct buffer *text = bind_push_buffer(L);
    struct err err;

    if (!script_read(script_of(L), room, path, text, &err)) {
        if (err.code == ERR_ABSENT)
            return 0;
        script_raise(L, &err);
    }
    lua_pushlstring(L, (const char *)text->data, text->len);
    return 1;
}

static int html_text(lua_State *L)
{
    luaL_argexpected(L, is_html(L, 1), 1, "html");
    lua_getiuservalue(L, 1, 1);
    return 1;
}

static void push_type(lua_State *L)
{
    lua_createtable(L, 0, 3);
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, html_text, 1);
    lua_setfield(L, -2, "__tostring");
    lua_pushliteral(L, "html");
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
}

int bind_html_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"escape_text", escape_text},
        {"escape_attribute", escape_attribute},
        {"escape_url", escape_url},
        {"escape_path", escape_path},
        {"escape_query", escape_query},
        {"json_script", json_script},
        {"markup", markup},
        {"trusted", trusted},
        {"is", is},
        {"concat", concat},
        {"source", source},
        {NULL, NULL},
    };

    luaL_newlibtable(L, functions);
    push_type(L);
    luaL_setfuncs(L, functions, 1);
    return 1;
}
