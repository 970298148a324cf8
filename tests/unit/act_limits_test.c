// SPDX-License-Identifier: GPL-2.0
/* Limits of shadow pages: what is set was saved, and comes back. */
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

#include "../../daemon/act/limits.h"
#include "originals_fixture.h"

#define VMS 4

/* A kernel with four VMs, and what it was asked for. */
struct world {
	struct snap snap;
	struct snap_shadow vms[VMS];
	struct law_shadow_decision decision;
	struct act_limits *limits;
	int error;			/* of each set */
	unsigned int sets;
	bool saved_first;		/* at each set the file was there */
	struct fx_file file;
};

static struct snap_shadow *vm_of(struct world *w, uint64_t id)
{
	for (int i = 0; i < VMS; i++)
		if (w->vms[i].id == id)
			return &w->vms[i];
	return NULL;
}

static int set(void *ctx, uint64_t id, uint32_t pages)
{
	struct world *w = ctx;
	struct snap_shadow *vm = vm_of(w, id);

	w->sets++;
	w->saved_first &= access(w->file.path, F_OK) == 0;
	if (w->error)
		return w->error;
	if (!vm)
		return -ESRCH;
	if (pages && pages < 64)
		return -EINVAL;
	vm->requested = pages;
	return 0;
}

static void let_go(void *ctx)
{
	(void)ctx;
}

static const struct act_limits_driver driver = { .set = set, .close = let_go };

static int reopen(struct world *w, const char *boot_id)
{
	const struct act_says says = fx_says(&w->file);

	act_limits_close(w->limits);
	w->limits = NULL;
	w->file.events = 0;
	return act_limits_open(&driver, w, w->file.path, boot_id, &says,
			       &w->limits);
}

static int begin(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w)
		return -1;
	*state = w;
	if (fx_begin_file(&w->file, "saved-limits"))
		return -1;
	w->saved_first = true;
	w->snap.shadows = w->vms;
	w->snap.nshadows = VMS;
	for (int i = 0; i < VMS; i++)
		w->vms[i] = (struct snap_shadow){ .id = 10 + 5 * i,
						  .limit = 128 };
	w->vms[2].requested = 300;	/* by somebody */
	return reopen(w, BOOT);
}

static int end(void **state)
{
	struct world *w = *state;

	act_limits_close(w->limits);
	fx_end_file(&w->file);
	free(w);
	return 0;
}

static void want(struct world *w, uint64_t id, uint32_t pages)
{
	w->decision.limits[w->decision.nlimits++] =
		(struct law_shadow_limit){ id, pages };
}

static int apply(struct world *w)
{
	int r = act_limits_apply(w->limits, &w->snap, &w->decision);

	w->decision.nlimits = 0;
	return r;
}

static void what_is_set_was_saved_and_comes_back(void **state)
{
	struct world *w = *state;

	want(w, 10, 100);
	want(w, 20, 200);
	assert_int_equal(apply(w), 2);
	assert_int_equal(w->vms[0].requested, 100);
	assert_int_equal(w->vms[2].requested, 200);
	assert_true(w->saved_first);
	assert_int_equal(act_limits_restore(w->limits), 0);
	assert_int_equal(w->vms[0].requested, 0);
	assert_int_equal(w->vms[2].requested, 300);
	assert_int_equal(w->vms[1].requested, 0);
	assert_int_equal(access(w->file.path, F_OK), -1);
	assert_int_equal(w->sets, 4);
}

static void a_killed_run_is_healed(void **state)
{
	struct world *w = *state;

	want(w, 10, 100);
	want(w, 20, 200);
	want(w, 25, 70);
	assert_int_equal(apply(w), 3);
	/* VM 25 goes, and the daemon is killed: nothing is given back. */
	w->vms[3].id = 99;
	assert_int_equal(reopen(w, BOOT), 0);
	assert_int_equal(w->vms[0].requested, 0);
	assert_int_equal(w->vms[2].requested, 300);
	assert_int_equal(access(w->file.path, F_OK), -1);
	assert_string_equal(w->file.kind, "healed");
	assert_non_null(strstr(w->file.text, "3 VMs"));
	/* And once is enough. */
	assert_int_equal(reopen(w, BOOT), 0);
	assert_int_equal(w->file.events, 0);
}

static void another_boot_has_other_vms(void **state)
{
	struct world *w = *state;

	want(w, 10, 100);
	assert_int_equal(apply(w), 1);
	assert_int_equal(reopen(w, OTHER_BOOT), 0);
	assert_int_equal(w->vms[0].requested, 100);
	assert_int_equal(access(w->file.path, F_OK), -1);
}

