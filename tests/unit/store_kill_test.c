// SPDX-License-Identifier: GPL-2.0
/*
 * SIGKILL at any moment: what a flush has reported is there afterwards, the
 * file is sound, and every row is in the rollups exactly once.
 *
 * A child writes and reports through a pipe how many rows are flushed; the
 * parent kills it after a random number of reports and a random pause.
 */
#include <signal.h>
#include <sys/wait.h>

#include "store_fixture.h"

#define KILLS 100
#define CHILD_TICKS 4000

static void __attribute__((noreturn)) child(struct fixture *f, int report)
{
	uint32_t flushed = 0;

	if (store_open(f->path, &f->conf, &f->store))
		_exit(1);
	f->snap.nvms = 20;
	for (unsigned int i = 0; i < CHILD_TICKS; i++) {
		f->decision.scan_pages = i;
		f->snap.vms_seq = f->snap.seq + 1;
		for (int v = 0; v < 20; v++) {
			f->vms[v].pid = 100 + v + (int)(i / 100);
			f->vms[v].rss_pages = i;
		}
		fixture_advance(f, 1000);
		store_append_decision(f->store, &f->snap, &f->decision,
				      f->law, "some reason in some words");
		fixture_sample(f);
		if (i % 7 == 6) {
			store_flush(f->store);
			flushed = i + 1;
			if (write(report, &flushed, sizeof(flushed)) < 0)
				_exit(1);
		}
		if (i % 60 == 59)
			store_maintain(f->store, f->snap.real_ms);
	}
	for (;;)
		pause();
}

/* Kill the child at a random moment; returns what it had reported last. */
static uint32_t run_and_kill(struct fixture *f, unsigned int *seed)
{
	unsigned int reports = (unsigned int)rand_r(seed) % 40;
	uint32_t flushed = 0, word;
	int pipes[2], status;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(pipes[0]);
		child(f, pipes[1]);
	}
	close(pipes[1]);
	while (reports-- && read(pipes[0], &word, sizeof(word)) ==
	       sizeof(word))
		flushed = word;
	usleep((unsigned int)rand_r(seed) % 2000);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	while (read(pipes[0], &word, sizeof(word)) == sizeof(word))
		flushed = word;
	close(pipes[0]);
	return flushed;
}

static void check_flushed(struct fixture *f, uint32_t flushed)
{
	char sql[200];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM sample WHERE "
		 "real_ms > %lld", (long long)f->snap.real_ms);
	assert_true(fixture_sql(f, sql) >= flushed);
	snprintf(sql, sizeof(sql), "SELECT count(*) FROM decision WHERE "
		 "real_ms > %lld", (long long)f->snap.real_ms);
	assert_true(fixture_sql(f, sql) >= flushed);
}

static void after_100_kills_nothing_flushed_is_missing(void **state)
{
	struct fixture *f = *state;
	struct fixture_rows raw, minute;
	double raw_cpu = 0, minute_cpu = 0, raw_s = 0, minute_s = 0;
	unsigned int seed = 1;

	/* Raw rows are compared with their rollups: none may be too old. */
	f->conf.raw_s = f->conf.minute_s;
	for (int i = 0; i < KILLS; i++) {
		uint32_t flushed = run_and_kill(f, &seed);

		if (flushed) {
			fixture_assert_sound(f);
			check_flushed(f, flushed);
		}
		/* The child's time is gone with it: on to a later one. */
		fixture_advance(f, CHILD_TICKS * 1000 + 1000000);
	}
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM vm_sample "
		"WHERE id >> 24 NOT IN (SELECT id FROM sample) OR "
		"id & 16777215 NOT IN (SELECT id FROM vm)"), 0);
	assert_true(fixture_sql(f, "SELECT count(*) FROM minute") > 10);
	raw = fixture_rows(f, QUERY_RAW);
	minute = fixture_rows(f, QUERY_MINUTE);
	for (unsigned int i = 0; i < raw.n; i++) {
		double cpu = fixture_value(&raw.row[i], "ksmd_cpu_s");

		raw_cpu += isnan(cpu) ? 0 : cpu;
		raw_s += raw.row[i].span_ms;
	}
	for (unsigned int i = 0; i < minute.n; i++) {
		double cpu = fixture_value(&minute.row[i], "ksmd_cpu_s");

		minute_cpu += isnan(cpu) ? 0 : cpu;
		minute_s += minute.row[i].span_ms;
	}
	assert_true(raw_s > 0);
	assert_float_equal(raw_s, minute_s, 0);
	assert_float_equal(raw_cpu, minute_cpu, 1e-6);
	free(raw.row);
	free(minute.row);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(after_100_kills_nothing_flushed_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
