// SPDX-License-Identifier: GPL-2.0
/* The scrubber: what is set was saved, and comes back; what is others' stays. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../daemon/act/scrubber.h"
#include "originals_fixture.h"

#define VMS 4
#define BUDGET 65536

/* A module, the VMs of its host, and what it was asked for. */
struct world {
	struct snap snap;
	struct snap_vm vms[VMS];
	struct law_scrub_decision wanted;
	struct act_scrubber *scrubber;
	int module;			/* 0: there is none */
	int32_t registered[VMS];
	int nregistered;
	int32_t refused_pid, gone_pid;
	unsigned int sets, adds, runs;
	bool saved_first;		/* at each request the file was there */
	struct fx_file file;
};

static bool is_registered(const struct world *w, int32_t pid)
{
	for (int i = 0; i < w->nregistered; i++)
		if (w->registered[i] == pid)
			return true;
	return false;
}

static int set(void *ctx, bool enabled, uint32_t budget_pages)
{
	struct world *w = ctx;

	if (!w->module)
		return -ENOENT;
	w->sets++;
	w->saved_first &= access(w->file.path, F_OK) == 0;
	w->snap.scrub.enabled = enabled;
	w->snap.scrub.budget_pages = budget_pages;
	return 0;
}

static int add(void *ctx, int32_t pid)
{
	struct world *w = ctx;

	if (!w->module)
		return -ENOENT;
	w->adds++;
	w->saved_first &= access(w->file.path, F_OK) == 0;
	if (pid == w->refused_pid)
		return -ENOSPC;
	if (pid == w->gone_pid)
		return -ESRCH;
	if (!is_registered(w, pid))
		w->registered[w->nregistered++] = pid;
	return 0;
}

static int forget(void *ctx, int32_t pid)
{
	struct world *w = ctx;

	for (int i = 0; w->module && i < w->nregistered; i++)
		if (w->registered[i] == pid) {
			w->registered[i] = w->registered[--w->nregistered];
			return 0;
		}
	return -ENOENT;
}

static int run(void *ctx)
{
	struct world *w = ctx;

	return w->runs++ ? -EBUSY : 0;
}

static int list(void *ctx, const int32_t **ret_pids)
{
	struct world *w = ctx;

	*ret_pids = w->registered;
	return w->module ? w->nregistered : -ENOENT;
}

static int module(void *ctx)
{
	const struct world *w = ctx;

	return w->module;
}

static void let_go(void *ctx)
{
	(void)ctx;
}

static const struct act_scrubber_driver driver = {
	set, add, forget, run, list, module, let_go,
};

static int reopen(struct world *w, const char *boot_id)
{
	const struct act_says says = fx_says(&w->file);

	act_scrubber_close(w->scrubber);
	w->scrubber = NULL;
	w->file.events = 0;
	return act_scrubber_open(&driver, w, w->file.path, boot_id, &says,
				 &w->scrubber);
}

static int begin(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return -1;
	*state = w;
	if (fx_begin_file(&w->file, "saved-scrubber"))
		return -1;
	w->saved_first = true;
	w->module = 31;
	w->snap.scrub.budget_pages = BUDGET;
	w->snap.vms = w->vms;
	w->snap.nvms = VMS;
	for (int i = 0; i < VMS; i++)
		w->vms[i] = (struct snap_vm){ .pid = 100 + i, .mergeable = true,
					      .vmm = SNAP_VMM_QEMU };
	w->vms[2].vmm = SNAP_VMM_NONE;		/* no VM */
	w->vms[3].mergeable = false;
	w->wanted = (struct law_scrub_decision){ .enabled = true,
						 .budget_pages = 4096 };
	return reopen(w, BOOT);
}

static int end(void **state)
{
	struct world *w = *state;

	act_scrubber_close(w->scrubber);
	fx_end_file(&w->file);
	free(w);
	return 0;
}

static int apply(struct world *w)
{
	return act_scrubber_apply(w->scrubber, &w->snap, &w->wanted);
}

static void assert_as_before(const struct world *w)
{
	assert_false(w->snap.scrub.enabled);
	assert_int_equal(w->snap.scrub.budget_pages, BUDGET);
	assert_int_equal(access(w->file.path, F_OK), -1);
}

