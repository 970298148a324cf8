// SPDX-License-Identifier: GPL-2.0
/* Writes that fail for a while: full disk, lock, rows that are refused. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "store_fixture.h"

/* All that was appended is either written, waiting, or counted lost. */
static void assert_accounted(struct fixture *f, unsigned int appended)
{
	fixture_health(f);
	assert_int_equal(f->health.rows_written + f->health.rows_lost +
			 f->store->nhost + f->store->nvm + f->store->nnotes,
			 appended);
}

static void set_max_pages(struct fixture *f, int pages)
{
	char sql[80];

	snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %d", pages);
	assert_int_equal(sqlite3_exec(f->store->db, sql, NULL, NULL, NULL), 0);
}

static void a_full_file_degrades_and_recovers_with_every_row(void **state)
{
	struct fixture *f = *state;

	fixture_open(f);
	fixture_ticks(f, 100, 1000);
	set_max_pages(f, (int)fixture_sql(f, "PRAGMA page_count"));
	fixture_ticks(f, 500, 1000);
	assert_int_equal(fixture_health(f)->state, STORE_DEGRADED);
	assert_non_null(strstr(f->health.text, "no space"));
	assert_int_equal(f->health.rows_lost, 0);
	assert_accounted(f, 600);
	set_max_pages(f, 1000000);
	/* The longest pause is a minute. */
	fixture_ticks(f, 70, 1000);
	assert_int_equal(fixture_health(f)->state, STORE_OK);
	assert_string_equal(f->health.text, "");
	fixture_close(f);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM sample"), 670);
	assert_float_equal(fixture_sum(f, 0, INT64_MAX, NULL).span_s, 669,
			   1e-6);
	fixture_assert_sound(f);
}

static void a_disk_full_for_long_loses_and_counts_the_rest(void **state)
{
	struct fixture *f = *state;

	fixture_open(f);
	fixture_ticks(f, 100, 1000);
	set_max_pages(f, (int)fixture_sql(f, "PRAGMA page_count"));
	for (int i = 0; i < 3000; i++) {
		fixture_ticks(f, 1, 1000);
		store_append_event(f->store, f->snap.real_ms, "test", "text");
		store_maintain(f->store, f->snap.real_ms);
	}
	assert_int_equal(fixture_health(f)->state, STORE_DEGRADED);
	assert_true(f->health.rows_lost > 3000);
	assert_accounted(f, 6100);
	set_max_pages(f, 1000000);
	store_flush(f->store);
	assert_int_equal(fixture_health(f)->state, STORE_OK);
	assert_int_equal(f->store->nhost, 0);
	fixture_close(f);
	assert_true(fixture_sql(f, "SELECT count(*) FROM sample") >=
		    BATCH_HOST_ROWS);
	fixture_assert_sound(f);
}

/*
 * With real system calls: the kernel refuses to let any file grow. Returns the
 * line that failed, 0 when all is well; runs in a child, for the limit's sake.
 */
static int write_under_a_limit(struct fixture *f)
{
	struct rlimit limit = { 64 * 1024, RLIM_INFINITY };

	signal(SIGXFSZ, SIG_IGN);
	if (store_open(f->path, &f->conf, &f->store))
		return __LINE__;
	fixture_ticks(f, 100, 1000);
	if (fixture_health(f)->state != STORE_OK)
		return __LINE__;
	if (setrlimit(RLIMIT_FSIZE, &limit))
		return __LINE__;
	fixture_ticks(f, 800, 1000);
	store_maintain(f->store, f->snap.real_ms);
	if (fixture_health(f)->state != STORE_DEGRADED || !f->health.text[0])
		return __LINE__;
	limit.rlim_cur = RLIM_INFINITY;
	if (setrlimit(RLIMIT_FSIZE, &limit))
		return __LINE__;
	fixture_ticks(f, 70, 1000);
	if (fixture_health(f)->state != STORE_OK || f->health.rows_lost)
		return __LINE__;
	store_close(f->store);
	return 0;
}

static void a_full_disk_degrades_and_recovers_with_every_row(void **state)
{
	struct fixture *f = *state;
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid)
		_exit(write_under_a_limit(f) & 0xff);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM sample"), 970);
	assert_int_equal(fixture_sql(f, "SELECT count(DISTINCT real_ms) "
				     "FROM sample"), 970);
	fixture_assert_sound(f);
}

static sqlite3 *lock(const struct fixture *f)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(f->path, &db), 0);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL,
				      NULL), 0);
	return db;
}

