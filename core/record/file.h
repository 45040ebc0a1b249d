// SPDX-License-Identifier: Apache-2.0
// Files as values of fields. A field of type file holds the id of one file; that file is held by
// this field of this record and by nothing else, so that whoever may read the field may read the
// file, and nobody beside. With the record the file goes; a record that keeps its history keeps
// the files of its past.
#pragma once

#include "blob/file.h"
#include "record/record.h"

// May the principal bring a file of so many bytes for this field ("app.collection.field") of
// some record at *org? *org becomes the organisation that owns it. ERR_LIMIT when it is larger
// than the field takes.
bool record_file_may_give(struct view *view, struct slice field, struct id *org, uint64_t bytes,
                          bool *may, struct err *err);
bool record_file_may_read(struct view *view, const struct blob_file *file, bool *may,
                          struct err *err);
// What a value of such a field says of its file; *file NULL when it is gone.
bool record_file_get(struct view *view, const struct value *value, struct blob_file **file,
                     struct err *err);
