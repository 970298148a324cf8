/* SPDX-License-Identifier: GPL-2.0 */
/* The scrubber of the page cache, asked of the kernel extension by netlink. */
#ifndef DENSITY_PROBE_SCRUB_H
#define DENSITY_PROBE_SCRUB_H

#include <stdbool.h>

#include "../../ksmd-ext/client/client.h"
#include "../../policy/snap.h"

/* Of its answer; false when a part is missing that densityd cannot do without. */
bool probe_scrub_parse(const struct client *client,
		       struct snap_scrub *ret_scrub);
/* False when there is none in this module: then @ret_scrub is left alone. */
bool probe_scrub_read(struct client *client, struct snap_scrub *ret_scrub);

#endif
