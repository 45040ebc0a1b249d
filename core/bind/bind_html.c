// SPDX-License-Identifier: Apache-2.0
// core.html: escaping by place, straight into the page. draw.c makes pages of it.
#include "bind/markup.h"
#include "bind/pure.h"
#include "script/script.h"

// Bytes that end a text between tags, those that end a value between quotes, and those that no
// URL has: browsers drop tabs and line ends inside one, so that a scheme can be hidden among them.
enum { IN_TEXT = 1, IN_QUOTES = 2, IN_URL = 4 };
static const uint8_t special[256] = {
    [0 ... 0x1f] = IN_URL,       [0x7f] = IN_URL,
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

static void write_escaped(struct buffer *page, struct slice text, uint8_t place)
{
    for (;;) {
        size_t len = plain_len(text, place);

        buffer_bytes(page, text.data, len);
        if (len == text.len)
            return;
        buffer_text(page, entity_of(text.data[len]));
        text = slice_of(text.data + len + 1, text.len - len - 1);
    }
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

// A leading blank is dropped by browsers too.
static bool is_safe_url(struct slice url)
{
    static const char *const schemes[] = {"http", "https", "mailto", "tel"};
    size_t colon = 0;

    if (plain_len(url, IN_URL) < url.len || (url.len > 0 && url.data[0] == ' '))
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

// Percent-encodes all but letters, digits and the given others: never a quote, `:`, `&` or `%`.
static void write_encoded(struct buffer *page, struct slice text, const char *others)
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        if (is_letter(c) || (c >= '0' && c <= '9') || (c != 0 && strchr(others, c) != NULL)) {
            buffer_u8(page, c);
        } else {
            buffer_u8(page, '%');
            buffer_u8(page, (uint8_t)digits[c >> 4]);
            buffer_u8(page, (uint8_t)digits[c & 15]);
        }
    }
}

static void write_url(struct buffer *page, struct slice url)
{
    write_escaped(page, is_safe_url(url) ? url : slice_text("#"), IN_QUOTES);
}

static void write_json(lua_State *L, struct buffer *page, int index)
{
    size_t len;
    const char *text;

    bind_json_push(L, index);
    text = lua_tolstring(L, -1, &len);
    buffer_bytes(page, text, len);
    lua_pop(L, 1);
}

static void write_markup(lua_State *L, struct buffer *page, int index)
{
    size_t len;
    const char *text;

    if (!markup_is(L, index))
        luaL_error(L, "<%%- needs markup, not a %s: use <%%= for text", luaL_typename(L, index));
    lua_getiuservalue(L, index, 1);
    text = lua_tolstring(L, -1, &len);
    buffer_bytes(page, text, len);
    lua_pop(L, 1);
}

void markup_write(lua_State *L, struct buffer *page, char place, int index)
{
    switch (place) {
    case PLACE_TEXT:
        if (lua_type(L, index) == LUA_TUSERDATA && markup_is(L, index))
            write_markup(L, page, index);
        else
            write_escaped(page, check_text(L, index), IN_TEXT);
        break;
    case PLACE_ATTRIBUTE:
        write_escaped(page, check_text(L, index), IN_QUOTES);
        break;
    case PLACE_URL:
        write_url(page, check_text(L, index));
        break;
    case PLACE_PATH:
        write_encoded(page, check_text(L, index), "-._~/");
        break;
    case PLACE_QUERY:
        write_encoded(page, check_text(L, index), "-._~");
        break;
    case PLACE_SCRIPT:
        write_json(L, page, index);
        break;
    default:
        write_markup(L, page, index);
    }
}

// The value at 1 as it stands in a place, as a text of its own.
static int escaped(lua_State *L, char place)
{
    struct buffer *page = markup_page(L);
    size_t from = page->len;

    luaL_checkany(L, 1);
    markup_write(L, page, place, 1);
    lua_pushlstring(L, (const char *)buffer_view(page).data + from, page->len - from);
    page->len = from;
    return 1;
}

/// html.escape_text(value: any): string – for text between tags; markup passes as it is
static int escape_text(lua_State *L)
{
    return escaped(L, PLACE_TEXT);
}

/// html.escape_attribute(value: any): string – for a value between quotes of either kind
static int escape_attribute(lua_State *L)
{
    return escaped(L, PLACE_ATTRIBUTE);
}

/// html.escape_url(value: any): string – a whole URL: http(s), mailto, tel, relative; else "#"
static int escape_url(lua_State *L)
{
    return escaped(L, PLACE_URL);
}

/// html.escape_path(value: any): string – a part of a URL's path; slashes stay
static int escape_path(lua_State *L)
{
    return escaped(L, PLACE_PATH);
}

/// html.escape_query(value: any): string – a name or value of a URL's query, or its fragment
static int escape_query(lua_State *L)
{
    return escaped(L, PLACE_QUERY);
}

/// html.json_script(value: any): string – JSON that may stand in a script element
static int json_script(lua_State *L)
{
    return escaped(L, PLACE_SCRIPT);
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
        {"trusted", trusted},
        {"is", is},
        {"source", source},
        {"put", markup_put},
        {"join", markup_join},
        {"draw", markup_draw},
        {"taker", markup_taker},
        {"key", markup_key},
        {NULL, NULL},
    };

    struct page *page;

    luaL_newlibtable(L, functions);
    push_type(L);
    page = bind_push_owned(L, sizeof *page);
    page->call = 0;
    page->next = NULL;
    script_keep_whole(script_of(L), markup_draw);
    luaL_setfuncs(L, functions, MARKUP_BUFFER);
    return 1;
}
