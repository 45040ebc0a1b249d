// SPDX-License-Identifier: Apache-2.0
// What the files of this folder know of each other. Nobody else includes it.
#pragma once

#include <bsd/sys/tree.h>

#include "base/frame.h"
#include "store/engine.h"
#include "store/store.h"
#include "store/stored.h"

enum {
    STORE_FORMAT = 1,
    TXN_IDLE_MAX = 8,
    COMMIT_BYTES_DEFAULT = 16 << 20,
    COMMIT_BYTES_MOST = 60 << 20, // below FRAME_MAX
};

struct client;
struct group;
struct history;

struct store {
    enum store_role role;
    struct store_options options;
    char *folder;
    int folder_fd, lock_fd;
    struct engine *engine;
    struct history *history; // owners only, as is group
    struct group *group;
    struct client *client;
    struct store_txn *idle; // ended transactions, kept for the next
    unsigned idle_count;
    uint64_t groups, commits, conflicts;
    const char *watched; // a log, see store_watch_log; NULL: none
    bool grew;           // the watched log did
};

// A transaction -----------------------------------------------------------------------

// What a transaction has done to a key. States are only replaced in place while no range
// is open; otherwise the newer one goes in front and a range picks what it may see.
enum state_kind { STATE_PUT, STATE_DELETE, STATE_ADD, STATE_RESET }; // RESET: from 0, then added

struct state {
    struct state *older;
    uint64_t time; // number of the write in this transaction
    enum state_kind kind;
    int64_t number;
    struct slice value;
};

struct own_write {
    RB_ENTRY(own_write) link;
    struct slice key;
    struct state *newest;
};

struct own_read {
    RB_ENTRY(own_read) link;
    struct slice key;
};

RB_HEAD(own_writes, own_write);
RB_HEAD(own_reads, own_read);
RB_PROTOTYPE(own_writes, own_write, link, )
RB_PROTOTYPE(own_reads, own_read, link, )

// Appends and requirements, in the order they were asked for.
struct extra {
    struct extra *next;
    struct slice name; // log or key
    struct slice entry;
    uint64_t version;
    bool is_append;
};

// A range lives as long as its transaction: it says what was read.
struct store_range {
    struct store_range *next;
    struct store_txn *txn;
    struct slice from, to; // to.data NULL: to the end of all keys
    struct slice walked;   // the last key given; data NULL: none
    bool backwards, ended, closed, loaded;
    uint64_t time;         // writes up to this one are seen
    struct engine_cursor *cursor;
    struct slice base_key, base_value; // the snapshot's next key, when loaded
    struct own_write *own;             // this transaction's next key
};

struct store_txn {
    struct store *store;
    enum store_mode mode;
    struct engine_view *view;
    struct arena arena;
    struct own_writes writes;
    struct own_reads reads;
    struct extra *extras, **extras_end;
    struct store_range *ranges;
    unsigned ranges_open;
    uint64_t time;
    size_t bytes; // of what is to be written
    bool has_writes;
    struct store_txn *next_idle;
};

struct state *txn_state(struct own_write *write, uint64_t time);
struct own_write *txn_find_write(struct store_txn *txn, struct slice key);
void txn_note_read(struct store_txn *txn, struct slice key);
bool txn_base(struct store_txn *txn, struct slice key, struct stored *stored, struct err *err);
// The value a key has for this transaction, given what the snapshot holds.
bool txn_merge(struct store_txn *txn, struct slice key, const struct state *state,
               struct stored *base, struct err *err);
bool txn_may_write(struct store_txn *txn, struct slice key, size_t bytes, struct err *err);
void txn_free(struct store_txn *txn);
struct store_range *range_open(struct store_txn *txn, struct slice from, struct slice to,
                               bool backwards, struct err *err);

// The first key after all that start with prefix; absent when there is none.
struct slice prefix_end(struct arena *arena, struct slice prefix);

// A commit as bytes ---------------------------------------------------------------------

// u8 format, u64 snapshot, u32 number of reads, then as many keys; u32 number of ranges,
// then as many pairs of keys (`to` empty: the end of all keys); then operations until the
// end: u8 kind and what it needs. Those of one key each come in the order of their keys.
enum { COMMIT_FORMAT = 1 };
enum commit_op { OP_PUT = 1, OP_DELETE, OP_ADD, OP_RESET, OP_APPEND, OP_REQUIRE };

struct operation {
    enum commit_op op;
    struct slice key;   // of OP_APPEND: the log's name
    struct slice value; // OP_PUT, OP_APPEND
    uint64_t number;    // OP_ADD, OP_RESET: what to add; OP_REQUIRE: the version
};
// False when malformed; *end at the end.
bool operation_read(struct reader *reader, struct operation *operation, bool *end);

// Logs ----------------------------------------------------------------------------------

enum { LOG_NAME_MAX = 200, LOG_TIME_LEN = 8, LOG_CHAIN_LEN = 32 };
// u64 number of the last entry, then its digest when the log is chained.
struct slice log_head_key(struct arena *arena, struct slice name);
struct slice log_entry_key(struct arena *arena, struct slice name, uint64_t number);
size_t log_chain_len(struct slice name); // 0 unless it is chained
bool log_name_is_good(struct slice name);

// The committer's group -------------------------------------------------------------------

struct group *group_create(void);
void group_destroy(struct group *group);

// Commits on their way ----------------------------------------------------------------------

struct client *client_create(struct store *store);
void client_destroy(struct client *client); // what is under way gets ERR_UNKNOWN
// Takes the commit's bytes.
void client_send(struct client *client, struct buffer *commit, store_done *done, void *context);
bool client_wait(struct client *client, struct slice commit, struct err *err);
// Calls done with this outcome from the loop.
void client_later(struct client *client, const struct err *outcome, store_done *done,
                  void *context);
