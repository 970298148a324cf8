// SPDX-License-Identifier: GPL-2.0
/*
 * The plant behaves as ksmd of Linux 6.12 does: one test for each property of
 * mm/ksm.c that a law may come to depend on.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../../policy/sim/plant.h"
#include "../../policy/sim/sim.h"

#define MS PLANT_NS_PER_MS
#define SECOND PLANT_NS_PER_S

struct host {
	struct plant *plant;
	struct snap snap;
};

static void host_open(struct host *h, const struct plant_conf *conf)
{
	memset(h, 0, sizeof(*h));
	assert_int_equal(plant_new(conf, &h->plant), 0);
}

/* Kernel defaults, but for smart_scan, which most tests leave out. */
static struct plant_conf plain(void)
{
	struct plant_conf conf;

	plant_conf_default(&conf);
	conf.smart_scan = 0;
	conf.cpu_before_ms = 0;
	return conf;
}

static const struct snap_ksm *ksm(struct host *h)
{
	plant_show(h->plant, &h->snap);
	return &h->snap.ksm;
}

static uint32_t start(struct host *h, struct plant_region region)
{
	struct plant_proc proc = {
		.name = "p", .weight_permille = 1000, .regions = { region },
	};
	uint32_t id = 0;

	assert_int_equal(plant_start(h->plant, &proc, &id), 0);
	return id;
}

static void run_for(struct host *h, uint64_t ns)
{
	plant_advance(h->plant, plant_now_ns(h->plant) + ns);
}

/* One pass more, however many batches it takes; leaves ksmd stopped. */
static void pass(struct host *h)
{
	uint64_t before = ksm(h)->full_scans;

	plant_set_sleep(h->plant, 1);
	plant_set_scan_pages(h->plant, 200000);
	plant_set_run(h->plant, SNAP_RUN_MERGE);
	while (ksm(h)->full_scans == before)
		run_for(h, MS);
	plant_set_run(h->plant, SNAP_RUN_STOP);
	run_for(h, 20 * MS);
}

static const struct plant_region group_1mib = {
	.kind = PLANT_GROUP, .mib = 1, .group = 1,
};

static void merges_on_the_second_visit(void **state)
{
	struct plant_conf conf = plain();
	struct host h;

	(void)state;
	host_open(&h, &conf);
	start(&h, group_1mib);
	start(&h, group_1mib);
	pass(&h);
	assert_int_equal(ksm(&h)->pages_sharing, 0);
	assert_int_equal(ksm(&h)->pages_volatile, 512);
	pass(&h);
	assert_int_equal(ksm(&h)->pages_sharing, 256);
	assert_int_equal(ksm(&h)->pages_shared, 256);
	assert_int_equal(plant_saved(h.plant), 256);
	assert_int_equal(plant_ideal(h.plant), 256);
	plant_free(h.plant);
}

static struct plant_conf indexed(void)
{
	struct plant_conf conf = plain();

	conf.patched = 1;
	conf.checksum_index = 1;
	return conf;
}

static void the_index_merges_at_first_sight_what_is_known(void **state)
{
	struct plant_conf conf = indexed();
	struct host h;

	(void)state;
	host_open(&h, &conf);
	start(&h, group_1mib);
	start(&h, group_1mib);
	/* Nobody knows of either whether it changes. */
	pass(&h);
	assert_int_equal(ksm(&h)->pages_sharing, 0);
	pass(&h);
	assert_int_equal(ksm(&h)->pages_sharing, 256);
	assert_int_equal(ksm(&h)->index_hits, 256);
	assert_int_equal(ksm(&h)->first_sight_merges, 0);
	start(&h, group_1mib);
	pass(&h);
	assert_int_equal(ksm(&h)->pages_sharing, 512);
	assert_int_equal(ksm(&h)->first_sight_merges, 256);
	plant_free(h.plant);
}

static void with_the_index_a_newcomer_is_scanned_first(void **state)
{
	static const struct plant_region tenant = {
		.kind = PLANT_UNIQUE, .mib = 8,
	};
	struct plant_conf conf = indexed();
	struct host h;

	(void)state;
	host_open(&h, &conf);
	start(&h, tenant);
	start(&h, group_1mib);
	pass(&h);
	pass(&h);
	start(&h, group_1mib);
	/* One batch, then a long sleep */
	plant_set_sleep(h.plant, 100000);
	plant_set_scan_pages(h.plant, 256);
	plant_set_run(h.plant, SNAP_RUN_MERGE);
	run_for(&h, 100 * MS);
	assert_int_equal(ksm(&h)->pages_sharing, 256);
	plant_free(h.plant);
}

