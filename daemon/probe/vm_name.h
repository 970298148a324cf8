/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a process is and what people call it, from its command line, cgroup
 * and comm. Nothing here asks libvirt, which need not be there.
 *
 * A command line is the raw /proc/PID/cmdline: arguments ended by NUL, the
 * last one perhaps cut off.
 */
#ifndef DENSITY_PROBE_VM_NAME_H
#define DENSITY_PROBE_VM_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "../../policy/snap.h"
#include "text.h"

/* Which VMM it is, by argv[0] or else comm; SNAP_VMM_NONE when none known. */
enum snap_vmm probe_vmm_of(struct probe_text cmdline, const char *comm);

/*
 * The name after -name, --id and the like, as the VMM @vmm spells it. Raw
 * bytes, NUL-terminated, cut to fit.
 */
bool probe_name_from_cmdline(enum snap_vmm vmm, struct probe_text cmdline,
			     char ret_name[SNAP_NAME_LEN]);

/*
 * The name in the scope that systemd-machined gives a libvirt guest:
 * machine-qemu\x2d1\x2dNAME.scope, unescaped.
 */
bool probe_name_from_cgroup(struct probe_text cgroup,
			    char ret_name[SNAP_NAME_LEN]);

/*
 * Libvirt leaves characters out of a scope's name that host names may not
 * have. True when @scope is what it makes of @name.
 */
bool probe_name_is_scope(const char *name, const char *scope);

/*
 * Make @name printable UTF-8 in place: control characters, directional
 * overrides and bytes that are no UTF-8 become '?', a character that was cut
 * in half at the end goes.
 */
void probe_name_sanitise(char *name);

#endif
