/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One row about the host: the shape that the tables sample, minute and hour
 * share, and how rows fold into coarser ones.
 *
 * A row speaks for a span that ends at @real_ms. Everything in it is an
 * integer (small ones cost SQLite a byte), counters are differences over the
 * span, and HOST_NULL stands for what is not known. HOST_COLUMNS is the one
 * list of columns: INSERT, SELECT, folding and reading are generated from it,
 * and a unit test holds it against the tables of schema.c.
 */
#ifndef DENSITY_HOST_ROW_H
#define DENSITY_HOST_ROW_H

#include <stdbool.h>
#include <stdint.h>

struct sqlite3_stmt;

enum host_fold {
	HOST_MEAN,	/* gauge: mean, weighted by span */
	HOST_SUM,	/* counter: sum of the differences */
	HOST_LAST,	/* knob: the value at the end */
};

#define HOST_COLUMNS(X) \
	X(pages_shared, HOST_MEAN) \
	X(pages_sharing, HOST_MEAN) \
	X(stale_pages, HOST_MEAN) \
	X(pages_unshared, HOST_MEAN) \
	X(pages_volatile, HOST_MEAN) \
	X(zero_pages, HOST_MEAN) \
	X(profit_pages, HOST_MEAN) \
	X(mem_available_kib, HOST_MEAN) \
	X(mem_total_kib, HOST_MEAN) \
	X(swap_used_kib, HOST_MEAN) \
	X(anon_pages, HOST_MEAN) \
	X(population_pages, HOST_MEAN) \
	X(vms, HOST_MEAN) \
	X(psi_cpu_permille, HOST_MEAN) \
	X(psi_mem_permille, HOST_MEAN) \
	X(ksm_run, HOST_LAST) \
	X(sleep_ms, HOST_LAST) \
	X(scan_pages, HOST_LAST) \
	X(scanned, HOST_SUM) \
	X(skipped, HOST_SUM) \
	X(full_scans, HOST_SUM) \
	X(cow, HOST_SUM) \
	X(ksmd_cpu_us, HOST_SUM) \
	X(daemon_cpu_us, HOST_SUM) \
	X(cached_kib, HOST_MEAN) \
	X(stall_cpu_us, HOST_SUM) \
	X(stall_mem_us, HOST_SUM) \
	X(shadow_pages, HOST_MEAN) \
	X(shadow_evictions, HOST_SUM) \
	X(shadow_refaults, HOST_SUM)

#define HOST_ENUM(name, fold) HOST_##name,
enum host_col { HOST_COLUMNS(HOST_ENUM) HOST_NCOLS };
#undef HOST_ENUM

#define HOST_NULL INT64_MIN
/* Absurd values are cut here, so that no sum of them can overflow. */
#define HOST_VALUE_MAX (INT64_C(1) << 50)

struct host_row {
	int64_t id;
	int64_t real_ms;	/* end of the span */
	int64_t run;
	int64_t law;		/* id of the word */
	int64_t phase;		/* id of the word */
	int64_t span_ms;
	int64_t samples;	/* raw rows in this one */
	int64_t value[HOST_NCOLS];
};

/* The columns in the order of host_row_read() and host_row_bind(). */
#define HOST_SQL_NAME(name, fold) ", " #name
#define HOST_SQL_MARK(name, fold) ", ?"
#define HOST_SQL_COLUMNS \
	"id, real_ms, run, law, phase, span_ms, samples" \
	HOST_COLUMNS(HOST_SQL_NAME)
#define HOST_SQL_INSERT(table) \
	"INSERT INTO " table "(" HOST_SQL_COLUMNS ") VALUES " \
	"(?, ?, ?, ?, ?, ?, ?" HOST_COLUMNS(HOST_SQL_MARK) ")"

/* The name of a column of the tables. */
const char *host_col_name(enum host_col col);

void host_row_read(struct sqlite3_stmt *stmt, struct host_row *ret_row);
/* An @id of 0 lets SQLite choose. Returns an SQLite result code. */
int host_row_bind(struct sqlite3_stmt *stmt, const struct host_row *row);

/*
 * Folding: rows of one run, one law and one period make one row. Feed rows in
 * the order they were written; when host_fold_fits() says no, take the result
 * with host_fold_end() and begin anew with that row.
 */
struct host_folder {
	int64_t period_ms;
	bool any;
	struct host_row last;
	int64_t span_ms;
	int64_t samples;
	double weight[HOST_NCOLS];	/* ms, of gauges that were known */
	double sum[HOST_NCOLS];
};

void host_fold_begin(struct host_folder *folder, int64_t period_ms);
bool host_fold_fits(const struct host_folder *folder,
		    const struct host_row *row);
void host_fold_add(struct host_folder *folder, const struct host_row *row);
/* The folded row, with id 0. Only after an add. */
void host_fold_end(const struct host_folder *folder, struct host_row *ret_row);

#endif
