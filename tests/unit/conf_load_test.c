// SPDX-License-Identifier: GPL-2.0
/* Files, drop-ins, dumps; the presets and the manual in the source tree. */
#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../daemon/conf_key.h"
#include "../../daemon/conf_origin.h"
#include "../../daemon/conf_value.h"

#define CONF "/etc/densityd/densityd.conf"

static char root[32];
static char error[CONF_ERROR_LEN];

static void put(const char *path, const char *text)
{
	char full[256];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(full, 0755);
		*p = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int setup(void **state)
{
	(void)state;
	strcpy(root, "/tmp/conf-load-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type,
		      struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	(void)state;
	return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static struct conf *load(void)
{
	struct conf *conf = NULL;

	if (conf_load(root, CONF, false, &conf, error) < 0)
		fail_msg("%s", error);
	return conf;
}

static char *dump(const struct conf *conf)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	assert_non_null(f);
	assert_int_equal(conf_dump(conf, f), 0);
	fclose(f);
	return text;
}

static void a_missing_file_is_fine_unless_it_must_exist(void **state)
{
	struct conf *conf = load(), *none = NULL;

	(void)state;
	conf_free(conf);
	assert_int_equal(conf_load(root, CONF, true, &none, error), -ENOENT);
	assert_null(none);
	assert_non_null(strstr(error, CONF ": cannot be read: No such file"));
	conf_free(NULL);
}

static void drop_ins_override_in_order_of_name(void **state)
{
	struct conf *conf;

	(void)state;
	put(CONF, "[control]\ninterval=2s\ncpu_cap=10%\nlaw=static\n");
	put(CONF ".d/20-b.conf", "[control]\ninterval=4s\n");
	put(CONF ".d/10-a.conf", "[control]\ninterval=3s\ncpu_cap=30%\n");
	put(CONF ".d/B.conf", "[yield]\nprice=3\n");
	put(CONF ".d/a.conf", "[yield]\nprice=4\n");
	put(CONF ".d/.hidden.conf", "garbage");
	put(CONF ".d/backup.conf~", "garbage");
	put(CONF ".d/.conf", "garbage");
	conf = load();
	assert_int_equal(conf->params.interval_ms, 4000);
	assert_int_equal(conf->params.cap_permille, 300);
	assert_string_equal(conf->law->name, "static");
	/* By bytes, whatever the locale: capitals first. */
	assert_int_equal(conf->params.price_mib_s, 4096);
	conf_free(conf);
}

static void drop_ins_work_without_the_file(void **state)
{
	struct conf *conf;

	(void)state;
	put(CONF ".d/x.conf", "[control]\ninterval=4s\n");
	conf = load();
	assert_int_equal(conf->params.interval_ms, 4000);
	conf_free(conf);
}

static void the_last_drop_ins_patterns_come_first(void **state)
{
	static const char *const want[] = { "c", "d", "b", "a", "b", "z" };
	struct conf *conf;

	(void)state;
	put(CONF, "[vm a]\n[vm b]\nweight=1\n[vm z]\n");
	put(CONF ".d/1.conf", "[vm b]\nweight=2\n");
	put(CONF ".d/2.conf", "[vm c]\nweight=3\n[vm d]\n");
	conf = load();
	assert_int_equal(conf->nvms, 6);
	for (unsigned int i = 0; i < 6; i++)
		assert_string_equal(conf->vms[i].glob, want[i]);
	assert_int_equal(conf->vms[2].weight_permille, 2000);
	conf_free(conf);
}

static void an_error_names_the_file_below_the_root(void **state)
{
	char head[128];
	struct conf *conf = NULL;

	(void)state;
	put(CONF, "[control]\ncpu_cap=10%\n");
	put(CONF ".d/x.conf", "[control]\n\ncpu_cap=1000%\n");
	assert_int_equal(conf_load(root, CONF, false, &conf, error), -EINVAL);
	assert_null(conf);
	snprintf(head, sizeof(head), "%s" CONF ".d/x.conf:3: ", root);
	assert_memory_equal(error, head, strlen(head));
}

static void values_of_two_files_must_fit_each_other(void **state)
{
	struct conf *conf = NULL;

	(void)state;
	put(CONF, "[scan-time]\nmax_pages=600\n");
	put(CONF ".d/x.conf", "[scan-time]\nmin_pages=700\n");
	assert_int_equal(conf_load(root, CONF, false, &conf, error), -EINVAL);
	assert_non_null(strstr(error, "x.conf:2: found \"min_pages = 700\""));
	put(CONF ".d/y.conf", "[scan-time]\nmax_pages=800\n");
	conf_free(load());
}

static void what_is_no_file_is_refused_and_dev_null_is_empty(void **state)
{
	char path[128];
	struct conf *conf = NULL;

	(void)state;
	put(CONF ".d/keep", "");
	snprintf(path, sizeof(path), "%s" CONF, root);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(conf_load(root, CONF, false, &conf, error), -ENODEV);
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(conf_load(root, CONF, false, &conf, error), -EISDIR);
	rmdir(path);
	assert_int_equal(symlink("/dev/null", path), 0);
	conf_free(load());
	unlink(path);
	assert_int_equal(symlink("/dev/zero", path), 0);
	assert_int_equal(conf_load(root, CONF, false, &conf, error), -EFBIG);
	assert_non_null(strstr(error, "too large"));
	assert_null(conf);
}

static void a_nul_byte_in_a_file_is_found(void **state)
{
	struct conf *conf = NULL;
	char path[128];
	FILE *f;

	(void)state;
	put(CONF, "");
	snprintf(path, sizeof(path), "%s" CONF, root);
	f = fopen(path, "w");
	fwrite("[control]\n\0law=x\n", 1, 17, f);
	fclose(f);
	assert_int_equal(conf_load(root, CONF, false, &conf, error), -EINVAL);
	assert_non_null(strstr(error, ":2: found \"\\x00\""));
}

static void a_dump_names_each_values_origin(void **state)
{
	char line[256], *text;
	struct conf *conf;

	(void)state;
	put(CONF, "[control]\ncpu_cap=10%\n[vm a]\nexpect=50%\n");
	put(CONF ".d/x.conf", "# one\n[control]\ninterval=4s\n[vm a]\n");
	conf = load();
	text = dump(conf);
	snprintf(line, sizeof(line), "interval = 4s                     # %s"
		 CONF ".d/x.conf:3\n", root);
	assert_non_null(strstr(text, line));
	snprintf(line, sizeof(line), "# %s" CONF ":2\n", root);
	assert_non_null(strstr(text, line));
	assert_non_null(strstr(text,
			"law = yield                       # default\n"));
	assert_non_null(strstr(text, "# hidden by the one above: [vm a]"));
	free(text);
	conf_free(conf);
}

static void a_dump_is_a_policy_file_with_the_same_meaning(void **state)
{
	char *first, *second;
	struct conf *conf;
	char buf[2][CONF_VALUE_LEN];
	const struct conf_key *key;
	struct conf *again;

	(void)state;
	put(CONF, "[control]\nlaw=ksmtuned\ninterval=1500ms\n"
	    "[yield]\nprice=0.1\npatrol=0.0123%\n[metrics]\npath=/a\n"
	    "[history]\nenabled=no\n[vm a b]\nweight=0.333\n[vm *]\n");
	conf = load();
	first = dump(conf);
	put(CONF, first);
	again = load();
	for (unsigned int i = 0; (key = conf_key_at(i)); i++) {
		bool vm = !strcmp(key->section, "vm");

		conf_value_format(key, vm ? (void *)conf->vms : (void *)conf,
				  buf[0]);
		conf_value_format(key, vm ? (void *)again->vms :
				  (void *)again, buf[1]);
		assert_string_equal(buf[0], buf[1]);
	}
	assert_int_equal(again->nvms, 2);
	assert_string_equal(again->vms[0].glob, "a b");
	second = dump(again);
	assert_null(strstr(second, "# default"));
	free(first);
	free(second);
	conf_free(conf);
	conf_free(again);
}

static void every_default_lies_within_its_bounds(void **state)
{
	struct conf *conf = conf_new();
	struct conf_vm vm = { .weight_permille = 1000,
			      .expect_permille = 1000 };
	const struct conf_key *key;
	char value[CONF_VALUE_LEN];

	(void)state;
	for (unsigned int i = 0; (key = conf_key_at(i)); i++) {
		void *base = strcmp(key->section, "vm") ? (void *)conf : &vm;

		conf_value_format(key, base, value);
		if (conf_value_parse(key, value, base) < 0)
			fail_msg("%s = %s", key->name, value);
	}
	conf_free(conf);
}

static struct conf *preset(const char *path)
{
	struct conf *conf = NULL;

	if (conf_load("", path, true, &conf, error) < 0)
		fail_msg("%s", error);
	return conf;
}

static void the_balanced_preset_spells_every_default_out(void **state)
{
	struct conf *conf = preset("policy/balanced.conf");
	struct conf *defaults = conf_new();
	const struct conf_key *key;
	char a[CONF_VALUE_LEN], b[CONF_VALUE_LEN];

	(void)state;
	for (unsigned int i = 0; (key = conf_key_at(i)); i++) {
		if (!strcmp(key->section, "vm"))
			continue;
		assert_int_equal(conf->origins->key[i].file, 1);
		conf_value_format(key, conf, a);
		conf_value_format(key, defaults, b);
		assert_string_equal(a, b);
	}
	conf_free(conf);
	conf_free(defaults);
}

static void the_other_presets_lean_to_their_sides(void **state)
{
	struct conf *b = preset("policy/balanced.conf");
	struct conf *d = preset("policy/density.conf");
	struct conf *q = preset("policy/quiet.conf");

	(void)state;
	assert_int_equal(d->params.cap_permille, 500);
	assert_true(d->params.price_mib_s < b->params.price_mib_s);
	assert_true(d->params.horizon_s > b->params.horizon_s);
	assert_int_equal(q->params.cap_permille, 50);
	assert_true(q->params.price_mib_s > b->params.price_mib_s);
	assert_true(q->params.psi_cpu_permille < b->params.psi_cpu_permille);
	conf_free(b);
	conf_free(d);
	conf_free(q);
}

static char *read_text(const char *path)
{
	char *text = calloc(1, 65536);
	FILE *f = fopen(path, "r");

	if (!f)
		fail_msg("%s: run this from the top of the tree", path);
	assert_true(fread(text, 1, 65535, f) < 65535);
	fclose(f);
	return text;
}

/* Each entry of the manual begins "*interval* = _1s_". */
static void the_manual_lists_every_key_with_its_default(void **state)
{
	char *text = read_text("man/densityd.conf.5.scd");
	struct conf *conf = conf_new();
	struct conf_vm vm = { .weight_permille = 1000,
			      .expect_permille = 1000 };
	const struct conf_key *key;
	char value[CONF_VALUE_LEN], entry[CONF_VALUE_LEN + 64];
	const char *at = text;

	(void)state;
	for (unsigned int i = 0; (key = conf_key_at(i)); i++) {
		conf_value_format(key, strcmp(key->section, "vm") ?
				  (void *)conf : &vm, value);
		snprintf(entry, sizeof(entry), "\n*%s* = _%s_\n", key->name,
			 value);
		at = strstr(at, entry);
		if (!at)
			fail_msg("[%s]: no entry%s", key->section, entry);
	}
	conf_free(conf);
	free(text);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_missing_file_is_fine_unless_it_must_exist),
		T(drop_ins_override_in_order_of_name),
		T(drop_ins_work_without_the_file),
		T(the_last_drop_ins_patterns_come_first),
		T(an_error_names_the_file_below_the_root),
		T(values_of_two_files_must_fit_each_other),
		T(what_is_no_file_is_refused_and_dev_null_is_empty),
		T(a_nul_byte_in_a_file_is_found),
		T(a_dump_names_each_values_origin),
		T(a_dump_is_a_policy_file_with_the_same_meaning),
		cmocka_unit_test(every_default_lies_within_its_bounds),
		cmocka_unit_test(the_balanced_preset_spells_every_default_out),
		cmocka_unit_test(the_other_presets_lean_to_their_sides),
		cmocka_unit_test(the_manual_lists_every_key_with_its_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