static void a_module_that_is_gone_is_healed_later(void **state)
{
	struct world *w = *state;

	want(w, 20, 100);
	assert_int_equal(apply(w), 1);
	w->error = -ENOENT;
	assert_int_equal(reopen(w, BOOT), 0);
	assert_int_equal(w->vms[2].requested, 100);
	assert_int_equal(access(w->file.path, F_OK), 0);
	/* It is back, and what somebody had set is still known. */
	w->error = 0;
	want(w, 20, 150);
	assert_int_equal(apply(w), 1);
	assert_int_equal(act_limits_restore(w->limits), 0);
	assert_int_equal(w->vms[2].requested, 300);
	assert_int_equal(access(w->file.path, F_OK), -1);
}

static void who_sets_a_limit_keeps_it(void **state)
{
	struct world *w = *state;

	want(w, 10, 100);
	want(w, 15, 100);
	assert_int_equal(apply(w), 2);
	w->vms[0].requested = 500;
	want(w, 10, 110);
	want(w, 15, 110);
	assert_int_equal(apply(w), 1);
	assert_int_equal(w->vms[0].requested, 500);
	assert_int_equal(w->vms[1].requested, 110);
	assert_string_equal(w->file.kind, "limits-foreign");
	assert_true(act_limits_is_foreign(w->limits, 10));
	assert_false(act_limits_is_foreign(w->limits, 15));
	assert_int_equal(act_limits_restore(w->limits), 0);
	assert_int_equal(w->vms[0].requested, 500);
	assert_int_equal(w->vms[1].requested, 0);
}

static void who_is_gone_is_no_error(void **state)
{
	struct world *w = *state;

	want(w, 10, 100);
	want(w, 777, 100);
	assert_int_equal(apply(w), 1);
	/* Gone between the look and the act. */
	want(w, 10, 110);
	want(w, 15, 100);
	w->vms[1].id = 16;
	w->snap.nshadows = 1;
	assert_int_equal(apply(w), 1);
	assert_int_equal(w->file.events, 0);
}

static void a_refusal_is_said_once(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 3; i++) {
		want(w, 10, 10);
		want(w, 15, 100);
		assert_int_equal(apply(w), 1);
	}
	assert_int_equal(w->file.events, 1);
	assert_string_equal(w->file.kind, "limits-refused");
}

static void nothing_is_set_that_cannot_be_saved(void **state)
{
	struct world *w = *state;

	/* A directory where the file's new contents would be written. */
	strcat(w->file.path, ".new");
	assert_int_equal(mkdir(w->file.path, 0755), 0);
	want(w, 10, 100);
	assert_true(apply(w) < 0);
	assert_int_equal(w->sets, 0);
	assert_string_equal(w->file.kind, "limits-failed");
	assert_int_equal(rmdir(w->file.path), 0);
	*strrchr(w->file.path, '.') = '\0';
	want(w, 10, 100);
	assert_int_equal(apply(w), 1);
}

static void what_is_no_saved_file_is_moved_aside(void **state)
{
	static const char *const bad[] = {
		"", "{", "[]", "{\"version\": 1}",
		"{\"version\": 2, \"boot_id\": \"" BOOT "\", \"limits\": []}",
		"{\"version\": 1, \"boot_id\": \"" BOOT "\", \"limits\": 3}",
		"{\"version\": 1, \"boot_id\": \"" BOOT "\", \"limits\": [],"
		" \"more\": 1}",
		"{\"version\": 1, \"boot_id\": \"" BOOT "\", \"limits\":"
		" [{\"id\": 10, \"original\": -1}]}",
		"{\"version\": 1, \"boot_id\": \"" BOOT "\", \"limits\":"
		" [{\"id\": 0, \"original\": 1}]}",
		"{\"version\": 1, \"boot_id\": \"" BOOT "\", \"limits\":"
		" [{\"id\": 10, \"original\": 4294967296}]}",
		"{\"version\": 1, \"boot_id\": \"" BOOT "\", \"limits\":"
		" [{\"id\": 10, \"original\": 1}, {\"id\": 10, \"original\": 2}]}",
	};
	struct world *w = *state;
	char aside[80];

	snprintf(aside, sizeof(aside), "%s.bad", w->file.path);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		FILE *f = fopen(w->file.path, "we");

		assert_non_null(f);
		fputs(bad[i], f);
		fclose(f);
		assert_int_equal(reopen(w, BOOT), 0);
		assert_string_equal(w->file.kind, "limits-failed");
		assert_int_equal(w->sets, 0);
		assert_int_equal(access(w->file.path, F_OK), -1);
		assert_int_equal(unlink(aside), 0);
	}
}

int main(void)
{
#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, begin, end)
	const struct CMUnitTest tests[] = {
		IN_WORLD(what_is_set_was_saved_and_comes_back),
		IN_WORLD(a_killed_run_is_healed),
		IN_WORLD(another_boot_has_other_vms),
		IN_WORLD(a_module_that_is_gone_is_healed_later),
		IN_WORLD(who_sets_a_limit_keeps_it),
		IN_WORLD(who_is_gone_is_no_error),
		IN_WORLD(a_refusal_is_said_once),
		IN_WORLD(nothing_is_set_that_cannot_be_saved),
		IN_WORLD(what_is_no_saved_file_is_moved_aside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
