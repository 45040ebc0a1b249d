// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/http.h"

#define METHODS_ALLOWED "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"

// 200 and the method; 405 for TRACE and CONNECT, which are never served, 501 for unknown ones.
int method_known(struct slice name, enum http_method *method);
