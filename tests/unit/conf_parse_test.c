// SPDX-License-Identifier: GPL-2.0
/* One policy file's text: values, units, and every way to get it wrong. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../daemon/conf_origin.h"
#include "../../daemon/conf_value.h"

static struct conf *parse(const char *text)
{
	struct conf *conf = NULL;
	char error[CONF_ERROR_LEN] = "";

	if (conf_parse(text, "f", &conf, error) < 0)
		fail_msg("%s\n%s", error, text);
	return conf;
}

static void no_text_is_all_defaults(void **state)
{
	struct law_params params;
	struct conf *conf = parse("");

	(void)state;
	law_params_default(&params);
	assert_memory_equal(&conf->params, &params, sizeof(params));
	assert_ptr_equal(conf->law, law_at(0));
	assert_true(conf->history.enabled);
	assert_int_equal(conf->history.raw_s, 172800);
	assert_int_equal(conf->history.minute_s, 30 * 86400);
	assert_int_equal(conf->history.hour_s, 730 * 86400);
	assert_int_equal(conf->history.max_bytes, 512ull << 20);
	assert_int_equal(conf->history.vm_interval_s, 10);
	assert_int_equal(conf->history.flush_s, 5);
	assert_int_equal(conf->metrics_s, 15);
	assert_null(conf->metrics_path);
	assert_int_equal(conf->nvms, 0);
	conf_free(conf);
}

/* @line of [@section] leads to @value of its key, as printed. */
struct value_row {
	const char *section, *line, *value;
};

static const struct value_row value_rows[] = {
	{ "control", "law = static", "static" },
	{ "control", "law=scan-time", "scan-time" },
	{ "control", "interval = 2", "2s" },
	{ "control", "interval = 0.25", "250ms" },
	{ "control", "interval = 1500 ms", "1500ms" },
	{ "control", "  interval\t=\t3s\t", "3s" },
	{ "control", "interval = 1s # words", "1s" },
	{ "control", "interval = 1s ; words", "1s" },
	{ "control", "interval = 1s\r", "1s" },
	{ "control", "interval = 0000000000000000000000000000005", "5s" },
	{ "control", "cpu_cap = 12.5", "12.5%" },
	{ "control", "cpu_cap = 100%", "100%" },
	{ "control", "cpu_cap = 12.349%", "12.3%" },
	{ "control", "cpu_cap = 12.35%", "12.4%" },
	{ "control", "cpu_cap_window = 0.5min", "30s" },
	{ "yield", "price = 10", "10" },
	{ "yield", "price = 0", "0" },
	{ "yield", "price = 512 MiB-s", "0.5" },
	{ "yield", "price = 1.5GiB-s", "1.5" },
	{ "yield", "price = 0.1", "102MiB-s" },
	{ "yield", "horizon = 1.5h", "90min" },
	{ "yield", "horizon = 1d", "1d" },
	{ "yield", "patrol = 0.0001%", "0.0001%" },
	{ "yield", "patrol = 0", "0%" },
	{ "yield", "psi_cpu_brake = 100", "100%" },
	{ "yield", "arrival = 16", "16MiB" },
	{ "yield", "arrival = 65536B", "64KiB" },
	{ "yield", "arrival = 1TiB", "1TiB" },
	{ "yield", "arrival_share = 0%", "0%" },
	{ "static", "sleep_millisecs = 50", "50ms" },
	{ "static", "sleep_millisecs = 1s", "1s" },
	{ "static", "pages_to_scan = 200000", "200000" },
	{ "ksmtuned", "monitor_interval = 1h", "1h" },
	{ "ksmtuned", "npages_decay = -200000", "-200000" },
	{ "ksmtuned", "npages_decay = 0", "0" },
	{ "ksmtuned", "sleep_msec = 20", "20ms" },
	{ "ksmtuned", "thres_coef = 35", "35%" },
	{ "ksmtuned", "thres_const = 2048", "2GiB" },
	{ "scan-time", "target = 10", "10s" },
	{ "history", "enabled = no", "no" },
	{ "history", "enabled = on", "yes" },
	{ "history", "raw = 1d", "1d" },
	{ "history", "hour = 10y", "10y" },
	{ "history", "max_size = 1000", "1000MiB" },
	{ "history", "max_size = 1.5GiB", "1536MiB" },
	{ "metrics", "path = /var/lib/x y.prom", "/var/lib/x y.prom" },
	{ "metrics", "path = none", "none" },
	{ "metrics", "interval = 0", "0s" },
	{ "vm a*", "weight = 1.25", "1.25" },
	{ "vm a*", "weight = 50%", "0.5" },
	{ "vm a*", "weight = 0", "0" },
	{ "vm a*", "weight = 10", "10" },
	{ "vm a*", "expect = 30", "30%" },
};

