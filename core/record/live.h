// SPDX-License-Identifier: Apache-2.0
// What the streams of /live follow: the log "live". A write that tells of something appends to
// it, so the event is part of the commit: it is told after it, or not at all. The number of
// an entry is the event's id. Apart from the feed, which every write is in and which is kept:
// of this one only the last entries are.
//
// An entry says who may hear, by a topic that an app has declared; whoever tells it asks the
// rules for each listener, at that moment. So it never carries a field of a record.
#pragma once

#include "record/record.h"

#define LIVE_LOG "live"
enum { LIVE_PEOPLE_MAX = 200, LIVE_DATA_MAX = 4096 };

enum live_kind {
    LIVE_EVENT = 1,
    LIVE_PERSON,  // what they may do has changed: their sessions, roles, account
    LIVE_SESSION, // has ended
};

struct live_entry {
    enum live_kind kind;
    struct slice app, topic; // EVENT, as all to data
    struct id org;
    struct ref about;    // the record; zero: none
    struct slice people; // ids one after the other; empty: the topic says who
    struct slice data;   // JSON, without line breaks; empty: none
    struct id person;     // PERSON, SESSION
    struct slice session; // SESSION: its key
};

bool live_append(struct view *view, const struct live_entry *entry, struct err *err);
bool live_decode(struct slice bytes, struct live_entry *entry); // false: not one of ours
