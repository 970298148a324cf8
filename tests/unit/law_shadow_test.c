// SPDX-License-Identifier: GPL-2.0
/* Dividing shadow pages: the curve, the hull, the division, and the moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../policy/law_shadow.h"

#define NS_PER_S 1000000000ull
#define DECISION_S 10
#define GIVEN 128

static unsigned int level_at(float pages)
{
	unsigned int level = 0;

	while (law_shadow_level_pages(level) < pages)
		level++;
	return level;
}

static void near(double value, double wanted)
{
	assert_true(value > wanted - 0.01 && value < wanted + 0.01);
}

static void levels_are_quarters_of_octaves(void **state)
{
	(void)state;
	near(law_shadow_level_pages(0), 32);
	near(law_shadow_level_pages(4), 64);
	near(law_shadow_level_pages(6), 64 * 1.414214);
	near(law_shadow_level_pages(LAW_SHADOW_LEVELS - 1), 32 << 16);
}

static void distances_tell_the_curve_above_the_limit(void **state)
{
	/* 128 pages: eighths are 16. Ten refaults need up to 16 more, a hundred
	 * need 128 to 144, a thousand nobody knows. */
	const uint64_t refaults[SNAP_REFAULT_BUCKETS] = {
		[0] = 10, [8] = 100, [15] = 1000,
	};
	struct law_shadow_curve curve = { 0 };

	(void)state;
	law_shadow_learn(&curve, GIVEN, refaults, 0, 2);
	near(curve.misses[level_at(128)], 1110 / 2.);
	near(curve.misses[level_at(181)], 1100 / 2.);
	near(curve.misses[level_at(256)], 1100 / 2.);
	near(curve.misses[level_at(304)], 1000 / 2.);
	near(curve.misses[LAW_SHADOW_LEVELS - 1], 1000 / 2.);
}

static void what_a_cut_costs_once_is_no_need(void **state)
{
	const uint64_t refaults[SNAP_REFAULT_BUCKETS] = { [0] = 40 };
	struct law_shadow_curve curve = { 0 };

	(void)state;
	law_shadow_learn(&curve, GIVEN, refaults, 30, 1);
	near(curve.misses[level_at(128)], 10);
	curve = (struct law_shadow_curve){ 0 };
	law_shadow_learn(&curve, GIVEN, refaults, 50, 1);
	near(curve.misses[level_at(128)], 0);
}

static void below_the_limit_it_is_as_steep_or_as_it_was(void **state)
{
	const uint64_t refaults[SNAP_REFAULT_BUCKETS] = { [0] = 1280 };
	const uint64_t none[SNAP_REFAULT_BUCKETS] = { 0 };
	struct law_shadow_curve curve = { 0 };
	float misses[LAW_SHADOW_LEVELS];

	(void)state;
	for (int i = 0; i < 20; i++)
		law_shadow_learn(&curve, GIVEN, refaults, 0, 1);
	law_shadow_estimate(&curve, GIVEN, GIVEN, misses);
	/* 1280 a second go with 16 pages; the next level up is 152. */
	assert_true(misses[level_at(64)] > 1280 + 64 * 1280 / 25);
	for (int i = 0; i < 3; i++)
		law_shadow_learn(&curve, 2 * GIVEN, none, 0, 1);
	law_shadow_estimate(&curve, 2 * GIVEN, GIVEN, misses);
	near(misses[level_at(256)], 0);
	assert_true(misses[level_at(128)] > 1000);
	for (int i = 0; i < 100; i++)
		law_shadow_learn(&curve, 2 * GIVEN, none, 0, 1);
	law_shadow_estimate(&curve, 2 * GIVEN, GIVEN, misses);
	assert_true(misses[level_at(128)] < 100);
}

/* Costs at levels: @high up to @edge pages, @low from there on. */
static void step_cost(float edge, float high, float low,
		      float ret_cost[LAW_SHADOW_LEVELS])
{
	for (unsigned int i = 0; i < LAW_SHADOW_LEVELS; i++)
		ret_cost[i] = law_shadow_level_pages(i) < edge ? high : low;
}

