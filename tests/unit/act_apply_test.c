// SPDX-License-Identifier: GPL-2.0
/* Turning knobs: order, bounds, reports, failures, unmerge, and giving back. */
#include <errno.h>

#include "act_host.h"

static const uint64_t stock[] = { 0, 20, 100, 1, 0 };
static const uint64_t advised[] = { 1, 30, 777, 1, 1 };

static void only_what_differs_is_written(void **state)
{
	struct host host;

	(void)state;
	host_open(&host, stock, NULL);
	assert_int_equal(host_tick(&host, decide(1, 20, 300)), 0);
	assert_string_equal(act_record_order(host.ctx), "pages_to_scan run");
	host_expect(&host, 0, 20, 300, 1, 1);
	for (int i = 0; i < 5; i++)
		assert_int_equal(host_tick(&host, decide(1, 20, 300)), 0);
	assert_int_equal(host.heard.writes, 2);
	host_close(&host);
}

static void a_write_is_reported_with_old_new_and_reason(void **state)
{
	struct host host;

	(void)state;
	host_open(&host, stock, NULL);
	host_tick(&host, decide(0, 55, 100));
	assert_int_equal(host.heard.writes, 1);
	assert_int_equal(host.heard.last.knob, ACT_KNOB_SLEEP);
	assert_int_equal(host.heard.last.old_value, 20);
	assert_int_equal(host.heard.last.new_value, 55);
	assert_int_equal(host.heard.last.error, 0);
	assert_true(host.heard.last.real_ms > 0);
	assert_string_equal(host.heard.reason, "a reason");
	host_close(&host);
}

static void values_are_clamped_to_the_laws_bounds(void **state)
{
	struct host host;

	(void)state;
	host_open(&host, stock, NULL);
	host_tick(&host, decide(1, 0, 0));
	host_expect(&host, 0, LAW_SLEEP_MS_MIN, LAW_SCAN_PAGES_MIN, 1, 1);
	host_tick(&host, decide(1, UINT32_MAX, UINT32_MAX));
	host_expect(&host, 0, LAW_SLEEP_MS_MAX, LAW_SCAN_PAGES_MAX, 1, 1);
	assert_int_equal(host_tick(&host, decide(3, 20, 100)), -EINVAL);
	host_expect(&host, 0, LAW_SLEEP_MS_MAX, LAW_SCAN_PAGES_MAX, 1, 1);
	host_close(&host);
}

static void ksmd_stops_before_and_starts_after_the_rest(void **state)
{
	struct host host;

	(void)state;
	host_open(&host, stock, NULL);
	host_tick(&host, decide(1, 30, 200));
	host_tick(&host, decide(0, 40, 300));
	assert_string_equal(act_record_order(host.ctx),
			    "pages_to_scan sleep_millisecs run "
			    "run pages_to_scan sleep_millisecs");
	host_close(&host);
}

static void the_advisor_goes_first_and_comes_back_last(void **state)
{
	struct host host;

	(void)state;
	host_open(&host, advised, NULL);
	assert_int_equal(host_tick(&host, decide(1, 20, 1000)), 0);
	host_expect(&host, 0, 20, 1000, 1, 1);
	assert_int_equal(host_tick(&host, decide(0, 20, 1000)), 0);
	assert_int_equal(act_restore(host.act, "bye"), 0);
	assert_string_equal(act_record_order(host.ctx),
			    "advisor_mode pages_to_scan sleep_millisecs run "
			    "sleep_millisecs run advisor_mode");
	/* 500 is what the kernel's advisor begins with. */
	host_expect(&host, 1, 30, 500, 1, 1);
	host_close(&host);
}

static void pages_are_set_even_to_what_the_advisor_switch_reset(void **state)
{
	static const uint64_t knobs[] = { 1, 20, 100, 1, 1 };
	struct host host;

	(void)state;
	/* Written after the switch, although 250 is what the file said. */
	host_open(&host, (const uint64_t[]){ 1, 20, 250, 1, 1 }, NULL);
	assert_int_equal(host_tick(&host, decide(1, 20, 250)), 0);
	host_expect(&host, 0, 20, 250, 1, 1);
	host_close(&host);

	host_open(&host, knobs, NULL);
	assert_int_equal(host_tick(&host, decide(1, 20, 100)), 0);
	assert_int_equal(act_record_writes(host.ctx, ACT_KNOB_PAGES), 0);
	host_close(&host);
}

