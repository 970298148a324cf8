// SPDX-License-Identifier: GPL-2.0
/* Who owns a VM: KVM's debugfs directories. See kvm.h. */
#include <stdio.h>

#include "file.h"
#include "kvm.h"
#include "proc.h"

#define KVM_DIR "sys/kernel/debug/kvm"

/* /proc/TID answers for threads too, although no listing of /proc shows it. */
static void leader_of(int root_fd, int32_t tid, int32_t *ret_pid)
{
	char path[64];
	char buf[4096];
	long len;

	snprintf(path, sizeof(path), "proc/%d/status", tid);
	len = probe_file_read_once(root_fd, path, buf, sizeof(buf));
	if (len > 0)
		probe_status_tgid(probe_text_of(buf, (size_t)len), ret_pid);
}

struct reading {
	int root_fd;
	const struct probe_pids *known;
	struct probe_pids *owners;
};

static void add_vm(void *arg, const char *name)
{
	const struct reading *reading = arg;
	int32_t pid;

	/* Beside the directories there are KVM's own counters. */
	if (!probe_name_to_id(name, '-', &pid))
		return;
	if (!probe_pids_has(reading->known, pid))
		leader_of(reading->root_fd, pid, &pid);
	probe_pids_add(reading->owners, pid);
}

bool probe_kvm_read(int root_fd, const struct probe_pids *known,
		    struct probe_pids *owners)
{
	struct reading reading = { root_fd, known, owners };

	probe_pids_clear(owners);
	if (probe_dir_each(root_fd, KVM_DIR, add_vm, &reading))
		return false;
	probe_pids_sort(owners);
	return true;
}
