// SPDX-License-Identifier: Apache-2.0
// From the text of a pattern to its steps.
#include "script/pattern.h"

enum mistake { ENDS, NO_BRACKET, NO_ARGUMENTS, NO_FRONTIER, TOO_MANY, NO_OPEN, NO_CAPTURE };

static const char *const mistakes[] = {
    [ENDS] = "malformed pattern (ends with '%%')",
    [NO_BRACKET] = "malformed pattern (missing ']')",
    [NO_ARGUMENTS] = "malformed pattern (missing arguments to '%%b')",
    [NO_FRONTIER] = "missing '[' after '%%f' in pattern",
    [TOO_MANY] = "too many captures",
    [NO_OPEN] = "invalid pattern capture",
    [NO_CAPTURE] = "invalid capture index %%%d",
};

// The classes of ASCII and their complements; no byte from 128 belongs to a class.
#define CLASS(a, b, c, d)                          \
    {                                              \
        {{a, b, c, d, 0, 0, 0, 0}},                \
        {                                          \
            {                                      \
                ~a, ~b, ~c, ~d, ~0U, ~0U, ~0U, ~0U \
            }                                      \
        }                                          \
    }
static const struct set classes['z' - 'a' + 1][2] = {
    ['a' - 'a'] = CLASS(0U, 0U, 0x07fffffeU, 0x07fffffeU),
    ['c' - 'a'] = CLASS(0xffffffffU, 0U, 0U, 0x80000000U),
    ['d' - 'a'] = CLASS(0U, 0x03ff0000U, 0U, 0U),
    ['g' - 'a'] = CLASS(0U, 0xfffffffeU, 0xffffffffU, 0x7fffffffU),
    ['l' - 'a'] = CLASS(0U, 0U, 0U, 0x07fffffeU),
    ['p' - 'a'] = CLASS(0U, 0xfc00fffeU, 0xf8000001U, 0x78000001U),
    ['s' - 'a'] = CLASS(0x00003e00U, 0x00000001U, 0U, 0U),
    ['u' - 'a'] = CLASS(0U, 0U, 0x07fffffeU, 0U),
    ['w' - 'a'] = CLASS(0U, 0x03ff0000U, 0x07fffffeU, 0x07fffffeU),
    ['x' - 'a'] = CLASS(0U, 0x03ff0000U, 0x0000007eU, 0x0000007eU),
    ['z' - 'a'] = CLASS(1U, 0U, 0U, 0U),
};

struct parse {
    struct pattern *pattern;
    const uint8_t *at, *end;
    size_t steps, sets;
};

static struct step *add(struct parse *parse, enum step_op op)
{
    struct step *step = &parse->pattern->steps[parse->steps++];

    *step = (struct step){.op = (uint8_t)op};
    return step;
}

static void add_error(struct parse *parse, enum mistake mistake, size_t index)
{
    struct step *step = add(parse, STEP_ERROR);

    step->error = (uint16_t)mistake;
    step->index = (uint16_t)index;
    parse->at = parse->end;
}

void pattern_fail(lua_State *L, const struct step *step)
{
    luaL_error(L, mistakes[step->error], (int)step->index);
}

static void set_byte(struct set *set, unsigned byte)
{
    set->bits[byte / 32] |= UINT32_C(1) << (byte % 32);
}

// NULL: the letter names no class.
static const struct set *class_of(uint8_t letter)
{
    uint8_t lower = letter | 0x20;

    if (lower < 'a' || lower > 'z' || (letter & 0x80) != 0 || strchr("acdglpsuwxz", lower) == NULL)
        return NULL;
    return &classes[lower - 'a'][lower != letter];
}

// %a, its complement %A, or the byte itself.
static void set_class(struct set *set, uint8_t letter)
{
    const struct set *class = class_of(letter);

    if (class == NULL) {
        set_byte(set, letter);
        return;
    }
    for (int i = 0; i < 8; i++)
        set->bits[i] |= class->bits[i];
}

static struct set *add_set(struct parse *parse, struct step *step)
{
    struct set *set = &parse->pattern->sets[parse->sets++];

    *set = (struct set){{0}};
    step->set = set;
    return set;
}

// The closing bracket of the set that begins at `at`; a bracket that stands first is a member.
static const uint8_t *set_end(const struct parse *parse, const uint8_t *at)
{
    const uint8_t *end = parse->end;

    at++;
    if (at < end && *at == '^')
        at++;
    do {
        if (at >= end)
            return NULL;
        if (*at++ == '%' && at < end)
            at++;
    } while (at >= end || *at != ']');
    return at;
}

// One member between at and close, which is the closing bracket; answers where the next is.
static const uint8_t *set_member(struct set *set, const uint8_t *at, const uint8_t *close)
{
    if (*at == '%') {
        set_class(set, at[1]);
        return at + 2;
    }
    if (at + 2 < close && at[1] == '-') {
        for (unsigned byte = at[0]; byte <= at[2]; byte++)
            set_byte(set, byte);
        return at + 3;
    }
    set_byte(set, *at);
    return at + 1;
}

// [set]: [-a%d], [^x]. The caller has seen the opening bracket.
static bool read_set(struct parse *parse, struct step *step)
{
    const uint8_t *close = set_end(parse, parse->at), *at = parse->at + 1;
    struct set *set;
    bool flip;

    if (close == NULL)
        return false;
    set = add_set(parse, step);
    flip = *at == '^';
    if (flip)
        at++;
    do
        at = set_member(set, at, close);
    while (at < close);
    for (int i = 0; flip && i < 8; i++)
        set->bits[i] = ~set->bits[i];
    parse->at = close + 1;
    return true;
}

