// SPDX-License-Identifier: GPL-2.0
/* When the table is read, and what may be spent on dear looks. */
#include "probe_fixture.h"

#include "../../daemon/probe/look.h"
#include "../../daemon/probe/probe.h"
#include "../../daemon/probe/schedule.h"

#define MS 1000000ull
#define S (1000 * MS)
#define STEP_PAGES (PROBE_ANON_STEP_KIB / 4)

struct bench {
	struct probe_schedule schedule;
	struct snap snap;
};

/* Walked at second 100 for 100 us, a million pages around. */
static struct bench bench_new(void)
{
	struct bench b = {
		.schedule.age_ms = 10000,
		.snap = { .mono_ns = 100 * S, .page_size = 4096,
			  .caps = SNAP_CAP_ANON | SNAP_CAP_KSM },
	};

	b.snap.host.anon_pages = 1000000;
	b.snap.ksm.pages_sharing = 5000;
	probe_schedule_walked(&b.schedule, &b.snap, 100000);
	return b;
}

static bool due_after(struct bench *b, uint64_t ns)
{
	b->snap.mono_ns = 100 * S + ns;
	return probe_schedule_due(&b->schedule, &b->snap);
}

static void the_first_snapshot_reads_the_table(void **state)
{
	struct bench b = bench_new();

	(void)state;
	b.schedule.walked = false;
	assert_true(due_after(&b, 0));
}

static void a_quiet_host_waits_for_age(void **state)
{
	struct bench b = bench_new();

	(void)state;
	assert_false(due_after(&b, 1 * S));
	assert_false(due_after(&b, 9999 * MS));
	assert_true(due_after(&b, 10 * S));
}

static void an_arrival_is_read_at_the_next_tick(void **state)
{
	struct bench b = bench_new();

	(void)state;
	b.snap.host.anon_pages += STEP_PAGES - 1;
	assert_false(due_after(&b, 1 * S));
	b.snap.host.anon_pages += 1;
	assert_true(due_after(&b, 1 * S));
	assert_true(due_after(&b, 990 * MS));
}

static void a_departure_counts_as_well(void **state)
{
	struct bench b = bench_new();

	(void)state;
	b.snap.host.anon_pages -= STEP_PAGES;
	assert_true(due_after(&b, 1 * S));
}

static void merging_alone_moves_nothing(void **state)
{
	struct bench b = bench_new();

	(void)state;
	b.snap.host.anon_pages -= 600000;
	b.snap.ksm.pages_sharing += 400000;
	b.snap.ksm.zero_pages += 200000;
	assert_false(due_after(&b, 1 * S));
}

static void walks_not_asked_for_cost_under_a_hundredth(void **state)
{
	struct bench b = bench_new();

	(void)state;
	b.snap.host.anon_pages *= 2;
	assert_false(due_after(&b, 0));
	assert_false(due_after(&b, 500 * MS));
	/* A table that takes 200 ms to read is read every 20 s at most. */
	b.schedule.cost_ns = 200 * MS;
	assert_false(due_after(&b, 19 * S));
	assert_true(due_after(&b, 20 * S));
}

/* Walks in an hour of ticks in which memory moves, a second apart. */
static unsigned int walks_of_an_hour(bool mergeable, unsigned int longest)
{
	struct bench b = bench_new();
	struct snap_vm vm = { .mergeable = mergeable };
	unsigned int walks = 0, waited = 0, t;

	b.snap.nvms = 1;
	b.snap.vms = &vm;
	for (t = 1; t <= 3600; t++) {
		b.snap.mono_ns += 1 * S;
		b.snap.host.anon_pages += STEP_PAGES;
		vm.rss_anon_pages += STEP_PAGES;
		waited++;
		if (!probe_schedule_due(&b.schedule, &b.snap))
			continue;
		assert_in_range(waited, 1, longest);
		waited = 0;
		walks++;
		probe_schedule_walked(&b.schedule, &b.snap, 100000);
		if (t == SCHEDULE_QUICK)
			assert_int_equal(walks, SCHEDULE_QUICK);
	}
	return walks;
}

static void memory_that_always_moves_is_read_every_other_tick(void **state)
{
	(void)state;
	assert_in_range(walks_of_an_hour(true, 2), 1800, 1800 + 3600 / 10);
}

static void what_moves_and_cannot_merge_is_read_every_fourth(void **state)
{
	(void)state;
	assert_in_range(walks_of_an_hour(false, 4), 900,
			900 + 3600 / 10 + SCHEDULE_QUICK);
}

