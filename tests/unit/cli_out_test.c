// SPDX-License-Identifier: GPL-2.0
/* Output formats: the same rows as text, JSON and CSV, hostile text in them. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "../../cli/words.c"
#include "../../cli/out.c"
#include "../../cli/out_text.c"
#include "../../cli/out_json.c"
#include "../../cli/out_csv.c"

static const struct out_field fields[] = {
	{ "name", "NAME", OUT_TEXT, 0 },
	{ "rss_kib", "RSS", OUT_KIB, 0 },
	{ "raw", NULL, OUT_REAL, OUT_MACHINE },
	{ "hint", "HINT", OUT_TEXT, OUT_HUMAN },
	{ "real_ms", "TIME", OUT_TIME, 0 },
	{ "ok", "OK", OUT_BOOL, 0 },
};
#define NFIELDS 6

static char *text;
static size_t size;

static struct out open_out(const char *format)
{
	return (struct out){ .ops = out_find(format),
			     .file = open_memstream(&text, &size) };
}

static void add(struct out *out, const char *name, double rss, double raw)
{
	const struct out_value values[NFIELDS] = {
		OUT_STRING(name), OUT_NUMBER(rss), OUT_NUMBER(raw),
		OUT_STRING("why"), OUT_NUMBER(1769862896789.0), OUT_NUMBER(1),
	};

	assert_int_equal(out_row(out, values), 0);
}

static void print_two(struct out *out, enum out_shape shape)
{
	assert_int_equal(out_begin(out, "vms", shape, fields, NFIELDS, 0), 0);
	add(out, "a\"b,c\nd\033\x7f<&>", 2048, 0.5);
	if (shape == OUT_LIST)
		add(out, "plain", NAN, NAN);
	assert_int_equal(out_end(out), 0);
}

static void close_out(struct out *out)
{
	assert_int_equal(out_finish(out), 0);
	fclose(out->file);
}

static void json_gives_raw_numbers_and_stays_ascii(void **state)
{
	struct out out = open_out("json");
	json_t *root, *first, *second;

	(void)state;
	print_two(&out, OUT_LIST);
	print_two(&out, OUT_RECORD);
	close_out(&out);
	for (size_t i = 0; i < size; i++)
		assert_true(text[i] == '\n' ||
			    (text[i] >= ' ' && text[i] < 0x7f));
	root = json_loads(text, 0, NULL);
	assert_non_null(root);
	first = json_array_get(json_object_get(root, "vms"), 0);
	second = json_object_get(root, "vms");
	/* The record came last under the same key. */
	if (json_is_object(second))
		first = second;
	assert_string_equal(json_string_value(json_object_get(first, "name")),
			    "a\"b,c\nd\033\x7f<&>");
	assert_int_equal(json_integer_value(json_object_get(first, "rss_kib")),
			 2048);
	assert_true(json_real_value(json_object_get(first, "raw")) == 0.5);
	assert_null(json_object_get(first, "hint"));
	assert_true(json_is_true(json_object_get(first, "ok")));
	json_decref(root);
	free(text);
}

static void json_says_null_for_what_is_not_known(void **state)
{
	struct out out = open_out("json");

	(void)state;
	print_two(&out, OUT_LIST);
	close_out(&out);
	assert_non_null(strstr(text, "\"rss_kib\": null"));
	assert_null(strstr(text, "nan"));
	free(text);
}

static void csv_quotes_as_rfc_4180_says(void **state)
{
	struct out out = open_out("csv");

	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	print_two(&out, OUT_LIST);
	close_out(&out);
	assert_string_equal(text,
		"name,rss_kib,raw,time,ok\n"
		"\"a\"\"b,c\nd?\?<&>\",2048,0.5,2026-01-31T12:34:56+00:00,true\n"
		"plain,,,2026-01-31T12:34:56+00:00,true\n");
	free(text);
}

