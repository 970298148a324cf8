// SPDX-License-Identifier: GPL-2.0
/* The scrubber's law on a page cache of a few lines: does it pay, and does it stop? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../policy/law_scrub.h"

#define SECOND 1000000000ull
#define CACHE (1u << 20)	/* pages: 4 GiB */

/* A run every 10 s looks at the cache, round and round. */
struct host {
	struct snap snap;
	struct law_params params;
	struct law_scrub law;
	struct law_scrub_decision d;
	uint64_t doubles;	/* in the cache, and in a guest */
	uint64_t out;		/* dropped, not read again yet */
	double back;		/* of these read again before the next run */
	uint64_t singles;	/* that nobody else holds */
	uint64_t seen;		/* singles whose checksum is remembered */
	unsigned int ticks_on;
};

static struct host host_of(uint64_t doubles, uint64_t singles, double back)
{
	struct host h = { .doubles = doubles, .singles = singles,
			  .back = back };

	law_params_default(&h.params);
	law_scrub_init(&h.law);
	h.snap.caps = SNAP_CAP_SCRUB | SNAP_CAP_MEMINFO;
	h.snap.page_size = 4096;
	h.snap.mono_ns = 1000 * SECOND;
	h.snap.host.mem_total_kib = 16 << 20;
	h.snap.host.mem_free_kib = 1 << 20;
	return h;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static void scrub(struct host *h)
{
	struct snap_scrub *s = &h->snap.scrub;
	uint64_t cache = h->doubles + h->singles, looked, hit;

	looked = least(h->d.budget_pages, cache);
	hit = cache ? h->doubles * looked / cache : 0;
	s->runs++;
	s->looked += looked;
	s->checksums += hit + least(looked - hit, h->singles - h->seen);
	h->seen += least(looked - hit, h->singles - h->seen);
	s->dropped += hit;
	h->doubles -= hit;
	h->out += hit;
}

static void tick(struct host *h)
{
	uint64_t back = (uint64_t)((double)h->out * h->back);

	h->snap.mono_ns += 10 * SECOND;
	h->snap.scrub.reread += back;
	h->out -= back;
	h->doubles += back;
	law_scrub_decide(&h->law, &h->params, &h->snap, &h->d);
	h->ticks_on += h->d.enabled;
	if (h->d.enabled)
		scrub(h);
}

static void ticks(struct host *h, unsigned int n)
{
	while (n--)
		tick(h);
}

static void doubles_are_dropped_and_then_it_rests(void **state)
{
	struct host h = host_of(CACHE / 2, CACHE / 2, 0);
	uint64_t looked;

	(void)state;
	ticks(&h, 30);
	assert_in_range(h.doubles, 0, CACHE / 2 / 100);
	looked = h.snap.scrub.looked;
	h.ticks_on = 0;
	ticks(&h, 360);		/* an hour */
	assert_in_range(h.ticks_on, 1, 40);
	assert_in_range(h.snap.scrub.looked - looked, 1, CACHE);
	/* Another image: it is found by the next trial, and then at once. */
	h.doubles = CACHE / 2;
	ticks(&h, 400);
	assert_in_range(h.doubles, 0, CACHE / 2 / 100);
}

static void pages_that_come_back_end_it(void **state)
{
	struct host h = host_of(CACHE / 2, CACHE / 2, 0.9);

	(void)state;
	ticks(&h, 6);
	assert_int_equal(h.d.enabled, false);
	ticks(&h, 720);		/* two hours */
	/* Ten trials, of few pages each. */
	assert_in_range(h.ticks_on, 2, 40);
	assert_in_range(h.snap.scrub.reread, 1, CACHE / 8);
}

/* Guests wait for the disk then, however dear CPU time is. */
static void a_third_that_comes_back_ends_it_at_any_price(void **state)
{
	struct host h = host_of(CACHE / 2, CACHE / 2, 0.3);

	(void)state;
	h.params.price_mib_s = 0;
	ticks(&h, 360);
	assert_in_range(h.ticks_on, 2, 40);
	assert_in_range(h.snap.scrub.reread, 1, CACHE / 8);
}

static void few_that_come_back_do_not(void **state)
{
	struct host h = host_of(CACHE / 2, CACHE / 2, 0.0005);

	(void)state;
	ticks(&h, 30);
	assert_in_range(h.doubles, 0, CACHE / 2 / 50);
	assert_in_range(h.snap.scrub.reread, 0, h.snap.scrub.dropped / 10);
}

static void free_memory_needs_no_scrubbing(void **state)
{
	struct host h = host_of(CACHE / 2, CACHE / 2, 0);

	(void)state;
	h.snap.host.mem_free_kib = 8 << 20;
	ticks(&h, 100);
	assert_int_equal(h.ticks_on, 0);
	assert_int_equal(h.d.reason, LAW_SCRUB_FREE);
	h.snap.host.mem_free_kib = 1 << 20;
	tick(&h);
	assert_int_equal(h.d.reason, LAW_SCRUB_TRIAL);
	assert_true(h.d.enabled);
	h.snap.host.mem_free_kib = 8 << 20;
	tick(&h);
	assert_false(h.d.enabled);
}

static void a_price_of_nothing_buys_every_page(void **state)
{
	struct host h = host_of(CACHE / 1024, CACHE, 0);

	(void)state;
	h.params.price_mib_s = 0;
	ticks(&h, 30);
	assert_in_range(h.d.budget_pages, LAW_SCRUB_LEAST_PAGES,
			LAW_SCRUB_MOST_PAGES);
	assert_in_range(h.doubles, 0, CACHE / 1024 / 10);
}

static void a_module_loaded_anew_or_gone_makes_nothing_absurd(void **state)
{
	struct host h = host_of(CACHE / 2, CACHE / 2, 0);

	(void)state;
	ticks(&h, 5);
	h.snap.scrub = (struct snap_scrub){ .runs = 1, .looked = 10 };
	tick(&h);
	assert_true(h.d.arg[0] >= 0);
	h.snap.caps = SNAP_CAP_MEMINFO;
	law_scrub_decide(&h.law, &h.params, &h.snap, &h.d);
	assert_int_equal(h.d.reason, LAW_SCRUB_NONE);
	assert_false(h.d.enabled);
	h.snap.caps |= SNAP_CAP_SCRUB;
	ticks(&h, 30);
	assert_in_range(h.doubles, 0, CACHE / 2 / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doubles_are_dropped_and_then_it_rests),
		cmocka_unit_test(pages_that_come_back_end_it),
		cmocka_unit_test(a_third_that_comes_back_ends_it_at_any_price),
		cmocka_unit_test(few_that_come_back_do_not),
		cmocka_unit_test(free_memory_needs_no_scrubbing),
		cmocka_unit_test(a_price_of_nothing_buys_every_page),
		cmocka_unit_test(a_module_loaded_anew_or_gone_makes_nothing_absurd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
