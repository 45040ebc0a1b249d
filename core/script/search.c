// SPDX-License-Identifier: Apache-2.0
// string.find, match, gmatch and gsub over our own matcher.
#include "script/pattern.h"

enum { WHOLE = -1 }; // the match itself, beside its captures

static struct slice check_text(lua_State *L, int arg, size_t max)
{
    struct slice text;

    text.data = (const uint8_t *)luaL_checklstring(L, arg, &text.len);
    if (text.len > max)
        luaL_argerror(L, arg, lua_pushfstring(L, "longer than %d bytes", (int)max));
    return text;
}

// Where to begin, counted from 0; beyond the text when there is no such place.
static size_t check_start(lua_State *L, int arg, size_t len)
{
    lua_Integer start = luaL_optinteger(L, arg, 1);

    if (start > 0)
        return (lua_Unsigned)start - 1 > len ? len + 1 : (size_t)start - 1;
    if (start == 0 || start < -(lua_Integer)len)
        return 0;
    return len - (size_t)-start;
}

// Where the tables of usual patterns lie.
struct small {
    _Alignas(void *) uint8_t bytes[SMALL_BYTES];
};

// [-0, +0|1]
static void *room(lua_State *L, struct small *small, size_t len)
{
    return len <= SMALL_PATTERN ? small->bytes : lua_newuserdatauv(L, pattern_size(len), 0);
}

static struct matcher matcher_of(lua_State *L, const struct pattern *pattern, struct slice subject)
{
    return (struct matcher){
        .L = L, .pattern = pattern, .start = subject.data, .end = subject.data + subject.len};
}

// ^ at the beginning ties the match to the start and is no part of what is compiled.
static bool take_anchor(struct slice *text)
{
    if (text->len == 0 || *text->data != '^')
        return false;
    *text = slice_of(text->data + 1, text->len - 1);
    return true;
}

static bool is_plain(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != 0 && strchr("^$*+?.([%-", text.data[i]) != NULL)
            return false;
    return true;
}

static void push_text(lua_State *L, const uint8_t *from, const uint8_t *to)
{
    lua_pushlstring(L, (const char *)from, (size_t)(to - from));
}

static void push_capture(const struct matcher *matcher, int index, const struct span *found)
{
    const struct pattern *pattern = matcher->pattern;
    const struct span *capture = &pattern->captures[index < 0 ? 0 : index];
    lua_State *L = matcher->L;

    if (index == WHOLE || (index == 0 && pattern->capture_count == 0))
        push_text(L, found->from, found->to);
    else if ((size_t)index >= pattern->capture_count)
        luaL_error(L, "invalid capture index %%%d", index + 1);
    else if (pattern->kinds[index] == CAPTURE_OPEN)
        luaL_error(L, "unfinished capture");
    else if (pattern->kinds[index] == CAPTURE_POSITION)
        lua_pushinteger(L, capture->from - matcher->start + 1);
    else
        push_text(L, capture->from, capture->to);
}

// All captures, or the whole match when there are none.
static int push_captures(const struct matcher *matcher, const struct span *found)
{
    int count = (int)matcher->pattern->capture_count;

    if (count == 0)
        count = 1;
    luaL_checkstack(matcher->L, count, "too many captures");
    for (int i = 0; i < count; i++)
        push_capture(matcher, i, found);
    return count;
}

static int push_place(lua_State *L, const uint8_t *start, const uint8_t *from, size_t len)
{
    lua_pushinteger(L, from - start + 1);
    lua_pushinteger(L, from - start + (lua_Integer)len);
    return 2;
}

// memmem needs no more than a few steps a byte, whatever it is given.
static int find_plain(lua_State *L, struct slice subject, struct slice text, size_t start)
{
    const uint8_t *found = memmem(subject.data + start, subject.len - start, text.data, text.len);

    pattern_spend(L, (int64_t)(subject.len - start) / 16 + 1);
    if (found != NULL)
        return push_place(L, subject.data, found, text.len);
    lua_pushnil(L);
    return 1;
}

static int search(lua_State *L, bool is_find)
{
    struct slice subject = check_text(L, 1, TEXT_MAX), text = check_text(L, 2, PATTERN_MAX);
    size_t start = check_start(L, 3, subject.len);
    struct pattern pattern;
    struct matcher matcher;
    struct small small;
    struct span found;
    bool anchored;

    if (start > subject.len) {
        lua_pushnil(L);
        return 1;
    }
    if (is_find && (lua_toboolean(L, 4) || is_plain(text)))
        return find_plain(L, subject, text, start);
    anchored = take_anchor(&text);
    pattern_compile(&pattern, room(L, &small, text.len), text);
    matcher = matcher_of(L, &pattern, subject);
    if (!pattern_search(&matcher, subject.data + start, anchored, NULL, &found)) {
        lua_pushnil(L);
        return 1;
    }
    if (!is_find)
        return push_captures(&matcher, &found);
    push_place(L, subject.data, found.from, (size_t)(found.to - found.from));
    return pattern.capture_count == 0 ? 2 : 2 + push_captures(&matcher, &found);
}

/// string.find(text: string, pattern: string, start: integer?, plain: boolean?): integer?,
/// integer?, any...
static int search_find(lua_State *L)
{
    return search(L, true);
}

/// string.match(text: string, pattern: string, start: integer?): any...
static int search_match(lua_State *L)
{
    return search(L, false);
}

// An iterator's own: it lies in a userdata that keeps it where it is, its tables behind it.
struct walk {
    struct matcher matcher;
    struct pattern pattern;
    const uint8_t *at, *last; // where to go on; where the last match ended
    _Alignas(void *) uint8_t tables[];
};

