/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KSMD_EXT_VMS_H
#define KSMD_EXT_VMS_H

#include <linux/sched.h>
#include <linux/types.h>

/* What is remembered of a VM, so that its end can be told, too. */
struct vm_known {
	u64 id;		/* KVM's, never used again */
	pid_t tgid;	/* of the VMM, in the initial namespace; 0: was gone */
	char comm[TASK_COMM_LEN];
};

/* Called with a VM that has come or gone. It may sleep. */
typedef void vms_change_fn(const struct vm_known *vm, bool started);

/*
 * Remember the VMs that there are, without telling @changed of them, and look
 * again once a second from then on, until stopped.
 */
void vms_start(vms_change_fn *changed);
void vms_stop(void);
/* Forget all; nothing may be called after that. */
void vms_exit(void);

/*
 * Compare what is remembered with what there is. Returns a number that is other
 * than the last one if and only if a VM has come or gone since.
 */
u32 vms_refresh(void);

/* Does the process @tgid own one of the VMs of the last refresh? */
bool vms_is_owner(pid_t tgid);

#endif /* KSMD_EXT_VMS_H */
