// SPDX-License-Identifier: GPL-2.0
/* Words: hostile text is defused, numbers read well, near misses are found. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../cli/words.c"

static int use_utf8(void **state)
{
	(void)state;
	return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

static void assert_safe(const char *text, bool keep_breaks,
			const char *expected)
{
	char *safe = words_safe(text, keep_breaks);

	assert_string_equal(safe, expected);
	free(safe);
}

static void nothing_that_moves_the_cursor_survives(void **state)
{
	(void)state;
	assert_safe(NULL, false, "");
	assert_safe("web 1", false, "web 1");
	assert_safe("\033[2Jboom", false, "?[2Jboom");
	assert_safe("a\nb\tc\r", false, "a?b?c?");
	assert_safe("a\nb\tc\r\033\a", true, "a\nb\tc\r??");
	assert_safe("del\x7f", false, "del?");
	/* C1 controls in UTF-8 and as bytes */
	assert_safe("\xc2\x9b" "31m", false, "?31m");
	assert_safe("\x9b" "31m", false, "?31m");
	/* direction overrides */
	assert_safe("\xe2\x80\xae" "txt.exe", false, "?txt.exe");
}

static void broken_utf8_is_replaced_byte_by_byte(void **state)
{
	(void)state;
	assert_safe("gr\xc3\xbc\xc3\x9f", false, "gr\xc3\xbc\xc3\x9f");
	assert_safe("\xc3", false, "?");
	assert_safe("\xc3(", false, "?(");
	assert_safe("\xed\xa0\x80", false, "???");
	assert_safe("\xff\xfe", false, "??");
	assert_safe("\xc0\xaf", false, "??");
}

static void a_plain_terminal_gets_ascii(void **state)
{
	(void)state;
	assert_non_null(setlocale(LC_CTYPE, "C"));
	assert_safe("gr\xc3\xbcn\033", false, "gr??n?");
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
}

static void width_counts_columns_not_bytes(void **state)
{
	(void)state;
	assert_int_equal(words_width("abc"), 3);
	assert_int_equal(words_width("\xc3\xbc"), 1);
	assert_int_equal(words_width("\xe4\xb8\xad"), 2);
	assert_int_equal(words_fit("abc", 2), 2);
	assert_int_equal(words_fit("\xe4\xb8\xad\xe4\xb8\xad", 3), 3);
	assert_int_equal(words_fit("", 5), 0);
}

static void numbers_read_well(void **state)
{
	char buf[WORDS_NUMBER_LEN];

	(void)state;
	assert_string_equal(words_kib(0, buf), "0 KiB");
	assert_string_equal(words_kib(1023, buf), "1023 KiB");
	assert_string_equal(words_kib(1536, buf), "1.50 MiB");
	assert_string_equal(words_kib(-20480, buf), "-20.0 MiB");
	assert_string_equal(words_kib(1048576.0 * 123, buf), "123 GiB");
	assert_string_equal(words_kib(1e15, buf), "931323 TiB");
	assert_string_equal(words_kib(NAN, buf), "-");
	assert_string_equal(words_count(1234567, buf), "1,234,567");
	assert_string_equal(words_count(-1000, buf), "-1,000");
	assert_string_equal(words_count(999, buf), "999");
	assert_string_equal(words_real(0, buf), "0");
	assert_string_equal(words_real(0.125, buf), "0.125");
	assert_string_equal(words_real(12.34, buf), "12.3");
	assert_string_equal(words_real(4, buf), "4");
	assert_string_equal(words_real(54321, buf), "54,321");
	assert_string_equal(words_real(NAN, buf), "-");
	assert_string_equal(words_span(2.5, buf), "2.5 s");
	assert_string_equal(words_span(59, buf), "59 s");
	assert_string_equal(words_span(61, buf), "1 min 1 s");
	assert_string_equal(words_span(3661, buf), "1 h 1 min");
	assert_string_equal(words_span(90000, buf), "1 d 1 h");
}

static void absurd_numbers_fit_the_buffer(void **state)
{
	static const double rows[] = {
		1e300, -1e300, INFINITY, -INFINITY, 1e18, -1e18, 5e-324,
		9.9999e17,
	};
	char buf[WORDS_NUMBER_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(strlen(words_kib(rows[i], buf)) <
			    WORDS_NUMBER_LEN);
		assert_true(strlen(words_count(rows[i], buf)) <
			    WORDS_NUMBER_LEN);
		assert_true(strlen(words_real(rows[i], buf)) <
			    WORDS_NUMBER_LEN);
		assert_true(strlen(words_span(rows[i], buf)) <
			    WORDS_NUMBER_LEN);
	}
	words_time(INT64_MAX, buf);
	words_iso(INT64_MIN, buf);
}

static void times_carry_their_offset(void **state)
{
	char buf[WORDS_NUMBER_LEN];

	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	assert_string_equal(words_iso(1769862896789LL, buf),
			    "2026-01-31T13:34:56+01:00");
	assert_string_equal(words_time(1769862896789LL, buf),
			    "2026-01-31 13:34:56");
	setenv("TZ", "UTC", 1);
	tzset();
}

static void near_misses_are_found_and_far_ones_are_not(void **state)
{
	static const char *const names[] = { "status", "top", "history",
					     "restore", "report", NULL };

	(void)state;
	assert_string_equal(words_nearest("stauts", names), "status");
	assert_string_equal(words_nearest("hist", names), "history");
	assert_string_equal(words_nearest("tpo", names), "top");
	assert_string_equal(words_nearest("reprot", names), "report");
	assert_null(words_nearest("frobnicate", names));
	assert_null(words_nearest("", names));
	assert_null(words_nearest("an absurdly long word that nobody would "
				  "ever type here", names));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_that_moves_the_cursor_survives),
		cmocka_unit_test(broken_utf8_is_replaced_byte_by_byte),
		cmocka_unit_test(a_plain_terminal_gets_ascii),
		cmocka_unit_test(width_counts_columns_not_bytes),
		cmocka_unit_test(numbers_read_well),
		cmocka_unit_test(absurd_numbers_fit_the_buffer),
		cmocka_unit_test(times_carry_their_offset),
		cmocka_unit_test(near_misses_are_found_and_far_ones_are_not),
	};

	return cmocka_run_group_tests_name("cli_words", tests, use_utf8, NULL);
}
