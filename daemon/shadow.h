/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shadow pages: a beat of its own beside ksmd's, every SHADOW_INTERVAL_S.
 *
 *	probe_shadows -> law_shadow -> act_limits
 *
 * Only where the kernel extension is; elsewhere a tick does nothing.
 */
#ifndef DENSITY_SHADOW_H
#define DENSITY_SHADOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "act/limits.h"
#include "conf.h"
#include "probe/probe.h"

/* Faults come by the hundred a second where it matters: enough to tell. */
#define SHADOW_INTERVAL_S 10

struct shadow;

/*
 * @saved_path: see act_limits_open(), whose errors are returned; NULL: decide,
 * but set nothing.
 */
int shadow_open(const char *saved_path, const struct act_says *says,
		struct shadow **ret_shadow);

/* @snap is the probe's, and its table of VMs what it was when last read. */
void shadow_tick(struct shadow *shadow, struct probe *probe,
		 const struct snap *snap, const struct conf_shadow *conf);

/* The kernel extension answered at the last beat. */
bool shadow_seen(const struct shadow *shadow);

/* Give all limits back: when told to stand aside, and at the end. 0, -errno. */
int shadow_restore(struct shadow *shadow);
/* Does not restore. NULL is fine. */
void shadow_close(struct shadow *shadow);

/* For status: an object, or NULL where there is no extension. */
json_t *shadow_object(const struct shadow *shadow, const struct snap *snap);

#endif
