// SPDX-License-Identifier: GPL-2.0
/* The saved-knobs file: written atomically, read strictly, healed from. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "act_host.h"
#include "../../daemon/act/file.h"
#include "../../daemon/act/saved.h"

#define BOOT "00000000-0000-4000-8000-000000000000"	/* record driver's */
#define KNOBS "advisor_mode=1\nsleep_millisecs=20\npages_to_scan=100\n" \
	      "smart_scan=1\nrun=0\n"
#define GOOD "version=1\nboot_id=" BOOT "\n" KNOBS "end=5\n"

static const uint64_t stock[] = { 0, 20, 100, 1, 0 };
static const uint64_t turned[] = { 0, 33, 444, 1, 1 };

struct dir {
	char dir[32];
	char path[64];
	char bad[80];
};

static int setup(void **state)
{
	struct dir *d = calloc(1, sizeof(*d));

	strcpy(d->dir, "/tmp/act-saved-XXXXXX");
	if (!mkdtemp(d->dir))
		return -1;
	snprintf(d->path, sizeof(d->path), "%s/run/saved-knobs", d->dir);
	snprintf(d->bad, sizeof(d->bad), "%s.bad", d->path);
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	struct dir *d = *state;
	char run[64];

	snprintf(run, sizeof(run), "%s/run", d->dir);
	unlink(d->path);
	unlink(d->bad);
	rmdir(run);
	rmdir(d->dir);
	free(d);
	return 0;
}