static void a_pass_ends_though_newcomers_come_and_go(void **state)
{
	static const struct plant_region tenant = {
		.kind = PLANT_UNIQUE, .mib = 8,
	}, newcomer = {
		.kind = PLANT_UNIQUE, .mib = 1,
	};
	struct plant_conf conf = indexed();
	uint64_t passes, until;
	uint32_t alive[4];
	struct host h;

	(void)state;
	host_open(&h, &conf);
	start(&h, tenant);
	start(&h, tenant);
	pass(&h);
	pass(&h);
	passes = ksm(&h)->full_scans;
	for (int i = 0; i < 4; i++)
		alive[i] = start(&h, newcomer);
	plant_set_sleep(h.plant, 1);
	plant_set_scan_pages(h.plant, 16);
	plant_set_run(h.plant, SNAP_RUN_MERGE);
	/* More than can be scanned is new, and what was scanned ends. */
	for (int i = 0; i < 100; i++) {
		until = ksm(&h)->pages_scanned + 256;
		while (ksm(&h)->pages_scanned < until)
			run_for(&h, MS);
		plant_exit(h.plant, alive[i % 4]);
		alive[i % 4] = start(&h, newcomer);
	}
	/* Half of what is scanned, three times what the tenants have */
	assert_true(ksm(&h)->full_scans - passes >= 2);
	plant_free(h.plant);
}

static void what_keeps_changing_is_not_merged_at_first_sight(void **state)
{
	struct plant_conf conf = indexed();
	struct host h;
	uint32_t writer;

	(void)state;
	host_open(&h, &conf);
	start(&h, group_1mib);
	start(&h, group_1mib);
	pass(&h);
	pass(&h);
	writer = start(&h, group_1mib);
	for (int i = 0; i < 2; i++) {
		plant_rewrite(h.plant, writer, 0, 0, 1000, PLANT_WRITE_UNIQUE,
			      0);
		pass(&h);
	}
	/* As the others again, for how long? */
	plant_rewrite(h.plant, writer, 0, 0, 1000, PLANT_WRITE_NEW, 0);
	pass(&h);
	assert_int_equal(ksm(&h)->pages_sharing, 256);
	pass(&h);
	assert_int_equal(ksm(&h)->pages_sharing, 512);
	assert_int_equal(ksm(&h)->first_sight_merges, 0);
	plant_free(h.plant);
}

static void a_skipped_page_is_found_by_the_index(void **state)
{
	struct plant_conf conf = indexed();
	struct host h;

	(void)state;
	conf.smart_scan = 1;
	host_open(&h, &conf);
	start(&h, group_1mib);
	plant_age(h.plant, 15);
	start(&h, group_1mib);
	pass(&h);
	assert_int_equal(ksm(&h)->pages_sharing, 256);
	/* Off, it is where the trees cannot find it. */
	plant_free(h.plant);
	conf.checksum_index = 0;
	host_open(&h, &conf);
	start(&h, group_1mib);
	plant_age(h.plant, 15);
	start(&h, group_1mib);
	pass(&h);
	pass(&h);
	assert_int_equal(ksm(&h)->pages_sharing, 0);
	plant_free(h.plant);
}

static void unique_pages_wait_in_the_unstable_tree(void **state)
{
	struct plant_conf conf = plain();
	struct host h;

	(void)state;
	host_open(&h, &conf);
	start(&h, (struct plant_region){ .kind = PLANT_UNIQUE, .mib = 1 });
	start(&h, (struct plant_region){ .kind = PLANT_VOLATILE, .mib = 1, .period_ms = 1 });
	pass(&h);
	pass(&h);
	assert_int_equal(ksm(&h)->pages_unshared, 256);
	assert_int_equal(ksm(&h)->pages_volatile, 256);
	assert_int_equal(ksm(&h)->pages_sharing, 0);
	plant_free(h.plant);
}

