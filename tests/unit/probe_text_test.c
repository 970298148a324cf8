// SPDX-License-Identifier: GPL-2.0
/* Words, lines and numbers: a wrong number is worse than none. */
#include "probe_fixture.h"

#define UNTOUCHED 4711

struct number {
	const char *text;
	bool ok;
	uint64_t value;
};

static void unsigned_numbers_are_exact_or_refused(void **state)
{
	static const struct number rows[] = {
		{ "0", true, 0 },
		{ "42\n", true, 42 },
		{ " \t 42 \n", true, 42 },
		{ "18446744073709551615\n", true, UINT64_MAX },
		{ "18446744073709551616\n", false, 0 },
		{ "1180591620717411303424\n", false, 0 },	/* 2^70 */
		{ "99999999999999999999999999", false, 0 },
		{ "-1", false, 0 },
		{ "+1", false, 0 },
		{ "", false, 0 },
		{ "\n", false, 0 },
		{ "12a", false, 0 },
		{ "0x10", false, 0 },
		{ "1.5", false, 0 },
		{ "1 2", false, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value = UNTOUCHED;
		bool ok = probe_text_only_u64(
			probe_text_of(rows[i].text, strlen(rows[i].text)),
			&value);

		if (ok != rows[i].ok)
			fail_msg("'%s'", rows[i].text);
		assert_int_equal(value, ok ? rows[i].value : UNTOUCHED);
	}
}

static void signed_numbers_reach_both_ends(void **state)
{
	int64_t value = UNTOUCHED;

	(void)state;
	assert_true(probe_text_only_i64(TEXT("-9223372036854775808"), &value));
	assert_true(value == INT64_MIN);
	assert_true(probe_text_only_i64(TEXT("9223372036854775807\n"), &value));
	assert_true(value == INT64_MAX);
	assert_false(probe_text_only_i64(TEXT("-9223372036854775809"), &value));
	assert_false(probe_text_only_i64(TEXT("9223372036854775808"), &value));
	assert_false(probe_text_only_i64(TEXT("-"), &value));
	assert_false(probe_text_only_i64(TEXT("--1"), &value));
	assert_true(value == INT64_MAX);
}

static void a_nul_byte_is_no_number(void **state)
{
	uint64_t value = UNTOUCHED;

	(void)state;
	assert_false(probe_text_only_u64(TEXT("1\0002"), &value));
	assert_false(probe_text_only_u64(TEXT("\0"), &value));
	assert_int_equal(value, UNTOUCHED);
}

static void a_key_is_found_only_as_the_whole_first_word(void **state)
{
	struct probe_text text = TEXT("xcow 1\ncowx 2\n cow 3\ncow 4\ncow 5\n");
	struct probe_text rest;
	uint64_t value = 0;

	(void)state;
	assert_true(probe_text_find(&text, "cow", &rest));
	assert_true(probe_text_only_u64(rest, &value));
	assert_int_equal(value, 4);
	assert_false(probe_text_find(&text, "co", &rest));
}

static void a_cut_off_line_is_not_found(void **state)
{
	struct probe_text rest = TEXT("x");
	struct probe_text cut = TEXT("a 1\ncow_ksm 12");
	struct probe_text bare = TEXT("a 1\ncow_ksm");
	struct probe_text line;

	(void)state;
	assert_false(probe_text_find(&cut, "cow_ksm", &rest));
	assert_false(probe_text_find(&bare, "cow_ksm", &rest));
	assert_true(probe_text_is(&rest, "x"));
	assert_true(probe_text_line(&cut, &line));
	assert_true(probe_text_is(&line, "a 1"));
	assert_false(probe_text_line(&cut, &line));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unsigned_numbers_are_exact_or_refused),
		cmocka_unit_test(signed_numbers_reach_both_ends),
		cmocka_unit_test(a_nul_byte_is_no_number),
		cmocka_unit_test(a_key_is_found_only_as_the_whole_first_word),
		cmocka_unit_test(a_cut_off_line_is_not_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
