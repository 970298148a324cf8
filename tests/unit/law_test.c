// SPDX-License-Identifier: GPL-2.0
/*
 * Laws on hand-made snapshots: what each must do whatever the plant does.
 * How they behave over time is asserted in the scenarios of policy/sim.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../../policy/law.h"
#include "../../policy/law_meter.h"
#include "../../policy/law_window.h"
#include "../../policy/reason.h"

#define SECOND 1000000000ull
#define ALL_CAPS (SNAP_CAP_KSM | SNAP_CAP_KSMD_CPU | SNAP_CAP_SKIPPED | \
		  SNAP_CAP_COW | SNAP_CAP_MEMINFO | SNAP_CAP_KSM_STAT)

/* A host of 16 GiB with one guest of @pages mergeable pages. */
struct bench {
	struct snap snap;
	struct snap_vm vm;
	struct law_params params;
	struct law_state state;
	const struct law *law;
	struct decision d;
};

static void bench_init(struct bench *b, const char *law, uint64_t pages)
{
	memset(b, 0, sizeof(*b));
	b->law = law_find(law);
	assert_non_null(b->law);
	law_params_default(&b->params);
	b->snap.caps = ALL_CAPS;
	b->snap.page_size = 4096;
	b->snap.mono_ns = 100 * SECOND;
	b->snap.host.ncpus = 2;
	b->snap.host.mem_total_kib = 16ull << 20;
	b->snap.host.mem_free_kib = 8ull << 20;
	b->snap.host.mem_available_kib = 8ull << 20;
	b->vm.pid = 100;
	b->vm.start_ticks = 5;
	b->vm.vmm = SNAP_VMM_QEMU;
	b->vm.mergeable = pages > 0;
	b->vm.rss_pages = pages;
	b->vm.rss_anon_pages = pages;
	b->vm.weight_permille = 1000;
	b->vm.expect_permille = 1000;
	b->snap.vms = &b->vm;
	b->snap.nvms = pages > 0;
	b->law->init(&b->state, &b->params);
}

static void tick(struct bench *b, uint64_t ms)
{
	b->snap.seq++;
	b->snap.mono_ns += ms * 1000000;
	b->snap.vms_seq = b->snap.seq;
	b->law->decide(&b->state, &b->params, &b->snap, &b->d);
	assert_in_range(b->d.sleep_ms, LAW_SLEEP_MS_MIN, LAW_SLEEP_MS_MAX);
	assert_in_range(b->d.scan_pages, LAW_SCAN_PAGES_MIN,
			LAW_SCAN_PAGES_MAX);
	assert_in_range(b->d.phase, 0, LAW_PHASE_COUNT - 1);
	assert_in_range(b->d.reason, LAW_REASON_START, LAW_REASON_COUNT - 1);
	assert_int_not_equal(b->d.run, SNAP_RUN_UNMERGE);
}

static void every_law_obeys_the_bounds(void **state)
{
	static const uint64_t odd[] = { 0, 1, 4096, 1ull << 20, 1ull << 40,
					UINT64_MAX / 2 };
	struct bench b;

	(void)state;
	for (unsigned int i = 0; law_at(i); i++) {
		bench_init(&b, law_at(i)->name, 50000);
		for (unsigned int j = 0; j < 200; j++) {
			uint64_t v = odd[j % 6];

			b.snap.ksm.pages_sharing = v;
			b.snap.ksm.pages_shared = odd[(j + 1) % 6];
			b.snap.ksm.pages_scanned += v % 100000;
			b.snap.ksm.ksmd_cpu_ns += v % 10000000;
			b.snap.ksm.full_scans += j % 3 == 0;
			b.snap.host.cow_ksm = odd[(j + 2) % 6];
			b.vm.rss_anon_pages = odd[(j + 3) % 6] >> 12;
			b.snap.caps = j % 7 ? ALL_CAPS : ALL_CAPS >> (j % 5);
			tick(&b, 20 + v % 3000);
		}
	}
}