static void restore_gives_every_knob_back_as_it_was(void **state)
{
	/* Values that no law may ask for come back all the same. */
	static const uint64_t odd[] = { 0, 0, 0, 0, 1 };
	struct decision decision = decide(1, 33, 444);
	struct host host;
	uint64_t value;

	(void)state;
	host_open(&host, odd, NULL);
	decision.smart_scan = 1;
	host_tick(&host, decision);
	host_expect(&host, 0, 33, 444, 1, 1);
	assert_true(act_original(host.act, ACT_KNOB_SMART_SCAN, &value));
	assert_int_equal(value, 0);
	decision.smart_scan = LAW_KEEP;
	host_tick(&host, decision);
	host_expect(&host, 0, 33, 444, 0, 1);
	assert_int_equal(act_restore(host.act, "bye"), 0);
	host_expect(&host, 0, 0, 0, 0, 1);
	assert_string_equal(host.heard.reason, "bye");
	assert_int_equal(act_restore(host.act, "again"), 0);
	host_close(&host);
}

static void knobs_are_taken_over_anew_after_a_restore(void **state)
{
	struct host host;

	(void)state;
	host_open(&host, stock, NULL);
	host_tick(&host, decide(1, 30, 200));
	act_restore(host.act, "stand aside");
	act_record_poke(host.ctx, ACT_KNOB_SLEEP, 99);
	assert_int_equal(host_tick(&host, decide(1, 30, 200)), 0);
	assert_int_equal(host.heard.events[ACT_EVENT_FOREIGN], 0);
	act_restore(host.act, "bye");
	host_expect(&host, 0, 99, 100, 1, 0);
	host_close(&host);
}

static void an_old_kernels_missing_knobs_are_left_alone(void **state)
{
	static const uint64_t old[] = {
		ACT_RECORD_ABSENT, 20, 100, ACT_RECORD_ABSENT, 0,
	};
	struct decision decision = decide(1, 30, 200);
	struct host host;
	uint64_t value = 42;

	(void)state;
	host_open(&host, old, NULL);
	host.snap.caps &= ~(SNAP_CAP_ADVISOR | SNAP_CAP_SKIPPED);
	decision.smart_scan = 0;
	for (int i = 0; i < 3; i++)
		assert_int_equal(host_tick(&host, decision), 0);
	assert_false(act_original(host.act, ACT_KNOB_ADVISOR, &value));
	assert_int_equal(value, 42);
	assert_int_equal(act_restore(host.act, "bye"), 0);
	host_expect(&host, ACT_RECORD_ABSENT, 20, 100, ACT_RECORD_ABSENT, 0);
	assert_int_equal(host.heard.failures, 0);
	host_close(&host);
}

/* advisor, sleep, pages, smart_scan, run; lookahead, checksum_index, evict */
static void our_switches_are_turned_and_given_back(void **state)
{
	static const uint64_t knobs[] = { 0, 20, 100, 1, 1, 1, 0, 3 };
	struct decision decision = decide(1, 20, 100);
	struct act_hooks hooks;
	struct host host;

	(void)state;
	host_open(&host, (const uint64_t[]){ 0, 20, 100, 1, 1 }, NULL);
	act_close(host.act);
	hooks = host_hooks(&host.heard);
	assert_int_equal(act_record_new(knobs, &host.ctx), 0);
	assert_int_equal(act_open(&act_driver_record, host.ctx, NULL, &hooks,
				  &host.act), 0);
	host.snap.caps |= SNAP_CAP_INDEX;
	host.snap.ksm.lookahead = 1;
	/* Nobody asked for anything: they are as they were. */
	assert_int_equal(host_tick(&host, decision), 0);
	assert_int_equal(act_record_writes(host.ctx, ACT_KNOB_LOOKAHEAD), 0);
	assert_int_equal(act_record_writes(host.ctx, ACT_KNOB_INDEX), 0);
	decision.checksum_index = LAW_SWITCH_ON;
	decision.lookahead = LAW_SWITCH_OFF;
	assert_int_equal(host_tick(&host, decision), 0);
	assert_int_equal(act_record_value(host.ctx, ACT_KNOB_INDEX), 1);
	assert_int_equal(act_record_value(host.ctx, ACT_KNOB_LOOKAHEAD), 0);
	assert_int_equal(act_record_value(host.ctx, ACT_KNOB_EVICT), 3);
	decision.evict = LAW_EVICT_FIFO;
	host.snap.ksm.lookahead = 0;
	host.snap.ksm.checksum_index = 1;
	assert_int_equal(host_tick(&host, decision), 0);
	assert_int_equal(act_record_value(host.ctx, ACT_KNOB_EVICT), 0);
	host.snap.ksm.lookahead = 0;
	host.snap.ksm.checksum_index = 1;
	/* Somebody else's stays. */
	act_record_poke(host.ctx, ACT_KNOB_LOOKAHEAD, 1);
	host.snap.ksm.lookahead = 1;
	assert_int_equal(host_tick(&host, decision), -EBUSY);
	assert_int_equal(act_record_value(host.ctx, ACT_KNOB_LOOKAHEAD), 1);
	assert_int_equal(act_record_value(host.ctx, ACT_KNOB_INDEX), 0);
	assert_int_equal(act_record_value(host.ctx, ACT_KNOB_EVICT), 3);
	assert_int_equal(act_restore(host.act, "end"), 0);
	host_close(&host);
}

