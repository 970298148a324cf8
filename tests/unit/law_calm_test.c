// SPDX-License-Identifier: GPL-2.0
/* Waiting for newcomers' CPUs to come to rest before their memory is merged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../../policy/law_calm.h"

#define NS_PER_MS 1000000ull
#define PATIENCE_MS 4000

struct world {
	struct law_calm calm;
	struct snap_vm vms[3];
	struct snap snap;
};

/* One process that was there before, and has used its CPU at will. */
static void begin(struct world *w)
{
	*w = (struct world){ 0 };
	for (int i = 0; i < 3; i++)
		w->vms[i] = (struct snap_vm){
			.pid = 100 + i, .start_ticks = 1000 * (i + 1),
			.mergeable = true, .weight_permille = 1000,
		};
	w->snap.vms = w->vms;
	w->snap.nvms = 1;
	law_calm_update(&w->calm, &w->snap);
}

/* @ms later there are @nvms, and each has used @ticks more CPU. */
static void look(struct world *w, uint64_t ms, uint32_t nvms, uint64_t ticks)
{
	w->snap.mono_ns += ms * NS_PER_MS;
	w->snap.vms_seq = ++w->snap.seq;
	w->snap.nvms = nvms;
	for (uint32_t i = 0; i < nvms; i++)
		w->vms[i].cpu_ticks += ticks;
	law_calm_update(&w->calm, &w->snap);
}

static bool waits(const struct world *w)
{
	return law_calm_waits(&w->calm, w->snap.mono_ns - NS_PER_MS,
			      w->snap.mono_ns);
}

static void nobody_waits_for_who_was_there_before(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	look(&w, 1000, 1, 0);
	look(&w, 1000, 1, 100);
	look(&w, 1000, 1, 100);
	assert_false(waits(&w));
}

static void a_newcomer_is_waited_for_until_it_calms_down(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	look(&w, 1000, 1, 0);
	look(&w, 1000, 2, 100);
	assert_true(waits(&w));
	look(&w, 600, 2, 55);
	assert_true(waits(&w));
	look(&w, 600, 2, 5);
	assert_false(waits(&w));
}

static void patience_ends(void **state)
{
	struct world w;
	uint64_t now;

	(void)state;
	begin(&w);
	look(&w, 1000, 1, 0);
	look(&w, 1000, 2, 100);
	now = w.snap.mono_ns;
	assert_true(law_calm_waits(&w.calm, now, now + 3000 * NS_PER_MS));
	assert_false(law_calm_waits(&w.calm, now,
				    now + PATIENCE_MS * NS_PER_MS));
}

static void after_its_hunt_it_is_no_newcomer(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	look(&w, 1000, 1, 0);
	look(&w, 1000, 2, 100);
	law_calm_settle(&w.calm);
	assert_false(waits(&w));
	look(&w, 1000, 2, 100);
	look(&w, 1000, 2, 100);
	assert_false(waits(&w));
	look(&w, 1000, 3, 100);
	assert_true(waits(&w));
}

static void looks_too_close_together_change_nothing(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	look(&w, 1000, 1, 0);
	look(&w, 1000, 2, 100);
	look(&w, 600, 2, 60);
	look(&w, 20, 2, 0);
	assert_true(waits(&w));
	look(&w, 20, 2, 4);
	assert_true(waits(&w));
	look(&w, 600, 2, 0);
	assert_false(waits(&w));
}

static void one_that_left_is_not_waited_for(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	look(&w, 1000, 1, 0);
	look(&w, 1000, 2, 100);
	look(&w, 600, 1, 100);
	assert_false(waits(&w));
}

static void what_will_not_merge_is_not_waited_for(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	w.vms[1].mergeable = false;
	w.vms[2].weight_permille = 0;
	look(&w, 1000, 1, 0);
	look(&w, 1000, 3, 100);
	look(&w, 1000, 3, 100);
	assert_false(waits(&w));
}

/* A VMM that began 2 s ago, and has memory now. */
static bool waits_for_vmm_with(uint64_t ticks)
{
	struct world w;

	begin(&w);
	w.vms[1].start_ticks = 1100;
	look(&w, 11000, 1, 0);
	w.vms[1].cpu_ticks = ticks;
	look(&w, 2000, 2, 0);
	return waits(&w);
}

static void who_is_seen_first_is_as_busy_as_since_it_began(void **state)
{
	(void)state;
	assert_false(waits_for_vmm_with(20));
	assert_false(waits_for_vmm_with(50));
	assert_true(waits_for_vmm_with(52));
	assert_true(waits_for_vmm_with(200));
}

static void of_who_has_hardly_begun_the_work_is_shared_out(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	w.vms[1].start_ticks = 1099;
	look(&w, 10000, 1, 0);
	w.vms[1].cpu_ticks = 1;	/* all the time that there was */
	look(&w, 1000, 2, 0);
	assert_false(waits(&w));
	begin(&w);
	w.vms[1].start_ticks = 1095;
	look(&w, 10000, 1, 0);
	w.vms[1].cpu_ticks = 5;
	look(&w, 1000, 2, 0);
	assert_true(waits(&w));
}

static void looks_come_seldom_when_work_goes_on(void **state)
{
	const uint64_t began = 7000 * NS_PER_MS;

	(void)state;
	assert_in_range(law_calm_look_ms(began, began), 150, 200);
	assert_int_equal(law_calm_look_ms(began, began + 600 * NS_PER_MS), 600);
}

static void a_counter_that_goes_back_is_calm(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	look(&w, 1000, 1, 0);
	look(&w, 1000, 2, 100);
	w.vms[1].cpu_ticks = 0;
	look(&w, 1000, 2, 0);
	assert_false(waits(&w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_waits_for_who_was_there_before),
		cmocka_unit_test(a_newcomer_is_waited_for_until_it_calms_down),
		cmocka_unit_test(patience_ends),
		cmocka_unit_test(after_its_hunt_it_is_no_newcomer),
		cmocka_unit_test(looks_too_close_together_change_nothing),
		cmocka_unit_test(one_that_left_is_not_waited_for),
		cmocka_unit_test(what_will_not_merge_is_not_waited_for),
		cmocka_unit_test(
			who_is_seen_first_is_as_busy_as_since_it_began),
		cmocka_unit_test(
			of_who_has_hardly_begun_the_work_is_shared_out),
		cmocka_unit_test(looks_come_seldom_when_work_goes_on),
		cmocka_unit_test(a_counter_that_goes_back_is_calm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