static void without_ksm_every_law_is_off(void **state)
{
	struct bench b;

	(void)state;
	for (unsigned int i = 0; law_at(i); i++) {
		bench_init(&b, law_at(i)->name, 50000);
		b.snap.caps = 0;
		tick(&b, 1000);
		assert_int_equal(b.d.phase, LAW_PHASE_OFF);
		assert_int_equal(b.d.reason, LAW_REASON_NO_KSM);
	}
}

static void yield_idles_when_nothing_is_mergeable(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, "yield", 0);
	for (int i = 0; i < 10; i++) {
		tick(&b, 1000);
		assert_int_equal(b.d.run, SNAP_RUN_STOP);
		assert_int_equal(b.d.phase, LAW_PHASE_IDLE);
	}
}

static void yield_ignores_vms_of_weight_zero(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, "yield", 500000);
	b.vm.weight_permille = 0;
	for (int i = 0; i < 10; i++) {
		tick(&b, 1000);
		assert_int_equal(b.d.phase, LAW_PHASE_IDLE);
	}
}

/* Ticks until ksmd is told to scan, at the law's own pace; -1 if never. */
static int64_t ms_to_first_batch(struct bench *b)
{
	uint64_t from = b->snap.mono_ns;
	uint32_t sleep = b->d.sleep_ms;

	for (int i = 0; i < 50; i++) {
		tick(b, b->d.next_ms ? b->d.next_ms : b->params.interval_ms);
		if (b->d.run == SNAP_RUN_MERGE && b->d.phase == LAW_PHASE_HUNT &&
		    b->d.sleep_ms != sleep)
			return (int64_t)(b->snap.mono_ns - from) / 1000000;
	}
	return -1;
}

static void yield_hunts_within_two_seconds_of_an_arrival(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, "yield", 0);
	for (int i = 0; i < 5; i++)
		tick(&b, 1000);
	b.vm.mergeable = true;
	b.vm.rss_pages = b.vm.rss_anon_pages = 50000;
	b.snap.nvms = 1;
	assert_in_range(ms_to_first_batch(&b), 1, 2000);
}

static void yield_keeps_the_cap_at_the_worst_cost(void **state)
{
	struct bench b;
	uint64_t cap_ns, cpu[400];
	unsigned int n = 0;
	struct law_window exact;

	(void)state;
	bench_init(&b, "yield", 5000000);
	law_window_init(&exact, b.params.cap_window_ms);
	cap_ns = (uint64_t)b.params.cap_permille * b.params.cap_window_ms * 1000;
	for (n = 0; n < 400; n++) {
		uint32_t sleep = b.d.sleep_ms;

		tick(&b, b.d.next_ms ? b.d.next_ms : 1000);
		/* ksmd obeys: one batch per changed sleep, 15 us a page */
		if (b.d.run == SNAP_RUN_MERGE && b.d.sleep_ms != sleep) {
			b.snap.ksm.pages_scanned += b.d.scan_pages;
			b.snap.ksm.ksmd_cpu_ns += b.d.scan_pages * 15000ull;
		}
		cpu[n] = b.snap.ksm.ksmd_cpu_ns;
		law_window_add(&exact, b.snap.mono_ns, cpu[n]);
		assert_in_range(law_window_used_ns(&exact, b.snap.mono_ns,
						   cpu[n]),
				0, cap_ns + cap_ns / 10);
	}
	assert_true(b.snap.ksm.pages_scanned > 100000);
}

static void yield_brakes_under_cpu_pressure(void **state)
{
	struct bench b;
	uint64_t calm = 0, pressed = 0;

	(void)state;
	for (int pass = 0; pass < 2; pass++) {
		bench_init(&b, "yield", 5000000);
		b.snap.caps |= SNAP_CAP_PSI_CPU;
		b.snap.host.psi_cpu.some_avg10_permille = pass ? 950 : 10;
		for (int i = 0; i < 200; i++) {
			uint32_t sleep = b.d.sleep_ms;

			tick(&b, b.d.next_ms ? b.d.next_ms : 1000);
			if (b.d.run == SNAP_RUN_MERGE && b.d.sleep_ms != sleep) {
				b.snap.ksm.pages_scanned += b.d.scan_pages;
				b.snap.ksm.ksmd_cpu_ns += b.d.scan_pages * 3000ull;
			}
		}
		if (pass)
			pressed = b.snap.ksm.ksmd_cpu_ns * 1000 /
				  (b.snap.mono_ns / 1000000);
		else
			calm = b.snap.ksm.ksmd_cpu_ns * 1000 /
			       (b.snap.mono_ns / 1000000);
	}
	assert_true(pressed * 2 < calm);
}