static void a_batch_ends_with_the_pass(void **state)
{
	struct plant_conf conf = plain();
	struct host h;
	uint64_t batches;

	(void)state;
	conf.scan_pages = 200;
	host_open(&h, &conf);
	start(&h, group_1mib);
	batches = plant_batches(h.plant);
	plant_set_run(h.plant, SNAP_RUN_MERGE);
	run_for(&h, 10 * MS);
	assert_int_equal(ksm(&h)->pages_scanned, 200);
	run_for(&h, 22 * MS);
	/* 56 left of the pass: not 200. */
	assert_int_equal(ksm(&h)->pages_scanned, 256);
	assert_int_equal(ksm(&h)->full_scans, 1);
	assert_int_equal(plant_batches(h.plant), batches + 2);
	plant_free(h.plant);
}

static void a_newcomer_waits_behind_the_cursor(void **state)
{
	struct plant_conf conf = plain();
	struct host h;

	(void)state;
	conf.scan_pages = 100;
	host_open(&h, &conf);
	start(&h, (struct plant_region){ .kind = PLANT_UNIQUE, .mib = 1 });
	start(&h, (struct plant_region){ .kind = PLANT_UNIQUE, .mib = 1 });
	plant_set_run(h.plant, SNAP_RUN_MERGE);
	run_for(&h, 5 * MS);
	start(&h, (struct plant_region){ .kind = PLANT_UNIQUE, .mib = 1 });
	while (ksm(&h)->full_scans == 0)
		run_for(&h, 5 * MS);
	/* This pass went on over the two that it began with. */
	assert_int_equal(ksm(&h)->pages_scanned, 512);
	plant_free(h.plant);
}

/* Passes in which a page that finds no partner is looked at. */
static void smart_scan_skips_by_age(void **state)
{
	static const uint8_t active[] = {
		0, 1, 2, 3, 5, 8, 13, 22, 31, 40,
	};
	struct plant_conf conf = plain();
	struct host h;
	uint64_t scanned, skipped;
	unsigned int i, next = 0;

	(void)state;
	conf.smart_scan = 1;
	host_open(&h, &conf);
	start(&h, (struct plant_region){ .kind = PLANT_UNIQUE, .mib = 1 });
	for (i = 0; i < 45; i++) {
		scanned = ksm(&h)->pages_scanned;
		skipped = ksm(&h)->pages_skipped;
		plant_age(h.plant, 1);
		if (next < sizeof(active) && active[next] == i) {
			assert_int_equal(ksm(&h)->pages_scanned - scanned,
					 256);
			next++;
		} else {
			assert_int_equal(ksm(&h)->pages_skipped - skipped,
					 256);
			assert_int_equal(ksm(&h)->pages_unshared, 0);
		}
	}
	assert_int_equal(next, sizeof(active));
	plant_free(h.plant);
}

/*
 * Measured on 6.12: of newcomers 14 to 22 passes after their twins, those of
 * three passes never merge.
 */
static void late_twins_starve_in_three_of_nine_phases(void **state)
{
	static const bool merges[] = {
		true, false, false, true, true, true, true, true, false,
	};
	struct plant_conf conf = plain();
	struct host h;
	unsigned int i;

	(void)state;
	conf.smart_scan = 1;
	for (i = 0; i < sizeof(merges); i++) {
		host_open(&h, &conf);
		start(&h, group_1mib);
		plant_age(h.plant, 14 + i);
		start(&h, group_1mib);
		plant_age(h.plant, 60);
		assert_int_equal(ksm(&h)->pages_sharing,
				 merges[i] ? 256 : 0);
		plant_free(h.plant);
	}
}

static void skipped_pages_do_not_use_up_the_batch(void **state)
{
	struct plant_conf conf = plain();
	struct host h;
	uint64_t scanned, skipped;

	(void)state;
	conf.smart_scan = 1;
	conf.scan_pages = 100;
	host_open(&h, &conf);
	start(&h, (struct plant_region){ .kind = PLANT_UNIQUE, .mib = 8 });
	plant_age(h.plant, 14);
	scanned = ksm(&h)->pages_scanned;
	skipped = ksm(&h)->pages_skipped;
	plant_set_run(h.plant, SNAP_RUN_MERGE);
	run_for(&h, 15 * MS);
	assert_int_equal(ksm(&h)->pages_scanned, scanned);
	assert_int_equal(ksm(&h)->pages_skipped - skipped, 2048);
	assert_int_equal(plant_batches(h.plant), 1);
	plant_free(h.plant);
}

