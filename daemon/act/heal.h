/* SPDX-License-Identifier: GPL-2.0 */
/* Giving back what a killed run left behind. Private to act/. */
#ifndef DENSITY_ACT_HEAL_H
#define DENSITY_ACT_HEAL_H

#include "knobs.h"

/*
 * Deal with what is at @saved_path: give the originals back and delete it,
 * delete it when it is of another boot, move it aside when it is malformed.
 * @knobs->now must be filled. Returns 1 when the originals were given back,
 * 0 when there was nothing to give, -EBADMSG when it was moved aside, or
 * -errno; then the file is still there.
 */
int act_heal_knobs(struct act_knobs *knobs, const char *saved_path);

/* The identity of the boot that @knobs belong to; "" when it is not known. */
void act_boot_id(const struct act_knobs *knobs, char ret_id[ACT_BOOT_ID_LEN]);

#endif
