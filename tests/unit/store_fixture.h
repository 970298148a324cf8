/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of the history share: a directory of their own, a host whose
 * clock they turn, and readers that collect rows.
 */
#ifndef DENSITY_STORE_FIXTURE_H
#define DENSITY_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../daemon/store/query_impl.h"
#include "../../daemon/store/store_impl.h"

#define FIXTURE_EPOCH_MS INT64_C(1700000040000)	/* a full minute */
#define FIXTURE_VMS 256

struct fixture {
	char dir[64];
	char path[128];
	struct store_conf conf;
	struct store *store;
	struct snap snap;
	struct snap_vm vms[FIXTURE_VMS];
	struct decision decision;
	const char *law;
	uint64_t daemon_cpu_ns;
	struct store_health health;
};

static inline int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	strcpy(f->dir, "/tmp/density-store-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/history.db", f->dir);
	f->conf = (struct store_conf){
		.raw_s = 2 * 86400,
		.minute_s = 30 * 86400,
		.hour_s = 730 * 86400,
		.max_bytes = UINT64_C(512) << 20,
		.vm_interval_s = 10,
		.flush_s = 5,
	};
	f->snap.caps = 0x3fff;
	f->snap.page_size = 4096;
	f->snap.mono_ns = UINT64_C(1000000000000);
	f->snap.real_ms = FIXTURE_EPOCH_MS;
	f->snap.ksm.pages_sharing = 1024 * 1024;	/* 4 GiB */
	f->snap.ksm.sleep_ms = 20;
	f->snap.ksm.scan_pages = 200;
	f->snap.ksm.run = 1;
	f->snap.vms = f->vms;
	f->decision.phase = LAW_PHASE_PATROL;
	f->decision.reason = LAW_REASON_PATROL;
	f->law = "yield";
	*state = f;
	return 0;
}

static inline void fixture_remove_dir(const char *path)
{
	struct dirent *entry;
	char *name;
	DIR *dir = opendir(path);

	while (dir && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (asprintf(&name, "%s/%s", path, entry->d_name) < 0)
			break;
		if (unlink(name))
			fixture_remove_dir(name);
		free(name);
	}
	if (dir)
		closedir(dir);
	rmdir(path);
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	store_close(f->store);
	chmod(f->dir, 0700);
	fixture_remove_dir(f->dir);
	free(f);
	return 0;
}

static inline void fixture_open(struct fixture *f)
{
	assert_int_equal(store_open(f->path, &f->conf, &f->store), 0);
}

static inline void fixture_close(struct fixture *f)
{
	store_close(f->store);
	f->store = NULL;
}

static inline const struct store_health *fixture_health(struct fixture *f)
{
	store_health(f->store, &f->health);
	return &f->health;
}

/* The host's time goes on, and its counters with it, a second's worth each. */
static inline void fixture_advance(struct fixture *f, uint64_t ms)
{
	f->snap.mono_ns += ms * 1000000;
	f->snap.real_ms += (int64_t)ms;
	f->snap.ksm.pages_scanned += ms;		/* 1000 pages/s */
	f->snap.ksm.ksmd_cpu_ns += ms * 10000;		/* 1 % */
	f->snap.host.cow_ksm += ms / 100;		/* 10 pages/s */
	f->daemon_cpu_ns += ms * 300;
}

static inline void fixture_sample(struct fixture *f)
{
	f->snap.seq++;
	store_append_sample(f->store, &f->snap, &f->decision, f->law,
			    f->daemon_cpu_ns);
}

/* @n ticks of @ms each. */
static inline void fixture_ticks(struct fixture *f, unsigned int n,
				 uint64_t ms)
{
	for (unsigned int i = 0; i < n; i++) {
		fixture_advance(f, ms);
		fixture_sample(f);
	}
}

/* One integer by SQL, past the code under test. */
static inline int64_t fixture_sql(const struct fixture *f, const char *sql)
{
	sqlite3_stmt *stmt;
	sqlite3 *db;
	int64_t value = INT64_MIN;

	assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READWRITE,
					 NULL), 0);
	sqlite3_busy_timeout(db, 5000);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL))
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	if (sqlite3_step(stmt) == SQLITE_ROW)
		value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return value;
}

static inline void fixture_assert_sound(const struct fixture *f)
{
	assert_int_equal(fixture_sql(f, "SELECT count(*) = 1 AND "
		"max(integrity_check) = 'ok' FROM pragma_integrity_check"), 1);
}

static inline struct query *fixture_query(const struct fixture *f)
{
	char error[QUERY_ERROR_LEN] = "";
	struct query *query;
	int ret = query_open(f->path, &query, error);

	if (ret)
		fail_msg("%d %s", ret, error);
	return query;
}

struct fixture_row {
	int64_t real_ms;
	uint32_t span_ms;
	char law[16], phase[16];
	double value[QUERY_COLUMNS_MAX];
};

struct fixture_rows {
	unsigned int n, room;
	struct fixture_row *row;
};

static inline int fixture_collect(void *arg, const struct query_row *row)
{
	struct fixture_rows *rows = arg;
	struct fixture_row *to;

	if (rows->n == rows->room) {
		rows->room = rows->room ? rows->room * 2 : 64;
		rows->row = realloc(rows->row,
				    rows->room * sizeof(*rows->row));
	}
	to = &rows->row[rows->n++];
	to->real_ms = row->real_ms;
	to->span_ms = row->span_ms;
	snprintf(to->law, sizeof(to->law), "%s", row->law);
	snprintf(to->phase, sizeof(to->phase), "%s", row->phase);
	memcpy(to->value, row->value, sizeof(to->value));
	return 0;
}

/* Rows of the whole history; free() the array. */
static inline struct fixture_rows fixture_rows(const struct fixture *f,
					       enum query_rollup rollup)
{
	struct query *query = fixture_query(f);
	struct fixture_rows rows = { 0 };

	assert_int_equal(query_samples(query, 0, INT64_MAX, rollup,
				       fixture_collect, &rows, NULL), 0);
	query_close(query);
	return rows;
}

static inline double fixture_value(const struct fixture_row *row,
				   const char *column)
{
	int at = query_column_find(column);

	assert_true(at >= 0);
	return row->value[at];
}

static inline struct query_sum fixture_sum(const struct fixture *f,
					   int64_t from_ms, int64_t to_ms,
					   const char *law)
{
	struct query *query = fixture_query(f);
	struct query_sum sum;

	assert_int_equal(query_sum(query, from_ms, to_ms, law, &sum), 0);
	query_close(query);
	return sum;
}

#define fixture_test(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

#endif