/*
 * Two processes with 4 MiB in common, volatile pages before or behind them;
 * pages that the first pass able to merge them leaves behind.
 */
static uint64_t missed(struct plant_region first, struct plant_region last)
{
	struct plant_proc proc = {
		.name = "p", .weight_permille = 1000,
		.regions = { first, last },
	};
	struct plant_conf conf = plain();
	struct host h;
	uint32_t id;
	uint64_t left;

	conf.cost.speed_permille = 200;	/* time for pages to change */
	host_open(&h, &conf);
	assert_int_equal(plant_start(h.plant, &proc, &id), 0);
	assert_int_equal(plant_start(h.plant, &proc, &id), 0);
	pass(&h);
	pass(&h);
	left = plant_ideal(h.plant) - plant_saved(h.plant);
	pass(&h);
	pass(&h);
	pass(&h);
	/* sooner or later they meet */
	assert_true(plant_ideal(h.plant) - plant_saved(h.plant) <= left / 4);
	plant_free(h.plant);
	return left;
}

static void pages_that_change_in_the_tree_hide_twins(void **state)
{
	const struct plant_region group = {
		.kind = PLANT_GROUP, .mib = 4, .group = 1,
	};
	const struct plant_region changing = {
		.kind = PLANT_VOLATILE, .mib = 4, .period_ms = 1000,
	};
	const struct plant_region still = { .kind = PLANT_UNIQUE, .mib = 4 };

	(void)state;
	assert_int_equal(missed(still, group), 0);
	/* those at the top of the tree are in the way of more searches */
	assert_in_range(missed(changing, group), 20, 1000);
	assert_true(missed(changing, group) > 2 * missed(group, changing));
}

static void counters_lag_behind_a_write(void **state)
{
	struct plant_conf conf = plain();
	struct host h;
	uint32_t id;

	(void)state;
	host_open(&h, &conf);
	start(&h, group_1mib);
	start(&h, group_1mib);
	id = start(&h, group_1mib);
	pass(&h);
	pass(&h);
	assert_int_equal(ksm(&h)->pages_sharing, 512);
	plant_rewrite(h.plant, id, 0, 0, 500, PLANT_WRITE_UNIQUE, 0);
	assert_int_equal(plant_saved(h.plant), 384);
	assert_int_equal(ksm(&h)->pages_sharing, 512);
	assert_int_equal(h.snap.host.cow_ksm, 128);
	pass(&h);
	assert_int_equal(ksm(&h)->pages_sharing, 384);
	assert_int_equal(ksm(&h)->pages_shared, 256);
	plant_free(h.plant);
}

static void a_write_of_the_same_bytes_merges_again(void **state)
{
	struct plant_conf conf = plain();
	struct host h;
	uint32_t a, b;

	(void)state;
	host_open(&h, &conf);
	a = start(&h, group_1mib);
	b = start(&h, group_1mib);
	pass(&h);
	pass(&h);
	plant_rewrite(h.plant, a, 0, 0, 1000, PLANT_WRITE_SAME, 0);
	plant_rewrite(h.plant, b, 0, 0, 1000, PLANT_WRITE_SAME, 0);
	assert_int_equal(plant_saved(h.plant), 0);
	pass(&h);
	pass(&h);
	assert_int_equal(plant_saved(h.plant), 256);
	assert_int_equal(ksm(&h)->pages_sharing, 256);
	assert_int_equal(h.snap.host.cow_ksm, 512);
	plant_free(h.plant);
}

static void new_bytes_of_a_group_are_alike(void **state)
{
	struct plant_conf conf = plain();
	struct host h;
	uint32_t a, b;

	(void)state;
	host_open(&h, &conf);
	a = start(&h, group_1mib);
	b = start(&h, group_1mib);
	plant_rewrite(h.plant, a, 0, 0, 1000, PLANT_WRITE_NEW, 1);
	assert_int_equal(plant_ideal(h.plant), 0);
	plant_rewrite(h.plant, b, 0, 500, 1000, PLANT_WRITE_NEW, 1);
	assert_int_equal(plant_ideal(h.plant), 128);
	plant_free(h.plant);
}

