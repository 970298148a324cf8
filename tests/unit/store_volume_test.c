// SPDX-License-Identifier: GPL-2.0
/*
 * A day of a busy host: a sample a second, 200 VMs every ten seconds, each of
 * which changed. What it costs on disk and what a question about it costs.
 *
 * STORE_BENCH=1 also prints times; nothing is asserted about them.
 */
#include <sys/resource.h>
#include <time.h>

#include "store_fixture.h"

#define VMS 200
#define DAY_S 86400
#define DAY_BYTES_MAX 60000000

/* xorshift64: the same walk on every machine */
static uint64_t random_state = 88172645463325252u;

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* @value moves by at most @step and stays above @step. */
static uint64_t walk(uint64_t value, uint64_t step)
{
	uint64_t moved = value + next_random() % (2 * step + 1) - step;

	return moved > step ? moved : value + step;
}

static void walk_vms(struct fixture *f)
{
	for (unsigned int i = 0; i < VMS; i++) {
		struct snap_vm *vm = &f->vms[i];

		vm->rss_pages = walk(vm->rss_pages, 900);
		vm->merging_pages = walk(vm->merging_pages, 300);
		vm->zero_pages = walk(vm->zero_pages, 50);
		vm->profit_bytes = (int64_t)(vm->merging_pages +
			vm->zero_pages) * 4096 - (int64_t)vm->rss_pages * 64;
	}
	f->snap.vms_seq = f->snap.seq + 1;
}

static void walk_host(struct fixture *f)
{
	struct snap_ksm *ksm = &f->snap.ksm;

	ksm->pages_shared = walk(ksm->pages_shared, 5000);
	ksm->pages_sharing = walk(ksm->pages_sharing, 9000);
	ksm->pages_unshared = walk(ksm->pages_unshared, 9000);
	ksm->pages_volatile = walk(ksm->pages_volatile, 900);
	ksm->zero_pages = walk(ksm->zero_pages, 900);
	ksm->profit_bytes = (int64_t)ksm->pages_sharing * 4000;
	ksm->pages_scanned += next_random() % 60000;
	ksm->pages_skipped += next_random() % 60000;
	ksm->ksmd_cpu_ns += next_random() % 200000000;
	ksm->scan_pages = 200 + (uint32_t)(next_random() % 5000);
	f->snap.host.cow_ksm += next_random() % 3000;
	f->snap.host.mem_available_kib =
		walk(f->snap.host.mem_available_kib, 90000);
	f->snap.host.anon_pages = walk(f->snap.host.anon_pages, 30000);
	f->snap.host.psi_cpu.some_avg10_permille =
		(uint32_t)(next_random() % 1000);
	f->snap.host.psi_mem.some_avg10_permille =
		(uint32_t)(next_random() % 200);
}

/* 200 VMs of some 4 GiB on a host of 1 TiB. */
static void begin_day(struct fixture *f)
{
	f->snap.host.mem_total_kib = UINT64_C(1) << 30;
	f->snap.host.mem_available_kib = UINT64_C(1) << 28;
	f->snap.host.anon_pages = VMS * UINT64_C(1000000);
	f->snap.ksm.pages_unshared = UINT64_C(100) << 20;
	f->snap.ksm.pages_sharing = UINT64_C(40) << 20;
	f->snap.ksm.pages_shared = UINT64_C(3) << 20;
	f->snap.ksm.zero_pages = UINT64_C(2) << 20;
	f->snap.ksm.pages_volatile = 400000;
	f->snap.nvms = VMS;
	for (unsigned int i = 0; i < VMS; i++) {
		f->vms[i].pid = 1000 + 17 * (int32_t)i;
		f->vms[i].start_ticks = 123456 + i;
		f->vms[i].mergeable = true;
		f->vms[i].rss_pages = 1000000;
		f->vms[i].rss_anon_pages = 990000;
		f->vms[i].merging_pages = 200000;
		f->vms[i].zero_pages = 40000;
		snprintf(f->vms[i].name, SNAP_NAME_LEN, "tenant-%03u", i);
	}
	fixture_open(f);
	fixture_close(f);
	/* The daemon has run for two months: ids are as long as they get. */
	fixture_sql(f, "UPDATE rolled SET upto = 5000000");
	fixture_open(f);
}

