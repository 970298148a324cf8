/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The scrubber of the page cache: set, given images to look at, given back.
 *
 * What was there is saved first: whether it was on, its budget, and which VMMs
 * densityd registers; those that somebody else has registered stay theirs. The
 * file is there until all is given back, and healing after a SIGKILL undoes what
 * it says. A module that is loaded anew has forgotten everything, so there is
 * nothing to give back to it.
 *
 * Who switches the scrubber, or sets its budget, meanwhile has it to himself
 * until densityd has given it back.
 */
#ifndef DENSITY_ACT_SCRUBBER_H
#define DENSITY_ACT_SCRUBBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../policy/law_scrub.h"
#include "../../policy/snap.h"
#include "originals.h"

/* Each returns -ENOENT when there is no kernel extension, or -errno. */
struct act_scrubber_driver {
	int (*set)(void *ctx, bool enabled, uint32_t budget_pages);
	/*
	 * Register, or forget, what the VMM @pid has open. -ESRCH: no such
	 * process; -ENOENT also when it is not registered.
	 */
	int (*add)(void *ctx, int32_t pid);
	int (*forget)(void *ctx, int32_t pid);
	/* Now, not at the end of a pass. -EBUSY: a run is waiting already. */
	int (*run)(void *ctx);
	/* Their number; the pids are the driver's until its next call. */
	int (*list)(void *ctx, const int32_t **ret_pids);
	/* Which module answered last: another number, another module. */
	int (*module)(void *ctx);
	void (*close)(void *ctx);
};

/* The kernel extension's, by netlink. Sets *ret_ctx; 0 or -ENOMEM. */
extern const struct act_scrubber_driver act_scrubber_netlink;
int act_scrubber_netlink_new(void **ret_ctx);

struct act_scrubber;

/* As act_limits_open(). */
int act_scrubber_open(const struct act_scrubber_driver *driver, void *ctx,
		      const char *saved_path, const char *boot_id,
		      const struct act_says *says,
		      struct act_scrubber **ret_scrubber);

/*
 * Have the scrubber do as @decision says, on the images of all VMs of @snap
 * that can merge, of which it tells the scrubber's settings too. A VMM that is
 * refused is said once, and is no error. Between two passes of ksmd that are
 * further apart than calls of this it is told to run. Nothing is set when the
 * originals cannot be saved. 0, -EBUSY when somebody else has it, or -errno.
 */
int act_scrubber_apply(struct act_scrubber *scrubber, const struct snap *snap,
		       const struct law_scrub_decision *decision);

/* Is anything set that act_scrubber_restore() would give back? */
bool act_scrubber_holds(const struct act_scrubber *scrubber);
/* What cannot be given back stays in the file. 0, -errno of the first failure. */
int act_scrubber_restore(struct act_scrubber *scrubber);
/* Does not restore. NULL is fine. */
void act_scrubber_close(struct act_scrubber *scrubber);

#endif
