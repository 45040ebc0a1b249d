// SPDX-License-Identifier: Apache-2.0
#include "http/method.h"

int method_known(struct slice name, enum http_method *method)
{
    static const char *const names[] = {
        [HTTP_GET] = "GET",        [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
        [HTTP_PUT] = "PUT",        [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
        [HTTP_OPTIONS] = "OPTIONS"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_is(name, names[i])) {
            *method = (enum http_method)i;
            return 200;
        }
    return slice_is(name, "TRACE") || slice_is(name, "CONNECT") ? 405 : 501;
}
