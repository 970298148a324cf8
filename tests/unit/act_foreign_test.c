// SPDX-License-Identifier: GPL-2.0
/* Somebody else writes the knobs: noticed, respected, and for how long. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "act_host.h"
#include "../../daemon/act/pause.h"

static const uint64_t stock[] = { 0, 20, 100, 1, 0 };

/* Tick with the same decision until hands are on again; seconds it took. */
static unsigned int wait_for_resume(struct host *host, struct decision d)
{
	unsigned int n = 1;

	while (host_tick(host, d) == -EBUSY && n < 100000)
		n++;
	return n;
}

static void own_writes_are_not_foreign(void **state)
{
	struct decision d = decide(1, 30, 200);
	const struct snap *snap;
	struct host host;

	(void)state;
	host_open(&host, stock, NULL);
	snap = host_look(&host);
	/* The snapshot is older than each of these writes. */
	for (uint32_t pages = 200; pages < 210; pages++) {
		d.scan_pages = pages;
		assert_int_equal(act_apply(host.act, snap, &d, "set"), 0);
	}
	for (int i = 0; i < 5; i++) {
		d.scan_pages++;
		assert_int_equal(host_tick(&host, d), 0);
	}
	assert_int_equal(host.heard.events[ACT_EVENT_FOREIGN], 0);
	host_close(&host);
}

static void a_foreign_write_is_kept_and_respected(void **state)
{
	struct decision d = decide(1, 30, 200);
	struct host host;
	uint64_t value;

	(void)state;
	host_open(&host, stock, NULL);
	host_tick(&host, d);
	act_record_poke(host.ctx, ACT_KNOB_PAGES, 1250);
	assert_int_equal(host_tick(&host, d), -EBUSY);
	assert_int_equal(host.heard.events[ACT_EVENT_FOREIGN], 1);
	assert_non_null(strstr(host.heard.text, "pages_to_scan 200 -> 1250"));
	assert_int_equal(act_hold_ms(host.act, host.snap.mono_ns), 60000);
	assert_true(act_original(host.act, ACT_KNOB_PAGES, &value));
	assert_int_equal(value, 1250);

	/* The host as it was, with that value; whatever is decided. */
	host_expect(&host, 0, 20, 1250, 1, 0);
	assert_int_equal(host_tick(&host, decide(0, 99, 999)), -EBUSY);
	host_expect(&host, 0, 20, 1250, 1, 0);
	assert_int_equal(wait_for_resume(&host, d), 59);
	assert_int_equal(host.heard.events[ACT_EVENT_RESUME], 1);
	assert_int_equal(act_hold_ms(host.act, host.snap.mono_ns), 0);
	host_expect(&host, 0, 30, 200, 1, 1);

	/* What the other one wrote is what the host gets back. */
	assert_int_equal(act_restore(host.act, "bye"), 0);
	host_expect(&host, 0, 20, 1250, 1, 0);
	host_close(&host);
}

static void a_hold_leaves_nothing_to_heal(void **state)
{
	struct decision d = decide(1, 30, 200);
	char saved[] = "/tmp/act-foreign-XXXXXX";
	struct host host;
	int fd = mkstemp(saved);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	unlink(saved);
	host_open(&host, stock, saved);
	host_tick(&host, d);
	assert_int_equal(access(saved, F_OK), 0);
	act_record_poke(host.ctx, ACT_KNOB_SLEEP, 5000);
	assert_int_equal(host_tick(&host, d), -EBUSY);
	assert_int_equal(access(saved, F_OK), -1);
	/* Another write meanwhile is seen still, and starts the hold over. */
	for (int i = 0; i < 30; i++)
		assert_int_equal(host_tick(&host, d), -EBUSY);
	act_record_poke(host.ctx, ACT_KNOB_PAGES, 77);
	assert_int_equal(host_tick(&host, d), -EBUSY);
	assert_int_equal(host.heard.events[ACT_EVENT_FOREIGN], 2);
	assert_int_equal(access(saved, F_OK), -1);
	assert_int_equal(wait_for_resume(&host, d), 60);
	host_expect(&host, 0, 30, 200, 1, 1);
	assert_int_equal(access(saved, F_OK), 0);
	assert_int_equal(act_restore(host.act, "bye"), 0);
	host_expect(&host, 0, 5000, 77, 1, 0);
	host_close(&host);
}

