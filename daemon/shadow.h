/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shadow pages, at each beat of extension.h:
 *
 *	law_shadow -> act_limits
 */
#ifndef DENSITY_SHADOW_H
#define DENSITY_SHADOW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "act/limits.h"
#include "conf.h"

struct shadow;

/*
 * @saved_path: see act_limits_open(), whose errors are returned; NULL: decide,
 * but set nothing.
 */
int shadow_open(const char *saved_path, const struct act_says *says,
		struct shadow **ret_shadow);

void shadow_tick(struct shadow *shadow, const struct snap *snap,
		 const struct conf_shadow *conf);

/* Give all limits back: when told to stand aside, and at the end. 0, -errno. */
int shadow_restore(struct shadow *shadow);
/* Does not restore. NULL is fine. */
void shadow_close(struct shadow *shadow);

/* For status: an object, or NULL where there is no extension. */
json_t *shadow_object(const struct shadow *shadow, const struct snap *snap);

#endif
