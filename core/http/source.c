// SPDX-License-Identifier: Apache-2.0
// Answers in pieces: libh2o asks for the next when the former has left, so that a slow reader
// holds one piece and no more. sweep.c ends those that take nothing at all.
#include <assert.h>

#include "http/server.h"

void source_proceeds(h2o_generator_t *generator, h2o_req_t *req)
{
    struct http_request *request = (struct http_request *)generator;

    (void)req;
    request->source.next(request->source.context);
}

void http_respond_source(struct http_request *request, int status, const struct http_field *fields,
                         size_t field_count, uint64_t length, const struct http_source *source)
{
    respond_prepare(request, status, field_count);
    for (size_t i = 0; i < field_count; i++)
        respond_field(request, fields[i].name, fields[i].value);
    request->source = *source;
    request->left = length;
    request->generator.proceed = source_proceeds;
    respond_start(request, length);
    if (length == 0 || request->method == HTTP_HEAD)
        h2o_send(request->req, NULL, 0, H2O_SEND_STATE_FINAL);
    else
        source->next(source->context);
}

void http_send(struct http_request *request, struct slice piece)
{
    h2o_iovec_t bytes = {(char *)(uintptr_t)piece.data, piece.len};

    assert(piece.len > 0 && piece.len <= request->left);
    request->left -= piece.len;
    h2o_send(request->req, &bytes, 1,
             request->left == 0 ? H2O_SEND_STATE_FINAL : H2O_SEND_STATE_IN_PROGRESS);
}

void http_break_off(struct http_request *request)
{
    h2o_send(request->req, NULL, 0, H2O_SEND_STATE_ERROR);
}
