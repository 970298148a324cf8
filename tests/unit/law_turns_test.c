// SPDX-License-Identifier: GPL-2.0
/* The calendar of smart_scan's turns, and where patrol rests in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../policy/law_patrol.h"
#include "../../policy/law_turns.h"

#define PAGES 168000u
#define LATE_NS 5000u
#define NS_PER_S 1000000000ull
/* skip_age() of mm/ksm.c: eight passes skipped, then one that looks. */
#define CYCLE 9u

/* Nine passes, of which the one numbered @turn scans all old pages. */
static void know(struct law_turns *turns, uint32_t turn)
{
	for (uint32_t i = 0; i < CYCLE; i++)
		law_turns_add(turns, PAGES, i == turn ? PAGES : 0);
}

static void a_turn_comes_back_in_the_ninth_pass(void **state)
{
	struct law_turns turns = { 0 };

	(void)state;
	know(&turns, 4);
	assert_int_equal(law_turns_ahead(&turns, 4), 0);
	assert_int_equal(law_turns_ahead(&turns, 5), PAGES);
	law_turns_add(&turns, PAGES, 0);
	assert_int_equal(law_turns_ahead(&turns, 3), 0);
	assert_int_equal(law_turns_ahead(&turns, 4), PAGES);
}

static void what_was_never_scanned_may_be_next(void **state)
{
	struct law_turns turns = { 0 };

	(void)state;
	assert_int_equal(law_turns_ahead(&turns, 3), 0);
	law_turns_add(&turns, PAGES, 0);
	assert_int_equal(law_turns_ahead(&turns, 1), PAGES);
	law_turns_add(&turns, PAGES, PAGES);
	assert_int_equal(law_turns_ahead(&turns, 3), 0);
	law_turns_forget(&turns);
	assert_int_equal(law_turns_ahead(&turns, 3), PAGES);
}

static void a_detour_ends_behind_the_turn(void **state)
{
	struct law_turns turns = { 0 };

	(void)state;
	know(&turns, 2);
	assert_int_equal(law_turns_detour(&turns, 3), 3);
	know(&turns, 0);
	assert_int_equal(law_turns_detour(&turns, 3), 1);
	know(&turns, 3);
	assert_int_equal(law_turns_detour(&turns, 3), 0);
}

/* Where every pass is as dear as the others no place is better. */
static void nobody_goes_round_in_circles(void **state)
{
	struct law_turns turns = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 3 * CYCLE; i++) {
		law_turns_add(&turns, PAGES, PAGES / CYCLE);
		if (i >= CYCLE)
			assert_int_equal(law_turns_detour(&turns, 3), 0);
	}
}

static uint64_t gap_ns(struct law_patrol *patrol,
		       const struct law_params *params, uint64_t spent_ns)
{
	uint64_t now = 1000 * NS_PER_S;

	return law_patrol_next_ns(patrol, params, now, spent_ns, LATE_NS) - now;
}

static void patrol_keeps_to_its_budget(void **state)
{
	struct law_patrol patrol = { 0 };
	struct law_params params;

	(void)state;
	law_params_default(&params);
	/* 0.2 % of a core: 20 ms are paid in 10 s, and what follows adds up. */
	assert_int_equal(gap_ns(&patrol, &params, 20000000), 10 * NS_PER_S);
	assert_int_equal(gap_ns(&patrol, &params, 20000000), 20 * NS_PER_S);
	assert_int_equal(gap_ns(&patrol, &params, NS_PER_S), 520 * NS_PER_S);
	assert_int_equal(gap_ns(&patrol, &params, NS_PER_S), 540 * NS_PER_S);
}

static void patrol_rests_where_a_hunt_meets_no_turn(void **state)
{
	struct law_patrol patrol = { 0 };
	struct law_params params;

	(void)state;
	law_params_default(&params);
	know(&patrol.turns, 2);
	for (uint32_t i = 0; i < 2; i++) {
		assert_true(gap_ns(&patrol, &params, 20000000) < NS_PER_S);
		law_turns_add(&patrol.turns, PAGES, 0);
	}
	assert_true(gap_ns(&patrol, &params, 20000000) < NS_PER_S);
	law_turns_add(&patrol.turns, PAGES, PAGES);
	assert_int_equal(gap_ns(&patrol, &params, PAGES * LATE_NS),
			 30 * NS_PER_S + PAGES * LATE_NS * 500ull);
}

static void credit_has_an_end(void **state)
{
	struct law_patrol patrol = { 0 };
	struct law_params params;

	(void)state;
	law_params_default(&params);
	know(&patrol.turns, 2);
	/* What is left of the purse does not pay for the old pages. */
	assert_true(gap_ns(&patrol, &params, NS_PER_S / 2) > 200 * NS_PER_S);
	assert_true(law_patrol_affords(&patrol, &params, 1000 * NS_PER_S,
				       LATE_NS));
	law_turns_add(&patrol.turns, PAGES, 0);
	law_turns_add(&patrol.turns, PAGES, 0);
	assert_false(law_patrol_affords(&patrol, &params, 1000 * NS_PER_S,
					LATE_NS));
	/* Forbidden is forbidden. */
	params.patrol_upermille = 0;
	assert_true(law_patrol_next_ns(&patrol, &params, 0, 0, LATE_NS) ==
		    LAW_PATROL_NEVER_NS);
}

/* A few old pages are scanned within the hunt sooner than they are avoided. */
static void small_change_is_not_worth_a_detour(void **state)
{
	struct law_patrol patrol = { 0 };
	struct law_params params;

	(void)state;
	law_params_default(&params);
	for (uint32_t i = 0; i < CYCLE; i++)
		law_turns_add(&patrol.turns, 10000, i ? 0 : 10000);
	assert_int_equal(gap_ns(&patrol, &params, 2000000), NS_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_turn_comes_back_in_the_ninth_pass),
		cmocka_unit_test(what_was_never_scanned_may_be_next),
		cmocka_unit_test(a_detour_ends_behind_the_turn),
		cmocka_unit_test(nobody_goes_round_in_circles),
		cmocka_unit_test(patrol_keeps_to_its_budget),
		cmocka_unit_test(patrol_rests_where_a_hunt_meets_no_turn),
		cmocka_unit_test(credit_has_an_end),
		cmocka_unit_test(small_change_is_not_worth_a_detour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
