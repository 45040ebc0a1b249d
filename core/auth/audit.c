// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>

#include "auth/inside.h"
#include "base/json.h"

static void member(struct buffer *buffer, const char *name, const char *text)
{
    buffer_format(buffer, ",\"%s\":", name);
    json_text(buffer, slice_text(text));
}

bool audit_append(struct view *view, struct id actor, const char *action, const char *object,
                  const char *detail, struct err *err)
{
    struct buffer buffer = BUFFER_EMPTY;
    char person[ID_TEXT_LEN + 1] = "";
    bool done;

    if (!id_is_zero(&actor))
        id_to_text(&actor, person);
    buffer_format(&buffer, "{\"time\":%" PRId64, clock_wall_ms(view->clock));
    member(&buffer, "actor", person);
    member(&buffer, "action", action);
    member(&buffer, "object", object);
    member(&buffer, "detail", detail);
    buffer_u8(&buffer, '}');
    done = store_append(view->txn, "#audit", buffer_view(&buffer), err);
    buffer_finish(&buffer);
    return done;
}