static void csv_on_a_terminal_keeps_each_row_on_its_line(void **state)
{
	struct out out = open_out("csv");

	(void)state;
	out.width = 80;
	print_two(&out, OUT_LIST);
	close_out(&out);
	assert_non_null(strstr(text, "\"a\"\"b,c?d?\?<&>\""));
	free(text);
}

static void text_aligns_and_defuses(void **state)
{
	struct out out = open_out("text");

	(void)state;
	print_two(&out, OUT_LIST);
	close_out(&out);
	assert_string_equal(text,
		"NAME               RSS  HINT  TIME                 OK\n"
		"a\"b,c?d?\?<&>  2.00 MiB  why   2026-01-31 12:34:56  yes\n"
		"plain                -  why   2026-01-31 12:34:56  yes\n");
	free(text);
}

static void text_wraps_its_last_column_on_a_terminal(void **state)
{
	static const struct out_field two[] = {
		{ "a", "A", OUT_TEXT, 0 }, { "b", "B", OUT_TEXT, 0 },
	};
	const struct out_value values[] = {
		OUT_STRING("x"),
		OUT_STRING("seven words are too many for one line"),
	};
	struct out out = open_out("text");

	(void)state;
	out.width = 25;
	assert_int_equal(out_begin(&out, "t", OUT_LIST, two, 2, 0), 0);
	assert_int_equal(out_row(&out, values), 0);
	assert_int_equal(out_end(&out), 0);
	close_out(&out);
	assert_string_equal(text, "A  B\n"
				  "x  seven words are too\n"
				  "   many for one line\n");
	free(text);
}

static void text_leaves_unknown_lines_of_a_record_out(void **state)
{
	struct out out = open_out("text");

	(void)state;
	assert_int_equal(out_begin(&out, "t", OUT_RECORD, fields, 2, 0), 0);
	assert_int_equal(out_row(&out, (struct out_value[]){
				OUT_STRING("x"), OUT_NOTHING }), 0);
	assert_int_equal(out_end(&out), 0);
	close_out(&out);
	assert_string_equal(text, "NAME  x\n");
	free(text);
}

static void long_lists_flow_without_being_held(void **state)
{
	struct out out = open_out("text");
	size_t lines = 0;

	(void)state;
	assert_int_equal(out_begin(&out, "t", OUT_LIST, fields, NFIELDS, 0),
			 0);
	for (int i = 0; i < 2 * HOLD_ROWS + 3; i++)
		add(&out, "row", i, i);
	assert_int_equal(out_end(&out), 0);
	close_out(&out);
	for (size_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	assert_int_equal(lines, 2 * HOLD_ROWS + 4);
	free(text);
}

static void sections_for_others_are_swallowed(void **state)
{
	struct out out = open_out("text");

	(void)state;
	assert_int_equal(out_begin(&out, "t", OUT_LIST, fields, NFIELDS,
				   OUT_MACHINE), 0);
	add(&out, "x", 1, 1);
	assert_int_equal(out_end(&out), 0);
	close_out(&out);
	assert_int_equal(size, 0);
	free(text);
}

static int use_utf8(void **state)
{
	(void)state;
	return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_gives_raw_numbers_and_stays_ascii),
		cmocka_unit_test(json_says_null_for_what_is_not_known),
		cmocka_unit_test(csv_quotes_as_rfc_4180_says),
		cmocka_unit_test(csv_on_a_terminal_keeps_each_row_on_its_line),
		cmocka_unit_test(text_aligns_and_defuses),
		cmocka_unit_test(text_wraps_its_last_column_on_a_terminal),
		cmocka_unit_test(text_leaves_unknown_lines_of_a_record_out),
		cmocka_unit_test(long_lists_flow_without_being_held),
		cmocka_unit_test(sections_for_others_are_swallowed),
	};

	return cmocka_run_group_tests_name("cli_out", tests, use_utf8, NULL);
}