static void values_take_units_and_print_alike(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(value_rows) / sizeof(*value_rows); i++) {
		const struct value_row *row = &value_rows[i];
		bool vm = !strncmp(row->section, "vm ", 3);
		char text[256], name[32], buf[CONF_VALUE_LEN];
		const struct conf_key *key;
		struct conf *conf;

		snprintf(text, sizeof(text), "[%s]\n%s\n", row->section,
			 row->line);
		assert_int_equal(sscanf(row->line, " %31[a-z_]", name), 1);
		key = conf_key_at((unsigned int)conf_key_find(
			vm ? "vm" : row->section, name));
		assert_non_null(key);
		conf = parse(text);
		conf_value_format(key, vm ? (void *)conf->vms : (void *)conf,
				  buf);
		if (strcmp(buf, row->value))
			fail_msg("%s: %s, expected %s", row->line, buf,
				 row->value);
		conf_free(conf);
	}
}

static void stored_numbers_have_the_units_of_their_names(void **state)
{
	struct conf *conf = parse(
		"[control]\ninterval = 2s\ncpu_cap = 30%\n"
		"[yield]\nprice = 2\nhorizon = 2min\npatrol = 1%\n"
		"arrival = 1GiB\narrival_share = 7.5%\n"
		"[ksmtuned]\nnpages_decay = -7\nthres_coef = 25\n"
		"thres_const = 1GiB\n"
		"[history]\nmax_size = 3MiB\nenabled = off\n"
		"[vm x]\nweight = 2\nexpect = 40%\n");

	(void)state;
	assert_int_equal(conf->params.interval_ms, 2000);
	assert_int_equal(conf->params.cap_permille, 300);
	assert_int_equal(conf->params.price_mib_s, 2048);
	assert_int_equal(conf->params.horizon_s, 120);
	assert_int_equal(conf->params.patrol_upermille, 10000);
	assert_int_equal(conf->params.arrival_kib, 1 << 20);
	assert_int_equal(conf->params.arrival_permille, 75);
	assert_int_equal(conf->params.ksmtuned_decay, -7);
	assert_int_equal(conf->params.ksmtuned_thres_coef, 25);
	assert_int_equal(conf->params.ksmtuned_thres_const_kib, 1 << 20);
	assert_int_equal(conf->history.max_bytes, 3 << 20);
	assert_false(conf->history.enabled);
	assert_int_equal(conf->vms[0].weight_permille, 2000);
	assert_int_equal(conf->vms[0].expect_permille, 400);
	conf_free(conf);
}

#define LONG "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
	     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
	     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
	     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

/* @text is refused in @line, and the message has @words. */
struct error_row {
	const char *text;
	unsigned int line;
	const char *words;
};

