// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include "http/server.h"

static void accept_encoding_is_weighed(void)
{
    static const struct {
        const char *field;
        int gzip, brotli;
    } rows[] = {
        {"gzip, deflate, br", 1000, 1000},
        {"", 0, 0},
        {"identity", 0, 0},
        {"*", 1000, 1000},
        {"gzip;q=0", 0, 0},
        {"gzip;q=0, *", 0, 1000},
        {"GZIP ; q=0.5 , br;q=0.001", 500, 1},
        {"*;q=0.3, br", 300, 1000},
        {"gzip;q=1.000", 1000, 0},
        {"gzip;q=7", 0, 0},
        {"gzip;q=", 0, 0},
        {"gzip;x=1", 0, 0},
        {"xgzip, gzip2", 0, 0},
        {",,br,,", 0, 1000},
        {"gzip;q=0.5555", 0, 0},
        {"gzip;q=1.5", 1000, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK(accepted_quality(slice_text(rows[i].field), "gzip") == rows[i].gzip);
        CHECK(accepted_quality(slice_text(rows[i].field), "br") == rows[i].brotli);
    }
    CHECK(accepted_quality(slice_of(NULL, 0), "gzip") == 0);
}

int main(void)
{
    RUN(accept_encoding_is_weighed);
    return check_report("encoding");
}