/* A switch that cannot be turned is no reason to leave ksmd alone. */
static void ksmd_is_driven_whatever_becomes_of_a_switch(void **state)
{
	static const uint64_t knobs[] = { 0, 20, 100, 1, 0, 0, 0, 3 };
	struct decision decision = decide(1, 33, 444);
	struct act_hooks hooks;
	struct host host;

	(void)state;
	memset(&host, 0, sizeof(host));
	host.snap.caps = SNAP_CAP_KSM | SNAP_CAP_ADVISOR | SNAP_CAP_SKIPPED |
			 SNAP_CAP_MEMINFO;
	host.snap.page_size = 4096;
	hooks = host_hooks(&host.heard);
	assert_int_equal(act_record_new(knobs, &host.ctx), 0);
	assert_int_equal(act_open(&act_driver_record, host.ctx, NULL, &hooks,
				  &host.act), 0);
	decision.checksum_index = LAW_SWITCH_ON;
	decision.evict = LAW_EVICT_CLOCK;
	act_record_fail(host.ctx, ACT_KNOB_INDEX, -ENOMEM);
	assert_int_equal(host_tick(&host, decision), 0);
	host_expect(&host, 0, 33, 444, 1, 1);
	assert_int_equal(host.heard.events[ACT_EVENT_FAILED], 1);
	assert_int_equal(act_record_value(host.ctx, ACT_KNOB_EVICT), 1);
	/* KVM's module was unloaded: there is nothing to give back to. */
	act_record_fail(host.ctx, ACT_KNOB_INDEX, 0);
	act_record_poke(host.ctx, ACT_KNOB_EVICT, ACT_RECORD_ABSENT);
	decision.evict = LAW_EVICT_SIEVE;
	decision.sleep_ms = 44;
	assert_int_equal(host_tick(&host, decision), 0);
	host_expect(&host, 0, 44, 444, 1, 1);
	assert_int_equal(act_restore(host.act, "end"), 0);
	host_expect(&host, 0, 20, 100, 1, 0);
	host_close(&host);
}

static void without_ksm_act_does_not_open(void **state)
{
	static const uint64_t none[] = {
		ACT_RECORD_ABSENT, ACT_RECORD_ABSENT, ACT_RECORD_ABSENT,
		ACT_RECORD_ABSENT, ACT_RECORD_ABSENT,
	};
	struct act *act = NULL;
	struct decision decision = decide(1, 20, 100);
	struct host host;

	(void)state;
	host_record(&host, none);
	assert_int_equal(act_open(&act_driver_record, host.ctx, NULL, NULL,
				  &act), -ENOENT);
	assert_null(act);

	host_open(&host, stock, NULL);
	host.snap.caps = 0;
	assert_int_equal(host_tick(&host, decision), -ENOENT);
	host_expect(&host, 0, 20, 100, 1, 0);
	host_close(&host);
}

