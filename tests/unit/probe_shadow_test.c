// SPDX-License-Identifier: GPL-2.0
/* What the VMs' counters add up to while VMs come and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../daemon/probe/shadow.h"

static struct snap_shadow vm(uint64_t id, uint64_t evictions)
{
	return (struct snap_shadow){
		.id = id,
		.evictions = evictions,
		.refaults = evictions / 2,
	};
}

static void vms_come_and_go_and_nothing_is_counted_twice(void **state)
{
	const struct snap_shadow first[] = { vm(2, 100), vm(5, 10) };
	/* 2 has gone, 3 was missed while it was young, 7 is new. */
	const struct snap_shadow then[] = { vm(3, 4), vm(5, 16), vm(7, 2) };
	struct snap snap = { 0 };

	(void)state;
	probe_shadow_add_up(first, 2, then, 3, &snap);
	assert_int_equal(snap.shadow_evictions, 4 + 6 + 2);
	assert_int_equal(snap.shadow_refaults, 2 + 3 + 1);
	probe_shadow_add_up(then, 3, then, 3, &snap);
	assert_int_equal(snap.shadow_evictions, 12);
	/* All leave, and come back as if never seen. */
	probe_shadow_add_up(then, 3, NULL, 0, &snap);
	assert_int_equal(snap.shadow_evictions, 12);
	probe_shadow_add_up(NULL, 0, first, 2, &snap);
	assert_int_equal(snap.shadow_evictions, 122);
}

static void a_counter_that_fell_was_begun_anew(void **state)
{
	const struct snap_shadow before[] = { vm(1, 1000) };
	const struct snap_shadow now[] = { vm(1, 6) };
	struct snap snap = { 0 };

	(void)state;
	probe_shadow_add_up(before, 1, now, 1, &snap);
	assert_int_equal(snap.shadow_evictions, 6);
	assert_int_equal(snap.shadow_refaults, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vms_come_and_go_and_nothing_is_counted_twice),
		cmocka_unit_test(a_counter_that_fell_was_begun_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