static void a_hull_leaps_over_what_saves_nothing(void **state)
{
	float cost[LAW_SHADOW_LEVELS];
	struct law_shadow_hull hull;

	(void)state;
	step_cost(256, 100, 0, cost);
	law_shadow_hull(&hull, 64, cost);
	assert_int_equal(hull.corners, 2);
	near(hull.pages[0], 64);
	near(hull.pages[1], 256);
	near(law_shadow_hull_cost(&hull, 160), 50);
	near(law_shadow_hull_cost(&hull, 10), 100);
	near(law_shadow_hull_cost(&hull, 1000), 0);
	near(law_shadow_hull_slope(&hull, 160), 100. / 192);
	near(law_shadow_hull_slope(&hull, 1000), 0);
}

static void a_budget_goes_where_it_saves_most(void **state)
{
	float cost[LAW_SHADOW_LEVELS], pages[3];
	struct law_shadow_hull hulls[3];

	(void)state;
	step_cost(256, 1000, 0, cost);
	law_shadow_hull(&hulls[0], 64, cost);
	step_cost(256, 100, 0, cost);
	law_shadow_hull(&hulls[1], 64, cost);
	law_shadow_hull(&hulls[2], 64, cost);
	law_shadow_divide(hulls, 3, 384, pages);
	near(pages[0], 256);
	near(pages[1], 64);
	near(pages[2], 64);
	/* Those who are alike share what is left. */
	law_shadow_divide(hulls, 3, 484, pages);
	near(pages[0], 256);
	near(pages[1], 114);
	near(pages[2], 114);
	/* Nobody has more than saves something. */
	law_shadow_divide(hulls, 3, 10000, pages);
	near(pages[0] + pages[1] + pages[2], 768);
}

struct world {
	struct law_shadow law;
	struct law_shadow_params params;
	struct law_shadow_decision decision;
	struct snap snap;
	struct snap_shadow vms[LAW_SHADOW_VMS_MAX + 2];
};

static int begin(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return -1;
	*state = w;
	law_shadow_init(&w->law);
	w->snap.mono_ns = NS_PER_S;
	w->snap.shadows = w->vms;
	for (uint32_t i = 0; i < LAW_SHADOW_VMS_MAX + 2; i++)
		w->vms[i] = (struct snap_shadow){
			.id = i + 10, .weight_permille = 1000, .limit = GIVEN,
		};
	return 0;
}

static int end(void **state)
{
	free(*state);
	return 0;
}

static uint32_t index_of(const struct world *w, uint64_t id)
{
	uint32_t i = 0;

	while (w->vms[i].id != id)
		i++;
	return i;
}

/*
 * Ten seconds in which each of @nvms uses half a CPU. Decisions are carried
 * out unless @refuse.
 */
static void pass(struct world *w, uint32_t nvms, bool refuse)
{
	w->snap.mono_ns += DECISION_S * NS_PER_S;
	w->snap.nshadows = nvms;
	for (uint32_t i = 0; i < nvms; i++)
		w->vms[i].cpu_ns += DECISION_S * NS_PER_S / 2;
	law_shadow_decide(&w->law, &w->params, &w->snap, &w->decision);
	for (uint32_t i = 0; i < w->decision.nlimits && !refuse; i++)
		w->vms[index_of(w, w->decision.limits[i].id)].limit =
			w->decision.limits[i].limit;
}

/* VM @i misses @count times what 32 pages more would spare. */
static void miss(struct world *w, uint32_t i, uint64_t count)
{
	if (w->vms[i].limit < 2 * GIVEN)
		w->vms[i].refault_distance[1] += count;
}

static void who_misses_gets_pages_from_who_does_not(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 10; i++) {
		miss(w, 1, 5000);
		pass(w, 2, false);
	}
	assert_true(w->vms[1].limit > GIVEN + 20);
	assert_true(w->vms[0].limit >= LAW_SHADOW_FLOOR_PAGES);
	assert_true(w->vms[0].limit + w->vms[1].limit <= 2 * GIVEN);
}