static void a_locked_file_keeps_rows_then_counts_them_lost(void **state)
{
	struct fixture *f = *state;
	sqlite3 *other;

	fixture_open(f);
	fixture_ticks(f, 10, 1000);
	store_flush(f->store);
	other = lock(f);
	fixture_ticks(f, 300, 1000);
	assert_int_equal(fixture_health(f)->state, STORE_DEGRADED);
	assert_non_null(strstr(f->health.text, "locked"));
	assert_int_equal(f->health.rows_lost, 0);
	assert_int_equal(f->store->nhost, 300);
	fixture_ticks(f, BATCH_HOST_ROWS, 1000);
	assert_int_equal(fixture_health(f)->rows_lost, 300);
	sqlite3_close(other);
	fixture_ticks(f, 70, 1000);
	assert_int_equal(fixture_health(f)->state, STORE_OK);
	fixture_close(f);
	assert_in_range(fixture_sql(f, "SELECT count(*) FROM sample"),
			10 + BATCH_HOST_ROWS, 10 + BATCH_HOST_ROWS + 70);
	/* What was lost leaves no absurd sum either. */
	assert_float_equal(fixture_sum(f, 0, INT64_MAX, NULL).ksmd_cpu_s,
			   (fixture_sql(f, "SELECT count(*) FROM sample") - 1) *
			   0.01, 1e-6);
}

static void a_file_locked_at_the_start_is_opened_later(void **state)
{
	struct fixture *f = *state;
	sqlite3 *other;

	assert_int_equal(sqlite3_open(f->path, &other), 0);
	assert_int_equal(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL,
				      NULL), 0);
	fixture_open(f);
	fixture_ticks(f, 30, 1000);
	assert_int_equal(fixture_health(f)->state, STORE_DEGRADED);
	sqlite3_close(other);
	fixture_ticks(f, 130, 1000);
	assert_int_equal(fixture_health(f)->state, STORE_OK);
	fixture_close(f);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM sample"), 160);
}

static void pauses_grow_while_writes_fail(void **state)
{
	struct fixture *f = *state;
	unsigned int tries = 0;
	uint64_t last;

	fixture_open(f);
	fixture_ticks(f, 10, 1000);
	set_max_pages(f, (int)fixture_sql(f, "PRAGMA page_count"));
	last = f->store->retry_at_ms;
	for (int i = 0; i < 600; i++) {
		fixture_ticks(f, 1, 1000);
		tries += f->store->retry_at_ms != last;
		last = f->store->retry_at_ms;
	}
	/* Doubling up to a minute: not one try a tick. */
	assert_in_range(tries, 8, 20);
}

static void rows_that_are_refused_cost_one_batch_not_the_history(void **state)
{
	struct fixture *f = *state;

	fixture_open(f);
	fixture_ticks(f, 10, 1000);
	store_flush(f->store);
	/* Somebody wrote where the next row goes. */
	fixture_sql(f, "INSERT INTO sample(id, real_ms, run, law, phase, "
		    "span_ms, samples) SELECT max(id) + 1, 1, 1, 1, 1, 0, 1 "
		    "FROM sample");
	fixture_ticks(f, 100, 1000);
	assert_int_equal(fixture_health(f)->state, STORE_OK);
	assert_in_range(f->health.rows_lost, 1, 5 * STORE_CALM + 1);
	assert_accounted(f, 110);
	fixture_close(f);
	fixture_assert_sound(f);
}

static void a_close_without_a_file_is_fine(void **state)
{
	struct fixture *f = *state;

	strcpy(f->path, "/proc/nothing/history.db");
	fixture_open(f);
	fixture_ticks(f, 2000, 1000);
	store_append_event(f->store, 1, "x", "y");
	store_flush(f->store);
	store_maintain(f->store, f->snap.real_ms);
	assert_int_equal(fixture_health(f)->state, STORE_DEGRADED);
	assert_accounted(f, 2001);
	fixture_close(f);
	store_close(NULL);
	query_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(a_full_file_degrades_and_recovers_with_every_row),
		fixture_test(a_disk_full_for_long_loses_and_counts_the_rest),
		fixture_test(a_full_disk_degrades_and_recovers_with_every_row),
		fixture_test(a_locked_file_keeps_rows_then_counts_them_lost),
		fixture_test(a_file_locked_at_the_start_is_opened_later),
		fixture_test(pauses_grow_while_writes_fail),
		fixture_test(
		rows_that_are_refused_cost_one_batch_not_the_history),
		fixture_test(a_close_without_a_file_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
