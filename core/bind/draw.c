// SPDX-License-Identifier: Apache-2.0
// core.html, drawing: a template's function becomes markup, a component takes its table.
// A page calls these some hundred times; in Lua they were most of its cost.
//
// A template's function puts pieces of text into a list and answers how many there are. Lists
// are used again, each by one template at a time; what is beyond the count is not of this page,
// and templates cannot name the list. A list is lost when the template raises.
#include "bind/markup.h"

enum { LISTS_MAX = 16, LIST_KEPT = 4096, PIECES_MAX = 1000000, BUFFER_KEPT = 128 * 1024 };

static void push_list(lua_State *L)
{
    lua_Integer count = (lua_Integer)lua_rawlen(L, lua_upvalueindex(MARKUP_LISTS));

    if (count == 0) {
        lua_createtable(L, 32, 0);
        return;
    }
    lua_rawgeti(L, lua_upvalueindex(MARKUP_LISTS), count);
    lua_pushnil(L);
    lua_rawseti(L, lua_upvalueindex(MARKUP_LISTS), count);
}

static void keep_list(lua_State *L, int index, lua_Integer pieces)
{
    lua_Integer count = (lua_Integer)lua_rawlen(L, lua_upvalueindex(MARKUP_LISTS));

    if (count >= LISTS_MAX || pieces > LIST_KEPT)
        return;
    lua_pushvalue(L, index);
    lua_rawseti(L, lua_upvalueindex(MARKUP_LISTS), count + 1);
}

static void add_piece(lua_State *L, struct buffer *page, int index)
{
    size_t len;
    const char *piece = lua_tolstring(L, index, &len);

    if (page->len + len > PAGE_MAX)
        luaL_error(L, "a page of more than %d bytes", PAGE_MAX);
    buffer_bytes(page, piece, len);
}

static struct buffer *begin_page(lua_State *L)
{
    struct buffer *page = lua_touserdata(L, lua_upvalueindex(MARKUP_BUFFER));

    page->len = 0;
    return page;
}

// [-0, +1]
static void push_page(lua_State *L, struct buffer *page)
{
    lua_pushlstring(L, (const char *)buffer_view(page).data, page->len);
    markup_make(L);
    if (page->size > BUFFER_KEPT) {
        buffer_finish(page);
        *page = BUFFER_EMPTY;
    }
}

// The first `count` pieces of the list as an html value. [-0, +1]
static void push_joined(lua_State *L, int list, lua_Integer count)
{
    struct buffer *page = begin_page(L);

    if (count > PIECES_MAX)
        luaL_error(L, "too many pieces");
    for (lua_Integer i = 1; i <= count; i++) {
        if (lua_rawgeti(L, list, i) != LUA_TSTRING)
            luaL_error(L, "piece %d is a %s", (int)i, luaL_typename(L, -1));
        add_piece(L, page, -1);
        lua_pop(L, 1);
    }
    push_page(L, page);
}

/// html.draw(body: function, scope: table, kind: table?): Html, any, any
// Runs a template's function over its variables; kind is the metatable that scope gets. After
// the markup comes what else the function answers: its layout and the layout's data.
int markup_draw(lua_State *L)
{
    lua_Integer count;

    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 3);
    if (!lua_isnil(L, 3)) {
        lua_pushvalue(L, 3);
        lua_setmetatable(L, 2);
    }
    push_list(L);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 4);
    lua_call(L, 2, 3);
    count = luaL_checkinteger(L, 5);
    push_joined(L, 4, count);
    keep_list(L, 4, count);
    lua_insert(L, -3);
    return 3;
}

// A list of parts within lists: `parts` are left to be added, for empty ones cost time too.
struct joining {
    struct buffer *page;
    int depth, parts;
};

static void add_markup(lua_State *L, struct joining *joining);