static void run_day(struct fixture *f)
{
	for (unsigned int i = 0; i < DAY_S; i++) {
		walk_host(f);
		if (i % 10 == 0)
			walk_vms(f);
		fixture_advance(f, 1000);
		fixture_sample(f);
		if (i % 60 == 59)
			store_maintain(f->store, f->snap.real_ms);
	}
}

static int count_row(void *arg, const struct query_row *row)
{
	(void)row;
	++*(unsigned int *)arg;
	return 0;
}

static int count_vm(void *arg, const struct query_vm_row *row)
{
	(void)row;
	++*(unsigned int *)arg;
	return 0;
}

static double now_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void bench_query(struct fixture *f, enum query_rollup rollup,
			const char *what)
{
	double ms[20];

	for (unsigned int i = 0; i < 20; i++) {
		struct query *query;
		unsigned int rows = 0;
		double begin = now_ms(CLOCK_MONOTONIC);

		query = fixture_query(f);
		query_samples(query, FIXTURE_EPOCH_MS, f->snap.real_ms + 1,
			      rollup, count_row, &rows, NULL);
		query_close(query);
		ms[i] = now_ms(CLOCK_MONOTONIC) - begin;
	}
	qsort(ms, 20, sizeof(ms[0]), by_size);
	print_message("# %s: median %.1f ms of 20 runs\n", what, ms[10]);
}

static void bench(struct fixture *f, double cpu_ms)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	print_message("# writing: %.4f CPU-s per 130 s (generator included), "
		      "peak RSS %ld KiB\n", cpu_ms / 1e3 * 130 / DAY_S,
		      usage.ru_maxrss);
	bench_query(f, QUERY_AUTO, "a day's query (minutes)");
	bench_query(f, QUERY_RAW, "a day's raw rows");
}

static void a_day_of_200_restless_vms_fits_in_60_mb(void **state)
{
	const char *wanted = getenv("STORE_BENCH");
	double begin_ms = now_ms(CLOCK_PROCESS_CPUTIME_ID);
	struct fixture *f = *state;
	enum query_rollup used = QUERY_AUTO;
	unsigned int rows = 0;
	struct query *query;
	struct stat st;

	begin_day(f);
	run_day(f);
	assert_int_equal(fixture_health(f)->rows_lost, 0);
	fixture_close(f);
	if (wanted)
		bench(f, now_ms(CLOCK_PROCESS_CPUTIME_ID) - begin_ms);

	assert_int_equal(stat(f->path, &st), 0);
	print_message("# a day raw: %lld bytes\n", (long long)st.st_size);
	assert_in_range(st.st_size, 20000000, DAY_BYTES_MAX);
	assert_int_equal(fixture_sql(f, "SELECT count(*) FROM vm_sample"),
			 DAY_S / 10 * VMS);

	query = fixture_query(f);
	assert_int_equal(query_samples(query, FIXTURE_EPOCH_MS,
				       f->snap.real_ms + 1, QUERY_AUTO,
				       count_row, &rows, &used), 0);
	print_message("# a day's query: %u rows, %llu steps\n", rows,
		      (unsigned long long)query->steps);
	assert_int_equal(used, QUERY_MINUTE);
	assert_in_range(rows, 1440, 1442);
	/* Some forty steps a row, the minute still open included. */
	assert_true(query->steps < 100000);

	rows = 0;
	assert_int_equal(query_samples(query, FIXTURE_EPOCH_MS,
				       f->snap.real_ms + 1, QUERY_RAW,
				       count_row, &rows, NULL), 0);
	assert_int_equal(rows, DAY_S);
	rows = 0;
	query->steps = 0;
	assert_int_equal(query_vms(query, f->snap.real_ms - 60000,
				   f->snap.real_ms + 1, "tenant-01?", count_vm,
				   &rows), 0);
	assert_int_equal(rows, 6 * 10);
	/* An index finds the minute; the day's other rows are not visited. */
	assert_true(query->steps < 30000);
	query_close(query);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(a_day_of_200_restless_vms_fits_in_60_mb),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
