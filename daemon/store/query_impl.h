/* SPDX-License-Identifier: GPL-2.0 */
/* struct query, and what the query_*.c files share. Internal, as store_impl.h. */
#ifndef DENSITY_QUERY_IMPL_H
#define DENSITY_QUERY_IMPL_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "host_row.h"
#include "query.h"

#define QUERY_WORDS_MAX 256

struct query {
	sqlite3 *db;
	/* the words of the file, read when first needed */
	struct {
		int64_t id;
		char *text;
	} words[QUERY_WORDS_MAX];
	int nwords;
	int64_t missing;	/* an id that the file does not have */
	/* page size of the run looked up last */
	int64_t run;
	int64_t page_size;
	/* virtual machine steps of all statements so far: the tests' measure */
	uint64_t steps;
};

/* 0 or -errno for an SQLite code: -EILSEQ corrupt, -EBUSY, -EACCES, -EIO. */
int query_errno(int code);
/* Prepare; *ret_stmt is NULL on failure. Returns an SQLite code. */
int query_prepare(struct query *query, const char *sql,
		  sqlite3_stmt **ret_stmt);
/* Finalise and count the steps. NULL is fine. */
void query_finish(struct query *query, sqlite3_stmt *stmt);
/*
 * Never NULL; "" for an id that the file does not know. Valid until
 * query_close().
 */
const char *query_word(struct query *query, int64_t id);
int64_t query_page_size(struct query *query, int64_t run);

/* query_columns.c: a value of the column table, NAN where unknown. */
double query_column_value(unsigned int column, const struct host_row *row,
			  int64_t page_size);
/* Pages that merging saved; 0 when unknown. */
int64_t query_saved_pages(const struct host_row *row);

/* query_walk.c */

typedef int (*query_host_fn)(void *arg, const struct host_row *row);

/* Resolve QUERY_AUTO for a span. Returns an SQLite code. */
int query_choose(struct query *query, int64_t from_ms, int64_t to_ms,
		 enum query_rollup wanted, enum query_rollup *ret_used);
int64_t query_period_ms(enum query_rollup rollup);
/*
 * Rows of one rollup that end in [from, to), and after them what has not been
 * rolled up yet, folded here. Returns 0, @fn's value, or -errno.
 */
int query_walk(struct query *query, int64_t from_ms, int64_t to_ms,
	       enum query_rollup rollup, query_host_fn fn, void *arg);

#endif
