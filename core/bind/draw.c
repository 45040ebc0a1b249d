// SPDX-License-Identifier: Apache-2.0
// core.html, drawing: a template's function becomes markup, a component takes its table.
// A page calls these some hundred times; in Lua they were most of its cost.
//
// The pages of a call are written into one buffer, a template inside a template behind it: what is
// drawn becomes a text of its own and its bytes are free again. Each template's function knows
// where its page ends (_n_) and writes there, so that what a template left that raised is written
// over. When the call's turn is over in the middle of a page, others write into buffers of their
// own; a coroutine of the app cannot yield out of one (script_keep_whole).
#include "bind/markup.h"
#include "bind/pure.h"
#include "script/script.h"

enum { BUFFER_MAX = 2 * PAGE_MAX, BUFFER_KEPT = 128 * 1024, PIECES_MAX = 1000000 };

static void drop_large(struct buffer *page)
{
    if (page->size > BUFFER_KEPT) {
        buffer_finish(page);
        *page = BUFFER_EMPTY;
    }
}

static struct page *add_page(lua_State *L, struct page *last)
{
    struct page *page = bind_push_owned(L, sizeof *page);

    page->next = NULL;
    page->call = 0;
    luaL_ref(L, LUA_REGISTRYINDEX);
    last->next = page;
    return page;
}

// One whose call has ended, whether it left a part of a page behind or not.
static struct page *free_page(lua_State *L, struct page *page)
{
    struct script *script = script_of(L);

    while (script_is_open(script, page->call) && page->next != NULL)
        page = page->next;
    return script_is_open(script, page->call) ? add_page(L, page) : page;
}

struct buffer *markup_page(lua_State *L)
{
    struct page *first = lua_touserdata(L, lua_upvalueindex(MARKUP_BUFFER)), *page = first;
    lua_Integer call = script_serial(script_of(L));

    while (page != NULL && page->call != call)
        page = page->next;
    if (page == NULL) {
        page = free_page(L, first);
        page->call = call;
        page->text.len = 0;
        drop_large(&page->text);
    }
    return &page->text;
}

static void check_size(lua_State *L, size_t len, size_t most)
{
    if (len > most)
        luaL_error(L, "a page of more than %d bytes", PAGE_MAX);
}

static void put_static(lua_State *L, struct buffer *page, int index)
{
    size_t len;
    const char *text = lua_tolstring(L, index, &len);

    buffer_bytes(page, text, len);
}

// name="value" with a blank before it; only the name when the value is true, nothing when it is
// nothing. The name stands at the index, the value behind it.
static void put_optional(lua_State *L, struct buffer *page, char place, int index)
{
    if (!lua_toboolean(L, index + 1))
        return;
    buffer_u8(page, ' ');
    put_static(L, page, index);
    if (lua_isboolean(L, index + 1))
        return;
    buffer_text(page, "=\"");
    markup_write(L, page, place, index + 1);
    buffer_u8(page, '"');
}

/// html.put(at: integer, places: string, ...): integer
// Writes pieces at the end of a page, one for each letter of places, and gives the new end.
int markup_put(lua_State *L)
{
    struct buffer *page = markup_page(L);
    lua_Integer at = luaL_checkinteger(L, 1);
    const char *places = luaL_checkstring(L, 2);

    luaL_argcheck(L, at >= 0 && (lua_Unsigned)at <= page->len, 1, "no end of a page");
    page->len = (size_t)at;
    for (int index = 3; *places != '\0'; places++, index++) {
        if (*places == PLACE_CONDITION && !lua_toboolean(L, index)) {
            places++;
            continue;
        }
        places += *places == PLACE_CONDITION;
        if (*places == PLACE_STATIC)
            put_static(L, page, index);
        else if (*places == PLACE_OPTIONAL)
            put_optional(L, page, *++places, index++);
        else
            markup_write(L, page, *places, index);
        check_size(L, page->len, BUFFER_MAX);
    }
    lua_pushinteger(L, (lua_Integer)page->len);
    return 1;
}

