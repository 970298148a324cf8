// SPDX-License-Identifier: GPL-2.0
/*
 * Rollups: raw rows into minutes, minutes into hours.
 *
 * Walks the finer table in the order of writing from where the last walk ended
 * (table rolled) and closes a coarser row whenever the next finer row belongs
 * elsewhere. The last period stays open: readers fold it themselves. The mark
 * moves in the transaction that writes the rows, hence each row is folded
 * exactly once whatever kills the daemon.
 */
#include "store_impl.h"

/* Rows closed per call: two hours of minutes after a long pause. */
#define ROLLUP_MAX 128

struct level {
	const char *target;
	enum store_stmt source;
	enum store_stmt insert;
	int64_t period_ms;
};

static const struct level levels[] = {
	{ "minute", STMT_UNROLLED_SAMPLES, STMT_MINUTE, 60000 },
	{ "hour", STMT_UNROLLED_MINUTES, STMT_HOUR, 3600000 },
};

static int get_mark(struct store *store, const char *target, int64_t *ret_id)
{
	sqlite3_stmt *stmt = store_stmt(store, STMT_ROLLED_GET);

	if (stmt)
		sqlite3_bind_text(stmt, 1, target, -1, SQLITE_STATIC);
	return store_run_int(store, stmt, ret_id);
}

static int set_mark(struct store *store, const char *target, int64_t id)
{
	sqlite3_stmt *stmt = store_stmt(store, STMT_ROLLED_SET);

	if (stmt) {
		sqlite3_bind_text(stmt, 1, target, -1, SQLITE_STATIC);
		sqlite3_bind_int64(stmt, 2, id);
	}
	return store_run(store, stmt);
}

static int write_folded(struct store *store, enum store_stmt which,
			const struct host_folder *folder)
{
	sqlite3_stmt *stmt = store_stmt(store, which);
	struct host_row row;
	int rc;

	if (!stmt)
		return sqlite3_errcode(store->db);
	host_fold_end(folder, &row);
	rc = host_row_bind(stmt, &row);
	return rc ? rc : store_run(store, stmt);
}

/* Fold what @source yields; @mark ends as the last id that was folded. */
static int fold_rows(struct store *store, const struct level *level,
		     sqlite3_stmt *source, int64_t *mark)
{
	struct host_folder folder;
	unsigned int closed = 0;
	int rc;

	host_fold_begin(&folder, level->period_ms);
	while ((rc = sqlite3_step(source)) == SQLITE_ROW) {
		struct host_row row;

		host_row_read(source, &row);
		if (!host_fold_fits(&folder, &row)) {
			rc = write_folded(store, level->insert, &folder);
			if (rc)
				return rc;
			*mark = folder.last.id;
			if (++closed == ROLLUP_MAX)
				return SQLITE_OK;
			host_fold_begin(&folder, level->period_ms);
		}
		host_fold_add(&folder, &row);
	}
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int roll(struct store *store, const struct level *level)
{
	sqlite3_stmt *source = store_stmt(store, level->source);
	int64_t mark, before;
	int rc;

	if (!source)
		return sqlite3_errcode(store->db);
	rc = get_mark(store, level->target, &mark);
	if (rc)
		return rc;
	before = mark;
	sqlite3_bind_int64(source, 1, mark);
	rc = fold_rows(store, level, source, &mark);
	sqlite3_reset(source);
	if (!rc && mark != before)
		rc = set_mark(store, level->target, mark);
	return rc;
}

int store_rollup(struct store *store)
{
	int rc = SQLITE_OK;

	for (unsigned int i = 0; i < sizeof(levels) / sizeof(levels[0]) && !rc;
	     i++)
		rc = roll(store, &levels[i]);
	return rc;
}
