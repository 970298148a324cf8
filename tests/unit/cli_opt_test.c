// SPDX-License-Identifier: GPL-2.0
/* Command line options: forms, order, mistakes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../cli/words.c"
#include "../../cli/when.c"
#include "../../cli/opt.c"

#define NOW 1769862896789LL
#define WORDS_MAX 8

static struct {
	bool all, brief;
	const char *name;
	uint32_t count;
	int64_t from_ms, for_ms;
} args;

static const struct opt first[] = {
	{ "all", 'a', OPT_FLAG, &args.all, NULL, "all" },
	{ "brief", 'b', OPT_FLAG, &args.brief, NULL, "brief" },
	{ "name", 'n', OPT_TEXT, &args.name, "NAME", "name" },
	{ 0 },
};
static const struct opt second[] = {
	{ "count", 'c', OPT_UINT, &args.count, "COUNT", "count" },
	{ "from", 0, OPT_WHEN, &args.from_ms, "TIME", "from" },
	{ "for", 0, OPT_DURATION, &args.for_ms, "DURATION", "for" },
	{ 0 },
};

static char error[OPT_ERROR_LEN];
static char *argv_[WORDS_MAX + 1];

static int parse(bool stop, const char *const *words)
{
	const struct opt *const tables[] = { first, second, NULL };
	int argc = 0;

	memset(&args, 0, sizeof(args));
	error[0] = '\0';
	for (; words[argc]; argc++)
		argv_[argc] = (char *)(uintptr_t)words[argc];
	argv_[argc] = NULL;
	return opt_parse(tables, NOW, argc, argv_, stop, error);
}

#define PARSE(...) parse(false, (const char *const[]){ __VA_ARGS__, NULL })

static void all_forms_are_understood(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--all", "--name", "x", "--count=7"), 0);
	assert_true(args.all);
	assert_string_equal(args.name, "x");
	assert_int_equal(args.count, 7);
	assert_int_equal(PARSE("-abnx", "-c", "9"), 0);
	assert_true(args.all && args.brief);
	assert_string_equal(args.name, "x");
	assert_int_equal(args.count, 9);
	assert_int_equal(PARSE("--from", "-2h", "--for=10m"), 0);
	assert_int_equal(args.from_ms, NOW - 7200000);
	assert_int_equal(args.for_ms, 600000);
	assert_int_equal(PARSE("--name="), 0);
	assert_string_equal(args.name, "");
}

static void arguments_move_to_the_front_in_order(void **state)
{
	(void)state;
	assert_int_equal(PARSE("one", "-a", "-2h..-1h", "--count", "3", "-"),
			 3);
	assert_string_equal(argv_[0], "one");
	assert_string_equal(argv_[1], "-2h..-1h");
	assert_string_equal(argv_[2], "-");
	assert_null(argv_[3]);
	assert_int_equal(PARSE("-a", "--", "--count", "-b"), 2);
	assert_string_equal(argv_[0], "--count");
	assert_string_equal(argv_[1], "-b");
	assert_false(args.brief);
}

static void stopping_leaves_the_rest_alone(void **state)
{
	static const char *const words[] = { "-a", "--count", "2", "status",
					     "-b", NULL };

	(void)state;
	assert_int_equal(parse(true, words), 3);
	assert_string_equal(argv_[3], "status");
	assert_string_equal(argv_[4], "-b");
	assert_false(args.brief);
}

static void mistakes_say_what_was_expected(void **state)
{
	(void)state;
	assert_int_equal(PARSE("--cuont", "1"), -EINVAL);
	assert_string_equal(error, "no option --cuont; do you mean --count?");
	assert_int_equal(PARSE("-z"), -EINVAL);
	assert_string_equal(error, "no option -z");
	assert_int_equal(PARSE("--name"), -EINVAL);
	assert_string_equal(error, "--name needs NAME");
	assert_int_equal(PARSE("--all=yes"), -EINVAL);
	assert_string_equal(error, "--all takes no value");
	assert_int_equal(PARSE("--from", "noon"), -EINVAL);
	assert_non_null(strstr(error, "'noon'"));
	assert_non_null(strstr(error, "yesterday"));
	assert_int_equal(PARSE("--for", "-5m"), -EINVAL);
	assert_non_null(strstr(error, "10m"));
}

static void counts_are_whole_and_positive(void **state)
{
	(void)state;
	assert_int_equal(PARSE("-c", "0"), -EINVAL);
	assert_int_equal(PARSE("-c", "-1"), -EINVAL);
	assert_int_equal(PARSE("-c", "1.5"), -EINVAL);
	assert_int_equal(PARSE("-c", "+1"), -EINVAL);
	assert_int_equal(PARSE("-c", " 1"), -EINVAL);
	assert_int_equal(PARSE("-c", ""), -EINVAL);
	assert_int_equal(PARSE("-c", "4294967296"), -EINVAL);
	assert_int_equal(PARSE("-c", "99999999999999999999999"), -EINVAL);
	assert_int_equal(PARSE("-c", "4294967295"), 0);
	assert_int_equal(args.count, UINT32_MAX);
}

static void absurdly_long_words_are_cut_in_the_message(void **state)
{
	char word[1024];

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	memcpy(word, "--", 2);
	word[sizeof(word) - 1] = '\0';
	assert_int_equal(PARSE(word), -EINVAL);
	assert_true(strlen(error) < OPT_ERROR_LEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_forms_are_understood),
		cmocka_unit_test(arguments_move_to_the_front_in_order),
		cmocka_unit_test(stopping_leaves_the_rest_alone),
		cmocka_unit_test(mistakes_say_what_was_expected),
		cmocka_unit_test(counts_are_whole_and_positive),
		cmocka_unit_test(absurdly_long_words_are_cut_in_the_message),
	};

	return cmocka_run_group_tests_name("cli_opt", tests, NULL, NULL);
}