static void who_loses_comes_first(void **state)
{
	struct world *w = *state;
	bool grew = false, moved = false;

	for (int i = 0; i < 10; i++) {
		miss(w, 0, 5000);
		pass(w, 4, true);
		grew = false;
		for (uint32_t j = 0; j < w->decision.nlimits; j++) {
			bool grows = w->decision.limits[j].limit > GIVEN;

			assert_true(grows || !grew);
			grew |= grows;
		}
		moved |= grew && w->decision.nlimits > 1;
	}
	assert_true(moved);
}

static void a_refused_limit_is_taken_as_it_is(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 20; i++) {
		miss(w, 1, 5000);
		pass(w, 2, true);
		for (uint32_t j = 0; j < w->decision.nlimits; j++)
			assert_in_range(w->decision.limits[j].limit,
					LAW_SHADOW_FLOOR_PAGES, 2 * GIVEN);
	}
	assert_true(w->decision.nlimits > 0);
}

static void who_has_just_come_is_left_alone(void **state)
{
	struct world *w = *state;

	/* Five misses a second are worth a trial, but not at once. */
	for (int i = 0; i < 3; i++) {
		miss(w, 0, 50);
		pass(w, 2, false);
		assert_int_equal(w->vms[1].limit, GIVEN);
	}
}

/* It misses much as long as it has less than KVM gave it. */
static void need(struct snap_shadow *vm)
{
	if (vm->limit < GIVEN)
		vm->refault_distance[(GIVEN - vm->limit) * 8 / vm->limit] +=
			60000;
}

static void who_cannot_bear_a_loss_gets_it_back(void **state)
{
	struct world *w = *state;
	uint32_t least = GIVEN;

	for (int i = 0; i < 6; i++) {
		miss(w, 0, 3000);
		pass(w, 2, false);
	}
	assert_true(w->vms[1].limit < GIVEN);
	for (int i = 0; i < 20; i++) {
		miss(w, 0, 3000);
		need(&w->vms[1]);
		pass(w, 2, false);
		if (i >= 5 && w->vms[1].limit < least)
			least = w->vms[1].limit;
	}
	assert_in_range(least, GIVEN - 8, GIVEN);
}

static void who_bears_a_loss_is_asked_for_more(void **state)
{
	struct world *w = *state;
	uint32_t lost[3] = { 0 };

	for (int i = 0, n = 0; n < 3 && i < 10; i++) {
		uint32_t before = w->vms[1].limit;

		miss(w, 0, 100000);
		pass(w, 2, false);
		if (w->vms[1].limit < before)
			lost[n++] = before - w->vms[1].limit;
	}
	assert_in_range(lost[0], 1, GIVEN * 16 / 100);
	assert_true(lost[1] > lost[0] && lost[2] > 0);
}

static void who_rests_can_bear_anything(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 8; i++) {
		if (i == 7)
			miss(w, 0, 100000);
		w->vms[1].cpu_ns -= DECISION_S * NS_PER_S / 2;
		pass(w, 2, false);
	}
	assert_in_range(w->vms[1].limit, LAW_SHADOW_FLOOR_PAGES, GIVEN - 25);
}

static void misses_that_no_pages_spare_count_nothing(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 20; i++) {
		w->vms[0].refault_distance[SNAP_REFAULT_BUCKETS - 1] += 100000;
		miss(w, 1, 5000);
		pass(w, 3, false);
	}
	assert_true(w->vms[0].limit <= GIVEN);
	assert_true(w->vms[1].limit > GIVEN);
}

static void nobody_misses_nothing_moves(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 20; i++) {
		pass(w, 5, false);
		assert_int_equal(w->decision.nlimits, 0);
	}
	assert_int_equal(w->decision.reason, LAW_SHADOW_STEADY);
}

static void a_vm_without_weight_does_not_count(void **state)
{
	struct world *w = *state;

	w->vms[0].weight_permille = 0;
	for (int i = 0; i < 20; i++) {
		miss(w, 0, 50000);
		pass(w, 2, false);
	}
	assert_true(w->vms[0].limit <= GIVEN);
}

