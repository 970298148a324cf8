/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The saved-knobs file: the originals, on disk before the first write.
 *
 *	version=1
 *	boot_id=0b1c3f0e-...		(or - when it is not known)
 *	advisor_mode=1			(a knob that the kernel has not got
 *	sleep_millisecs=20		 has no line)
 *	pages_to_scan=100
 *	smart_scan=1
 *	run=0
 *	end=5				(the number of knobs)
 *
 * The last line tells a whole file from a truncated one. Private to act/.
 */
#ifndef DENSITY_ACT_SAVED_H
#define DENSITY_ACT_SAVED_H

#include <stddef.h>

#include "knobs.h"

#define ACT_SAVED_MAX 4096
#define ACT_SAVED_WHY_LEN 160

/* 0 or -errno; see act_file_replace(). */
int act_saved_store(const char *path, const struct act_values *values,
		    const char *boot_id);

/*
 * 0; -ENOENT when there is no file; -ESTALE when it is of another boot than
 * @boot_id; -EBADMSG, with words in @ret_why, when it is not whole and right
 * in every line; or -errno.
 */
int act_saved_load(const char *path, const char *boot_id,
		   struct act_values *ret_values,
		   char ret_why[ACT_SAVED_WHY_LEN]);

/* The same of @len bytes of text. */
int act_saved_parse(const char *text, size_t len, const char *boot_id,
		    struct act_values *ret_values,
		    char ret_why[ACT_SAVED_WHY_LEN]);

#endif
