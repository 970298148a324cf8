/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The scrubber of the page cache, at each beat of extension.h:
 *
 *	law_scrub -> act_scrubber
 */
#ifndef DENSITY_SCRUB_H
#define DENSITY_SCRUB_H

#include <jansson.h>

#include "act/scrubber.h"
#include "conf.h"

struct scrub;

/*
 * @saved_path: see act_scrubber_open(), whose errors are returned; NULL: decide,
 * but set nothing.
 */
int scrub_open(const char *saved_path, const struct act_says *says,
	       struct scrub **ret_scrub);

/* A scrubber that somebody has set to a dry run is left to them. */
void scrub_tick(struct scrub *scrub, const struct snap *snap,
		const struct conf_scrub *conf,
		const struct law_params *params);

/* Give it back: when told to stand aside, and at the end. 0, -errno. */
int scrub_restore(struct scrub *scrub);
/* Does not restore. NULL is fine. */
void scrub_close(struct scrub *scrub);

/* For status: an object, or NULL where there is no scrubber. */
json_t *scrub_object(const struct scrub *scrub, const struct snap *snap);

#endif