static void who_goes_takes_its_pages_along(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 20; i++) {
		miss(w, 0, 5000);
		pass(w, 3, false);
	}
	assert_true(w->vms[0].limit > GIVEN);
	for (int i = 0; i < 5; i++) {
		miss(w, 0, 5000);
		pass(w, 1, false);
	}
	assert_in_range(w->vms[0].limit, GIVEN - 8, GIVEN + 8);
}

/* Others are not asked for what only one has. */
static void who_went_is_paid_for_by_who_has_more(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 20; i++) {
		miss(w, 0, 5000);
		pass(w, 3, false);
	}
	w->vms[1].limit = GIVEN;
	w->vms[0].limit = GIVEN + 40;
	pass(w, 2, true);
	assert_int_equal(w->decision.reason, LAW_SHADOW_BUDGET);
	assert_int_equal(w->decision.nlimits, 1);
	assert_int_equal(w->decision.limits[0].id, w->vms[0].id);
	assert_in_range(w->decision.limits[0].limit, GIVEN - 1, GIVEN + 1);
}

static void counters_that_go_back_begin_anew(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 3; i++) {
		miss(w, 0, 5000);
		pass(w, 2, false);
	}
	memset(w->vms[0].refault_distance, 0,
	       sizeof(w->vms[0].refault_distance));
	w->vms[0].cpu_ns = 0;
	pass(w, 2, false);
	assert_true(w->decision.arg[0] >= 0 && w->decision.arg[0] < 2000000);
}

static void the_budget_may_be_less_than_kvm_gives(void **state)
{
	struct world *w = *state;
	uint32_t pages = 0;

	w->params.budget_pages = 300;
	for (int i = 0; i < 3; i++)
		pass(w, 3, false);
	for (int i = 0; i < 3; i++) {
		assert_true(w->vms[i].limit >= LAW_SHADOW_FLOOR_PAGES);
		pages += w->vms[i].limit;
	}
	assert_in_range(pages, 280, 309);
	/* And less than all floors is as much as these. */
	w->params.budget_pages = 1;
	for (int i = 0; i < 3; i++)
		pass(w, 3, false);
	for (int i = 0; i < 3; i++)
		assert_in_range(w->vms[i].limit, LAW_SHADOW_FLOOR_PAGES,
				LAW_SHADOW_FLOOR_PAGES + 2);
}

static void too_many_vms_are_left_out(void **state)
{
	struct world *w = *state;

	pass(w, LAW_SHADOW_VMS_MAX + 2, false);
	pass(w, LAW_SHADOW_VMS_MAX + 2, false);
	assert_int_equal(w->law.nvms, LAW_SHADOW_VMS_MAX);
	pass(w, 0, false);
	assert_int_equal(w->law.nvms, 0);
	assert_int_equal(w->decision.reason, LAW_SHADOW_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(levels_are_quarters_of_octaves),
		cmocka_unit_test(distances_tell_the_curve_above_the_limit),
		cmocka_unit_test(what_a_cut_costs_once_is_no_need),
		cmocka_unit_test(below_the_limit_it_is_as_steep_or_as_it_was),
		cmocka_unit_test(a_hull_leaps_over_what_saves_nothing),
		cmocka_unit_test(a_budget_goes_where_it_saves_most),
#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, begin, end)
		IN_WORLD(who_misses_gets_pages_from_who_does_not),
		IN_WORLD(who_loses_comes_first),
		IN_WORLD(a_refused_limit_is_taken_as_it_is),
		IN_WORLD(who_has_just_come_is_left_alone),
		IN_WORLD(who_cannot_bear_a_loss_gets_it_back),
		IN_WORLD(who_bears_a_loss_is_asked_for_more),
		IN_WORLD(who_rests_can_bear_anything),
		IN_WORLD(misses_that_no_pages_spare_count_nothing),
		IN_WORLD(nobody_misses_nothing_moves),
		IN_WORLD(a_vm_without_weight_does_not_count),
		IN_WORLD(who_goes_takes_its_pages_along),
		IN_WORLD(who_went_is_paid_for_by_who_has_more),
		IN_WORLD(counters_that_go_back_begin_anew),
		IN_WORLD(the_budget_may_be_less_than_kvm_gives),
		IN_WORLD(too_many_vms_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
