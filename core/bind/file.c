// SPDX-License-Identifier: Apache-2.0
// A field's file as apps and programs see it: what it is and where it is fetched, never its bytes.
#include "base/json.h"
#include "bind/bind.h"
#include "blob/kind.h"
#include "record/file.h"

static void set_text(lua_State *L, const char *key, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

static const char *url_of(struct arena *arena, const struct blob_file *file)
{
    char id[ID_TEXT_LEN + 1];

    id_to_text(&file->id, id);
    return arena_format(arena, "/files/%s", id);
}

// {id, name, size, kind, group, type, url} [-0, +1]
static void push_file(lua_State *L, const struct blob_file *file)
{
    const struct kind *kind = kind_named(file->kind);

    lua_createtable(L, 0, 7);
    bind_push_id(L, &file->id);
    lua_setfield(L, -2, "id");
    bind_push_slice(L, file->name);
    lua_setfield(L, -2, "name");
    lua_pushinteger(L, (lua_Integer)file->size);
    lua_setfield(L, -2, "size");
    set_text(L, "kind", kind->name);
    set_text(L, "group", kind->group);
    set_text(L, "type", kind->type);
    set_text(L, "url", url_of(bind_call(L)->view->arena, file));
}

// nil when the file is gone. [-0, +1]
void bind_push_file(lua_State *L, const struct value *value)
{
    struct blob_file *file;
    struct err err;

    if (!record_file_get(bind_call(L)->view, value, &file, &err))
        script_raise(L, &err);
    if (file != NULL)
        push_file(L, file);
    else
        lua_pushnil(L);
}

/// record.file(id: string): table | nil
int bind_record_file(lua_State *L)
{
    struct view *view = bind_call(L)->view;
    struct slice text = bind_check_slice(L, 1);
    struct value value = {.kind = VALUE_REF};
    struct blob_file *file = NULL;
    struct err err;
    bool may = false;

    if (id_from_text(text, &value.ref.id) &&
        (!record_file_get(view, &value, &file, &err) ||
         (file != NULL && !record_file_may_read(view, file, &may, &err))))
        script_raise(L, &err);
    if (may)
        push_file(L, file);
    else
        lua_pushnil(L);
    return 1;
}

bool file_to_json(struct buffer *buffer, struct view *view, const struct value *value,
                  struct err *err)
{
    char id[ID_TEXT_LEN + 1];
    struct blob_file *file;

    if (!record_file_get(view, value, &file, err))
        return false;
    if (file == NULL) {
        buffer_text(buffer, "null");
        return true;
    }
    id_to_text(&file->id, id);
    buffer_format(buffer, "{\"id\":\"%s\",\"name\":", id);
    json_text(buffer, file->name);
    buffer_format(buffer, ",\"size\":%llu,\"type\":\"%s\",\"url\":\"%s\"}",
                  (unsigned long long)file->size, kind_named(file->kind)->type,
                  url_of(view->arena, file));
    return true;
}
