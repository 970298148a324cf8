/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The shadow pages of each VM, asked of the kernel extension by netlink. An
 * attribute that is not known is ignored, one that is missing reads as 0.
 */
#ifndef DENSITY_PROBE_SHADOW_H
#define DENSITY_PROBE_SHADOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../ksmd-ext/client/client.h"
#include "../../policy/snap.h"

struct probe_shadow;

/* NULL: out of memory. */
struct probe_shadow *probe_shadow_new(int root_fd);
void probe_shadow_free(struct probe_shadow *shadow);

/*
 * Read all VMs into @snap->shadows, which belong to @shadow and stay valid
 * until the next call. Weights come from @snap->vms, by pid. False when the
 * extension did not answer: then @snap is left alone.
 */
bool probe_shadow_read(struct probe_shadow *shadow, struct client *client,
		       struct snap *snap);

/* What the answer's part number @reply says of a VM; the rest of it is 0. */
struct snap_shadow probe_shadow_parse(const struct client *client,
				      size_t reply);

/*
 * Add to @snap's counters of all VMs what each has counted between two answers,
 * both ordered by id. A VM that is new, or was begun anew, counts whole.
 */
void probe_shadow_add_up(const struct snap_shadow *before, size_t nbefore,
			 const struct snap_shadow *now, size_t nnow,
			 struct snap *snap);

#endif