static void a_lost_counter_is_no_arrival_but_once(void **state)
{
	struct bench b = bench_new();

	(void)state;
	b.snap.caps = 0;
	assert_true(due_after(&b, 1 * S));
	probe_schedule_walked(&b.schedule, &b.snap, 0);
	b.snap.mono_ns += 1 * S;
	assert_false(probe_schedule_due(&b.schedule, &b.snap));
}

static void a_clock_that_went_back_makes_the_table_due(void **state)
{
	struct bench b = bench_new();

	(void)state;
	b.snap.mono_ns = 1;
	assert_true(probe_schedule_due(&b.schedule, &b.snap));
}

static void the_ration_holds_over_any_hour(void **state)
{
	struct probe_ration ration;
	uint64_t spent_ns = 0;
	uint64_t now_ns;

	(void)state;
	probe_ration_init(&ration, 0);
	for (now_ns = 0; now_ns < 3600 * S; now_ns += 100 * MS) {
		if (!probe_ration_grant(&ration, now_ns, 0, false))
			continue;
		probe_ration_pay(&ration, 0, 1 * MS);
		spent_ns += 1 * MS;
	}
	assert_in_range(spent_ns, 3600ull * LOOK_FILL_NS_PER_S,
			3600ull * LOOK_FILL_NS_PER_S + LOOK_STORE_NS + MS);
}

static void a_huge_look_delays_others_but_not_for_ever(void **state)
{
	struct probe_ration ration;

	(void)state;
	probe_ration_init(&ration, 0);
	assert_true(probe_ration_grant(&ration, 0, 0, false));
	probe_ration_pay(&ration, 0, 3600 * S);
	assert_false(probe_ration_grant(&ration, 0, 0, false));
	assert_false(probe_ration_grant(&ration, 0, 0, true));
	/* A search for mergeable memory goes first. */
	assert_true(probe_ration_grant(&ration, 2 * S, 0, true));
	assert_false(probe_ration_grant(&ration, 2 * S, 0, false));
	assert_true(probe_ration_grant(&ration, 401 * S, 0, false));
}

static void a_small_process_does_not_make_pages_dear(void **state)
{
	struct probe_ration ration;

	(void)state;
	probe_ration_init(&ration, 0);
	/* Opening and closing its files cost most of it. */
	probe_ration_pay(&ration, LOOK_PAGES_MIN, 1 * MS);
	assert_true(probe_ration_grant(&ration, 0, 30000, false));
}

static void a_long_pause_fills_the_store_once(void **state)
{
	struct probe_ration ration;

	(void)state;
	probe_ration_init(&ration, 0);
	assert_true(probe_ration_grant(&ration, UINT64_MAX / 2, 0, false));
	probe_ration_pay(&ration, 0, LOOK_STORE_NS);
	assert_false(probe_ration_grant(&ration, UINT64_MAX / 2, 0, false));
}

static void a_dear_look_is_saved_up_for(void **state)
{
	const uint64_t pages = 4 * MS / LOOK_PAGE_NS;
	struct probe_ration ration;

	(void)state;
	probe_ration_init(&ration, 0);
	assert_true(probe_ration_grant(&ration, 0, UINT64_MAX, false));
	probe_ration_begun(&ration);
	assert_true(probe_ration_grant(&ration, 0, pages / 8, false));
	assert_false(probe_ration_grant(&ration, 0, pages, false));
	assert_true(probe_ration_grant(&ration, 0, pages, true));
	assert_false(probe_ration_grant(&ration, 59 * S, pages, false));
	assert_true(probe_ration_grant(&ration, 61 * S, pages, false));
	/* What the last one cost a page tells of the next one. */
	probe_ration_pay(&ration, pages, 1 * MS);
	assert_true(probe_ration_grant(&ration, 62 * S, 2 * pages, false));
	probe_ration_pay(&ration, pages, 4 * MS);
	/* Nobody is too big for a full store. */
	assert_false(probe_ration_grant(&ration, 63 * S, UINT64_MAX, false));
	assert_true(probe_ration_grant(&ration, 363 * S, UINT64_MAX, false));
	/* A price of nothing divides nothing. */
	probe_ration_pay(&ration, pages, 0);
	assert_true(probe_ration_grant(&ration, 363 * S, UINT64_MAX, false));
}