// A list of parts, up to its first nothing. Raw: no code runs while the page is written. [-0, +0]
static void add_parts(lua_State *L, struct joining *joining)
{
    enum { DEPTH_MAX = 16 };
    int list = lua_gettop(L);

    if (++joining->depth > DEPTH_MAX)
        luaL_error(L, "markup in more than %d lists", DEPTH_MAX);
    luaL_checkstack(L, 4, "markup");
    for (lua_Integer i = 1; lua_rawgeti(L, list, i) != LUA_TNIL; i++) {
        if (joining->parts-- == 0)
            luaL_error(L, "too many pieces");
        add_markup(L, joining);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    joining->depth--;
}

// The value on the top: markup as it is, a list of such, else its text, escaped. [-0, +0]
static void add_markup(lua_State *L, struct joining *joining)
{
    if (lua_type(L, -1) == LUA_TTABLE) {
        add_parts(L, joining);
    } else if (lua_toboolean(L, -1)) {
        markup_push_text(L, lua_gettop(L));
        add_piece(L, joining->page, -1);
        lua_pop(L, 1);
    }
}

// The value on the top becomes html; nothing becomes false. [-1, +1]
static void to_markup(lua_State *L)
{
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 0);
    } else if (!markup_is(L, lua_gettop(L))) {
        struct joining joining = {.page = begin_page(L), .parts = PIECES_MAX};

        add_markup(L, &joining);
        push_page(L, joining.page);
        lua_remove(L, -2);
    }
}

/// html.join(value: any): Html|false – a text is escaped, a list joined, nothing is false
int markup_join(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    to_markup(L);
    return 1;
}

// Taking -----------------------------------------------------------------------------------

enum { KEY_KNOWN = 1, KEY_NEEDED = 2, KEY_MARKUP = 4 };
enum { TAKER_KEYS = 4, TAKER_KIND, TAKER_FIRST, TAKER_SIZES, TAKER_REFUSE };

struct sizes {
    int needed, expected; // how many keys a table must have; will have in the end
    bool first_markup;
};

// What is wrong with the table says Lua, for the line that called the component.
static int refuse(lua_State *L)
{
    luaL_where(L, 2);
    lua_pushvalue(L, lua_upvalueindex(TAKER_REFUSE));
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    lua_concat(L, 2);
    return lua_error(L);
}

// Key and value on the top go into the data at 2: how many needed keys that were. [-1, +0]
static int take_one(lua_State *L)
{
    int about;

    lua_pushvalue(L, -2);
    lua_rawget(L, lua_upvalueindex(TAKER_KEYS));
    about = (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    if (about == 0)
        return refuse(L);
    if (about & KEY_MARKUP)
        to_markup(L);
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, 2);
    return (about & KEY_NEEDED) != 0;
}

// The value without a name is the first needed key, where that is not named. [-0, +0]
static int take_first(lua_State *L, const struct sizes *sizes)
{
    int taken = 0;

    lua_pushvalue(L, lua_upvalueindex(TAKER_FIRST));
    if (lua_rawget(L, 2) == LUA_TNIL && lua_rawgeti(L, 1, 1) != LUA_TNIL) {
        if (sizes->first_markup)
            to_markup(L);
        lua_pushvalue(L, lua_upvalueindex(TAKER_FIRST));
        lua_insert(L, -2);
        lua_rawset(L, 2);
        taken = 1;
    }
    lua_settop(L, 2);
    return taken;
}

static bool is_first(lua_State *L)
{
    return lua_isinteger(L, -2) && lua_tointeger(L, -2) == 1;
}

// A component's table → its data: a table of our own, whose kind knows the defaults.
static int take(lua_State *L)
{
    const struct sizes *sizes = lua_touserdata(L, lua_upvalueindex(TAKER_SIZES));
    int needed = 0;
    bool has_first = false;

    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    lua_createtable(L, 0, sizes->expected);
    for (lua_pushnil(L); lua_next(L, 1) != 0;) {
        if (is_first(L)) {
            has_first = true;
            lua_pop(L, 1);
        } else {
            needed += take_one(L);
        }
    }
    if (has_first && sizes->needed > 0)
        needed += take_first(L, sizes);
    if (needed < sizes->needed)
        return refuse(L);
    lua_pushvalue(L, lua_upvalueindex(TAKER_KIND));
    lua_setmetatable(L, 2);
    return 1;
}