static void what_is_set_was_saved_and_comes_back(void **state)
{
	struct world *w = *state;

	assert_int_equal(apply(w), 0);
	assert_true(w->snap.scrub.enabled);
	assert_int_equal(w->snap.scrub.budget_pages, 4096);
	assert_true(is_registered(w, 100) && is_registered(w, 101));
	assert_int_equal(w->nregistered, 2);
	assert_true(w->saved_first);
	/* What is as it should be is not asked for again. */
	assert_int_equal(apply(w), 0);
	assert_int_equal(w->sets, 1);
	assert_int_equal(w->adds, 2);
	assert_int_equal(act_scrubber_restore(w->scrubber), 0);
	assert_int_equal(w->nregistered, 0);
	assert_as_before(w);
}

static void it_is_saved_with_nobody_to_register_too(void **state)
{
	struct world *w = *state;

	w->snap.nvms = 0;
	assert_int_equal(apply(w), 0);
	assert_int_equal(w->sets, 1);
	assert_true(w->saved_first);
	assert_int_equal(reopen(w, BOOT), 0);
	assert_as_before(w);
}

static void it_runs_when_ksmd_rests(void **state)
{
	struct world *w = *state;

	assert_int_equal(apply(w), 0);
	w->snap.scrub.runs++;		/* at the end of a pass */
	assert_int_equal(apply(w), 0);
	assert_int_equal(w->runs, 0);
	assert_int_equal(apply(w), 0);
	assert_int_equal(w->runs, 1);
	assert_int_equal(apply(w), 0);	/* that one waits still */
	assert_int_equal(w->runs, 2);
	w->wanted.enabled = false;
	assert_int_equal(apply(w), 0);
	assert_int_equal(apply(w), 0);
	assert_int_equal(w->runs, 2);
}

static void a_killed_run_is_healed(void **state)
{
	struct world *w = *state;

	assert_int_equal(apply(w), 0);
	assert_int_equal(reopen(w, BOOT), 0);
	assert_string_equal(w->file.kind, "healed");
	assert_int_equal(w->nregistered, 0);
	assert_as_before(w);
}

static void another_boot_has_nothing_to_heal(void **state)
{
	struct world *w = *state;

	assert_int_equal(apply(w), 0);
	assert_int_equal(reopen(w, OTHER_BOOT), 0);
	assert_int_equal(w->file.events, 0);
	assert_int_equal(w->sets, 1);
	assert_int_equal(access(w->file.path, F_OK), -1);
}

static void a_module_that_is_gone_has_nothing_to_be_given_back(void **state)
{
	struct world *w = *state;

	assert_int_equal(apply(w), 0);
	w->module = 0;
	assert_int_equal(apply(w), -ENOENT);
	assert_int_equal(reopen(w, BOOT), 0);
	assert_int_equal(access(w->file.path, F_OK), -1);
}

static void a_module_loaded_anew_is_set_anew(void **state)
{
	struct world *w = *state;

	assert_int_equal(apply(w), 0);
	w->module = 32;
	w->nregistered = 0;
	w->snap.scrub.enabled = false;
	w->snap.scrub.budget_pages = BUDGET / 2;	/* its own default */
	assert_int_equal(apply(w), 0);
	assert_int_equal(w->file.events, 0);
	assert_true(w->snap.scrub.enabled);
	assert_int_equal(w->nregistered, 2);
	assert_int_equal(act_scrubber_restore(w->scrubber), 0);
	assert_int_equal(w->snap.scrub.budget_pages, BUDGET / 2);
}

static void who_switches_it_keeps_it(void **state)
{
	struct world *w = *state;

	assert_int_equal(apply(w), 0);
	w->snap.scrub.budget_pages = 777;
	assert_int_equal(apply(w), -EBUSY);
	assert_int_equal(apply(w), -EBUSY);
	assert_int_equal(w->file.events, 1);
	assert_string_equal(w->file.kind, "scrubber-foreign");
	assert_int_equal(act_scrubber_restore(w->scrubber), 0);
	assert_true(w->snap.scrub.enabled);
	assert_int_equal(w->snap.scrub.budget_pages, 777);
	/* What densityd registered goes all the same. */
	assert_int_equal(w->nregistered, 0);
	assert_int_equal(access(w->file.path, F_OK), -1);
}

static void vmms_of_others_stay_theirs(void **state)
{
	struct world *w = *state;

	w->registered[w->nregistered++] = 100;
	assert_int_equal(apply(w), 0);
	assert_int_equal(w->adds, 1);
	assert_int_equal(act_scrubber_restore(w->scrubber), 0);
	assert_int_equal(w->nregistered, 1);
	assert_true(is_registered(w, 100));
}

