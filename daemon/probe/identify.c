// SPDX-License-Identifier: GPL-2.0
/* From a process to its VMM and its name. See identify.h. */
#include <stdio.h>
#include <string.h>

#include "file.h"
#include "identify.h"
#include "text.h"
#include "vm_name.h"

#define LIBVIRT_DIR "run/libvirt/qemu"

static struct probe_text read_proc(int root_fd, int32_t pid, const char *file,
				   char *buf)
{
	char path[64];
	long len;

	snprintf(path, sizeof(path), "proc/%d/%s", pid, file);
	len = probe_file_read_once(root_fd, path, buf, PROBE_BUF_SIZE);
	return probe_text_of(buf, len > 0 ? (size_t)len : 0);
}

enum snap_vmm probe_identify_vmm(int root_fd, int32_t pid, const char *comm,
				 char *buf)
{
	return probe_vmm_of(read_proc(root_fd, pid, "cmdline", buf), comm);
}

struct pid_file_search {
	int root_fd;
	int32_t pid;
	char *ret_name;
	bool found;
};

static void try_pid_file(void *arg, const char *name)
{
	struct pid_file_search *search = arg;
	size_t len = strlen(name);
	char path[sizeof(LIBVIRT_DIR) + 300];
	char buf[32];
	uint64_t pid;
	long got;

	if (search->found || len <= 4 || strcmp(name + len - 4, ".pid"))
		return;
	snprintf(path, sizeof(path), LIBVIRT_DIR "/%s", name);
	got = probe_file_read_once(search->root_fd, path, buf, sizeof(buf));
	if (got <= 0 ||
	    !probe_text_only_u64(probe_text_of(buf, (size_t)got), &pid) ||
	    pid != (uint64_t)search->pid)
		return;
	search->found = true;
	snprintf(search->ret_name, SNAP_NAME_LEN, "%.*s", (int)(len - 4), name);
}

static bool name_from_pid_file(int root_fd, int32_t pid,
			       char ret_name[SNAP_NAME_LEN])
{
	struct pid_file_search search = { root_fd, pid, ret_name, false };

	probe_dir_each(root_fd, LIBVIRT_DIR, try_pid_file, &search);
	return search.found;
}

void probe_identify_name(int root_fd, int32_t pid, enum snap_vmm vmm,
			 const char *comm, char *buf,
			 char ret_name[SNAP_NAME_LEN])
{
	char scope[SNAP_NAME_LEN];
	char name[SNAP_NAME_LEN];
	bool has_scope, has_name;

	has_scope = probe_name_from_cgroup(
		read_proc(root_fd, pid, "cgroup", buf), scope);
	has_name = probe_name_from_cmdline(
		vmm, read_proc(root_fd, pid, "cmdline", buf), name);
	if (has_scope && !(has_name && probe_name_is_scope(name, scope)))
		strcpy(name, scope);
	else if (!has_name &&
		 !(vmm == SNAP_VMM_QEMU &&
		   name_from_pid_file(root_fd, pid, name)))
		snprintf(name, sizeof(name), "%.40s-%d", comm, pid);
	probe_name_sanitise(name);
	strcpy(ret_name, name);
}
