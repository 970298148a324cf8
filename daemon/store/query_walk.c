// SPDX-License-Identifier: GPL-2.0
/*
 * Host rows of one rollup, complete up to the newest sample.
 *
 * A coarse table lags: its last period is still open. What it lacks is read
 * from the finer tables behind the marks in table rolled and folded with the
 * writer's own code. One read transaction holds the marks and the rows
 * together, so that a row is seen in one form exactly while the daemon writes.
 */
#include <errno.h>

#include "query_impl.h"

#define SELECT_FROM(table, condition) \
	"SELECT " HOST_SQL_COLUMNS " FROM " table " WHERE " condition
#define IN_SPAN "real_ms >= ?1 AND real_ms < ?2 ORDER BY real_ms, id"
#define UNROLLED(target) \
	"id > (SELECT upto FROM rolled WHERE target = '" target \
	"') ORDER BY id"

static const struct {
	int64_t period_ms;
	const char *rows;
	const char *oldest;
} levels[] = {
	[QUERY_RAW] = { 0, SELECT_FROM("sample", IN_SPAN),
			"SELECT min(real_ms) FROM sample" },
	[QUERY_MINUTE] = { 60000, SELECT_FROM("minute", IN_SPAN),
			   "SELECT min(real_ms) FROM minute" },
	[QUERY_HOUR] = { 3600000, SELECT_FROM("hour", IN_SPAN),
			 "SELECT min(real_ms) FROM hour" },
};

struct walk {
	int64_t from_ms, to_ms;
	query_host_fn fn;
	void *arg;
	struct host_folder folder;
	int result;		/* the callback's */
};

int64_t query_period_ms(enum query_rollup rollup)
{
	return levels[rollup].period_ms;
}

static int oldest_of(struct query *query, enum query_rollup rollup,
		     int64_t *ret_ms)
{
	sqlite3_stmt *stmt;
	int rc;

	rc = query_prepare(query, levels[rollup].oldest, &stmt);
	if (rc)
		return rc;
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		bool none = sqlite3_column_type(stmt, 0) == SQLITE_NULL;

		*ret_ms = none ? INT64_MAX : sqlite3_column_int64(stmt, 0);
		rc = SQLITE_OK;
	}
	query_finish(query, stmt);
	return rc;
}

int query_choose(struct query *query, int64_t from_ms, int64_t to_ms,
		 enum query_rollup wanted, enum query_rollup *ret_used)
{
	enum query_rollup used = QUERY_HOUR;
	int64_t span_ms, oldest, older;
	int rc;

	if (wanted != QUERY_AUTO) {
		*ret_used = wanted;
		return SQLITE_OK;
	}
	if (!__builtin_sub_overflow(to_ms, from_ms, &span_ms)) {
		if (span_ms <= 2 * INT64_C(3600000))
			used = QUERY_RAW;
		else if (span_ms <= 7 * 24 * INT64_C(3600000))
			used = QUERY_MINUTE;
	}
	/* Retention: a coarser table may reach back where this one does not. */
	for (enum query_rollup level = used + 1; level <= QUERY_HOUR; level++) {
		rc = oldest_of(query, used, &oldest);
		if (!rc)
			rc = oldest_of(query, level, &older);
		if (rc)
			return rc;
		if (from_ms < oldest && older < oldest && older < to_ms)
			used = level;
	}
	*ret_used = used;
	return SQLITE_OK;
}

static int emit(struct walk *walk, const struct host_row *row)
{
	if (row->real_ms < walk->from_ms || row->real_ms >= walk->to_ms)
		return 0;
	walk->result = walk->fn(walk->arg, row);
	return walk->result;
}

/* Returns an SQLite code; SQLITE_ABORT when the callback said stop. */
static int walk_table(struct query *query, struct walk *walk, const char *sql)
{
	sqlite3_stmt *stmt;
	int rc;

	rc = query_prepare(query, sql, &stmt);
	if (rc)
		return rc;
	sqlite3_bind_int64(stmt, 1, walk->from_ms);
	sqlite3_bind_int64(stmt, 2, walk->to_ms);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct host_row row;

		host_row_read(stmt, &row);
		if (emit(walk, &row)) {
			rc = SQLITE_ABORT;
			break;
		}
	}
	query_finish(query, stmt);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int fold_end(struct walk *walk)
{
	struct host_row row;

	if (!walk->folder.any)
		return 0;
	host_fold_end(&walk->folder, &row);
	return emit(walk, &row);
}

static int fold_table(struct query *query, struct walk *walk, const char *sql)
{
	int64_t period_ms = walk->folder.period_ms;
	sqlite3_stmt *stmt;
	int rc;

	rc = query_prepare(query, sql, &stmt);
	if (rc)
		return rc;
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct host_row row;

		host_row_read(stmt, &row);
		if (!host_fold_fits(&walk->folder, &row)) {
			if (fold_end(walk)) {
				rc = SQLITE_ABORT;
				break;
			}
			host_fold_begin(&walk->folder, period_ms);
		}
		host_fold_add(&walk->folder, &row);
	}
	query_finish(query, stmt);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int walk_level(struct query *query, struct walk *walk,
		      enum query_rollup rollup)
{
	int rc = walk_table(query, walk, levels[rollup].rows);

	if (rollup == QUERY_RAW)
		return rc;
	host_fold_begin(&walk->folder, levels[rollup].period_ms);
	if (!rc && rollup == QUERY_HOUR)
		rc = fold_table(query, walk,
				SELECT_FROM("minute", UNROLLED("hour")));
	if (!rc)
		rc = fold_table(query, walk,
				SELECT_FROM("sample", UNROLLED("minute")));
	if (!rc && fold_end(walk))
		rc = SQLITE_ABORT;
	return rc;
}

int query_walk(struct query *query, int64_t from_ms, int64_t to_ms,
	       enum query_rollup rollup, query_host_fn fn, void *arg)
{
	struct walk walk = {
		.from_ms = from_ms,
		.to_ms = to_ms,
		.fn = fn,
		.arg = arg,
	};
	/* A callback may ask something else meanwhile: only one begins. */
	bool outer = sqlite3_get_autocommit(query->db);
	int rc = SQLITE_OK;

	if (outer)
		rc = sqlite3_exec(query->db, "BEGIN", NULL, NULL, NULL);
	if (!rc)
		rc = walk_level(query, &walk, rollup);
	if (outer)
		sqlite3_exec(query->db, "COMMIT", NULL, NULL, NULL);
	return rc == SQLITE_ABORT ? walk.result : query_errno(rc);
}