static void looks_follow_growth_only_while_searching(void **state)
{
	struct probe_look look = { 0 };

	(void)state;
	assert_false(probe_look_due(&look, LOOK_PAGES_MIN - 1, true, 0));
	assert_true(probe_look_due(&look, LOOK_PAGES_MIN, true, 0));
	look = (struct probe_look){ .done = true, .rss_pages = 10000,
				    .next_ns = 30 * S };
	assert_false(probe_look_due(&look, 12499, true, 1 * S));
	assert_true(probe_look_due(&look, 12500, true, 1 * S));
	assert_false(probe_look_due(&look, 12500, false, 1 * S));
	assert_true(probe_look_due(&look, 10000, false, 30 * S));
}

struct why_row {
	struct snap_vm vm;
	struct probe_look look;
	bool knows;
	uint32_t why;
};

/* 256 MiB, nearly all of it anonymous, then nearly all shared. */
#define ANON .rss_pages = 65536, .rss_anon_pages = 60000, \
	.rss_shared_pages = 5536
#define SHARED .rss_pages = 65536, .rss_anon_pages = 5536, \
	.rss_shared_pages = 60000

static void each_reason_has_its_cause(void **state)
{
	static const struct why_row rows[] = {
		{ { ANON, .vmm = SNAP_VMM_QEMU, .mergeable = true }, { 0 },
		  true, 0 },
		{ { ANON, .vmm = SNAP_VMM_QEMU }, { 0 }, true,
		  SNAP_WHY_NOT_MADVISED },
		{ { ANON, .vmm = SNAP_VMM_QEMU }, { 0 }, false, 0 },
		{ { SHARED, .vmm = SNAP_VMM_QEMU }, { 0 }, true,
		  SNAP_WHY_SHARED },
		{ { SHARED, .vmm = SNAP_VMM_NONE, .mergeable = true }, { 0 },
		  true, 0 },
		/* a program of 20 MiB with hardly any guest yet ... */
		{ { .rss_pages = 6000, .rss_anon_pages = 880,
		    .rss_shared_pages = 5120, .mergeable = true,
		    .vmm = SNAP_VMM_QEMU }, { 0 }, true, 0 },
		/* ... or a small guest on a memfd */
		{ { .rss_pages = 6000, .rss_anon_pages = 880,
		    .rss_shared_pages = 5120, .vmm = SNAP_VMM_QEMU },
		  { .shmem_kib = 16384 }, true, SNAP_WHY_SHARED },
		{ { ANON, .vmm = SNAP_VMM_QEMU, .mergeable = true,
		    .thp_kib = 60000 }, { 0 }, true, SNAP_WHY_THP },
		{ { ANON, .vmm = SNAP_VMM_QEMU, .mergeable = true,
		    .thp_kib = 59999 }, { 0 }, true, 0 },
		{ { ANON, .vmm = SNAP_VMM_QEMU, .hugetlb_kib = 2097152 },
		  { 0 }, true, SNAP_WHY_HUGETLB },
		{ { ANON, .vmm = SNAP_VMM_QEMU, .mergeable = true },
		  { .unreadable = true }, true, SNAP_WHY_UNREADABLE },
		{ { .vmm = SNAP_VMM_QEMU }, { 0 }, true, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		uint32_t why = probe_why(&rows[i].vm, &rows[i].look,
					 rows[i].knows, 4096);

		if (why != rows[i].why)
			fail_msg("row %zu: %#x", i, why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_snapshot_reads_the_table),
		cmocka_unit_test(a_quiet_host_waits_for_age),
		cmocka_unit_test(an_arrival_is_read_at_the_next_tick),
		cmocka_unit_test(a_departure_counts_as_well),
		cmocka_unit_test(merging_alone_moves_nothing),
		cmocka_unit_test(walks_not_asked_for_cost_under_a_hundredth),
		cmocka_unit_test(
			memory_that_always_moves_is_read_every_other_tick),
		cmocka_unit_test(
			what_moves_and_cannot_merge_is_read_every_fourth),
			cmocka_unit_test(a_lost_counter_is_no_arrival_but_once),
		cmocka_unit_test(a_clock_that_went_back_makes_the_table_due),
		cmocka_unit_test(the_ration_holds_over_any_hour),
		cmocka_unit_test(a_huge_look_delays_others_but_not_for_ever),
		cmocka_unit_test(a_small_process_does_not_make_pages_dear),
		cmocka_unit_test(a_long_pause_fills_the_store_once),
		cmocka_unit_test(a_dear_look_is_saved_up_for),
		cmocka_unit_test(looks_follow_growth_only_while_searching),
		cmocka_unit_test(each_reason_has_its_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
