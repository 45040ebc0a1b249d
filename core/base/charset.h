// SPDX-License-Identifier: Apache-2.0
// Files from elsewhere as UTF-8. What a file is in is decided by what it is, never by what a
// user says: UTF-8 with or without a byte order mark, UTF-16 with one, else GB18030 (Excel in
// China writes it, and GBK and GB2312 are part of it).
#pragma once

#include "base/err.h"
#include "base/mem.h"

enum charset { CHARSET_UTF8, CHARSET_UTF16LE, CHARSET_UTF16BE, CHARSET_GB18030 };

const char *charset_name(enum charset charset); // "UTF-8", …

// The whole file as UTF-8 in NFC, in the arena, without its mark. A file that is none of
// these, is cut inside a character or holds other control characters than tab and line ends is
// refused (ERR_INPUT), naming the line. The caller bounds the size: memory is five times it.
bool charset_decode(struct arena *arena, struct slice file, struct slice *text,
                    enum charset *charset, struct err *err);