static const struct error_row error_rows[] = {
	/* absurd numbers */
	{ "[control]\ninterval = -1", 2, "from 100ms to 1min" },
	{ "[control]\ninterval = +1", 2, "a time" },
	{ "[control]\ninterval = 99ms", 2, "found \"99ms\"" },
	{ "[control]\ninterval = 61s", 2, "found \"61s\"" },
	{ "[control]\ninterval = 0", 2, "found \"0\"" },
	{ "[control]\ninterval =", 2, "found \"\"" },
	{ "[control]\ninterval = # 1s", 2, "found \"\"" },
	{ "[control]\ninterval = nan", 2, "\"nan\"" },
	{ "[control]\ninterval = inf", 2, "\"inf\"" },
	{ "[control]\ninterval = 1e99", 2, "\"1e99\"" },
	{ "[control]\ninterval = 1e0", 2, "\"1e0\"" },
	{ "[control]\ninterval = 0x1", 2, "\"0x1\"" },
	{ "[control]\ninterval = .5", 2, "\".5\"" },
	{ "[control]\ninterval = 1.", 2, "\"1.\"" },
	{ "[control]\ninterval = 1.0000001", 2, "1.0000001" },
	{ "[control]\ninterval = 1,5", 2, "1,5" },
	{ "[control]\ninterval = 1s junk", 2, "1s junk" },
	{ "[control]\ninterval = 1 s s", 2, "1 s s" },
	{ "[control]\ninterval = 1sec", 2, "1sec" },
	{ "[control]\ninterval = 1S", 2, "1S" },
	{ "[control]\ninterval = 1%", 2, "1%" },
	{ "[control]\ninterval = 1#s", 2, "1#s" },
	{ "[control]\ninterval = 18446744073709551616", 2, "a time" },
	{ "[control]\ninterval = 18446744073709551615y", 2, "a time" },
	{ "[control]\ninterval = 4294967.297s", 2, "a time" },
	/* in 64 bits these would wrap around to 1 s and to 100 */
	{ "[control]\ninterval = 2305843009213693953s", 2, "a time" },
	{ "[static]\npages_to_scan = 18446744073709551716", 2, "a whole" },
	{ "[control]\ncpu_cap = 101%", 2, "from 0.1% to 100%" },
	{ "[control]\ncpu_cap = 0.01%", 2, "a share" },
	{ "[yield]\nprice = -7.5", 2, "GiB-s per CPU-second" },
	{ "[yield]\nprice = 10001", 2, "from 0 to 10000" },
	{ "[yield]\npatrol = 0.00001%", 2, "0.00001%" },
	{ "[yield]\narrival = 5MB", 2, "a size from 64KiB to 1TiB" },
	{ "[static]\npages_to_scan = 0", 2, "a whole number from 1" },
	{ "[static]\npages_to_scan = 1.5", 2, "a whole number" },
	{ "[static]\npages_to_scan = 4294967396", 2, "a whole number" },
	{ "[ksmtuned]\nnpages_decay = 50", 2, "from -200000 to 0" },
	{ "[ksmtuned]\nnpages_decay = --50", 2, "--50" },
	{ "[ksmtuned]\nnpages_decay = -9223372036854775808", 2, "a whole" },
	{ "[vm a]\nweight = 10.1", 2, "a factor from 0 to 10" },
	{ "[vm a]\nweight = 0.0001", 2, "a factor" },
	{ "[vm a]\nweight = -1", 2, "a factor" },
	{ "[vm a]\nexpect = 101", 2, "a share" },
	/* words */
	{ "[control]\nlaw = yeild", 2,
	  "one of yield, static, ksmtuned, scan-time" },
	{ "[control]\nlaw = Yield", 2, "\"Yield\"" },
	{ "[history]\nenabled = maybe", 2, "yes or no" },
	{ "[metrics]\npath = relative.prom", 2, "an absolute path" },
	{ "[metrics]\npath =", 2, "an absolute path" },
	/* keys and sections */
	{ "[control]\nintervall = 1s", 2, "perhaps \"interval\"" },
	{ "[control]\nInterval = 1s", 2, "perhaps \"interval\"" },
	{ "[control]\nfoo = 1", 2, ": law, interval, cpu_cap, cpu_cap_" },
	{ "[control]\nprice = 1", 2, "this key in [yield]" },
	{ "[yield]\nweight = 1", 2, "this key in [vm GLOB]" },
	{ "[control]\n = 1", 2, "found \"\"" },
	{ "[control]\n\n\ninterval : 1s", 4, "KEY = VALUE" },
	{ "[control]\ninterval", 2, "KEY = VALUE or [SECTION]" },
	{ "[control]\ninterval = 1s\n  2s", 3, "KEY = VALUE" },
	{ "interval = 1s", 1, "a section such as [control]" },
	{ "[contrl]", 1, "perhaps \"[control]\"" },
	{ "[Control]", 1, "perhaps \"[control]\"" },
	{ "[nothing like it]", 1, "[control] [yield] [static]" },
	{ "[]", 1, "a section" },
	{ "[", 1, "\"]\" at the end" },
	{ "[control", 1, "\"]\" at the end" },
	{ "[control] x", 1, "\"]\" at the end" },
	{ "[control x]", 1, "found \"control x\"" },
	{ "[controlcontrolcontrol]", 1, "one of [control]" },
	{ "[vm]", 1, "such as [vm web-*]" },
	{ "[vm ]", 1, "such as [vm web-*]" },
	{ "[vmx a]", 1, "perhaps \"[vm GLOB]\"" },
	{ "[vm a]\nprice = 1", 2, "this key in [yield]" },
	{ "[control]\ninterval = 1s\ninterval = 1s", 3, "it is in line 2" },
	{ "[control]\nlaw=yield\n[yield]\n[control]\nlaw=yield", 5,
	  "it is in line 2" },
	{ "[vm a]\nweight = 1\n[vm b]\nweight = 1\n[vm a]\nweight = 2", 6,
	  "it is in line 2" },
	/* bytes */
	{ "[control]\nlaw = \xff", 2, "found \"\\xff\", expected UTF-8" },
	{ "# \xc0\xaf", 1, "UTF-8" },
	{ "# \xed\xa0\x80", 1, "UTF-8" },
	{ "# \xf4\x90\x80\x80", 1, "UTF-8" },
	{ "# \xe2\x82", 1, "UTF-8" },
	{ "\n\n[vm \x1b[2J]", 3, "\\x1b\", expected text without control" },
	{ "[control]\nlaw = yi\reld", 2, "\\x0d" },
	{ "[metrics]\npath = /" LONG, 2, "a line of at most 197 bytes" },
	{ "[vm " LONG "]", 1, "a line of at most 197 bytes" },
	{ "[control]\n" LONG " = 1", 2, "a line of at most 197 bytes" },
	/* values that must fit each other; the later one is blamed */
	{ "[ksmtuned]\nnpages_min = 2000", 2,
	  "found \"npages_min = 2000\", expected at most npages_max, which is 1250" },
	{ "[ksmtuned]\nnpages_min = 20\nnpages_max = 10", 3,
	  "at least npages_min" },
	{ "[ksmtuned]\nnpages_max = 10\nnpages_min = 20", 3,
	  "at most npages_max" },
	{ "[scan-time]\nmax_pages = 499", 2, "at least min_pages" },
	{ "[history]\nraw = 31d", 2, "at most minute, which is 30d" },
	{ "[history]\nhour = 29d", 2, "at least minute" },
};