static void read_repeat(struct parse *parse, struct step *step)
{
    if (parse->at < parse->end && *parse->at != 0 && strchr("*+-?", *parse->at) != NULL)
        step->repeat = *parse->at++;
}

// A single byte, `.`, a class or a set, with what follows it.
static void read_item(struct parse *parse)
{
    struct step *step = add(parse, STEP_ITEM);
    uint8_t byte = *parse->at;

    if (byte == '[') {
        step->item = ITEM_SET;
        if (!read_set(parse, step)) {
            parse->steps--;
            add_error(parse, NO_BRACKET, 0);
            return;
        }
    } else if (byte == '%' && class_of(parse->at[1]) != NULL) {
        step->item = ITEM_SET;
        step->set = class_of(parse->at[1]);
        parse->at += 2;
    } else {
        parse->at += byte == '%' ? 2 : 1;
        step->item = byte == '.' ? ITEM_ANY : ITEM_BYTE;
        step->byte = parse->at[-1];
    }
    read_repeat(parse, step);
}

static void read_open(struct parse *parse)
{
    struct pattern *pattern = parse->pattern;
    bool is_position = parse->at + 1 < parse->end && parse->at[1] == ')';

    if (pattern->capture_count == CAPTURES_MAX) {
        add_error(parse, TOO_MANY, 0);
        return;
    }
    add(parse, is_position ? STEP_POSITION : STEP_OPEN)->index = (uint16_t)pattern->capture_count;
    pattern->kinds[pattern->capture_count++] = is_position ? CAPTURE_POSITION : CAPTURE_OPEN;
    parse->at += is_position ? 2 : 1;
}

static void read_close(struct parse *parse)
{
    struct pattern *pattern = parse->pattern;
    size_t i = pattern->capture_count;

    while (i > 0 && pattern->kinds[i - 1] != CAPTURE_OPEN)
        i--;
    if (i == 0) {
        add_error(parse, NO_OPEN, 0);
        return;
    }
    pattern->kinds[i - 1] = CAPTURE_CLOSED;
    add(parse, STEP_CLOSE)->index = (uint16_t)(i - 1);
    parse->at++;
}

static void read_same(struct parse *parse)
{
    const struct pattern *pattern = parse->pattern;
    size_t number = (size_t)(parse->at[1] - '0');

    if (number == 0 || number > pattern->capture_count ||
        pattern->kinds[number - 1] == CAPTURE_OPEN) {
        add_error(parse, NO_CAPTURE, number);
        return;
    }
    add(parse, pattern->kinds[number - 1] == CAPTURE_POSITION ? STEP_NEVER : STEP_SAME)->index =
        (uint16_t)(number - 1);
    parse->at += 2;
}

static void read_balance(struct parse *parse)
{
    struct step *step;

    if (parse->end - parse->at < 4) {
        add_error(parse, NO_ARGUMENTS, 0);
        return;
    }
    step = add(parse, STEP_BALANCE);
    step->byte = parse->at[2];
    step->index = parse->at[3];
    parse->at += 4;
}

static void read_frontier(struct parse *parse)
{
    struct step *step = add(parse, STEP_FRONTIER);

    parse->at += 2;
    if (parse->at < parse->end && *parse->at == '[' && read_set(parse, step))
        return;
    parse->steps--;
    add_error(parse, parse->at < parse->end && *parse->at == '[' ? NO_BRACKET : NO_FRONTIER, 0);
}

static void read_escape(struct parse *parse)
{
    if (parse->at + 1 == parse->end)
        add_error(parse, ENDS, 0);
    else if (parse->at[1] == 'b')
        read_balance(parse);
    else if (parse->at[1] == 'f')
        read_frontier(parse);
    else if (parse->at[1] >= '0' && parse->at[1] <= '9')
        read_same(parse);
    else
        read_item(parse);
}

static void read_step(struct parse *parse)
{
    switch (*parse->at) {
    case '(':
        read_open(parse);
        break;
    case ')':
        read_close(parse);
        break;
    case '%':
        read_escape(parse);
        break;
    case '$':
        if (parse->at + 1 == parse->end) {
            add(parse, STEP_TAIL);
            parse->at++;
            break;
        }
        read_item(parse);
        break;
    default:
        read_item(parse);
    }
}

// Each step takes a byte of the text at least, a choice two and a set three.
static size_t captures_of(size_t len)
{
    return len < CAPTURES_MAX ? len : CAPTURES_MAX;
}

size_t pattern_size(size_t len)
{
    return captures_of(len) * sizeof(struct span) + len / 2 * sizeof(struct choice) +
           (len / 3 + 1) * sizeof(struct set) + (len + 1) * sizeof(struct step);
}

_Static_assert(SMALL_PATTERN >= CAPTURES_MAX &&
                   CAPTURES_MAX * sizeof(struct span) + SMALL_PATTERN / 2 * sizeof(struct choice) +
                           (SMALL_PATTERN / 3 + 1) * sizeof(struct set) +
                           (SMALL_PATTERN + 1) * sizeof(struct step) <=
                       SMALL_BYTES,
               "a small pattern fits");

void pattern_compile(struct pattern *pattern, void *memory, struct slice text)
{
    struct parse parse = {.pattern = pattern, .at = text.data, .end = text.data + text.len};

    pattern->captures = memory;
    pattern->choices = (struct choice *)(pattern->captures + captures_of(text.len));
    pattern->steps = (struct step *)(pattern->choices + text.len / 2);
    pattern->sets = (struct set *)(pattern->steps + text.len + 1);
    pattern->capture_count = 0;
    while (parse.at < parse.end)
        read_step(&parse);
    add(&parse, STEP_DONE);
}
