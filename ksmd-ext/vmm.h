/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KSMD_EXT_VMM_H
#define KSMD_EXT_VMM_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/types.h>

#include "contents.h"

struct ksm_fingerprint;
struct pid;

/* What one look at a guest's fingerprints found, in pages. */
struct vmm_look {
	u64 fingerprints;
	u64 stable;
	u64 unchanged;
	u64 volatile_;
	u64 zero;
	u64 reappeared;
};

struct vmm {
	struct list_head node;
	struct kref refs;
	u64 serial;		/* grows along the list */
	struct pid *pid;
	bool all_files;
	u64 nr_looks;
	struct vmm_look look;	/* the last one */
	u64 reread;		/* until the last look */
	u64 reread_since;	/* and from then on */
	u32 looked_in_run;	/* number of the scrubber's run */
	struct contents contents;	/* of the scrubber alone */
};

/*
 * The part of the working set that shows: pages that were written, contents that
 * had left the guest's memory and came back, and pages of its images that
 * had to be read from disk again. Pages that are only read, and stay, are not
 * seen by KSM: it is a lower bound.
 */
static inline u64 vmm_working_set(const struct vmm *vmm)
{
	return vmm->look.volatile_ + vmm->look.reappeared + vmm->reread;
}

/* The functions from here on want registry_mutex. */

/* Register a process, or have it registered with @all_files. -ENOMEM, -ENOSPC. */
int vmm_add(struct pid *pid, bool all_files);
struct vmm *vmm_find(const struct pid *pid);
/* The one behind @vmm in the order of registration, the first one for NULL. */
struct vmm *vmm_next(struct vmm *vmm);
void vmm_forget(struct vmm *vmm);
struct vmm *vmm_get(struct vmm *vmm);
/* A look has been completed. */
void vmm_publish(struct vmm *vmm, const struct vmm_look *look);
/* Wants no mutex. */
void vmm_put(struct vmm *vmm);

u32 vmms_generation(void);
void vmms_forget_all(void);

/* The scrubber, and it alone: a look begins, and fingerprints are seen. */
void vmm_begin_look(struct vmm *vmm, struct vmm_look *ret_look);
void vmm_see(struct vmm *vmm, struct vmm_look *look,
	     const struct ksm_fingerprint *prints, long nr);

#endif /* KSMD_EXT_VMM_H */
