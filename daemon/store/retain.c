// SPDX-License-Identifier: GPL-2.0
/*
 * Retention: by age, then by bytes, then the file itself.
 *
 * Raw rows (host and VMs) live raw_s; minutes, decisions and knob writes
 * minute_s; hours and events hour_s. When the file still grows past max_bytes,
 * the oldest go first in the order raw, decisions, writes, minutes, hours,
 * events, but the last hour of raw rows stays as long as anything else can go.
 *
 * A wrong clock must not empty the history: age counts only when the real
 * clock was not set for STEADY_MS. Rows not yet rolled up are never deleted.
 * Every call does bounded work: at most RETAIN_ROWS rows of a table.
 */
#include "store_impl.h"

#define STEADY_MS 600000
#define RETAIN_ROWS 1000
/* At one sample a second: an hour. */
#define RAW_KEPT 3600

static int delete_range(struct store *store, int64_t first, int64_t last)
{
	sqlite3_stmt *samples = store_stmt(store, STMT_DELETE_SAMPLES);
	sqlite3_stmt *vms = store_stmt(store, STMT_DELETE_VM_SAMPLES);
	int rc;

	if (!samples || !vms)
		return sqlite3_errcode(store->db);
	sqlite3_bind_int64(samples, 1, first);
	sqlite3_bind_int64(samples, 2, last);
	rc = store_run(store, samples);
	if (rc)
		return rc;
	sqlite3_bind_int64(vms, 1, first << SCHEMA_VM_BITS);
	sqlite3_bind_int64(vms, 2, last << SCHEMA_VM_BITS | SCHEMA_VM_MAX);
	return store_run(store, vms);
}

/* Delete the samples that @which lists, neighbours together. */
static int delete_samples(struct store *store, enum store_stmt which,
			  int64_t bound, int *ret_deleted)
{
	sqlite3_stmt *stmt = store_stmt(store, which);
	int64_t ids[RETAIN_ROWS];
	int n = 0, rc, first;

	if (!stmt)
		return sqlite3_errcode(store->db);
	sqlite3_bind_int64(stmt, 1, bound);
	sqlite3_bind_int64(stmt, 2, RETAIN_ROWS);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW && n < RETAIN_ROWS)
		ids[n++] = sqlite3_column_int64(stmt, 0);
	sqlite3_reset(stmt);
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		return rc;
	rc = SQLITE_OK;
	for (int i = 0; i < n && !rc; i++) {
		first = i;
		while (i + 1 < n && ids[i + 1] == ids[i] + 1)
			i++;
		rc = delete_range(store, ids[first], ids[i]);
	}
	*ret_deleted = n;
	return rc;
}

static int delete_old(struct store *store, enum store_stmt which,
		      int64_t before_ms)
{
	sqlite3_stmt *stmt = store_stmt(store, which);

	if (stmt) {
		sqlite3_bind_int64(stmt, 1, before_ms);
		sqlite3_bind_int64(stmt, 2, RETAIN_ROWS);
	}
	return store_run(store, stmt);
}

static int retain_by_age(struct store *store, int64_t real_ms)
{
	int64_t raw_ms = real_ms - store->conf.raw_s * INT64_C(1000);
	int64_t minute_ms = real_ms - store->conf.minute_s * INT64_C(1000);
	int64_t hour_ms = real_ms - store->conf.hour_s * INT64_C(1000);
	const struct {
		enum store_stmt stmt;
		int64_t before_ms;
	} rest[] = {
		{ STMT_OLD_VMS, raw_ms },
		{ STMT_OLD_MINUTES, minute_ms },
		{ STMT_OLD_DECISIONS, minute_ms },
		{ STMT_OLD_WRITES, minute_ms },
		{ STMT_OLD_HOURS, hour_ms },
		{ STMT_OLD_EVENTS, hour_ms },
	};
	int rc, deleted;

	if (!store->any_time ||
	    store->mono_ms - store->steady_since_ms < STEADY_MS)
		return SQLITE_OK;
	rc = delete_samples(store, STMT_OLD_SAMPLES, raw_ms, &deleted);
	for (unsigned int i = 0; i < sizeof(rest) / sizeof(rest[0]) && !rc; i++)
		rc = delete_old(store, rest[i].stmt, rest[i].before_ms);
	return rc;
}

static int page_counts(struct store *store, int64_t *ret_pages,
		       int64_t *ret_free)
{
	int rc = store_run_int(store, store_stmt(store, STMT_PAGE_COUNT),
			       ret_pages);

	return rc ? rc : store_run_int(store, store_stmt(store,
							 STMT_FREE_COUNT),
				       ret_free);
}

/* What the tables may fill: room for the WAL and for new rows is left. */
static int64_t page_limit(const struct store *store)
{
	uint64_t max = store->conf.max_bytes;
	uint64_t margin = max / 2 < (4u << 20) ? max / 2 : 4u << 20;

	if (!max)
		return INT64_MAX;
	if (max / 16 > margin)
		margin = max / 16;
	return (int64_t)((max - margin) / 4096);
}

/* The next best thing to delete; 0 in @ret_deleted when nothing is left. */
static int delete_first(struct store *store, int *ret_deleted)
{
	static const enum store_stmt order[] = {
		STMT_FIRST_DECISIONS, STMT_FIRST_WRITES, STMT_FIRST_MINUTES,
		STMT_FIRST_HOURS, STMT_FIRST_EVENTS,
	};
	int rc = delete_samples(store, STMT_FIRST_SAMPLES, RAW_KEPT,
				ret_deleted);

	for (unsigned int i = 0; i < sizeof(order) / sizeof(order[0]) && !rc &&
	     !*ret_deleted; i++) {
		sqlite3_stmt *stmt = store_stmt(store, order[i]);

		if (stmt)
			sqlite3_bind_int64(stmt, 1, RETAIN_ROWS);
		rc = store_run(store, stmt);
		if (!rc)
			*ret_deleted = sqlite3_changes(store->db);
	}
	if (!rc && !*ret_deleted)
		rc = delete_samples(store, STMT_FIRST_SAMPLES, 0, ret_deleted);
	return rc;
}

static int retain_by_bytes(struct store *store)
{
	int64_t limit = page_limit(store);
	int64_t pages, free_pages;
	int deleted = 1, rc;

	for (int round = 0; round < 4 && deleted; round++) {
		rc = page_counts(store, &pages, &free_pages);
		if (rc)
			return rc;
		if (pages - free_pages <= limit)
			break;
		rc = delete_first(store, &deleted);
		if (rc)
			return rc;
	}
	return SQLITE_OK;
}

int store_retain(struct store *store, int64_t real_ms)
{
	int rc = retain_by_age(store, real_ms);

	return rc ? rc : retain_by_bytes(store);
}

int store_shrink(struct store *store)
{
	int64_t pages, free_pages;
	int rc;

	/*
	 * The next rows fill free pages anyway, and moving pages is dear: only
	 * a file that is too big or a quarter empty is made smaller.
	 */
	rc = page_counts(store, &pages, &free_pages);
	if (rc)
		return rc;
	if (!free_pages ||
	    (pages <= page_limit(store) &&
	     (free_pages < 256 || free_pages < pages / 4)))
		return SQLITE_OK;
	return store_run(store, store_stmt(store, STMT_VACUUM));
}
