/* SPDX-License-Identifier: GPL-2.0 */
/*
 * struct store, and what the files of this folder call of one another. Nobody
 * outside daemon/store/ and its unit tests includes this.
 *
 * A row's way: store_append_*() (append.c) makes a row of plain integers and
 * puts it into a bounded array; store_flush() (flush.c) writes all arrays in
 * one transaction and empties them, or leaves them as they are when it fails.
 * So nothing waits anywhere but in the arrays, and a row that does not fit
 * into a full array is counted lost.
 *
 * Result codes: functions that touch SQLite return SQLite's codes; store.c
 * alone decides what a code means for the file (store_fail()).
 */
#ifndef DENSITY_STORE_IMPL_H
#define DENSITY_STORE_IMPL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "host_row.h"
#include "sampler.h"
#include "schema.h"
#include "store.h"
#include "vm_track.h"
#include "words.h"

/* Bounds of the batch: a writer locked out for minutes loses nothing. */
#define BATCH_HOST_ROWS 1024
#define BATCH_VM_ROWS 16384
#define BATCH_NOTES 512
#define BATCH_TEXT 240

/* An unchanged VM is written again after so long. */
#define VM_REPEAT_MS 300000

#define STORE_BUSY_MS 100
#define STORE_PAUSE_MIN_MS 1000
#define STORE_PAUSE_MAX_MS 60000
/* So many files are set aside beside the history, then no more. */
#define STORE_ASIDE_MAX 20

struct vm_row {
	int64_t sample;		/* sequence number of the host's row */
	uint32_t vm;		/* number of the VM, struct vm_track */
	struct vm_value value;
};

enum note_kind { NOTE_DECISION, NOTE_WRITE, NOTE_EVENT };

struct note_row {
	enum note_kind kind;
	int64_t real_ms;
	int word;		/* reason, knob, or the event's kind */
	int law;
	int phase;
	int64_t old_value;
	int64_t new_value;
	int error;
	uint32_t run, sleep_ms, scan_pages;
	char text[BATCH_TEXT];
};

/* Samples by themselves, with nothing to note, wait so many flush intervals. */
#define STORE_CALM 4

enum store_stmt {
	STMT_BEGIN,
	STMT_COMMIT,
	STMT_ROLLBACK,
	STMT_WORD_FIND,
	STMT_WORD_ADD,
	STMT_RUN,
	STMT_RUN_LAW,
	STMT_END_VMS,
	STMT_VM,
	STMT_SAMPLE,
	STMT_VM_SAMPLE,
	STMT_DECISION,
	STMT_WRITE,
	STMT_EVENT,
	STMT_MINUTE,
	STMT_HOUR,
	STMT_UNROLLED_SAMPLES,
	STMT_UNROLLED_MINUTES,
	STMT_ROLLED_GET,
	STMT_ROLLED_SET,
	STMT_OLD_SAMPLES,
	STMT_FIRST_SAMPLES,
	STMT_DELETE_SAMPLES,
	STMT_DELETE_VM_SAMPLES,
	STMT_OLD_MINUTES,
	STMT_OLD_HOURS,
	STMT_OLD_DECISIONS,
	STMT_OLD_WRITES,
	STMT_OLD_EVENTS,
	STMT_OLD_VMS,
	STMT_FIRST_DECISIONS,
	STMT_FIRST_WRITES,
	STMT_FIRST_MINUTES,
	STMT_FIRST_HOURS,
	STMT_FIRST_EVENTS,
	STMT_PAGE_COUNT,
	STMT_FREE_COUNT,
	STMT_VACUUM,
	STMT_COUNT,
};

/* Which file an open descriptor stands for. */
struct file_identity {
	dev_t dev;
	ino_t ino;
};

struct store {
	char *path;
	char *wal_path;
	char *shm_path;
	struct store_conf conf;

	/* the open file; NULL while there is none */
	sqlite3 *db;
	sqlite3_stmt *stmts[STMT_COUNT];
	struct file_identity db_identity;
	struct file_identity wal_identity;
	int64_t run_id;
	int64_t run_start_ms;
	int64_t sample_base;	/* added to sequence numbers */
	int64_t vm_base;
	bool run_written;
	bool run_law_written;

	/* time, as the snapshots tell it */
	uint64_t mono_ms;
	int64_t clock_offset_ms;	/* real - mono */
	uint64_t steady_since_ms;	/* mono; the clock was not set since */
	bool any_time;

	/* rows that wait, and what makes them */
	struct sampler sampler;
	struct vm_tracker vms;
	struct words words;
	int64_t sample_seq;
	uint32_t page_size;
	int run_law;		/* word; of the run's first sample, or -1 */
	uint64_t swept_ms;	/* mono of the last VM rows */
	uint64_t swept_vms_seq;
	struct note_row last_decision;
	bool any_decision;
	uint64_t batch_since_ms;
	uint64_t notes_since_ms;	/* the same of its notes */
	unsigned int nhost, nvm, nnotes;
	struct host_row *host;
	struct vm_row *vm;
	struct note_row *notes;

	/* health */
	enum store_state state;
	char text[160];
	uint64_t rows_written;
	uint64_t rows_lost;
	uint64_t pause_ms;	/* 0: writes work */
	uint64_t retry_at_ms;	/* mono */
};

/* file.c */

/* Open, check and prepare the file; state and text tell why not. */
int store_file_open(struct store *store);
void store_file_close(struct store *store);
/* The path leads to another file than the open one, or to none. */
bool store_file_moved(const struct store *store);
/* Remember which files are open now. */
void store_file_identify(struct store *store);
/* Rename a corrupt file. 0 or -errno; the new name's last part in @name. */
int store_file_set_aside(struct store *store, char *ret_name, size_t size);
uint64_t store_file_bytes(const struct store *store);

/* The statement, prepared at first use and kept; NULL when that failed. */
sqlite3_stmt *store_stmt(struct store *store, enum store_stmt which);
/* Step a statement that yields no row, and reset it. */
int store_run(struct store *store, sqlite3_stmt *stmt);
/* One integer of a statement that yields one row; resets it. */
int store_run_int(struct store *store, sqlite3_stmt *stmt, int64_t *ret_value);
int store_begin(struct store *store);
int store_commit(struct store *store);
void store_rollback(struct store *store);

/* flush.c: all arrays in one transaction. */
int store_write_batch(struct store *store);

/* store.c */

/* Sort out what @code means for the file; closes it when it must. */
void store_fail(struct store *store, int code, const char *what);
/* Flush when @forced, or when due and not in a pause after a failure. */
void store_flush_if_due(struct store *store, bool forced);
int64_t store_now_ms(void);

/* rollup.c, retain.c: within a transaction of the caller. */
int store_rollup(struct store *store);
int store_retain(struct store *store, int64_t real_ms);
/* Give free pages back to the file system; its own transaction. */
int store_shrink(struct store *store);

#endif
