/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who owns a VM, whatever the program is called: KVM's debugfs directories.
 *
 * /sys/kernel/debug/kvm holds a directory PID-FD for every VM. PID is the
 * thread that created it, not always the leader of its process.
 */
#ifndef DENSITY_PROBE_KVM_H
#define DENSITY_PROBE_KVM_H

#include <stdbool.h>

#include "pids.h"

/*
 * Read the owners anew, sorted. For an id that is not among the processes
 * @known (sorted) its leader is asked for, which may be itself. False when
 * KVM's debugfs is not there.
 */
bool probe_kvm_read(int root_fd, const struct probe_pids *known,
		    struct probe_pids *owners);

#endif