static void yield_wants_the_index_where_it_pays(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, "yield", 100000);
	tick(&b, 1000);
	assert_int_equal(b.d.checksum_index, LAW_SWITCH_ON);
	assert_int_equal(b.d.lookahead, LAW_SWITCH_KEEP);
	/* Where CPU time is next to nothing worth, its memory is not either. */
	bench_init(&b, "yield", 100000);
	b.params.price_mib_s = 10;
	tick(&b, 1000);
	assert_int_equal(b.d.checksum_index, LAW_SWITCH_KEEP);
	for (unsigned int i = 0; law_at(i); i++) {
		if (!strcmp(law_at(i)->name, "yield"))
			continue;
		bench_init(&b, law_at(i)->name, 100000);
		tick(&b, 1000);
		assert_int_equal(b.d.checksum_index, LAW_SWITCH_KEEP);
	}
}

static void yield_says_by_which_means_pages_are_found(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, "yield", 100000);
	tick(&b, 1000);
	assert_int_equal(b.d.finding, LAW_FINDING_NONE);
	b.snap.caps |= SNAP_CAP_INDEX;
	tick(&b, 1000);
	assert_int_equal(b.d.finding, LAW_FINDING_INDEX);
	assert_int_equal(b.d.lookahead, LAW_SWITCH_KEEP);
	/* A snapshot is late now and then; a minute is a refusal. */
	for (int i = 0; i < 30; i++)
		tick(&b, 1000);
	assert_int_equal(b.d.finding, LAW_FINDING_INDEX);
	for (int i = 0; i < 31; i++)
		tick(&b, 1000);
	assert_int_equal(b.d.finding, LAW_FINDING_REFUSED);
	assert_int_equal(b.d.lookahead, LAW_SWITCH_ON);
	assert_int_equal(b.d.checksum_index, LAW_SWITCH_ON);
	b.snap.ksm.checksum_index = 1;
	tick(&b, 1000);
	assert_int_equal(b.d.finding, LAW_FINDING_INDEX);
	assert_int_equal(b.d.lookahead, LAW_SWITCH_KEEP);
	b.params.price_mib_s = 10;
	tick(&b, 1000);
	assert_int_equal(b.d.finding, LAW_FINDING_CHEAP);
	assert_int_equal(b.d.lookahead, LAW_SWITCH_ON);
}

static void static_says_what_the_file_says(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, "static", 50000);
	b.params.static_scan_pages = 2000;
	b.params.static_sleep_ms = 33;
	tick(&b, 1000);
	assert_int_equal(b.d.scan_pages, 2000);
	assert_int_equal(b.d.sleep_ms, 33);
	assert_int_equal(b.d.run, SNAP_RUN_MERGE);
}

static void ksmtuned_follows_its_published_rule(void **state)
{
	static const struct {
		uint64_t rss_gib, free_gib;
		enum law_reason reason;
		uint32_t run;
	} rows[] = {
		{ 1, 12, LAW_REASON_KSMTUNED_STOP, SNAP_RUN_STOP },
		{ 14, 1, LAW_REASON_KSMTUNED_BOOST, SNAP_RUN_MERGE },
		{ 14, 5, LAW_REASON_KSMTUNED_DECAY, SNAP_RUN_MERGE },
	};
	struct bench b;

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		bench_init(&b, "ksmtuned", rows[i].rss_gib << 18);
		b.snap.host.mem_free_kib = rows[i].free_gib << 20;
		tick(&b, 1000);
		assert_int_equal(b.d.reason, rows[i].reason);
		assert_int_equal(b.d.run, rows[i].run);
	}
	/* boosts add up, once a minute, to the maximum */
	for (int i = 0; i < 10; i++) {
		b.snap.host.mem_free_kib = 1ull << 20;
		tick(&b, 60000);
	}
	assert_int_equal(b.d.scan_pages, 1250);
	tick(&b, 10000);
	assert_int_equal(b.d.scan_pages, 1250);
}