static int walk_next(lua_State *L)
{
    struct walk *walk = lua_touserdata(L, lua_upvalueindex(3));
    struct span found;

    walk->matcher.L = L;
    if (walk->at > walk->matcher.end ||
        !pattern_search(&walk->matcher, walk->at, false, walk->last, &found)) {
        walk->at = walk->matcher.end + 1;
        return 0;
    }
    walk->at = walk->last = found.to;
    return push_captures(&walk->matcher, &found);
}

/// string.gmatch(text: string, pattern: string, start: integer?): function
static int search_gmatch(lua_State *L)
{
    struct slice subject = check_text(L, 1, TEXT_MAX), text = check_text(L, 2, PATTERN_MAX);
    size_t start = check_start(L, 3, subject.len);
    struct walk *walk;

    lua_settop(L, 2);
    walk = lua_newuserdatauv(L, sizeof *walk + pattern_size(text.len), 0);
    pattern_compile(&walk->pattern, walk->tables, text);
    walk->matcher = matcher_of(L, &walk->pattern, subject);
    walk->at = subject.data + start;
    walk->last = NULL;
    lua_pushcclosure(L, walk_next, 3); // with the texts whose bytes it reads
    return 1;
}

// What gsub makes: the text in the making and what takes the place of matches.
struct change {
    struct matcher matcher;
    struct pattern pattern;
    struct small small;
    luaL_Buffer out;
    struct slice plain; // of a string replacement
    int type;           // of the replacement, argument 3
};

enum { REPLACEMENT = 3 };

static void check_size(struct change *change)
{
    if (luaL_bufflen(&change->out) > TEXT_MAX)
        luaL_error(change->matcher.L, "string.gsub makes at most %d bytes", TEXT_MAX);
}

static void add_bytes(struct change *change, const uint8_t *from, const uint8_t *to)
{
    luaL_addlstring(&change->out, (const char *)from, (size_t)(to - from));
    check_size(change);
}

// The text or number on the stack's top. [-1, +0]
static void add_value(struct change *change)
{
    luaL_addvalue(&change->out);
    check_size(change);
}

static void add_number(struct change *change, uint8_t digit, const struct span *found)
{
    if (digit == '0') {
        add_bytes(change, found->from, found->to);
        return;
    }
    push_capture(&change->matcher, digit - '1', found);
    add_value(change);
}

// The replacement with %0 to %9 and %%.
static void add_plain(struct change *change, const struct span *found)
{
    const uint8_t *at = change->plain.data, *end = at + change->plain.len, *mark;

    while ((mark = memchr(at, '%', (size_t)(end - at))) != NULL) {
        uint8_t what = mark + 1 < end ? mark[1] : 0;

        add_bytes(change, at, mark);
        if (what == '%')
            add_bytes(change, mark, mark + 1);
        else if (what >= '0' && what <= '9')
            add_number(change, what, found);
        else
            luaL_error(change->matcher.L, "invalid use of '%%' in replacement string");
        at = mark + 2;
    }
    add_bytes(change, at, end);
}

// What the table or the function answers, or the match itself when that is nothing.
static void add_answer(struct change *change, const struct span *found)
{
    lua_State *L = change->matcher.L;

    if (change->type == LUA_TFUNCTION) {
        lua_pushvalue(L, REPLACEMENT);
        lua_call(L, push_captures(&change->matcher, found), 1);
    } else {
        push_capture(&change->matcher, 0, found);
        lua_gettable(L, REPLACEMENT);
    }
    if (lua_toboolean(L, -1) && !lua_isstring(L, -1))
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    if (lua_toboolean(L, -1)) {
        add_value(change);
        return;
    }
    lua_pop(L, 1);
    add_bytes(change, found->from, found->to);
}

// Replaces at most `most` matches. How many there were.
static lua_Integer replace(struct change *change, bool anchored, lua_Integer most)
{
    struct matcher *matcher = &change->matcher;
    const uint8_t *at = matcher->start, *last = NULL;
    lua_Integer count = 0;
    struct span found;

    while (count < most && at <= matcher->end &&
           pattern_search(matcher, at, anchored, last, &found)) {
        count++;
        add_bytes(change, at, found.from);
        if (change->type == LUA_TSTRING)
            add_plain(change, &found);
        else
            add_answer(change, &found);
        at = last = found.to;
        if (anchored)
            break;
    }
    if (at < matcher->end)
        add_bytes(change, at, matcher->end);
    return count;
}

/// string.gsub(text: string, pattern: string, with: string|table|function, most: integer?): string,
/// integer
static int search_gsub(lua_State *L)
{
    struct slice subject = check_text(L, 1, TEXT_MAX), text = check_text(L, 2, PATTERN_MAX);
    int type = lua_type(L, REPLACEMENT);
    lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)subject.len + 1), count;
    bool anchored = take_anchor(&text);
    struct change change;

    change.type = type == LUA_TNUMBER ? LUA_TSTRING : type; // the tables need no zeroes
    luaL_argexpected(L, change.type == LUA_TSTRING || type == LUA_TTABLE || type == LUA_TFUNCTION,
                     REPLACEMENT, "string/function/table");
    if (change.type == LUA_TSTRING)
        change.plain = check_text(L, REPLACEMENT, TEXT_MAX);
    lua_settop(L, REPLACEMENT);
    pattern_compile(&change.pattern, room(L, &change.small, text.len), text);
    change.matcher = matcher_of(L, &change.pattern, subject);
    luaL_buffinit(L, &change.out);
    count = replace(&change, anchored, most);
    luaL_pushresult(&change.out);
    lua_pushinteger(L, count);
    return 2;
}

void search_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"find", search_find},
                                         {"match", search_match},
                                         {"gmatch", search_gmatch},
                                         {"gsub", search_gsub},
                                         {NULL, NULL}};

    luaL_setfuncs(L, functions, 0);
}