// What stands in the buffer behind `from` becomes an html value. [-0, +1]
static void push_page(lua_State *L, struct buffer *page, size_t from)
{
    check_size(L, page->len - from, PAGE_MAX);
    lua_pushlstring(L, (const char *)buffer_view(page).data + from, page->len - from);
    page->len = from;
    if (from == 0)
        drop_large(page);
    markup_make(L);
}

// The function has answered: where its page ends, and what else.
static int drawn(lua_State *L, int status, lua_KContext from)
{
    struct buffer *page = markup_page(L);
    lua_Integer end = luaL_checkinteger(L, 4);

    (void)status;
    luaL_argcheck(L, end >= (lua_Integer)from && (lua_Unsigned)end <= page->len, 1,
                  "no function of a template");
    page->len = (size_t)end;
    push_page(L, page, (size_t)from);
    lua_insert(L, -3);
    return 3;
}

/// html.draw(body: function, scope: table, kind: table?): Html, any, any
// Runs a template's function over its variables; kind is the metatable that scope gets. After
// the markup comes what else the function answers: its layout and the layout's data.
int markup_draw(lua_State *L)
{
    lua_KContext from = (lua_KContext)markup_page(L)->len;

    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 3);
    if (!lua_isnil(L, 3)) {
        lua_pushvalue(L, 3);
        lua_setmetatable(L, 2);
    }
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_pushinteger(L, (lua_Integer)from);
    lua_callk(L, 2, 3, from, drawn);
    return drawn(L, LUA_OK, from);
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
        markup_write(L, joining->page, PLACE_TEXT, lua_gettop(L));
        check_size(L, joining->page->len, BUFFER_MAX);
    }
}

// The value on the top becomes html; nothing becomes false. [-1, +1]
static void to_markup(lua_State *L)
{
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        lua_pushboolean(L, 0);
    } else if (!markup_is(L, lua_gettop(L))) {
        struct joining joining = {.page = markup_page(L), .parts = PIECES_MAX};
        size_t from = joining.page->len;

        add_markup(L, &joining);
        push_page(L, joining.page, from);
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
enum { TAKER_KEYS = MARKUP_BUFFER + 1, TAKER_KIND, TAKER_FIRST, TAKER_SIZES, TAKER_REFUSE };

struct sizes {
    int needed, expected; // how many keys a table must have; will have in the end
    bool first_markup;
};

// Where the component was called: the first line outside the file that called us. [-0, +1]
static void push_place(lua_State *L)
{
    lua_Debug inner, outer;
    int level = 2;

    lua_getstack(L, 1, &inner);
    lua_getinfo(L, "S", &inner);
    for (; lua_getstack(L, level, &outer); level++) {
        lua_getinfo(L, "S", &outer);
        if (outer.source != inner.source)
            break;
    }
    luaL_where(L, level);
}

// What is wrong with the table says Lua.
static int refuse(lua_State *L)
{
    push_place(L);
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
    enum { SPEC = 1, KEYS = 2 + MARKUP_BUFFER, KIND, FIRST, SIZES, REFUSE };
    struct sizes *sizes;

    luaL_checktype(L, SPEC, LUA_TTABLE);
    lua_settop(L, SPEC);
    for (int i = 1; i < TAKER_KEYS; i++)
        lua_pushvalue(L, lua_upvalueindex(i));
    lua_newtable(L);
    add_keys(L, "known", KEY_KNOWN);
    add_keys(L, "markup", KEY_MARKUP);
    lua_getfield(L, SPEC, "kind");
    lua_getfield(L, SPEC, "needs");
    lua_rawgeti(L, -1, 1);
    lua_remove(L, -2);
    sizes = lua_newuserdatauv(L, sizeof *sizes, 0);
    lua_getfield(L, SPEC, "refuse");
    lua_pushvalue(L, KEYS);
    sizes->needed = add_keys(L, "needs", KEY_KNOWN | KEY_NEEDED);
    lua_getfield(L, SPEC, "more");
    sizes->expected = sizes->needed + (int)lua_tointeger(L, -1);
    lua_pop(L, 1);
    lua_pushvalue(L, FIRST);
    sizes->first_markup = !lua_isnil(L, -1) && lua_rawget(L, -2) == LUA_TNUMBER &&
                          (lua_tointeger(L, -1) & KEY_MARKUP) != 0;
    lua_settop(L, REFUSE);
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