static void a_mistake_is_named_with_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(error_rows) / sizeof(*error_rows); i++) {
		const struct error_row *row = &error_rows[i];
		struct conf *conf = NULL;
		char error[CONF_ERROR_LEN] = "", head[64];
		int r = conf_parse(row->text, "dir/f.conf", &conf, error);

		snprintf(head, sizeof(head), "dir/f.conf:%u: found \"",
			 row->line);
		if (r != -EINVAL || conf)
			fail_msg("accepted: %s", row->text);
		if (strncmp(error, head, strlen(head)) ||
		    !strstr(error, row->words) ||
		    !strstr(error, "\", expected "))
			fail_msg("%s\nsays %s\nnot %s..%s", row->text, error,
				 head, row->words);
	}
}

static void a_nul_byte_is_named_with_its_line(void **state)
{
	static const char text[] = "[control]\nlaw = yi\0eld\n";
	char error[CONF_ERROR_LEN] = "";
	struct conf *conf = conf_new();

	(void)state;
	assert_int_equal(conf_parse_file(conf, text, sizeof(text) - 1, "f",
					 error), -EINVAL);
	assert_string_equal(error, "f:2: found \"\\x00\", expected text without control characters");
	conf_free(conf);
}

static void the_first_mistake_is_the_one_that_is_named(void **state)
{
	char error[CONF_ERROR_LEN];
	struct conf *conf = NULL;

	(void)state;
	assert_int_equal(conf_parse("[control]\nlaw\nlaw = x\n[yeld]\n", "f",
				    &conf, error), -EINVAL);
	assert_non_null(strstr(error, "f:2: "));
}

