/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Limits of VMs' shadow pages: set, and given back.
 *
 * As with ksmd's knobs, whatever is set was saved first: the limit that each VM
 * had been given by somebody, or 0 where it followed the VM's memory. The file
 * is there from before the first limit is set until all are given back; healing
 * after a SIGKILL undoes what it says. A VM that is gone needs nothing back.
 *
 * A VM whose limit somebody else sets meanwhile is left to them, for good.
 */
#ifndef DENSITY_ACT_LIMITS_H
#define DENSITY_ACT_LIMITS_H

#include <stdint.h>

#include "../../policy/law_shadow.h"
#include "../../policy/snap.h"
#include "originals.h"

struct act_limits_driver {
	/*
	 * Set the limit of VM @id in pages; 0: follow its memory. 0, -ESRCH when
	 * there is no such VM, -EINVAL when KVM allows no such limit, -ENOENT
	 * when there is no kernel extension, or -errno.
	 */
	int (*set)(void *ctx, uint64_t id, uint32_t pages);
	void (*close)(void *ctx);
};

/* The kernel extension's, by netlink. Sets *ret_ctx; 0 or -ENOMEM. */
extern const struct act_limits_driver act_limits_netlink;
int act_limits_netlink_new(void **ret_ctx);

struct act_limits;

/*
 * @saved_path: the file of saved limits; if there is one, a run was killed and
 * its limits are given back at once. A file of another boot is deleted, one that
 * cannot be understood moved aside as PATH.bad. NULL: keep them in memory only.
 * Takes over @ctx, also on failure. 0, -ENOMEM or -errno.
 */
int act_limits_open(const struct act_limits_driver *driver, void *ctx,
		    const char *saved_path, const char *boot_id,
		    const struct act_says *says,
		    struct act_limits **ret_limits);

/*
 * Set the limits of @decision, which was made from @snap. A limit that is
 * refused is said once, and is no error. When the originals cannot be saved
 * none is set. Returns how many were set, or -errno.
 */
int act_limits_apply(struct act_limits *limits, const struct snap *snap,
		     const struct law_shadow_decision *decision);
/* Did somebody else set the limit of this VM? */
bool act_limits_is_foreign(const struct act_limits *limits, uint64_t id);

/*
 * Give every limit back, but those of others. What cannot be reached stays in
 * the file for the next heal. 0 or -errno of the first failure.
 */
int act_limits_restore(struct act_limits *limits);
/* Does not restore. NULL is fine. */
void act_limits_close(struct act_limits *limits);

#endif
