// SPDX-License-Identifier: Apache-2.0
// The first byte of every key names its space. One list, so that none is used twice.
// Keys of records: space, organisation (16 bytes), collection (u8 length, name), kind
// ('r' record, 'h' former versions, 'i' index, 'n' counters), then id or index entry: hot writes of one
// collection of one school stand together.
#pragma once

enum store_space {
    SPACE_FILE = 'F',     // files, their content, counts and quotas (blob/)
    SPACE_META = 'M',     // format number, instance id, root organisation, home node
    SPACE_RECORD = 'R',   // records, indexes, rollup counters (record/)
    SPACE_LOG = 'L',      // logs: feed, audit (store/: u8 length, name, u64 number)
    SPACE_SCHEMA = 'C',   // what collections and rollups were when they were written (record/)
    SPACE_DELETED = 'D',  // deleted records by time: u64 ms, organisation, id → collection (record/)
    SPACE_JOB = 'J',      // durable jobs by app and time, their keys, dead letters (job/)
    SPACE_SESSION = 'S',  // sessions by hashed token (auth/)
    SPACE_SIGNED_IN = 'A', // sessions of an account: account, kind, key → u64 made (auth/)
    SPACE_THROTTLE = 'T', // failed sign-ins by window (auth/)
    SPACE_WRITE = 'W',    // write keys: u16 day, person, key → the answer given (serve/)
};
