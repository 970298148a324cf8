/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file of originals: how things were before densityd set them, as JSON.
 *
 *	{"version": 1, "boot_id": "0b1c3f0e-...", ...what was set...}
 *
 * It is there from before the first setting until all is given back, so a run
 * that was killed can be healed. What it says holds for one boot.
 */
#ifndef DENSITY_ACT_ORIGINALS_H
#define DENSITY_ACT_ORIGINALS_H

#include <jansson.h>
#include <stdbool.h>

#include "act.h"

/* Words that belong into the log and the history. */
struct act_says {
	void (*on_event)(void *arg, const char *kind, const char *text);
	void *arg;
};

void act_say(const struct act_says *says, const char *kind,
	     const char *format, ...) __attribute__((format(printf, 3, 4)));

/* This boot's identity; "" when it is not told. */
void act_this_boot(char ret_id[ACT_BOOT_ID_LEN]);

struct act_originals {
	const char *failed;	/* kind of event when the file is of no use */
	const char *unset;	/* what is not done without it, in words */
	struct act_says says;
	char *path;		/* NULL: nothing is kept on disk */
	char boot_id[ACT_BOOT_ID_LEN];
	bool unsaved;		/* the last save failed, and that was said */
};

/* @failed, @unset: constants. @path NULL: in memory only. 0 or -ENOMEM. */
int act_originals_init(struct act_originals *originals, const char *failed,
		       const char *unset, const char *path,
		       const char *boot_id, const struct act_says *says);
void act_originals_done(struct act_originals *originals);

/*
 * Replace the file by one with the members of @body, which is let go. 0, or
 * -errno: then nothing may be set.
 */
int act_originals_save(struct act_originals *originals, json_t *body);

/*
 * What a killed run left: 1 and the members in *ret_body, the caller's; 0 when
 * there is no file or one of another boot, which is deleted; or -errno, as for
 * what densityd does not write, which is moved aside as PATH.bad.
 */
int act_originals_load(struct act_originals *originals, json_t **ret_body);
/* The members make no sense: move the file aside. 0 or -errno. */
int act_originals_refuse(struct act_originals *originals, const char *why);

/* All is given back. 0 or -errno. */
int act_originals_remove(const struct act_originals *originals);

#endif
