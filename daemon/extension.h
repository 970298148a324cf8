/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is done with the kernel extension: a beat of its own beside ksmd's, every
 * EXTENSION_INTERVAL_S.
 *
 *	probe_extension -> shadow.h, scrub.h
 *
 * Only where the extension is; elsewhere a beat does nothing.
 */
#ifndef DENSITY_EXTENSION_H
#define DENSITY_EXTENSION_H

#include <jansson.h>
#include <stdbool.h>

#include "act/originals.h"
#include "conf.h"
#include "probe/probe.h"

/* Faults come by the hundred a second where it matters: enough to tell. */
#define EXTENSION_INTERVAL_S 10

struct extension_paths {
	const char *limits;		/* see act_limits_open() */
	const char *scrubber;		/* see act_scrubber_open() */
};

struct extension;

/*
 * Gives back what a killed run left. A half whose file is of no use only
 * watches, and says so; NULL paths: both. Returns 0 or -ENOMEM.
 */
int extension_open(const struct extension_paths *paths,
		   const struct act_says *says,
		   struct extension **ret_extension);
/* Only give back what a killed run left: 0, or -errno of the first failure. */
int extension_heal(const struct extension_paths *paths,
		   const struct act_says *says);

/* @snap is the probe's, and its table of VMs what it was when last read. */
void extension_tick(struct extension *extension, struct probe *probe,
		    const struct snap *snap, const struct conf *conf);

/* It answered at the last beat. */
bool extension_seen(const struct extension *extension);

/* Give everything back: when told to stand aside, and at the end. 0, -errno. */
int extension_restore(struct extension *extension);
/* Does not restore. NULL is fine. */
void extension_close(struct extension *extension);

/* For status: @ret_shadow and @ret_scrub, each NULL where there is none. */
void extension_objects(const struct extension *extension,
		       const struct snap *snap, json_t **ret_shadow,
		       json_t **ret_scrub);

#endif