static void a_lasting_failure_is_reported_once(void **state)
{
	static const int errors[] = { -EACCES, -EPERM, -EROFS };
	struct host host;

	(void)state;
	for (unsigned int e = 0; e < 3; e++) {
		host_open(&host, stock, NULL);
		for (int i = 0; i < ACT_KNOB_COUNT; i++)
			act_record_fail(host.ctx, i, errors[e]);
		for (int i = 0; i < 10; i++)
			assert_int_equal(host_tick(&host, decide(1, 20, 300)),
					 errors[e]);
		assert_int_equal(host.heard.events[ACT_EVENT_FAILED], 1);
		assert_int_equal(host.heard.failures, 1);
		assert_int_equal(host.heard.last.error, errors[e]);
		assert_non_null(strstr(host.heard.text, "pages_to_scan"));

		/* It works again, then fails again: worth saying again. */
		for (int i = 0; i < ACT_KNOB_COUNT; i++)
			act_record_fail(host.ctx, i, 0);
		assert_int_equal(host_tick(&host, decide(1, 20, 300)), 0);
		act_record_fail(host.ctx, ACT_KNOB_PAGES, errors[e]);
		assert_int_equal(host_tick(&host, decide(1, 20, 400)),
				 errors[e]);
		assert_int_equal(host.heard.events[ACT_EVENT_FAILED], 2);
		host_close(&host);
	}
}

static void restore_goes_on_after_a_failure(void **state)
{
	struct host host;

	(void)state;
	host_open(&host, stock, NULL);
	host_tick(&host, decide(1, 30, 200));
	act_record_fail(host.ctx, ACT_KNOB_SLEEP, -EIO);
	assert_int_equal(act_restore(host.act, "bye"), -EIO);
	host_expect(&host, 0, 30, 100, 1, 0);
	act_record_fail(host.ctx, ACT_KNOB_SLEEP, 0);
	assert_int_equal(act_restore(host.act, "bye"), 0);
	host_expect(&host, 0, 20, 100, 1, 0);
	host_close(&host);
}

struct unmerge_row {
	const char *what;
	uint64_t sharing, zero, available_kib;
	uint32_t caps, page_size;
	int result;
};

static const uint32_t all_caps = SNAP_CAP_KSM | SNAP_CAP_MEMINFO |
				 SNAP_CAP_ADVISOR | SNAP_CAP_SKIPPED;

static void unmerge_needs_memory_to_spare(void **state)
{
	/* 1 GiB to unmerge: 1048576 + 104857 + 262144 = 1415577 KiB. */
	const struct unmerge_row rows[] = {
		{ "just enough", 262144, 0, 1415578, all_caps, 4096, 0 },
		{ "just short", 262144, 0, 1415577, all_caps, 4096, -EPERM },
		{ "zero pages count", 131072, 131072, 1415577, all_caps, 4096,
		  -EPERM },
		{ "large pages", 65536, 0, 1415577, all_caps, 16384, -EPERM },
		{ "nothing shared, 256 MiB", 0, 0, 262145, all_caps, 4096, 0 },
		{ "nothing shared, less", 0, 0, 262144, all_caps, 4096,
		  -EPERM },
		{ "no meminfo", 0, 0, 1u << 30,
		  all_caps & ~SNAP_CAP_MEMINFO, 4096, -EPERM },
		{ "absurd counter", UINT64_MAX / 4 + 1, 0, 1u << 30, all_caps,
		  4096, -EPERM },
		{ "page size unknown", 1, 0, 1u << 30, all_caps, 0, -EPERM },
	};
	struct host host;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct unmerge_row *row = &rows[i];
		int r;

		host_open(&host, stock, NULL);
		host.snap.ksm.pages_sharing = row->sharing;
		host.snap.ksm.zero_pages = row->zero;
		host.snap.host.mem_available_kib = row->available_kib;
		host.snap.caps = row->caps;
		host.snap.page_size = row->page_size;
		r = host_tick(&host, decide(2, 44, 300));
		if (r != row->result)
			fail_msg("%s: %d, expected %d", row->what, r,
				 row->result);
		if (row->result)
			host_expect(&host, 0, 20, 100, 1, 0);
		else
			host_expect(&host, 0, 44, 300, 1, 2);
		host_close(&host);
	}
}

