// SPDX-License-Identifier: GPL-2.0
/* The drivers of a host: sysfs and null on a fake root, and act_heal(). */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "act_host.h"

#define KSM "sys/kernel/mm/ksm/"
#define BOOT "9d2f0a2e-7b1c-4c55-8a53-0f6a1b2c3d4e"

static char root[32];
static char saved[64];

static void put(const char *path, const char *text)
{
	char full[128];
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", root, path);
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

static void expect(const char *path, const char *text)
{
	char full[128], buf[256] = "";
	FILE *f;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	f = fopen(full, "r");
	assert_non_null(f);
	buf[fread(buf, 1, sizeof(buf) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(buf, text);
}

static int setup(void **state)
{
	(void)state;
	strcpy(root, "/tmp/act-sysfs-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	snprintf(saved, sizeof(saved), "%s/run/densityd/saved-knobs", root);
	put(KSM "run", "0\n");
	put(KSM "sleep_millisecs", "20\n");
	put(KSM "pages_to_scan", "1000\n");
	put(KSM "smart_scan", "1\n");
	put(KSM "advisor_mode", "[none] scan-time\n");
	put("proc/sys/kernel/random/boot_id", BOOT "\n");
	return 0;
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

static struct snap look(uint64_t seq)
{
	return (struct snap){
		.seq = seq,
		.mono_ns = seq * SEC,
		.page_size = 4096,
		.caps = SNAP_CAP_KSM | SNAP_CAP_SKIPPED | SNAP_CAP_ADVISOR,
		.ksm = { .sleep_ms = 20, .scan_pages = 1000, .smart_scan = 1 },
	};
}

static struct act *open_sysfs(struct heard *heard)
{
	struct act_hooks hooks = host_hooks(heard);
	struct act *act;
	void *ctx;

	assert_int_equal(act_sysfs_new(root, &ctx), 0);
	assert_int_equal(act_open(&act_driver_sysfs, ctx, saved, &hooks,
				  &act), 0);
	return act;
}

static void knobs_are_files_with_one_value(void **state)
{
	struct decision d = decide(1, 5, 7);
	struct heard heard = { 0 };
	struct snap snap = look(1);
	struct act *act;

	(void)state;
	put(KSM "advisor_mode", "none [scan-time]\n");
	act = open_sysfs(&heard);
	assert_int_equal(act_apply(act, &snap, &d, "x"), 0);
	expect(KSM "run", "1\n");
	expect(KSM "sleep_millisecs", "5\n");
	expect(KSM "pages_to_scan", "7\n");
	expect(KSM "smart_scan", "1\n");
	expect(KSM "advisor_mode", "none\n");
	assert_int_equal(act_restore(act, "bye"), 0);
	expect(KSM "run", "0\n");
	expect(KSM "sleep_millisecs", "20\n");
	expect(KSM "advisor_mode", "scan-time\n");
	assert_int_equal(access(saved, F_OK), -1);
	act_close(act);
}

struct read_row {
	enum act_knob knob;
	const char *text;
	int result;
	uint64_t value;
};

static void a_knob_reads_exactly_or_not_at_all(void **state)
{
	static const struct read_row rows[] = {
		{ ACT_KNOB_PAGES, "100\n", 0, 100 },
		{ ACT_KNOB_PAGES, "4294967295\n", 0, 4294967295 },
		{ ACT_KNOB_PAGES, "100", 0, 100 },
		{ ACT_KNOB_PAGES, "", -EBADMSG, 0 },
		{ ACT_KNOB_PAGES, "\n", -EBADMSG, 0 },
		{ ACT_KNOB_PAGES, "-1\n", -EBADMSG, 0 },
		{ ACT_KNOB_PAGES, " 1\n", -EBADMSG, 0 },
		{ ACT_KNOB_PAGES, "1 2\n", -EBADMSG, 0 },
		{ ACT_KNOB_PAGES, "99999999999999999999999\n", -EBADMSG, 0 },
		{ ACT_KNOB_ADVISOR, "[none] scan-time\n", 0, 0 },
		{ ACT_KNOB_ADVISOR, "none [scan-time]\n", 0, 1 },
		{ ACT_KNOB_ADVISOR, "scan-time\n", 0, 1 },
		{ ACT_KNOB_ADVISOR, "[none scan-time\n", -EBADMSG, 0 },
		{ ACT_KNOB_ADVISOR, "none scan-time [future]\n", -EBADMSG, 0 },
		{ ACT_KNOB_ADVISOR, "\n", -EBADMSG, 0 },
		{ ACT_KNOB_RUN, "5\n", 0, 1 },	/* memory goes offline */
		{ ACT_KNOB_RUN, "2\n", 0, 2 },
	};
	void *ctx;

	(void)state;
	assert_int_equal(act_sysfs_new(root, &ctx), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t value = 0;
		char path[64];

		snprintf(path, sizeof(path), KSM "%s",
			 act_knob_name(rows[i].knob));
		put(path, rows[i].text);
		assert_int_equal(act_driver_sysfs.read(ctx, rows[i].knob,
						       &value),
				 rows[i].result);
		assert_int_equal(value, rows[i].value);
	}
	act_driver_sysfs.close(ctx);
}

static void a_root_without_ksm_is_no_ksm(void **state)
{
	static const char *const roots[] = {
		"/nonexistent", "/dev/null",
	};
	struct act *act = NULL;
	void *ctx;

	(void)state;
	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		assert_int_equal(act_sysfs_new(roots[i], &ctx), 0);
		assert_int_equal(act_open(&act_driver_sysfs, ctx, saved, NULL,
					  &act), -ENOENT);
		assert_null(act);
		assert_int_equal(act_heal(roots[i], saved, NULL), -ENOENT);
	}
}

static void a_dry_run_changes_no_file(void **state)
{
	struct decision d = decide(1, 5, 7);
	struct heard heard = { 0 };
	struct act_hooks hooks = host_hooks(&heard);
	struct act *act;
	void *ctx;

	(void)state;
	put("run/densityd/saved-knobs", "another run's\n");
	assert_int_equal(act_null_new(root, &ctx), 0);
	assert_int_equal(act_open(&act_driver_null, ctx, saved, &hooks,
				  &act), 0);
	for (uint64_t seq = 1; seq < 5; seq++) {
		struct snap snap = look(seq);

		assert_int_equal(act_apply(act, &snap, &d, "x"), 0);
	}
	assert_int_equal(heard.writes, 3);
	assert_int_equal(act_restore(act, "bye"), 0);
	assert_int_equal(heard.writes, 6);
	assert_int_equal(heard.events[ACT_EVENT_FOREIGN], 0);
	act_close(act);
	expect(KSM "run", "0\n");
	expect(KSM "sleep_millisecs", "20\n");
	expect(KSM "pages_to_scan", "1000\n");
	expect("run/densityd/saved-knobs", "another run's\n");
}

static void heal_gives_back_what_a_killed_run_left(void **state)
{
	struct decision d = decide(1, 5, 7);
	struct heard heard = { 0 };
	struct act_hooks hooks = host_hooks(&heard);
	struct snap snap = look(1);
	struct act *act;

	(void)state;
	assert_int_equal(act_heal(root, saved, &hooks), 0);
	act = open_sysfs(&heard);
	assert_int_equal(act_apply(act, &snap, &d, "x"), 0);
	act_close(act);
	assert_int_equal(act_heal(root, saved, &hooks), 1);
	assert_int_equal(heard.events[ACT_EVENT_HEALED], 1);
	expect(KSM "run", "0\n");
	expect(KSM "sleep_millisecs", "20\n");
	expect(KSM "pages_to_scan", "1000\n");
	assert_int_equal(act_heal(root, saved, &hooks), 0);
}

static void a_host_has_one_writer(void **state)
{
	struct decision d = decide(1, 5, 7);
	struct heard heard = { 0 };
	struct snap snap = look(1);
	struct act *act = open_sysfs(&heard);
	struct act *other = NULL;
	void *ctx;

	(void)state;
	assert_int_equal(act_apply(act, &snap, &d, "x"), 0);
	/* Wherever the other one keeps its state. */
	assert_int_equal(act_sysfs_new(root, &ctx), 0);
	assert_int_equal(act_open(&act_driver_sysfs, ctx, NULL, NULL, &other),
			 -EBUSY);
	assert_null(other);
	assert_int_equal(act_heal(root, saved, NULL), -EBUSY);
	expect(KSM "run", "1\n");
	assert_int_equal(access(saved, F_OK), 0);
	/* Who only watches is not in the way. */
	assert_int_equal(act_null_new(root, &ctx), 0);
	assert_int_equal(act_open(&act_driver_null, ctx, NULL, NULL, &other),
			 0);
	act_close(other);
	act_close(act);
	assert_int_equal(act_heal(root, saved, NULL), 1);
}

/* Who can open a file can lock it, and every user can open the knobs. */
static void no_other_user_can_keep_the_writer_away(void **state)
{
	struct heard heard = { 0 };
	struct act *act;
	struct stat st;
	char path[128];
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/" KSM "run", root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	act = open_sysfs(&heard);
	snprintf(path, sizeof(path), "%s/run/densityd/knobs.lock", root);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	act_close(act);
	close(fd);
}

static void heal_knows_its_boot(void **state)
{
	(void)state;
	put("run/densityd/saved-knobs",
	    "version=1\nboot_id=" BOOT "\nrun=1\nend=1\n");
	assert_int_equal(act_heal(root, saved, NULL), 1);
	expect(KSM "run", "1\n");
	put("run/densityd/saved-knobs",
	    "version=1\nboot_id=0-1\nrun=0\nend=1\n");
	assert_int_equal(act_heal(root, saved, NULL), 0);
	expect(KSM "run", "1\n");
	assert_int_equal(access(saved, F_OK), -1);
}

static void heal_refuses_a_bad_file(void **state)
{
	struct heard heard = { 0 };
	struct act_hooks hooks = host_hooks(&heard);

	(void)state;
	put("run/densityd/saved-knobs", "version=1\n");
	assert_int_equal(act_heal(root, saved, &hooks), -EBADMSG);
	assert_int_equal(heard.events[ACT_EVENT_FAILED], 1);
	expect("run/densityd/saved-knobs.bad", "version=1\n");
	expect(KSM "run", "0\n");
	assert_int_equal(act_heal(root, saved, &hooks), 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(knobs_are_files_with_one_value),
		T(a_knob_reads_exactly_or_not_at_all),
		T(a_root_without_ksm_is_no_ksm),
		T(a_dry_run_changes_no_file),
		T(heal_gives_back_what_a_killed_run_left),
		T(a_host_has_one_writer),
		T(no_other_user_can_keep_the_writer_away),
		T(heal_knows_its_boot),
		T(heal_refuses_a_bad_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