static void counters_lag_behind_an_exit(void **state)
{
	struct plant_conf conf = plain();
	struct host h;
	struct snap_vm vms[4];
	uint32_t id;

	(void)state;
	host_open(&h, &conf);
	start(&h, group_1mib);
	id = start(&h, group_1mib);
	pass(&h);
	pass(&h);
	plant_exit(h.plant, id);
	assert_int_equal(plant_saved(h.plant), 0);
	assert_int_equal(ksm(&h)->pages_sharing, 256);
	assert_int_equal(plant_show_vms(h.plant, vms, 4), 1);
	pass(&h);
	assert_int_equal(ksm(&h)->pages_sharing, 0);
	assert_int_equal(ksm(&h)->pages_shared, 256);
	plant_free(h.plant);
}

static void at_most_256_share_a_page(void **state)
{
	struct plant_conf conf = plain();
	struct host h;

	(void)state;
	host_open(&h, &conf);
	start(&h, (struct plant_region){ .kind = PLANT_ZERO, .mib = 4 });
	pass(&h);
	pass(&h);
	pass(&h);
	assert_int_equal(ksm(&h)->pages_shared, 4);
	assert_int_equal(ksm(&h)->pages_sharing, 1020);
	assert_int_equal(h.snap.ksm.stable_node_chains, 1);
	assert_int_equal(h.snap.ksm.stable_node_dups, 4);
	assert_int_equal(plant_ideal(h.plant), 1020);
	plant_free(h.plant);
}

static void room_in_a_shared_page_is_used_again(void **state)
{
	const struct plant_region zero = { .kind = PLANT_ZERO, .mib = 1 };
	struct plant_conf conf = plain();
	struct host h;
	uint32_t a, b;

	(void)state;
	host_open(&h, &conf);
	a = start(&h, zero);
	b = start(&h, zero);
	pass(&h);
	pass(&h);
	assert_int_equal(ksm(&h)->pages_shared, 2);
	plant_rewrite(h.plant, a, 0, 0, 500, PLANT_WRITE_UNIQUE, 0);
	plant_rewrite(h.plant, b, 0, 0, 500, PLANT_WRITE_UNIQUE, 0);
	start(&h, zero);
	pass(&h);
	pass(&h);
	assert_int_equal(ksm(&h)->pages_shared, 2);
	assert_int_equal(ksm(&h)->pages_sharing, 510);
	plant_free(h.plant);
}

static void zero_pages_leave_the_rss(void **state)
{
	struct plant_conf conf = plain();
	struct host h;
	struct snap_vm vm;

	(void)state;
	conf.use_zero_pages = 1;
	host_open(&h, &conf);
	start(&h, (struct plant_region){ .kind = PLANT_ZERO, .mib = 4 });
	pass(&h);
	pass(&h);
	pass(&h);
	assert_int_equal(ksm(&h)->zero_pages, 1024);
	assert_int_equal(h.snap.ksm.pages_sharing, 0);
	assert_int_equal(plant_show_vms(h.plant, &vm, 1), 1);
	assert_int_equal(vm.rss_anon_pages, 0);
	assert_int_equal(vm.rmap_items, 0);
	assert_int_equal(h.snap.host.anon_pages, 0);
	plant_free(h.plant);
}

static void a_different_sleep_wakes_ksmd(void **state)
{
	struct plant_conf conf = plain();
	struct host h;

	(void)state;
	conf.sleep_ms = 60000;
	host_open(&h, &conf);
	start(&h, (struct plant_region){ .kind = PLANT_UNIQUE, .mib = 4 });
	plant_set_run(h.plant, SNAP_RUN_MERGE);
	run_for(&h, SECOND);
	assert_int_equal(plant_batches(h.plant), 1);
	plant_set_sleep(h.plant, 60000);
	run_for(&h, SECOND);
	assert_int_equal(plant_batches(h.plant), 1);
	plant_set_sleep(h.plant, 59999);
	run_for(&h, SECOND);
	assert_int_equal(plant_batches(h.plant), 2);
	plant_free(h.plant);
}