// Adds the names of the list in `field` of the table at 1 to the keys on the top.
static int add_keys(lua_State *L, const char *field, int about)
{
    int count = 0;

    lua_getfield(L, 1, field);
    for (; lua_rawgeti(L, -1, count + 1) != LUA_TNIL; count++) {
        lua_Integer before;

        lua_pushvalue(L, -1);
        lua_rawget(L, -4);
        before = lua_tointeger(L, -1);
        lua_pop(L, 1);
        lua_pushinteger(L, before | about);
        lua_rawset(L, -4);
    }
    lua_pop(L, 2);
    return count;
}

/// html.taker(spec: {known: string[], needs: string[], markup: string[], more: integer,
///                   kind: table, refuse: function}): function
// The function that makes a component's data out of the table it is called with.
int markup_taker(lua_State *L)
{
    struct sizes *sizes;

    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    for (int i = 1; i < TAKER_KEYS; i++)
        lua_pushvalue(L, lua_upvalueindex(i));
    lua_newtable(L);
    add_keys(L, "known", KEY_KNOWN);
    add_keys(L, "markup", KEY_MARKUP);
    lua_getfield(L, 1, "kind");
    lua_getfield(L, 1, "needs");
    lua_rawgeti(L, -1, 1);
    lua_remove(L, -2);
    sizes = lua_newuserdatauv(L, sizeof *sizes, 0);
    lua_getfield(L, 1, "refuse");
    lua_pushvalue(L, 5);
    sizes->needed = add_keys(L, "needs", KEY_KNOWN | KEY_NEEDED);
    lua_getfield(L, 1, "more");
    sizes->expected = sizes->needed + (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    lua_pushvalue(L, 7);
    sizes->first_markup = !lua_isnil(L, -1) && lua_rawget(L, -2) == LUA_TNUMBER &&
                          (lua_tointeger(L, -1) & KEY_MARKUP) != 0;
    lua_settop(L, 9);
    lua_pushcclosure(L, take, TAKER_REFUSE);
    return 1;
}

struct key {
    char text[200];
    size_t len;
};

// Its length stands before each text, so that no two tables look alike. False: too long.
static bool add_text(struct key *key, char sort, struct slice text)
{
    if (key->len + 2 + text.len > sizeof key->text)
        return false;
    key->text[key->len++] = sort;
    key->text[key->len++] = (char)text.len;
    memcpy(key->text + key->len, text.data, text.len);
    key->len += text.len;
    return true;
}

// A text or boolean at the index; false for anything else.
static bool add_value(lua_State *L, int index, struct key *key)
{
    size_t len;
    const char *text;

    if (lua_type(L, index) == LUA_TBOOLEAN)
        return add_text(key, lua_toboolean(L, index) ? 't' : 'f', slice_text(""));
    if (lua_type(L, index) != LUA_TSTRING)
        return false;
    text = lua_tolstring(L, index, &len);
    return add_text(key, 's', slice_of(text, len));
}

/// html.key(given: table): string? – equal for equal tables of a few short texts and booleans
int markup_key(lua_State *L)
{
    struct key key = {.len = 0};

    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    for (lua_pushnil(L); lua_next(L, 1) != 0; lua_pop(L, 1)) {
        if (is_first(L) ? !add_text(&key, '1', slice_text("")) : !add_value(L, -2, &key))
            return 0;
        if (!add_value(L, -1, &key))
            return 0;
    }
    lua_pushlstring(L, key.text, key.len);
    return 1;
}