static void put(const struct dir *d, const char *text, size_t len)
{
	char run[64];
	FILE *f;

	snprintf(run, sizeof(run), "%s/run", d->dir);
	mkdir(run, 0755);
	f = fopen(d->path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	fclose(f);
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static void what_is_stored_is_loaded(void **state)
{
	struct act_values in = {
		.has = { true, true, true, false, true },
		.value = { 1, UINT32_MAX, 0, 0, 2 },
	};
	struct act_values out;
	struct dir *d = *state;
	char why[ACT_SAVED_WHY_LEN];

	/* Twice: the second one replaces the first. */
	assert_int_equal(act_saved_store(d->path, &in, BOOT), 0);
	in.value[ACT_KNOB_SLEEP] = 7;
	assert_int_equal(act_saved_store(d->path, &in, BOOT), 0);
	assert_int_equal(act_saved_load(d->path, BOOT, &out, why), 0);
	assert_memory_equal(in.has, out.has, sizeof(in.has));
	assert_memory_equal(in.value, out.value, sizeof(in.value));
	assert_int_equal(act_file_remove(d->path), 0);
	assert_int_equal(act_file_remove(d->path), 0);
	assert_int_equal(act_saved_load(d->path, BOOT, &out, why), -ENOENT);
}

static void nothing_is_left_beside_the_file(void **state)
{
	struct act_values in = { .has[ACT_KNOB_RUN] = true };
	struct dir *d = *state;
	char other[80];

	assert_int_equal(act_saved_store(d->path, &in, ""), 0);
	snprintf(other, sizeof(other), "%s.new", d->path);
	assert_false(exists(other));
}

static void another_boot_is_stale_and_an_unknown_one_is_not(void **state)
{
	static const struct {
		const char *in, *now;
		int result;
	} rows[] = {
		{ BOOT, BOOT, 0 },
		{ BOOT, "11111111-0000-4000-8000-000000000000", -ESTALE },
		{ BOOT, "", 0 },
		{ "", BOOT, 0 },
		{ "", "", 0 },
	};
	struct act_values in = { .has[ACT_KNOB_RUN] = true };
	struct act_values out;
	struct dir *d = *state;
	char why[ACT_SAVED_WHY_LEN];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(act_saved_store(d->path, &in, rows[i].in), 0);
		assert_int_equal(act_saved_load(d->path, rows[i].now, &out,
						why), rows[i].result);
	}
}

static void every_truncation_is_refused(void **state)
{
	struct act_values out;
	char why[ACT_SAVED_WHY_LEN];

	(void)state;
	for (size_t len = 0; len < sizeof(GOOD) - 1; len++) {
		why[0] = '\0';
		assert_int_equal(act_saved_parse(GOOD, len, BOOT, &out, why),
				 -EBADMSG);
		assert_string_not_equal(why, "");
	}
	assert_int_equal(act_saved_parse(GOOD, sizeof(GOOD) - 1, BOOT, &out,
					 why), 0);
}

#define HEAD "version=1\nboot_id=" BOOT "\n"

static void garbage_is_refused(void **state)
{
	static const char *const rows[] = {
		"", "\n", "garbage", "garbage\n",
		"version=2\nboot_id=" BOOT "\n" KNOBS "end=5\n",
		"boot_id=" BOOT "\nversion=1\n" KNOBS "end=5\n",
		"version=1\nboot_id=\n" KNOBS "end=5\n",
		"version=1\nboot_id=../../etc\n" KNOBS "end=5\n",
		"version=1\nboot_id=" BOOT BOOT "\n" KNOBS "end=5\n",
		HEAD KNOBS "end=4\n", HEAD KNOBS "end=\n",
		HEAD KNOBS "end=5\nend=5\n", HEAD KNOBS "end=5\n\n",
		HEAD KNOBS "run=1\nend=6\n", HEAD "run=0\nrun=0\nend=2\n",
		HEAD "run=3\nend=1\n", HEAD "run=-1\nend=1\n",
		HEAD "run= 1\nend=1\n", HEAD "run=1 \nend=1\n",
		HEAD "run=0x1\nend=1\n", HEAD "run=1e0\nend=1\n",
		HEAD "run=\nend=1\n", HEAD "run\nend=1\n",
		HEAD "=1\nend=1\n", HEAD "end=0\n",
		HEAD "sleep_millisecs=20\nend=1\n",
		HEAD "run=0\nsleep_millisecs=4294967296\nend=2\n",
		HEAD "run=0\npages_to_scan=99999999999999999999\nend=2\n",
		HEAD "run=0\nadvisor_mode=2\nend=2\n",
		HEAD "run=0\nadvisor_mode=none\nend=2\n",
		HEAD "run=0\nsmart_scan=2\nend=2\n",
		HEAD "run=0\nmax_page_sharing=2\nend=2\n",
		HEAD "run=0\r\nend=1\r\n",
	};
	struct act_values out = { .value = { 77 } };
	char why[ACT_SAVED_WHY_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int r = act_saved_parse(rows[i], strlen(rows[i]), BOOT, &out,
					why);

		if (r != -EBADMSG)
			fail_msg("row %zu accepted: %d", i, r);
	}
	assert_int_equal(act_saved_parse(HEAD "run=0\0\nend=1\n",
					 sizeof(HEAD) + 12, BOOT, &out, why),
			 -EBADMSG);
	assert_int_equal(out.value[0], 77);
}

static void a_killed_run_is_healed_at_the_next_open(void **state)
{
	struct act_hooks hooks;
	struct dir *d = *state;
	struct heard heard = { 0 };
	struct host host;
	struct act *act;

	host_open(&host, stock, d->path);
	assert_false(exists(d->path));
	host_tick(&host, decide(1, 33, 444));
	assert_true(exists(d->path));
	host_close(&host);	/* as SIGKILL would: nothing is given back */

	hooks = host_hooks(&heard);
	host_record(&host, turned);
	assert_int_equal(act_open(&act_driver_record, host.ctx, d->path,
				  &hooks, &act), 0);
	host_expect(&host, 0, 20, 100, 1, 0);
	assert_int_equal(heard.events[ACT_EVENT_HEALED], 1);
	assert_int_equal(heard.writes, 3);
	assert_false(exists(d->path));
	act_close(act);
}

static void originals_survive_a_kill_after_a_foreign_write(void **state)
{
	struct dir *d = *state;
	struct act_values out;
	char why[ACT_SAVED_WHY_LEN];
	struct host host;

	host_open(&host, stock, d->path);
	host_tick(&host, decide(1, 33, 444));
	act_record_poke(host.ctx, ACT_KNOB_PAGES, 1250);
	/* The hold cannot begin cleanly: there is something left to heal. */
	act_record_fail(host.ctx, ACT_KNOB_RUN, -EINTR);
	assert_int_equal(host_tick(&host, decide(1, 33, 444)), -EBUSY);
	host_close(&host);
	assert_int_equal(act_saved_load(d->path, BOOT, &out, why), 0);
	assert_int_equal(out.value[ACT_KNOB_PAGES], 1250);
	assert_int_equal(out.value[ACT_KNOB_SLEEP], 20);
}

static void healing_never_unmerges(void **state)
{
	static const char saved[] = HEAD "run=2\nend=1\n";
	struct dir *d = *state;
	struct host host;

	put(d, saved, sizeof(saved) - 1);
	host_open(&host, turned, d->path);
	host_expect(&host, 0, 33, 444, 1, 0);
	host_close(&host);
}

static void a_bad_file_is_moved_aside_and_nothing_of_it_used(void **state)
{
	struct dir *d = *state;
	struct act_hooks hooks;
	struct heard heard = { 0 };
	struct host host;
	struct act *act;

	put(d, GOOD, sizeof(GOOD) - 3);
	hooks = host_hooks(&heard);
	host_record(&host, turned);
	assert_int_equal(act_open(&act_driver_record, host.ctx, d->path,
				  &hooks, &act), 0);
	host_expect(&host, 0, 33, 444, 1, 1);
	assert_false(exists(d->path));
	assert_true(exists(d->bad));
	assert_int_equal(heard.events[ACT_EVENT_FAILED], 1);
	assert_int_equal(heard.events[ACT_EVENT_HEALED], 0);
	assert_non_null(strstr(heard.text, d->path));
	assert_non_null(strstr(heard.text, "line 8"));
	act_close(act);
}

static void a_file_of_another_boot_is_only_deleted(void **state)
{
	static const char saved[] =
		"version=1\nboot_id=1-1\nrun=0\nend=1\n";
	struct dir *d = *state;
	struct host host;

	put(d, saved, sizeof(saved) - 1);
	host_open(&host, turned, d->path);
	host_expect(&host, 0, 33, 444, 1, 1);
	assert_false(exists(d->path));
	assert_false(exists(d->bad));
	host_close(&host);
}

static void a_symbolic_link_is_not_followed(void **state)
{
	struct dir *d = *state;
	struct act_values values = { .has[ACT_KNOB_RUN] = true };
	char why[ACT_SAVED_WHY_LEN];
	char new[80];

	assert_int_equal(act_saved_store(d->path, &values, BOOT), 0);
	assert_int_equal(rename(d->path, d->bad), 0);
	assert_int_equal(symlink(d->bad, d->path), 0);
	assert_int_equal(act_saved_load(d->path, BOOT, &values, why),
			 -EBADMSG);

	assert_int_equal(unlink(d->path), 0);
	snprintf(new, sizeof(new), "%s.new", d->path);
	assert_int_equal(symlink(d->bad, new), 0);
	assert_int_equal(act_saved_store(d->path, &values, BOOT), -ELOOP);
	assert_false(exists(d->path));
}

static void no_knob_is_written_that_cannot_be_saved(void **state)
{
	struct dir *d = *state;
	struct host host;
	char path[128];

	/* A file where the directory should be. */
	put(d, "", 0);
	snprintf(path, sizeof(path), "%s/deeper/saved-knobs", d->path);
	host_open(&host, stock, path);
	for (int i = 0; i < 5; i++)
		assert_int_equal(host_tick(&host, decide(1, 33, 444)),
				 -ENOTDIR);
	host_expect(&host, 0, 20, 100, 1, 0);
	assert_int_equal(host.heard.events[ACT_EVENT_FAILED], 1);
	host_close(&host);
}

static void the_file_stays_while_a_knob_could_not_be_given_back(void **state)
{
	struct dir *d = *state;
	struct host host;

	host_open(&host, stock, d->path);
	host_tick(&host, decide(1, 33, 444));
	act_record_fail(host.ctx, ACT_KNOB_RUN, -EACCES);
	assert_int_equal(act_restore(host.act, "bye"), -EACCES);
	assert_true(exists(d->path));
	act_record_fail(host.ctx, ACT_KNOB_RUN, 0);
	assert_int_equal(act_restore(host.act, "bye"), 0);
	assert_false(exists(d->path));
	host_close(&host);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_is_stored_is_loaded),
		T(nothing_is_left_beside_the_file),
		T(another_boot_is_stale_and_an_unknown_one_is_not),
		T(every_truncation_is_refused),
		T(garbage_is_refused),
		T(a_killed_run_is_healed_at_the_next_open),
		T(originals_survive_a_kill_after_a_foreign_write),
		T(healing_never_unmerges),
		T(a_bad_file_is_moved_aside_and_nothing_of_it_used),
		T(a_file_of_another_boot_is_only_deleted),
		T(a_symbolic_link_is_not_followed),
		T(no_knob_is_written_that_cannot_be_saved),
		T(the_file_stays_while_a_knob_could_not_be_given_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