static void a_batch_is_not_interrupted(void **state)
{
	struct plant_conf conf = plain();
	struct host h;

	(void)state;
	conf.scan_pages = 5000;
	host_open(&h, &conf);
	start(&h, (struct plant_region){ .kind = PLANT_UNIQUE, .mib = 32 });
	plant_set_run(h.plant, SNAP_RUN_MERGE);
	run_for(&h, MS);
	assert_true(ksm(&h)->pages_scanned < 5000);
	plant_set_run(h.plant, SNAP_RUN_STOP);
	plant_set_scan_pages(h.plant, 1);
	run_for(&h, SECOND);
	assert_int_equal(ksm(&h)->pages_scanned, 5000);
	plant_free(h.plant);
}

static void a_suspended_batch_ends_halfway_and_sleeps(void **state)
{
	struct plant_conf conf = plain();
	struct host h;

	(void)state;
	conf.scan_pages = 1000;
	conf.sleep_ms = 60000;
	host_open(&h, &conf);
	start(&h, (struct plant_region){ .kind = PLANT_UNIQUE, .mib = 32 });
	plant_freeze(h.plant);
	plant_set_run(h.plant, SNAP_RUN_MERGE);
	run_for(&h, SECOND);
	assert_int_equal(ksm(&h)->pages_scanned, 500);
	plant_set_sleep(h.plant, 59999);
	run_for(&h, SECOND);
	assert_int_equal(ksm(&h)->pages_scanned, 1500);
	plant_set_sleep(h.plant, 60000);
	run_for(&h, 100000);
	plant_freeze(h.plant);
	run_for(&h, SECOND);
	assert_in_range(ksm(&h)->pages_scanned, 1501, 2499);
	assert_int_equal(plant_batches(h.plant), 3);
	plant_free(h.plant);
}

static void sleeps_end_on_a_tick_and_never_early(void **state)
{
	static const struct {
		uint32_t sleep_ms;
		uint64_t from_ms, to_ms;
	} rows[] = {
		{ 20, 20, 24 }, { 100, 100, 104 }, { 1000, 1000, 1032 },
		{ 60000, 60000, 62100 },
	};
	struct plant_conf conf = plain();
	struct host h;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		conf.sleep_ms = rows[i].sleep_ms;
		conf.scan_pages = 1;
		host_open(&h, &conf);
		start(&h, (struct plant_region){ .kind = PLANT_UNIQUE, .mib = 1 });
		run_for(&h, MS);
		plant_set_run(h.plant, SNAP_RUN_MERGE);
		run_for(&h, rows[i].from_ms * MS);
		assert_int_equal(plant_batches(h.plant), 1);
		run_for(&h, (rows[i].to_ms - rows[i].from_ms + 1) * MS);
		assert_int_equal(plant_batches(h.plant), 2);
		plant_free(h.plant);
	}
}

static void cpu_is_what_the_pages_cost(void **state)
{
	struct plant_conf conf = plain();
	struct host h;
	uint64_t ns, slow_ns;

	(void)state;
	host_open(&h, &conf);
	start(&h, (struct plant_region){ .kind = PLANT_UNIQUE, .mib = 4 });
	pass(&h);
	ns = ksm(&h)->ksmd_cpu_ns;
	assert_in_range(ns, 1024 * conf.cost.visit_ns,
			1024 * conf.cost.visit_ns + conf.cost.pass_ns +
			10 * conf.cost.batch_ns);
	plant_free(h.plant);

	conf.cost.speed_permille = 500;
	conf.share_permille = 100;	/* takes longer, costs no more */
	host_open(&h, &conf);
	start(&h, (struct plant_region){ .kind = PLANT_UNIQUE, .mib = 4 });
	pass(&h);
	slow_ns = ksm(&h)->ksmd_cpu_ns;
	assert_in_range(slow_ns, 19 * ns / 10, 21 * ns / 10);
	plant_free(h.plant);
}

/* CPU of one pass over unique pages that ksmd knows, ns a page. */
static uint64_t known_page_ns(uint32_t mib)
{
	struct plant_conf conf = plain();
	struct host h;
	uint64_t ns;

	host_open(&h, &conf);
	start(&h, (struct plant_region){ .kind = PLANT_UNIQUE, .mib = mib });
	pass(&h);
	ns = ksm(&h)->ksmd_cpu_ns;
	pass(&h);
	ns = ksm(&h)->ksmd_cpu_ns - ns;
	plant_free(h.plant);
	return ns / (mib * PLANT_PAGES_PER_MIB);
}