static void vms_come_and_go(void **state)
{
	struct world *w = *state;

	assert_int_equal(apply(w), 0);
	forget(w, 100);
	w->vms[0].pid = 200;
	assert_int_equal(apply(w), 0);
	assert_true(is_registered(w, 200));
	/* The file knows of the newcomer, and of nobody who has gone. */
	assert_int_equal(reopen(w, BOOT), 0);
	assert_int_equal(w->nregistered, 0);
	/* Whom somebody forgets by hand is not registered again. */
	assert_int_equal(apply(w), 0);
	forget(w, 101);
	assert_int_equal(apply(w), 0);
	assert_false(is_registered(w, 101));
}

static void a_refusal_is_said_once(void **state)
{
	struct world *w = *state;

	w->refused_pid = 101;
	assert_int_equal(apply(w), 0);
	assert_int_equal(apply(w), 0);
	assert_int_equal(w->file.events, 1);
	assert_string_equal(w->file.kind, "scrubber-refused");
	assert_true(w->snap.scrub.enabled);
}

static void who_is_gone_is_no_error(void **state)
{
	struct world *w = *state;

	w->gone_pid = 100;
	assert_int_equal(apply(w), 0);
	assert_int_equal(w->file.events, 0);
	assert_true(w->snap.scrub.enabled);
	assert_int_equal(w->nregistered, 1);
	assert_int_equal(act_scrubber_restore(w->scrubber), 0);
	assert_as_before(w);
}

static void nothing_is_set_that_cannot_be_saved(void **state)
{
	struct world *w = *state;

	/* A directory where the file's new contents would be written. */
	strcat(w->file.path, ".new");
	assert_int_equal(mkdir(w->file.path, 0755), 0);
	assert_true(apply(w) < 0);
	assert_true(apply(w) < 0);
	assert_int_equal(w->sets + w->adds, 0);
	assert_int_equal(w->file.events, 1);
	assert_string_equal(w->file.kind, "scrubber-failed");
	assert_int_equal(rmdir(w->file.path), 0);
	*strrchr(w->file.path, '.') = '\0';
	assert_int_equal(apply(w), 0);
	assert_true(w->snap.scrub.enabled);
}

static void what_is_no_saved_file_is_moved_aside(void **state)
{
	static const char *const texts[] = {
		"", "{}", "[1, 2]",
		"{\"version\": 1, \"boot_id\": \"" BOOT "\"}",
		"{\"version\": 1, \"boot_id\": \"" BOOT "\", \"enabled\": 1,"
		" \"budget_pages\": 1, \"vmms\": []}",
		"{\"version\": 1, \"boot_id\": \"" BOOT "\", \"enabled\": true,"
		" \"budget_pages\": 0, \"vmms\": []}",
		"{\"version\": 1, \"boot_id\": \"" BOOT "\", \"enabled\": true,"
		" \"budget_pages\": 1, \"vmms\": [-1]}",
		"{\"version\": 1, \"boot_id\": \"" BOOT "\", \"enabled\": true,"
		" \"budget_pages\": 1, \"vmms\": [7, 7]}",
		"{\"version\": 1, \"boot_id\": \"" BOOT "\", \"enabled\": true,"
		" \"budget_pages\": 1, \"vmms\": [], \"more\": 1}",
	};
	struct world *w = *state;
	char bad[80];

	snprintf(bad, sizeof(bad), "%s.bad", w->file.path);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		FILE *f = fopen(w->file.path, "w");

		assert_non_null(f);
		fputs(texts[i], f);
		fclose(f);
		assert_int_equal(reopen(w, BOOT), 0);
		assert_string_equal(w->file.kind, "scrubber-failed");
		assert_int_equal(w->sets, 0);
		assert_int_equal(unlink(bad), 0);
		assert_int_equal(access(w->file.path, F_OK), -1);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_set_was_saved_and_comes_back),
		TEST(it_is_saved_with_nobody_to_register_too),
		TEST(it_runs_when_ksmd_rests),
		TEST(a_killed_run_is_healed),
		TEST(another_boot_has_nothing_to_heal),
		TEST(a_module_that_is_gone_has_nothing_to_be_given_back),
		TEST(a_module_loaded_anew_is_set_anew),
		TEST(who_switches_it_keeps_it),
		TEST(vmms_of_others_stay_theirs),
		TEST(vms_come_and_go),
		TEST(a_refusal_is_said_once),
		TEST(who_is_gone_is_no_error),
		TEST(nothing_is_set_that_cannot_be_saved),
		TEST(what_is_no_saved_file_is_moved_aside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
