// SPDX-License-Identifier: GPL-2.0
/* Times as people type them: what is taken, for what, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../../cli/when.c"

/* 2026-01-31 12:34:56.789 in UTC, and in Berlin one hour later. */
#define NOW 1769862896789LL
#define DAY 86400000LL
#define MIDNIGHT 1769817600000LL

static void set_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

static void takes_instants(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{ "now", NOW },
		{ "today", MIDNIGHT },
		{ "yesterday", MIDNIGHT - DAY },
		{ "-2h", NOW - 7200000 },
		{ "-30m", NOW - 1800000 },
		{ "-45", NOW - 45000 },
		{ "-1h30m", NOW - 5400000 },
		{ "-1w", NOW - 7 * DAY },
		{ "+10m", NOW + 600000 },
		{ "10:30", MIDNIGHT + 37800000 },
		{ "10:30:15", MIDNIGHT + 37815000 },
		{ "2026-01-30", MIDNIGHT - DAY },
		{ "2026-01-31 10:30", MIDNIGHT + 37800000 },
		{ "2026-01-31T10:30:15", MIDNIGHT + 37815000 },
		{ "2024-02-29", 1709164800000LL },
		{ "@0", 0 },
		{ "@1769817600", MIDNIGHT },
	};

	(void)state;
	set_zone("UTC");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t ms = -1;

		if (when_parse(rows[i].text, NOW, &ms) || ms != rows[i].ms)
			fail_msg("%s: %lld, expected %lld", rows[i].text,
				 (long long)ms, (long long)rows[i].ms);
	}
}

static void refuses_what_is_no_instant(void **state)
{
	static const char *const rows[] = {
		"", "noon", "-", "-h", "-2x", "-2h ", "--2h", "-1.5h",
		"-99999999999999999999h", "-1000000000000w", "25:00", "10:60",
		"10:30:60", "1:30", "10:3", "2026-1-31", "2026-02-29",
		"2026-13-01", "2026-00-10", "2026-01-00", "1969-12-31",
		"2026-01-31 ", "2026-01-31 10", "2026-01-31  10:30",
		"2026-01-31 10:30 ", "2026-01-31x", "@", "@-1", "@1x",
		"@99999999999999999999", "@253402300800", "-0s", "tomorrow",
	};

	(void)state;
	set_zone("UTC");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t ms = 42;

		if (when_parse(rows[i], NOW, &ms) != -EINVAL || ms != 42)
			fail_msg("'%s' was taken for %lld", rows[i],
				 (long long)ms);
	}
}

static void days_are_local_and_as_long_as_summer_time_makes_them(void **state)
{
	int64_t from_ms, to_ms;

	(void)state;
	set_zone("CET-1CEST,M3.5.0,M10.5.0/3");
	assert_int_equal(when_parse("2026-01-31", NOW, &from_ms), 0);
	assert_int_equal(from_ms, MIDNIGHT - 3600000);
	/* The clocks go forward on 2025-03-30, and back on 2025-10-26. */
	assert_int_equal(when_parse_span("2025-03-30", NOW, &from_ms, &to_ms),
			 0);
	assert_int_equal(to_ms - from_ms, 23 * 3600000);
	assert_int_equal(when_parse_span("2025-10-26", NOW, &from_ms, &to_ms),
			 0);
	assert_int_equal(to_ms - from_ms, 25 * 3600000);
	set_zone("UTC");
}

static void takes_spans(void **state)
{
	static const struct {
		const char *text;
		int64_t from_ms, to_ms;
	} rows[] = {
		{ "-2h..-1h", NOW - 7200000, NOW - 3600000 },
		{ "-1h..", NOW - 3600000, NOW },
		{ "..-1h", 0, NOW - 3600000 },
		{ "..", 0, NOW },
		{ "today", MIDNIGHT, NOW },
		{ "yesterday", MIDNIGHT - DAY, MIDNIGHT },
		{ "2026-01-30", MIDNIGHT - DAY, MIDNIGHT },
		{ "yesterday..today", MIDNIGHT - DAY, MIDNIGHT },
		{ "2026-01-30 10:00..2026-01-30 11:00",
		  MIDNIGHT - DAY + 36000000, MIDNIGHT - DAY + 39600000 },
	};

	(void)state;
	set_zone("UTC");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t from_ms = -1, to_ms = -1;

		if (when_parse_span(rows[i].text, NOW, &from_ms, &to_ms) ||
		    from_ms != rows[i].from_ms || to_ms != rows[i].to_ms)
			fail_msg("%s: %lld..%lld", rows[i].text,
				 (long long)from_ms, (long long)to_ms);
	}
}

static void refuses_spans_without_length_or_sense(void **state)
{
	int64_t from_ms = 7, to_ms = 8;

	(void)state;
	set_zone("UTC");
	assert_int_equal(when_parse_span("-1h..-2h", NOW, &from_ms, &to_ms),
			 -ERANGE);
	assert_int_equal(when_parse_span("now..now", NOW, &from_ms, &to_ms),
			 -ERANGE);
	assert_int_equal(when_parse_span("2026-02-01", NOW, &from_ms, &to_ms),
			 -ERANGE);
	assert_int_equal(when_parse_span("now", NOW, &from_ms, &to_ms),
			 -EINVAL);
	assert_int_equal(when_parse_span("a..b", NOW, &from_ms, &to_ms),
			 -EINVAL);
	assert_int_equal(when_parse_span("", NOW, &from_ms, &to_ms), -EINVAL);
	assert_int_equal(from_ms, 7);
	assert_int_equal(to_ms, 8);
}

static void durations_are_positive_and_bounded(void **state)
{
	int64_t ms = 0;

	(void)state;
	assert_int_equal(when_parse_duration("10m", &ms), 0);
	assert_int_equal(ms, 600000);
	assert_int_equal(when_parse_duration("1d12h", &ms), 0);
	assert_int_equal(ms, 36 * 3600000);
	assert_int_equal(when_parse_duration("90", &ms), 0);
	assert_int_equal(ms, 90000);
	assert_int_equal(when_parse_duration("0", &ms), -EINVAL);
	assert_int_equal(when_parse_duration("-5m", &ms), -EINVAL);
	assert_int_equal(when_parse_duration("1000000w", &ms), -EINVAL);
	assert_int_equal(when_parse_duration("9999w9999w9999w9999w9999w9999w",
					     &ms), -EINVAL);
	assert_int_equal(ms, 90000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_instants),
		cmocka_unit_test(refuses_what_is_no_instant),
		cmocka_unit_test(
			days_are_local_and_as_long_as_summer_time_makes_them),
		cmocka_unit_test(takes_spans),
		cmocka_unit_test(refuses_spans_without_length_or_sense),
		cmocka_unit_test(durations_are_positive_and_bounded),
	};

	return cmocka_run_group_tests_name("cli_when", tests, NULL, NULL);
}