/* 168,000 pages took 4.0 to 4.8 us each where the costs come from. */
static void deep_trees_cost_more_a_level(void **state)
{
	uint64_t shallow = known_page_ns(4), middle = known_page_ns(64);
	uint64_t deep = known_page_ns(656);

	(void)state;
	assert_in_range(shallow, 1000, 1600);
	assert_in_range(deep, 4000, 5000);
	/* four levels, one of them near; then three and a half, none near */
	assert_true(deep - middle > (middle - shallow) * 3 / 4);
}

static void knobs_refuse_what_the_kernel_refuses(void **state)
{
	struct plant_conf conf = plain();
	struct host h;

	(void)state;
	host_open(&h, &conf);
	assert_int_equal(plant_set_run(h.plant, SNAP_RUN_UNMERGE), -EPERM);
	assert_int_equal(plant_set_run(h.plant, 3), -EINVAL);
	plant_set_advisor(h.plant, SNAP_ADVISOR_SCAN_TIME);
	assert_int_equal(ksm(&h)->scan_pages, 500);
	assert_int_equal(plant_set_scan_pages(h.plant, 100), -EINVAL);
	plant_set_advisor(h.plant, SNAP_ADVISOR_NONE);
	assert_int_equal(ksm(&h)->scan_pages, 100);
	assert_int_equal(plant_set_scan_pages(h.plant, 1000), 0);
	plant_free(h.plant);
}

/*
 * Measured on hosts whose ksmd has been at work before: the advisor's first
 * pass takes all of that CPU for its own and falls to 10 to 70 pages.
 */
static void the_advisor_collapses_at_first(void **state)
{
	struct plant_conf conf = plain();
	struct host h;

	(void)state;
	conf.cpu_before_ms = 60000;
	host_open(&h, &conf);
	start(&h, (struct plant_region){ .kind = PLANT_UNIQUE, .mib = 64 });
	plant_set_advisor(h.plant, SNAP_ADVISOR_SCAN_TIME);
	plant_set_run(h.plant, SNAP_RUN_MERGE);
	while (ksm(&h)->full_scans == 0)
		run_for(&h, 10 * MS);
	assert_in_range(ksm(&h)->scan_pages, 10, 70);
	plant_free(h.plant);
}

static void old_kernels_show_less(void **state)
{
	struct plant_conf conf = plain();
	struct host h;
	struct snap_vm vm;

	(void)state;
	conf.caps &= ~(SNAP_CAP_SKIPPED | SNAP_CAP_ZERO | SNAP_CAP_COW |
		       SNAP_CAP_KSM_STAT | SNAP_CAP_PROFIT);
	conf.use_zero_pages = 1;
	host_open(&h, &conf);
	start(&h, (struct plant_region){ .kind = PLANT_ZERO, .mib = 1 });
	pass(&h);
	pass(&h);
	assert_int_equal(plant_saved(h.plant), 256);
	assert_int_equal(ksm(&h)->zero_pages, 0);
	assert_int_equal(ksm(&h)->profit_bytes, 0);
	assert_int_equal(ksm(&h)->pages_scanned, 0);
	assert_false(snap_has(&h.snap, SNAP_CAP_SKIPPED));
	assert_int_equal(plant_show_vms(h.plant, &vm, 1), 1);
	assert_false(vm.has_ksm_stat);
	plant_free(h.plant);
}

static void memory_is_touched_little_by_little(void **state)
{
	struct plant_conf conf = plain();
	struct host h;
	struct snap_vm vm;

	(void)state;
	host_open(&h, &conf);
	start(&h, (struct plant_region){ .kind = PLANT_UNIQUE, .mib = 4, .ramp_ms = 1000 });
	run_for(&h, 250 * MS);
	assert_int_equal(plant_show_vms(h.plant, &vm, 1), 1);
	assert_int_equal(vm.rss_pages, 256);
	pass(&h);
	assert_in_range(ksm(&h)->pages_scanned, 256, 300);
	run_for(&h, SECOND);
	plant_show_vms(h.plant, &vm, 1);
	assert_int_equal(vm.rss_pages, 1024);
	plant_free(h.plant);
}