static void a_message_fits_whatever_the_names_are(void **state)
{
	char name[2000], error[CONF_ERROR_LEN];
	struct conf *conf = NULL;

	(void)state;
	memset(name, 'n', sizeof(name));
	strcpy(name + sizeof(name) - 8, "/f.conf");
	assert_int_equal(conf_parse("[nothing like it]", name, &conf, error),
			 -EINVAL);
	assert_non_null(strstr(error, "/f.conf:1: found \"nothing like it\""));
	assert_non_null(strstr(error, "[vm GLOB]"));
}

static void comments_blanks_bom_and_crlf_do_not_matter(void **state)
{
	struct conf *conf = parse(
		"\xef\xbb\xbf# comment with \xc3\xa4\r\n"
		"; comment\r\n"
		"\t [ control ]\t# " LONG LONG "\r\n"
		"\t\tlaw = static\r\n"
		"\r\n"
		"  [vm web[12]* x] ; comment\r\n"
		"weight = 3");

	(void)state;
	assert_string_equal(conf->law->name, "static");
	assert_int_equal(conf->nvms, 1);
	assert_string_equal(conf->vms[0].glob, "web[12]* x");
	assert_int_equal(conf->vms[0].weight_permille, 3000);
	assert_int_equal(conf->vms[0].expect_permille, 1000);
	conf_free(conf);
}

static void a_section_may_be_continued(void **state)
{
	struct conf *conf = parse("[vm a]\nweight = 2\n[vm b]\n[vm a]\n"
				  "expect = 50%\n[control]\nlaw = static\n"
				  "[yield]\n[control]\ninterval = 5s\n");

	(void)state;
	assert_int_equal(conf->nvms, 2);
	assert_string_equal(conf->vms[0].glob, "a");
	assert_int_equal(conf->vms[0].weight_permille, 2000);
	assert_int_equal(conf->vms[0].expect_permille, 500);
	assert_string_equal(conf->vms[1].glob, "b");
	assert_int_equal(conf->params.interval_ms, 5000);
	conf_free(conf);
}

static void there_is_an_end_to_sections(void **state)
{
	size_t len = 0, size = 32u * (CONF_VMS_MAX + 2);
	char *text = malloc(size), error[CONF_ERROR_LEN];
	struct conf *conf = NULL;

	(void)state;
	for (unsigned int i = 0; i <= CONF_VMS_MAX; i++)
		len += (size_t)snprintf(text + len, size - len, "[vm %u]\n", i);
	assert_int_equal(conf_parse(text, "f", &conf, error), -EINVAL);
	assert_non_null(strstr(error, "f:1001: found \"1000\", expected at most 1000"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_text_is_all_defaults),
		cmocka_unit_test(values_take_units_and_print_alike),
		cmocka_unit_test(stored_numbers_have_the_units_of_their_names),
		cmocka_unit_test(a_mistake_is_named_with_its_line),
		cmocka_unit_test(a_nul_byte_is_named_with_its_line),
		cmocka_unit_test(the_first_mistake_is_the_one_that_is_named),
		cmocka_unit_test(a_message_fits_whatever_the_names_are),
		cmocka_unit_test(comments_blanks_bom_and_crlf_do_not_matter),
		cmocka_unit_test(a_section_may_be_continued),
		cmocka_unit_test(there_is_an_end_to_sections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