static void scan_time_moves_towards_its_target(void **state)
{
	struct bench b;
	uint32_t first, slow;

	(void)state;
	bench_init(&b, "scan-time", 500000);
	b.params.scan_time_target_s = 10;
	tick(&b, 1000);
	first = b.d.scan_pages;
	for (int i = 0; i < 5; i++) {	/* passes of 40 s: too slow */
		b.snap.ksm.pages_scanned += 500000;
		b.snap.ksm.ksmd_cpu_ns += SECOND;
		b.snap.ksm.full_scans++;
		tick(&b, 40000);
	}
	slow = b.d.scan_pages;
	assert_true(slow > first);
	for (int i = 0; i < 20; i++) {	/* empty passes teach nothing */
		b.snap.ksm.full_scans += 100;
		tick(&b, 1000);
	}
	assert_int_equal(b.d.scan_pages, slow);
}

static void window_never_reports_less_than_was_used(void **state)
{
	struct law_window w;
	uint64_t now = 0, cpu = 0, cpus[3000];

	(void)state;
	law_window_init(&w, 5000);
	for (unsigned int i = 0; i < 3000; i++) {
		now += 10000000;
		cpu += (i * 2654435761u) % 9000000;
		cpus[i] = cpu;
		law_window_add(&w, now, cpu);
		assert_true(law_window_used_ns(&w, now, cpu) >=
			    cpu - (i >= 500 ? cpus[i - 500] : cpus[0]));
		/* and not more than one gap too much */
		if (i >= 520)
			assert_true(law_window_used_ns(&w, now, cpu) <=
				    cpu - cpus[i - 520]);
	}
}

static void a_resized_window_gives_the_cap_once(void **state)
{
	struct law_window w;

	(void)state;
	law_window_init(&w, 5000);
	law_window_add(&w, 10 * SECOND, 0);
	law_window_resize(&w, 60000, 11 * SECOND, SECOND);
	assert_int_equal(law_window_used_ns(&w, 11 * SECOND, SECOND), SECOND);
	assert_int_equal(law_window_used_ns(&w, 70 * SECOND, SECOND), SECOND);
	/* at rest since: a pair a gap later is the base once it is old */
	law_window_add(&w, 13 * SECOND, SECOND);
	assert_int_equal(law_window_used_ns(&w, 74 * SECOND, SECOND), 0);
}

/* One page scanned, a million skipped: no batch size follows from that. */
static void a_batch_that_skips_a_pass_teaches_no_absurd_cost(void **state)
{
	struct bench b;
	struct law_meter m;

	(void)state;
	bench_init(&b, "yield", 50000);
	b.snap.ksm.pages_scanned = 1000;
	law_meter_init(&m, &b.params);
	for (int i = 0; i < 20; i++) {
		b.snap.mono_ns += 60 * SECOND;
		law_meter_observe(&m, &b.params, &b.snap);
		law_meter_send(&m, 50000);
		b.snap.mono_ns += SECOND;
		b.snap.ksm.pages_scanned += 300;
		b.snap.ksm.pages_skipped += 1000000;
		b.snap.ksm.ksmd_cpu_ns += SECOND / 2;
		b.snap.ksm.full_scans++;
		law_meter_observe(&m, &b.params, &b.snap);
		assert_int_equal(law_meter_reap(&m, &b.snap,
						b.snap.ksm.full_scans - 1,
						1500, false),
				 LAW_METER_PASS_DONE);
	}
	b.snap.mono_ns += 60 * SECOND;
	law_meter_observe(&m, &b.params, &b.snap);
	assert_in_range(law_meter_size(&m, &b.params, &b.snap, 1500,
				       LAW_METER_BATCH_NS), 1000, 200000);
}