static void a_refusal_is_said_once_until_it_changes(void **state)
{
	struct host host;

	(void)state;
	host_open(&host, stock, NULL);
	host.snap.ksm.pages_sharing = 1 << 20;
	host.snap.host.mem_available_kib = 1 << 20;
	for (int i = 0; i < 5; i++)
		assert_int_equal(host_tick(&host, decide(2, 20, 100)),
				 -EPERM);
	assert_int_equal(host.heard.events[ACT_EVENT_REFUSED], 1);
	assert_int_equal(host_tick(&host, decide(1, 20, 100)), 0);
	assert_int_equal(host_tick(&host, decide(2, 20, 100)), -EPERM);
	assert_int_equal(host.heard.events[ACT_EVENT_REFUSED], 2);
	host.snap.host.mem_available_kib = 16 << 20;
	assert_int_equal(host_tick(&host, decide(2, 20, 100)), 0);
	host_expect(&host, 0, 20, 100, 1, 2);
	host_close(&host);
}

static void an_original_unmerge_comes_back_only_with_memory(void **state)
{
	static const uint64_t unmerged[] = { 0, 20, 100, 1, 2 };
	struct host host;

	(void)state;
	for (int roomy = 0; roomy < 2; roomy++) {
		host_open(&host, unmerged, NULL);
		host_tick(&host, decide(1, 20, 100));
		host.snap.ksm.pages_sharing = 1 << 20;
		host.snap.host.mem_available_kib = (roomy ? 16 : 1) << 20;
		host_tick(&host, decide(1, 20, 100));
		assert_int_equal(act_restore(host.act, "bye"), 0);
		host_expect(&host, 0, 20, 100, 1, roomy ? 2 : 0);
		assert_int_equal(host.heard.events[ACT_EVENT_REFUSED],
				 !roomy);
		host_close(&host);
	}
}

static void hear_slow(void *arg, bool begins)
{
	unsigned int *heard = arg;

	/* Never twice the same. */
	assert_int_equal(*heard % 2, !begins);
	(*heard)++;
}

static void a_write_of_run_is_announced(void **state)
{
	static const uint64_t knobs[] = { 0, 20, 100, 1, 0 };
	unsigned int heard = 0;
	struct act_hooks hooks = { .on_slow = hear_slow, .arg = &heard };
	struct host host;

	(void)state;
	host_open(&host, knobs, NULL);
	act_close(host.act);
	host_record(&host, knobs);
	assert_int_equal(act_open(&act_driver_record, host.ctx, NULL, &hooks,
				  &host.act), 0);
	assert_int_equal(host_tick(&host, decide(0, 30, 200)), 0);
	assert_int_equal(heard, 0);
	assert_int_equal(host_tick(&host, decide(1, 30, 200)), 0);
	assert_int_equal(heard, 2);
	act_record_fail(host.ctx, ACT_KNOB_RUN, -EINTR);
	assert_int_equal(host_tick(&host, decide(0, 30, 200)), -EINTR);
	assert_int_equal(heard, 4);
	host_close(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_differs_is_written),
		cmocka_unit_test(a_write_is_reported_with_old_new_and_reason),
		cmocka_unit_test(values_are_clamped_to_the_laws_bounds),
		cmocka_unit_test(ksmd_stops_before_and_starts_after_the_rest),
		cmocka_unit_test(the_advisor_goes_first_and_comes_back_last),
		cmocka_unit_test(
			pages_are_set_even_to_what_the_advisor_switch_reset),
		cmocka_unit_test(restore_gives_every_knob_back_as_it_was),
		cmocka_unit_test(knobs_are_taken_over_anew_after_a_restore),
		cmocka_unit_test(an_old_kernels_missing_knobs_are_left_alone),
		cmocka_unit_test(our_switches_are_turned_and_given_back),
		cmocka_unit_test(ksmd_is_driven_whatever_becomes_of_a_switch),
		cmocka_unit_test(without_ksm_act_does_not_open),
		cmocka_unit_test(a_lasting_failure_is_reported_once),
		cmocka_unit_test(restore_goes_on_after_a_failure),
		cmocka_unit_test(unmerge_needs_memory_to_spare),
		cmocka_unit_test(a_refusal_is_said_once_until_it_changes),
		cmocka_unit_test(
			an_original_unmerge_comes_back_only_with_memory),
		cmocka_unit_test(a_write_of_run_is_announced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