static void what_cannot_be_given_back_is_tried_again(void **state)
{
	struct decision d = decide(1, 30, 200);
	struct host host;

	(void)state;
	host_open(&host, stock, NULL);
	host_tick(&host, d);
	act_record_fail(host.ctx, ACT_KNOB_RUN, -EINTR);
	act_record_poke(host.ctx, ACT_KNOB_PAGES, 1250);
	assert_int_equal(host_tick(&host, d), -EBUSY);
	host_expect(&host, 0, 20, 1250, 1, 1);
	act_record_fail(host.ctx, ACT_KNOB_RUN, 0);
	assert_int_equal(host_tick(&host, d), -EBUSY);
	host_expect(&host, 0, 20, 1250, 1, 0);
	host_close(&host);
}

/* Under an advisor the kernel refuses pages_to_scan; who wrote it wants none. */
static void pages_to_scan_of_others_outlive_the_advisor(void **state)
{
	struct decision d = decide(1, 30, 200);
	struct host host;

	(void)state;
	host_open(&host, (const uint64_t[]){ 1, 20, 500, 1, 1 }, NULL);
	host_tick(&host, d);
	act_record_poke(host.ctx, ACT_KNOB_PAGES, 1250);
	assert_int_equal(host_tick(&host, d), -EBUSY);
	host_expect(&host, 0, 20, 1250, 1, 1);
	/* What did not touch it leaves the advisor to come back. */
	host_close(&host);
	host_open(&host, (const uint64_t[]){ 1, 20, 500, 1, 1 }, NULL);
	host_tick(&host, d);
	act_record_poke(host.ctx, ACT_KNOB_SLEEP, 99);
	assert_int_equal(host_tick(&host, d), -EBUSY);
	host_expect(&host, 1, 99, 500, 1, 1);
	host_close(&host);
}

static void holds_double_up_to_an_hour(void **state)
{
	static const unsigned int want[] = {
		60, 120, 240, 480, 960, 1920, 3600, 3600,
	};
	struct decision d = decide(1, 30, 200);
	struct host host;

	(void)state;
	host_open(&host, stock, NULL);
	host_tick(&host, d);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		act_record_poke(host.ctx, ACT_KNOB_SLEEP, 500 + i);
		assert_int_equal(host_tick(&host, d), -EBUSY);
		assert_int_equal(wait_for_resume(&host, d), want[i]);
	}
	host_close(&host);
}

static void a_lasting_rival_keeps_act_away(void **state)
{
	struct decision d = decide(1, 30, 200);
	struct host host;

	(void)state;
	host_open(&host, stock, NULL);
	host_tick(&host, d);
	/* As ksmtuned does: another number every so often. */
	for (unsigned int i = 0; i < 400; i++) {
		if (i % 50 == 0)
			act_record_poke(host.ctx, ACT_KNOB_PAGES, 300 + i);
		assert_int_equal(host_tick(&host, d), -EBUSY);
	}
	assert_int_equal(act_record_writes(host.ctx, ACT_KNOB_PAGES), 1);
	host_close(&host);
}

