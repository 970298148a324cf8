// SPDX-License-Identifier: GPL-2.0
/* The model of the shadow MMU, its policies, and the memory of evicted pages. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../experiments/eviction/sim/ghost.h"
#include "../../experiments/eviction/sim/holdout.h"
#include "../../experiments/eviction/sim/policy_reuse.h"
#include "../../experiments/eviction/sim/validate.h"
#include "../../experiments/eviction/sim/workload.h"

static void open_pool(struct pool *pool, uint32_t cr3s, uint32_t regions,
		      uint32_t limit, const char *policy)
{
	const struct pool_size size = {
		.cr3s = cr3s, .regions = regions, .limit = limit,
	};

	assert_non_null(policy_find(policy));
	assert_int_equal(pool_open(pool, &size, policy_find(policy)), 0);
}

static uint64_t faults_of(struct pool *pool, uint16_t cr3, uint16_t region,
			  uint16_t page)
{
	const struct trace_step step = { cr3, region, page };
	uint64_t before = pool->stats.faults;

	pool_touch(pool, &step);
	return pool->stats.faults - before;
}

static void a_first_touch_costs_the_system_and_the_page(void **state)
{
	struct pool pool;

	(void)state;
	open_pool(&pool, 1, 4, POOL_LIMIT_NONE, "fifo");
	assert_int_equal(faults_of(&pool, 0, 0, 0), 2);
	assert_int_equal(faults_of(&pool, 0, 0, 7), 0);
	assert_int_equal(faults_of(&pool, 0, 0, 8), 1);
	assert_int_equal(faults_of(&pool, 0, 3, 511), 1);
	assert_int_equal(faults_of(&pool, 0, 3, 504), 0);
	/* root, PDPT, PD, the system's PT and two more */
	assert_int_equal(pool.stats.created, 6);
	assert_int_equal(pool.used, 6);
	pool_close(&pool);
}

static void address_spaces_share_the_system_page_only(void **state)
{
	struct pool pool;

	(void)state;
	open_pool(&pool, 2, 4, POOL_LIMIT_NONE, "fifo");
	assert_int_equal(faults_of(&pool, 0, 0, 0), 2);
	assert_int_equal(faults_of(&pool, 1, 0, 0), 2);
	assert_int_equal(pool.used, 5 + 4);
	assert_int_equal(faults_of(&pool, 0, 0, 0), 0);
	pool_close(&pool);
}

/* Region 511 begins the second GiB: the system's region is before them all. */
static void a_gib_has_a_directory_of_its_own(void **state)
{
	struct pool pool;

	(void)state;
	open_pool(&pool, 1, 512, POOL_LIMIT_NONE, "fifo");
	faults_of(&pool, 0, 510, 0);
	assert_int_equal(pool.stats.created, 5);
	faults_of(&pool, 0, 511, 0);
	assert_int_equal(pool.stats.created, 7);
	pool_close(&pool);
}

/* 6.12 makes room when fewer than 5 are free, until 25 are. */
static void fifo_makes_room_as_the_kernel_does(void **state)
{
	struct pool pool;

	(void)state;
	open_pool(&pool, 1, 64, 40, "fifo");
	for (uint16_t i = 0; i < 32; i++)
		faults_of(&pool, 0, i, 0);
	assert_int_equal(pool.used, 36);
	assert_int_equal(pool.stats.evicted, 0);
	faults_of(&pool, 0, 32, 0);
	/* 24 zapped for the data; the root is pinned, PDPT, PD and code go. */
	assert_int_equal(pool.stats.evicted, 21);
	assert_int_equal(pool.roots[0]->active, true);
	pool_close(&pool);
}

static void orphans_are_linked_again_by_a_fault_each(void **state)
{
	struct pool pool;
	struct page *pd;

	(void)state;
	open_pool(&pool, 1, 8, POOL_LIMIT_NONE, "fifo");
	for (uint16_t i = 0; i < 8; i++)
		faults_of(&pool, 0, i, 0);
	pd = pool_pt(&pool, 0, 0)->entries->parent;
	assert_int_equal(page_cost(&pool, pd), 9);
	pool_zap(&pool, pd);
	assert_int_equal(page_cost(&pool, pd), 1);
	assert_int_equal(pool.used, 11);
	/* The directory with the code's table, then the page's own table. */
	assert_int_equal(faults_of(&pool, 0, 5, 0), 2);
	assert_int_equal(faults_of(&pool, 0, 5, 0), 0);
	assert_int_equal(pool.stats.created, 13);
	pool_close(&pool);
}