/* One that merged says what merging costs: the next may be as large as before. */
static void a_batch_that_merges_at_first_sight_teaches_no_cost_of_looking(void **state)
{
	struct bench b;
	struct law_meter m;

	(void)state;
	bench_init(&b, "yield", 50000);
	b.snap.caps |= SNAP_CAP_COUNTS;
	for (int merges = 0; merges <= 1000; merges += 1000) {
		law_meter_init(&m, &b.params);
		b.snap.mono_ns += 60 * SECOND;
		law_meter_observe(&m, &b.params, &b.snap);
		law_meter_send(&m, 1000);
		b.snap.mono_ns += SECOND;
		b.snap.ksm.pages_scanned += 1000;
		b.snap.ksm.ksmd_cpu_ns += 20000000;
		b.snap.ksm.first_sight_merges += merges;
		law_meter_observe(&m, &b.params, &b.snap);
		assert_int_equal(law_meter_reap(&m, &b.snap,
						b.snap.ksm.full_scans,
						1500, false), LAW_METER_DONE);
		assert_int_equal(m.scan_ns, merges ? LAW_METER_SCAN_NS : 20000);
	}
}

/* Who waits for the end of a pass must not wait in vain: a batch is told of early. */
static void a_batch_covers_what_it_surely_gets_through(void **state)
{
	struct bench b;
	struct law_meter m;

	(void)state;
	bench_init(&b, "yield", 50000);
	law_meter_init(&m, &b.params);
	b.snap.ksm.pages_scanned = 1000;
	law_meter_observe(&m, &b.params, &b.snap);
	assert_false(law_meter_covers(&m, 0));
	law_meter_send(&m, 8000);
	assert_true(law_meter_covers(&m, 7000));
	assert_false(law_meter_covers(&m, 7001));
	b.snap.ksm.pages_scanned += 4000;
	law_meter_observe(&m, &b.params, &b.snap);
	assert_true(law_meter_covers(&m, 3500));
	assert_false(law_meter_covers(&m, 3501));
	b.snap.ksm.pages_scanned += 4000;
	law_meter_observe(&m, &b.params, &b.snap);
	assert_false(law_meter_covers(&m, 0));
}

static void yield_says_when_ksmd_will_end_its_pass(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, "yield", 3000);
	b.params.cap_permille = 1000;
	for (int i = 0; i < 20 && b.d.phase != LAW_PHASE_HUNT; i++)
		tick(&b, 500);
	assert_int_equal(b.d.phase, LAW_PHASE_HUNT);
	assert_true(b.d.scan_pages > 4000);
	assert_true(b.d.ends_pass);
	/* When all has been seen it rests. */
	for (int i = 0; i < 60 && b.d.reason != LAW_REASON_SETTLED; i++) {
		b.snap.ksm.pages_scanned += b.d.ends_pass ? 3000 : 0;
		b.snap.ksm.ksmd_cpu_ns += b.d.ends_pass ? 3000000 : 0;
		b.snap.ksm.full_scans += b.d.ends_pass;
		tick(&b, 1000);
	}
	assert_int_equal(b.d.reason, LAW_REASON_SETTLED);
	assert_false(b.d.ends_pass);
}

/* Growth that paused has settled; with the index that is told earlier. */
static void yield_hunts_sooner_where_it_merges_at_first_sight(void **state)
{
	struct bench b;

	(void)state;
	for (int indexed = 0; indexed <= 1; indexed++) {
		bench_init(&b, "yield", 100);
		b.snap.caps |= SNAP_CAP_INDEX | SNAP_CAP_COUNTS;
		b.snap.ksm.checksum_index = indexed;
		b.snap.ksm.pages_unshared = 100;
		tick(&b, 1000);
		b.vm.rss_anon_pages = 50000;
		tick(&b, 1000);
		assert_int_not_equal(b.d.phase, LAW_PHASE_HUNT);
		tick(&b, 40);
		assert_int_not_equal(b.d.phase, LAW_PHASE_HUNT);
		tick(&b, 20);
		assert_int_equal(b.d.phase == LAW_PHASE_HUNT, indexed);
		tick(&b, 100);
		assert_int_equal(b.d.phase, LAW_PHASE_HUNT);
	}
}