static void quiet_time_shortens_the_next_hold(void **state)
{
	static const struct {
		uint64_t quiet_s, want_s;
	} rows[] = {
		{ 0, 960 }, { 479, 960 }, { 480, 480 }, { 719, 480 },
		{ 720, 240 }, { 840, 120 }, { 900, 60 }, { 100000, 60 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct act_pause pause = {
			.length_s = 480,
			.quiet_ns = 77 * SEC,
		};
		uint64_t now_ns = (77 + rows[i].quiet_s) * SEC;

		act_pause_foreign(&pause, now_ns, false);
		assert_int_equal(act_pause_left_ms(&pause, now_ns),
				 rows[i].want_s * 1000);
		/* Another write during the hold starts it over, no more. */
		act_pause_foreign(&pause, now_ns, false);
		assert_int_equal(act_pause_left_ms(&pause, now_ns),
				 rows[i].want_s * 1000);
	}
}

static void a_stop_by_others_lasts_until_they_start_again(void **state)
{
	struct decision d = decide(1, 30, 200);
	struct host host;

	(void)state;
	host_open(&host, (const uint64_t[]){ 0, 20, 100, 1, 1 }, NULL);
	host_tick(&host, d);
	act_record_poke(host.ctx, ACT_KNOB_RUN, 0);
	for (unsigned int i = 0; i < 3 * ACT_FOREIGN_HOLD_MAX_S; i++)
		assert_int_equal(host_tick(&host, d), -EBUSY);
	assert_int_equal(act_record_value(host.ctx, ACT_KNOB_RUN), 0);
	assert_int_equal(act_hold_ms(host.act, host.snap.mono_ns),
			 ACT_FOREIGN_HOLD_MAX_S * 1000);
	assert_int_equal(host.heard.events[ACT_EVENT_FOREIGN], 1);
	assert_non_null(strstr(host.heard.text, "stopped KSM"));

	act_record_poke(host.ctx, ACT_KNOB_RUN, 1);
	assert_int_equal(host_tick(&host, d), -EBUSY);
	assert_int_equal(wait_for_resume(&host, d), 60);
	host_close(&host);
}

static void a_request_ends_the_hold(void **state)
{
	struct decision d = decide(1, 30, 200);
	struct host host;

	(void)state;
	host_open(&host, stock, NULL);
	host_tick(&host, d);
	act_resume(host.act);
	assert_int_equal(host.heard.events[ACT_EVENT_RESUME], 0);
	act_record_poke(host.ctx, ACT_KNOB_RUN, 0);
	assert_int_equal(host_tick(&host, d), -EBUSY);
	act_resume(host.act);
	assert_int_equal(act_hold_ms(host.act, host.snap.mono_ns), 0);
	assert_int_equal(host.heard.events[ACT_EVENT_RESUME], 1);
	assert_int_equal(host_tick(&host, d), 0);
	host_expect(&host, 0, 30, 200, 1, 1);
	host_close(&host);
}

static void an_advisor_switched_on_by_others_comes_back(void **state)
{
	struct decision d = decide(1, 30, 200);
	struct host host;
	uint64_t value;

	(void)state;
	host_open(&host, stock, NULL);
	host_tick(&host, d);
	act_record_poke(host.ctx, ACT_KNOB_ADVISOR, 1);
	assert_int_equal(host_tick(&host, d), -EBUSY);
	/* Its own pages_to_scan moves each pass: no further foreign write. */
	for (unsigned int i = 0; i < 58; i++) {
		act_record_poke(host.ctx, ACT_KNOB_PAGES, 500 + i);
		assert_int_equal(host_tick(&host, d), -EBUSY);
	}
	assert_int_equal(host.heard.events[ACT_EVENT_FOREIGN], 1);
	assert_true(act_original(host.act, ACT_KNOB_PAGES, &value));
	assert_int_equal(value, 100);
	assert_int_equal(wait_for_resume(&host, d), 2);
	host_expect(&host, 0, 30, 200, 1, 1);
	assert_int_equal(act_restore(host.act, "bye"), 0);
	host_expect(&host, 1, 20, 500, 1, 0);
	host_close(&host);
}

static void a_change_just_before_the_restore_stays(void **state)
{
	struct host host;

	(void)state;
	host_open(&host, stock, NULL);
	host_tick(&host, decide(1, 30, 200));
	act_record_poke(host.ctx, ACT_KNOB_SLEEP, 5000);
	assert_int_equal(act_restore(host.act, "bye"), 0);
	host_expect(&host, 0, 5000, 100, 1, 0);
	assert_int_equal(host.heard.events[ACT_EVENT_FOREIGN], 1);
	host_close(&host);
}

static void a_misread_snapshot_is_not_a_foreign_write(void **state)
{
	struct decision d = decide(1, 30, 200);
	struct host host;

	(void)state;
	host_open(&host, stock, NULL);
	host_tick(&host, d);
	host_look(&host);
	host.snap.ksm.sleep_ms = 0;
	host.snap.ksm.run = 5;	/* memory goes offline meanwhile */
	assert_int_equal(act_apply(host.act, &host.snap, &d, "x"), 0);
	assert_int_equal(host.heard.events[ACT_EVENT_FOREIGN], 0);
	act_restore(host.act, "bye");
	host_expect(&host, 0, 20, 100, 1, 0);
	host_close(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_writes_are_not_foreign),
		cmocka_unit_test(a_foreign_write_is_kept_and_respected),
		cmocka_unit_test(a_hold_leaves_nothing_to_heal),
		cmocka_unit_test(what_cannot_be_given_back_is_tried_again),
		cmocka_unit_test(
			pages_to_scan_of_others_outlive_the_advisor),
		cmocka_unit_test(holds_double_up_to_an_hour),
		cmocka_unit_test(a_lasting_rival_keeps_act_away),
		cmocka_unit_test(quiet_time_shortens_the_next_hold),
		cmocka_unit_test(
			a_stop_by_others_lasts_until_they_start_again),
		cmocka_unit_test(a_request_ends_the_hold),
		cmocka_unit_test(an_advisor_switched_on_by_others_comes_back),
		cmocka_unit_test(a_change_just_before_the_restore_stays),
		cmocka_unit_test(a_misread_snapshot_is_not_a_foreign_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
