/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading the history: what densityctl asks about the past.
 *
 * With store.c the only place that knows SQL. Opens the file read-only, while
 * the daemon writes or long after it has gone.
 */
#ifndef DENSITY_QUERY_H
#define DENSITY_QUERY_H

#include <stdbool.h>
#include <stdint.h>

struct query;

#define QUERY_ERROR_LEN 256

/*
 * -ENOENT no file, -EACCES, -EILSEQ not ours or corrupt, -EPROTO newer than
 * this program; words in @ret_error.
 */
int query_open(const char *path, struct query **ret_query,
	       char ret_error[QUERY_ERROR_LEN]);
void query_close(struct query *query);

enum query_rollup { QUERY_AUTO, QUERY_RAW, QUERY_MINUTE, QUERY_HOUR };

/* A column of the host's samples. Rates are computed by the reader of rows. */
enum query_kind {
	QUERY_GAUGE,		/* value at the row's end */
	QUERY_COUNTER,		/* grows; the row holds its difference since the row before */
	QUERY_TEXT,
};

struct query_column {
	const char *name;	/* such as "saved_mib", "ksmd_cpu_pct" */
	const char *unit;
	const char *help;
	enum query_kind kind;
	bool shown;		/* among the default columns of `history` */
};

/* The table of columns; NULL past the end. */
const struct query_column *query_column_at(unsigned int i);
/* Index by name, or -1. */
int query_column_find(const char *name);
#define QUERY_COLUMNS_MAX 48

struct query_row {
	int64_t real_ms;	/* end of the row's span */
	uint32_t span_ms;
	const char *law;
	const char *phase;
	/* by index of the column table; NAN where unknown */
	double value[QUERY_COLUMNS_MAX];
};

/* Return non-zero to stop; that value is then the result. */
typedef int (*query_row_fn)(void *arg, const struct query_row *row);

/*
 * Rows of [from_ms, to_ms), oldest first. QUERY_AUTO takes raw rows up to two
 * hours, minutes up to a week, hours beyond, and what retention has left. The
 * last row of a rollup may be a period that is still open.
 * @ret_used, may be NULL, tells which. Returns 0, @fn's value, or -errno.
 */
int query_samples(struct query *query, int64_t from_ms, int64_t to_ms,
		  enum query_rollup rollup, query_row_fn fn, void *arg,
		  enum query_rollup *ret_used);

struct query_vm_row {
	int64_t real_ms;
	int32_t pid;
	const char *name;
	uint64_t rss_kib;
	uint64_t merging_kib;
	uint64_t zero_kib;
	int64_t profit_kib;
};
typedef int (*query_vm_fn)(void *arg, const struct query_vm_row *row);
/* @name: NULL for all, else a glob. */
int query_vms(struct query *query, int64_t from_ms, int64_t to_ms,
	      const char *name, query_vm_fn fn, void *arg);

struct query_note {
	int64_t real_ms;
	const char *kind;	/* "decision", "write", "event" */
	const char *name;	/* reason, knob, or the event's kind */
	const char *law;	/* decisions */
	const char *phase;	/* decisions */
	const char *text;
	int64_t old_value;	/* writes */
	int64_t new_value;
	int error;
	uint32_t run, sleep_ms, scan_pages; /* decisions */
};
typedef int (*query_note_fn)(void *arg, const struct query_note *note);
enum { QUERY_DECISIONS = 1, QUERY_WRITES = 2, QUERY_EVENTS = 4 };
/* The last @limit notes of the @kinds within [from_ms, to_ms), oldest first. */
int query_notes(struct query *query, int64_t from_ms, int64_t to_ms,
		unsigned int kinds, unsigned int limit, query_note_fn fn,
		void *arg);

/*
 * Sums over a span, or over all spans of one law within it (@law not NULL).
 * Rows at the edges count in proportion. Rows are taken as QUERY_AUTO does.
 */
struct query_sum {
	double span_s;
	double saved_gib_s;	/* integral of saved memory */
	double ksmd_cpu_s;
	double daemon_cpu_s;
	double saved_gib_mean;
	double saved_gib_last;
	double cow_pages;
	double scanned_pages;
	/* NAN where no row knows */
	double available_gib_mean;
	double cached_gib_mean;
	double stall_cpu_s;	/* some task waited for a CPU */
	double stall_mem_s;	/* for memory */
	double shadow_evictions;
	double shadow_refaults;
	uint64_t samples;
};
int query_sum(struct query *query, int64_t from_ms, int64_t to_ms,
	      const char *law, struct query_sum *ret_sum);

/*
 * The history lies in [from, to): @ret_to_ms is one past the last row's end.
 * -ENODATA when it is empty.
 */
int query_extent(struct query *query, int64_t *ret_from_ms,
		 int64_t *ret_to_ms);

#endif
