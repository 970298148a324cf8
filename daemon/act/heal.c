// SPDX-License-Identifier: GPL-2.0
/*
 * After SIGKILL: the saved-knobs file tells what the host looked like.
 *
 * The file is there from before the first write until after the last one, so
 * whenever the daemon dies, healing finds either nothing changed or a file
 * that undoes it. Healing twice is harmless, and so is dying while healing.
 */
#include <errno.h>
#include <string.h>

#include "file.h"
#include "heal.h"
#include "saved.h"

void act_boot_id(const struct act_knobs *knobs, char ret_id[ACT_BOOT_ID_LEN])
{
	ret_id[0] = '\0';
	if (knobs->driver->boot_id)
		knobs->driver->boot_id(knobs->ctx, ret_id);
}

static int set_aside(struct act_knobs *knobs, const char *saved_path,
		     const char *why)
{
	int r = act_file_set_aside(saved_path);

	if (r < 0) {
		act_knobs_event(knobs, ACT_EVENT_FAILED,
				"saved knobs in %s refused: %s; moving it aside failed: %s",
				saved_path, why, strerror(-r));
		return r;
	}
	act_knobs_event(knobs, ACT_EVENT_FAILED,
			"saved knobs in %s refused: %s; nothing was given back, the file is now %s.bad",
			saved_path, why, saved_path);
	return -EBADMSG;
}

static int give_back(struct act_knobs *knobs, struct act_values *originals,
		     const char *saved_path)
{
	unsigned int written = 0;
	int r;

	/*
	 * Nobody here knows whether there is memory to unmerge; a ksmd that
	 * stands still with its pages shared is the safe form of run = 2.
	 */
	if (originals->value[ACT_KNOB_RUN] == SNAP_RUN_UNMERGE &&
	    knobs->now.value[ACT_KNOB_RUN] != SNAP_RUN_UNMERGE)
		originals->value[ACT_KNOB_RUN] = SNAP_RUN_STOP;
	r = act_knobs_give_back(knobs, originals, "heal after a killed run",
				&written);
	if (!r)
		r = act_file_remove(saved_path);
	if (r < 0)
		return r;
	act_knobs_event(knobs, ACT_EVENT_HEALED,
			"knobs of a killed run given back from %s: %u changed",
			saved_path, written);
	return 1;
}

int act_heal_knobs(struct act_knobs *knobs, const char *saved_path)
{
	char boot_id[ACT_BOOT_ID_LEN];
	char why[ACT_SAVED_WHY_LEN];
	struct act_values originals;
	int r;

	act_boot_id(knobs, boot_id);
	r = act_saved_load(saved_path, boot_id, &originals, why);
	switch (r) {
	case 0:
		return give_back(knobs, &originals, saved_path);
	case -ENOENT:
		return 0;
	case -ESTALE:
		return act_file_remove(saved_path);
	case -EBADMSG:
		return set_aside(knobs, saved_path, why);
	default:
		return r;
	}
}

int act_heal(const char *root, const char *saved_path,
	     const struct act_hooks *hooks)
{
	struct act_knobs knobs;
	void *ctx;
	int r;

	r = act_sysfs_new(root, &ctx);
	if (r < 0)
		return r;
	act_knobs_init(&knobs, &act_driver_sysfs, ctx, hooks);
	r = act_driver_sysfs.claim(ctx);
	if (!r)
		r = act_knobs_read_damaged(&knobs, &knobs.now);
	if (!r)
		r = act_heal_knobs(&knobs, saved_path);
	act_knobs_done(&knobs);
	return r;
}