/* Asked when what came last will have settled; seldomer the longer it goes on. */
static void yield_looks_again_when_growth_will_have_settled(void **state)
{
	struct bench b;

	(void)state;
	for (uint32_t indexed = 0; indexed <= 1; indexed++) {
		bench_init(&b, "yield", 100);
		b.snap.caps |= SNAP_CAP_INDEX | SNAP_CAP_COUNTS;
		b.snap.ksm.checksum_index = indexed;
		b.snap.ksm.pages_unshared = 100;
		tick(&b, 1000);
		b.vm.rss_anon_pages = 50000;
		tick(&b, 1000);
		assert_true(b.d.look);
		assert_in_range(b.d.next_ms, indexed ? 50 : 150,
				indexed ? 51 : 151);
		b.vm.rss_anon_pages += 1000;
		tick(&b, 40);
		assert_in_range(b.d.next_ms, indexed ? 50 : 150,
				indexed ? 51 : 151);
		for (int i = 0; i < 6; i++) {
			b.vm.rss_anon_pages += 1000;
			tick(&b, 100);
		}
		assert_in_range(b.d.next_ms, 150, 161);
	}
}

static void a_small_cap_still_moves(void **state)
{
	struct bench b;
	struct law_meter m;

	(void)state;
	bench_init(&b, "yield", 50000);
	b.params.cap_permille = 1;
	b.params.cap_window_ms = 1000;
	law_meter_init(&m, &b.params);
	law_meter_observe(&m, &b.params, &b.snap);
	assert_true(law_meter_size(&m, &b.params, &b.snap, 1500,
				   LAW_METER_BATCH_NS) > 0);
}

static void every_reason_has_words(void **state)
{
	char buf[256];

	(void)state;
	for (int r = 1; r < LAW_REASON_COUNT; r++) {
		struct decision d = { .reason = r, .arg = { 256, 5120, 7 } };

		assert_non_null(law_reason_name(r));
		law_reason_text(&d, buf, sizeof(buf));
		assert_true(strlen(buf) > 8);
		assert_string_not_equal(buf, law_reason_name(r));
		law_reason_text(&d, buf, 10);
		assert_true(strlen(buf) < 10);
	}
	for (int f = 0; f <= LAW_FINDING_REFUSED + 1; f++) {
		struct decision d = { .finding = f, .finding_arg = { 7, 8 } };
		bool any = f > LAW_FINDING_NONE && f <= LAW_FINDING_REFUSED;

		law_finding_text(&d, buf, sizeof(buf));
		assert_int_equal(strlen(buf) > 8, any);
	}
	assert_string_equal(law_reason_name(LAW_REASON_COUNT), "?");
	assert_string_equal(law_phase_name(-1), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_law_obeys_the_bounds),
		cmocka_unit_test(without_ksm_every_law_is_off),
		cmocka_unit_test(yield_idles_when_nothing_is_mergeable),
		cmocka_unit_test(yield_ignores_vms_of_weight_zero),
		cmocka_unit_test(yield_hunts_within_two_seconds_of_an_arrival),
		cmocka_unit_test(yield_keeps_the_cap_at_the_worst_cost),
		cmocka_unit_test(yield_brakes_under_cpu_pressure),
		cmocka_unit_test(yield_wants_the_index_where_it_pays),
		cmocka_unit_test(yield_says_by_which_means_pages_are_found),
		cmocka_unit_test(static_says_what_the_file_says),
		cmocka_unit_test(ksmtuned_follows_its_published_rule),
		cmocka_unit_test(scan_time_moves_towards_its_target),
		cmocka_unit_test(window_never_reports_less_than_was_used),
		cmocka_unit_test(a_resized_window_gives_the_cap_once),
		cmocka_unit_test(a_batch_that_skips_a_pass_teaches_no_absurd_cost),
		cmocka_unit_test(a_batch_that_merges_at_first_sight_teaches_no_cost_of_looking),
		cmocka_unit_test(a_batch_covers_what_it_surely_gets_through),
		cmocka_unit_test(yield_says_when_ksmd_will_end_its_pass),
		cmocka_unit_test(yield_hunts_sooner_where_it_merges_at_first_sight),
		cmocka_unit_test(yield_looks_again_when_growth_will_have_settled),
		cmocka_unit_test(a_small_cap_still_moves),
		cmocka_unit_test(every_reason_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