static void four_roots_are_pinned_and_no_more(void **state)
{
	struct pool pool;
	unsigned int pinned = 0;

	(void)state;
	open_pool(&pool, 8, 4, POOL_LIMIT_NONE, "fifo");
	for (uint16_t i = 0; i < 8; i++)
		faults_of(&pool, i, 0, 0);
	for (uint32_t i = 0; i < pool.nr_pages; i++)
		pinned += pool.pages[i].root_count;
	assert_int_equal(pinned, POOL_ROOTS);
	assert_int_equal(pool.roots[0]->root_count, 1);
	pool_close(&pool);
}

static void looking_at_a_page_clears_what_it_finds(void **state)
{
	struct pool pool;
	struct page *pt;

	(void)state;
	open_pool(&pool, 1, 4, POOL_LIMIT_NONE, "fifo");
	faults_of(&pool, 0, 2, 0);
	pt = pool_pt(&pool, 0, 2);
	assert_true(page_young(&pool, pt));
	assert_false(page_young(&pool, pt));
	faults_of(&pool, 0, 2, 0);
	assert_true(page_young(&pool, pt));
	pool_close(&pool);
}

/* Counts of Linux 6.12.117, of which kernel-counts.txt has all. */
static void fifo_counts_what_a_kernel_counted(void **state)
{
	static const struct {
		const char *trace;
		uint32_t limit, items;
		uint64_t faults, recycled;
	} rows[] = {
		{ "loop", 160, 256, 25174, 25368 },
		{ "hotscan", 96, 256, 8047, 5628 },
		{ "mixedcost", 512, 1024, 9008, 3444 },
		{ "twophase", 320, 768, 23914, 15855 },
		{ "slices", 96, 256, 7604, 7469 },
		{ "slices", 512, 1024, 9432, 7648 },
		{ "scan", POOL_LIMIT_NONE, 768, 6145, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct trace_size size = { .items = rows[i].items };
		struct workload workload;
		struct pool_stats stats;

		assert_int_equal(workload_named(rows[i].trace, 1, &size,
						&workload), 0);
		assert_int_equal(workload_play(&workload, &policy_fifo,
					       rows[i].limit, &stats), 0);
		assert_int_equal(stats.faults, rows[i].faults);
		assert_int_equal(stats.evicted, rows[i].recycled);
		workload_free(&workload);
	}
}

/* Structure after every step: what hands and counts must agree with. */
static void check_pool(const struct pool *pool)
{
	uint32_t listed = 0;

	for (struct list *at = pool->active.next; at != &pool->active;
	     at = at->next) {
		assert_true(list_page(at)->active);
		assert_ptr_equal(at->next->prev, at);
		listed++;
	}
	assert_int_equal(listed, pool->used);
	for (uint32_t i = 0; i < pool->nr_pages; i++) {
		const struct page *page = &pool->pages[i];

		for (uint32_t j = 0; j < page->nr_entries; j++)
			if (page->entries[j].present) {
				assert_true(page->active);
				assert_true(page->entries[j].parent->active);
			}
	}
}

static void every_policy_keeps_the_pool_whole_and_small(void **state)
{
	(void)state;
	for (size_t i = 0; policy_at(i); i++) {
		const struct trace_size size = { .items = 96, .steps = 1500 };
		struct workload w;
		struct pool pool;

		if (!strcmp(policy_at(i)->name, "fifo"))
			continue;
		assert_int_equal(workload_named("slices", i, &size, &w), 0);
		assert_int_equal(pool_open(&pool, &(struct pool_size){
			.cr3s = w.cr3s, .regions = w.regions, .limit = 40,
			.steps = w.steps, .nr_steps = w.nr_steps,
		}, policy_at(i)), 0);
		for (uint64_t step = 0; step < w.nr_steps; step++) {
			pool_touch(&pool, &w.steps[step]);
			check_pool(&pool);
			assert_true(pool.used <= pool.limit);
		}
		assert_true(pool.stats.evicted > 0);
		pool_close(&pool);
		workload_free(&w);
	}
}

/* Memslot changes and zap-all take pages from under the hands of a policy. */
static void policies_survive_pages_that_others_zap(void **state)
{
	(void)state;
	for (size_t i = 0; policy_at(i); i++) {
		uint32_t random = 1;
		struct pool pool;

		if (policy_at(i)->oracle)
			continue;
		open_pool(&pool, 2, 80, 48, policy_at(i)->name);
		for (int n = 0; n < 4000; n++) {
			struct page *page;

			random = random * 1664525 + 1013904223;
			faults_of(&pool, random >> 20 & 1,
				  (random >> 21) % 80, 0);
			page = &pool.pages[(random >> 8) % pool.nr_pages];
			if (n % 3 == 0 && page->active && !page->root_count)
				pool_zap(&pool, page);
			if (n % 500 == 499)
				while ((page = policy_oldest(&pool)))
					pool_zap(&pool, page);
			check_pool(&pool);
		}
		pool_close(&pool);
	}
}

/* However young everything is: there is a victim, found in few looks. */
static void reuse_finds_a_victim_among_pages_in_use(void **state)
{
	uint64_t most = 3 + reuse_tuning.sample;
	struct pool pool;

	(void)state;
	open_pool(&pool, 1, 400, 300, "reuse");
	for (int n = 0; n < 20000; n++) {
		uint64_t reads;
		struct page *victim;

		faults_of(&pool, 0, n * 7 % 400, n % 64 * 8);
		for (uint32_t i = 0; i < pool.nr_pages; i++)
			for (uint32_t j = 0; j < pool.pages[i].nr_entries; j++)
				pool.pages[i].entries[j].accessed = true;
		reads = pool.stats.spte_reads;
		victim = policy_reuse.victim(&pool);
		assert_non_null(victim);
		assert_int_equal(victim->root_count, 0);
		assert_true(pool.stats.spte_reads - reads <= most);
	}
	pool_close(&pool);
}

static void only_pinned_pages_leave_reuse_without_a_victim(void **state)
{
	struct page *page;
	struct pool pool;

	(void)state;
	open_pool(&pool, 1, 8, POOL_LIMIT_NONE, "reuse");
	faults_of(&pool, 0, 0, 0);
	while ((page = policy_oldest(&pool)))
		pool_zap(&pool, page);
	assert_int_equal(pool.used, 1);
	assert_null(policy_reuse.victim(&pool));
	pool_close(&pool);
}

static void reuse_keeps_a_part_of_a_loop_that_does_not_fit(void **state)
{
	struct pool pool;
	uint64_t faults = 0;

	(void)state;
	open_pool(&pool, 1, 100, 60, "reuse");
	for (int n = 0; n < 10000; n++)
		faults += faults_of(&pool, 0, n % 100, 0);
	assert_in_range(faults, 5000, 7500);
	pool_close(&pool);
}

static void reuse_learns_the_interval_of_a_page(void **state)
{
	struct page *page;
	struct pool pool;

	(void)state;
	open_pool(&pool, 1, 300, 64, "reuse");
	page = pool_pt(&pool, 0, 0);
	for (int n = 0; n < 3000; n++)
		faults_of(&pool, 0, n % 20 ? 1 + n % 299 : 0, 0);
	assert_true(page->active);
	assert_in_range(page->interval, 10, 60);
	assert_int_equal(page->intervals, reuse_tuning.memory);
	pool_close(&pool);
}

static void reuse_loses_to_fifo_on_nothing_held_out(void **state)
{
	struct workload workload;
	uint32_t limit;
	unsigned int i;

	(void)state;
	for (i = 0; !holdout_make(i, 5, &workload, &limit); i++) {
		struct pool_stats fifo, reuse;

		assert_int_equal(workload_play(&workload, &policy_fifo, limit,
					       &fifo), 0);
		assert_int_equal(workload_play(&workload, &policy_reuse, limit,
					       &reuse), 0);
		if (reuse.faults * 100 > fifo.faults * 101)
			fail_msg("%s, pool %u: %llu, fifo %llu", workload.name,
				 limit, (unsigned long long)reuse.faults,
				 (unsigned long long)fifo.faults);
		workload_free(&workload);
	}
	assert_true(i > 10);
}

static void ghosts_are_found_once_and_the_oldest_is_forgotten(void **state)
{
	struct ghost_table table;
	struct ghost ghost = { 0 };
	uint32_t found = 0;

	(void)state;
	assert_int_equal(ghost_open(64, &table), 0);
	assert_int_equal(table.sets * GHOST_WAYS, 64);
	assert_false(ghost_take(&table, 7, &ghost));
	for (uint32_t i = 1; i <= 1000; i++)
		ghost_put(&table, &(struct ghost){ .key = i, .evicted_at = i,
						   .interval = 2 * i });
	assert_true(ghost_take(&table, 1000, &ghost));
	assert_int_equal(ghost.evicted_at, 1000);
	assert_int_equal(ghost.interval, 2000);
	assert_false(ghost_take(&table, 1000, &ghost));
	for (uint32_t i = 1; i < 1000; i++)
		if (ghost_take(&table, i, &ghost)) {
			assert_true(i > 800);
			found++;
		}
	assert_int_equal(found, 63);
	ghost_close(&table);
}

static void ghosts_outlive_a_clock_that_wraps(void **state)
{
	struct ghost_table table;
	struct ghost ghost;

	(void)state;
	assert_int_equal(ghost_open(GHOST_WAYS, &table), 0);
	for (uint32_t i = 0; i < GHOST_WAYS + 1; i++)
		ghost_put(&table, &(struct ghost){ .key = i + 1,
						   .evicted_at = i - 2 });
	assert_false(ghost_take(&table, 1, &ghost));
	for (uint32_t i = 1; i < GHOST_WAYS + 1; i++)
		assert_true(ghost_take(&table, i + 1, &ghost));
	ghost_close(&table);
}

static int validate(const char *text)
{
	FILE *stream = fmemopen((void *)text, strlen(text), "r");
	FILE *out = fopen("/dev/null", "w");
	int ret;

	assert_non_null(stream);
	assert_non_null(out);
	ret = validate_counts(stream, "t", out);
	fclose(stream);
	fclose(out);
	return ret;
}

static void counts_that_differ_are_reported(void **state)
{
	(void)state;
	assert_int_equal(validate("# a comment\n\n"
				  "fifo loop 160 25000 1 1 256 25174 25368\n"
				  "fifo loop 160 25000 1 1 256 25174 25367\n"
				  "fifo loop 160 25000 1 1 256 25175 25368\n"
				  "lru loop 160 25000 1 1 256 24000 0\n"
				  "lru loop 160 25000 1 1 256 20000 0\n"), 3);
	assert_int_equal(validate("fifo loop 160\n"), -EINVAL);
	assert_int_equal(validate("none loop 160 1 1 1 256 1 1\n"), -EINVAL);
	assert_int_equal(validate("fifo none 160 1 1 1 256 1 1\n"), -EINVAL);
	assert_int_equal(validate("fifo loop 160 1 1 1 256 1 1 1\n"), -EINVAL);
	assert_int_equal(validate("fifo loop 160 1 1 1 2560 1 1\n"), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_first_touch_costs_the_system_and_the_page),
		cmocka_unit_test(address_spaces_share_the_system_page_only),
		cmocka_unit_test(a_gib_has_a_directory_of_its_own),
		cmocka_unit_test(fifo_makes_room_as_the_kernel_does),
		cmocka_unit_test(orphans_are_linked_again_by_a_fault_each),
		cmocka_unit_test(four_roots_are_pinned_and_no_more),
		cmocka_unit_test(looking_at_a_page_clears_what_it_finds),
		cmocka_unit_test(fifo_counts_what_a_kernel_counted),
		cmocka_unit_test(every_policy_keeps_the_pool_whole_and_small),
		cmocka_unit_test(policies_survive_pages_that_others_zap),
		cmocka_unit_test(reuse_finds_a_victim_among_pages_in_use),
		cmocka_unit_test(only_pinned_pages_leave_reuse_without_a_victim),
		cmocka_unit_test(reuse_keeps_a_part_of_a_loop_that_does_not_fit),
		cmocka_unit_test(reuse_learns_the_interval_of_a_page),
		cmocka_unit_test(reuse_loses_to_fifo_on_nothing_held_out),
		cmocka_unit_test(ghosts_are_found_once_and_the_oldest_is_forgotten),
		cmocka_unit_test(ghosts_outlive_a_clock_that_wraps),
		cmocka_unit_test(counts_that_differ_are_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