static void two_runs_give_the_same(void **state)
{
	const struct sim_scenario *s = sim_scenario_find("bench-quiet");
	struct sim_options options = { .nsettings = 0 };
	struct sim_controller c;
	struct sim_result a, b;

	(void)state;
	assert_non_null(s);
	assert_true(sim_controller_find("aggressive", &c));
	assert_int_equal(sim_run(s, &c, &options, &a), 0);
	assert_int_equal(sim_run(s, &c, &options, &b), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_true(a.metric[SIM_A] > 1);
}

static void settings_are_parsed_strictly(void **state)
{
	static const char *const bad[] = {
		"", "=", "=1", "hz", "hz=", "hz=x", "hz=-1", "hz=0",
		"hz=5000000000", "hz=1 ", "nosuch=1",
		"a_name_that_is_longer_than_any_name_of_a_parameter_is=1",
	};
	struct sim_options options = { .nsettings = 0 };
	struct plant_conf conf;
	struct law_params params;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(sim_option_set(&options, bad[i]), -EINVAL);
	assert_int_equal(options.nsettings, 0);
	assert_int_equal(sim_option_set(&options, "hz=100"), 0);
	assert_int_equal(sim_option_set(&options, "cap_permille=50"), 0);
	plant_conf_default(&conf);
	law_params_default(&params);
	sim_options_apply(&options, &conf, &params);
	assert_int_equal(conf.hz, 100);
	assert_int_equal(params.cap_permille, 50);
	assert_int_equal(sim_params_set(&params, "cap_permille=60"), 0);
	assert_int_equal(params.cap_permille, 60);
	assert_int_equal(sim_params_set(&params, "cap_permille"), -EINVAL);
	assert_int_equal(sim_params_set(&params, "hz=250"), -EINVAL);
	assert_int_equal(params.cap_permille, 60);
	for (i = 2; i < SIM_SETTINGS_MAX; i++)
		assert_int_equal(sim_option_set(&options, "hz=100"), 0);
	assert_int_equal(sim_option_set(&options, "hz=100"), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merges_on_the_second_visit),
		cmocka_unit_test(the_index_merges_at_first_sight_what_is_known),
		cmocka_unit_test(with_the_index_a_newcomer_is_scanned_first),
		cmocka_unit_test(a_pass_ends_though_newcomers_come_and_go),
		cmocka_unit_test(what_keeps_changing_is_not_merged_at_first_sight),
		cmocka_unit_test(a_skipped_page_is_found_by_the_index),
		cmocka_unit_test(unique_pages_wait_in_the_unstable_tree),
		cmocka_unit_test(a_batch_ends_with_the_pass),
		cmocka_unit_test(a_newcomer_waits_behind_the_cursor),
		cmocka_unit_test(smart_scan_skips_by_age),
		cmocka_unit_test(late_twins_starve_in_three_of_nine_phases),
		cmocka_unit_test(skipped_pages_do_not_use_up_the_batch),
		cmocka_unit_test(pages_that_change_in_the_tree_hide_twins),
		cmocka_unit_test(counters_lag_behind_a_write),
		cmocka_unit_test(a_write_of_the_same_bytes_merges_again),
		cmocka_unit_test(new_bytes_of_a_group_are_alike),
		cmocka_unit_test(counters_lag_behind_an_exit),
		cmocka_unit_test(at_most_256_share_a_page),
		cmocka_unit_test(room_in_a_shared_page_is_used_again),
		cmocka_unit_test(zero_pages_leave_the_rss),
		cmocka_unit_test(a_different_sleep_wakes_ksmd),
		cmocka_unit_test(a_batch_is_not_interrupted),
		cmocka_unit_test(a_suspended_batch_ends_halfway_and_sleeps),
		cmocka_unit_test(sleeps_end_on_a_tick_and_never_early),
		cmocka_unit_test(cpu_is_what_the_pages_cost),
		cmocka_unit_test(deep_trees_cost_more_a_level),
		cmocka_unit_test(knobs_refuse_what_the_kernel_refuses),
		cmocka_unit_test(the_advisor_collapses_at_first),
		cmocka_unit_test(old_kernels_show_less),
		cmocka_unit_test(memory_is_touched_little_by_little),
		cmocka_unit_test(two_runs_give_the_same),
		cmocka_unit_test(settings_are_parsed_strictly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
