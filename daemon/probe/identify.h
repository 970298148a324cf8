/* SPDX-License-Identifier: GPL-2.0 */
/* From a process to its VMM and its name, reading what is needed for it. */
#ifndef DENSITY_PROBE_IDENTIFY_H
#define DENSITY_PROBE_IDENTIFY_H

#include <stdint.h>

#include "../../policy/snap.h"

/* By the first argument of the command line, else by @comm. */
enum snap_vmm probe_identify_vmm(int root_fd, int32_t pid, const char *comm,
				 char *buf);

/*
 * The best name there is, sanitised. In order: libvirt's scope (spelled as
 * -name does when the two agree), the command line, libvirt's file NAME.pid,
 * COMM-PID. The cgroup goes first because a guest's owner cannot choose it.
 * @buf: PROBE_BUF_SIZE bytes.
 */
void probe_identify_name(int root_fd, int32_t pid, enum snap_vmm vmm,
			 const char *comm, char *buf,
			 char ret_name[SNAP_NAME_LEN]);

#endif
