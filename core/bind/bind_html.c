// SPDX-License-Identifier: Apache-2.0
// core.html: escaping by place. draw.c makes pages of it.
#include "bind/markup.h"
#include "bind/pure.h"
#include "script/script.h"

// Bytes that end a text between tags, and those that end a value between quotes.
enum { IN_TEXT = 1, IN_QUOTES = 2 };
static const uint8_t special[256] = {
    ['&'] = IN_TEXT | IN_QUOTES, ['<'] = IN_TEXT | IN_QUOTES, ['>'] = IN_TEXT | IN_QUOTES,
    ['"'] = IN_QUOTES,           ['\''] = IN_QUOTES,
};

static size_t plain_len(struct slice text, uint8_t place)
{
    size_t at = 0;

    while (at < text.len && (special[text.data[at]] & place) == 0)
        at++;
    return at;
}

// The value as text; nothing (nil, false) is empty. Raises for what has no text.
static struct slice check_text(lua_State *L, int index)
{
    size_t len;
    const char *text = lua_tolstring(L, index, &len);

    if (text != NULL && len > PAGE_MAX)
        luaL_error(L, "a text of more than %d bytes", PAGE_MAX);
    if (text != NULL)
        return slice_of(text, len);
    if (!lua_toboolean(L, index))
        return slice_text("");
    if (lua_isboolean(L, index))
        return slice_text("true");
    if (markup_is(L, index))
        luaL_error(L, "markup cannot stand here, only text");
    luaL_error(L, "a %s has no text", luaL_typename(L, index));
    return slice_text("");
}

static const char *entity_of(uint8_t c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    default:
        return "&#39;";
    }
}

// [-0, +1]
static void push_replaced(lua_State *L, struct slice text, uint8_t place)
{
    luaL_Buffer out;

    luaL_buffinitsize(L, &out, text.len + 64);
    while (text.len > 0) {
        size_t len = plain_len(text, place);

        luaL_addlstring(&out, (const char *)text.data, len);
        if (len < text.len)
            luaL_addstring(&out, entity_of(text.data[len++]));
        text = slice_of(text.data + len, text.len - len);
    }
    luaL_pushresult(&out);
}

// Most texts need nothing: then the string itself is pushed again, and none is made. [-0, +1]
static void push_escaped(lua_State *L, int index, uint8_t place)
{
    struct slice text = check_text(L, index);

    if (plain_len(text, place) < text.len)
        push_replaced(L, text, place);
    else if (lua_type(L, index) == LUA_TSTRING)
        lua_pushvalue(L, index);
    else
        lua_pushlstring(L, (const char *)text.data, text.len);
}

void markup_push_text(lua_State *L, int index)
{
    if (markup_is(L, index))
        lua_getiuservalue(L, index, 1);
    else
        push_escaped(L, index, IN_TEXT);
}

/// html.escape_text(value: any): string – for text between tags; markup passes as it is
static int escape_text(lua_State *L)
{
    luaL_checkany(L, 1);
    markup_push_text(L, 1);
    return 1;
}

/// html.escape_attribute(value: any): string – for a value between quotes of either kind
static int escape_attribute(lua_State *L)
{
    luaL_checkany(L, 1);
    push_escaped(L, 1, IN_QUOTES);
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
    luaL_checkany(L, 1);
    if (is_safe_url(check_text(L, 1)))
        push_escaped(L, 1, IN_QUOTES);
    else
        lua_pushliteral(L, "#");
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
    push_encoded(L, check_text(L, 1), "-._~/");
    return 1;
}

/// html.escape_query(value: any): string – a name or value of a URL's query, or its fragment
static int escape_query(lua_State *L)
{
    luaL_checkany(L, 1);
    push_encoded(L, check_text(L, 1), "-._~");
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
    if (!markup_is(L, 1))
        return luaL_error(L, "<%%- needs markup, not a %s: use <%%= for text", luaL_typename(L, 1));
    lua_getiuservalue(L, 1, 1);
    return 1;
}

/// html.trusted(text: string): Html
static int trusted(lua_State *L)
{
    luaL_checkstring(L, 1);
    lua_settop(L, 1);
    markup_make(L);
    return 1;
}

/// html.is(value: any): boolean
static int is(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_pushboolean(L, markup_is(L, 1));
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
    luaL_argexpected(L, markup_is(L, 1), 1, "html");
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
        {"source", source},
        {"join", markup_join},
        {"draw", markup_draw},
        {"taker", markup_taker},
        {"key", markup_key},
        {NULL, NULL},
    };

    luaL_newlibtable(L, functions);
    push_type(L);
    bind_push_buffer(L);
    lua_newtable(L);
    luaL_setfuncs(L, functions, MARKUP_LISTS);
    return 1;
}
