/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host-wide sources, a file each. Parsers are pure: bytes in, fields out.
 * They return the capabilities that the text proved; what they did not find
 * or could not read as a number stays zero.
 */
#ifndef DENSITY_PROBE_SOURCES_H
#define DENSITY_PROBE_SOURCES_H

#include <stddef.h>
#include <stdint.h>

#include "../../policy/snap.h"
#include "file.h"
#include "text.h"

/* ksm.c: /sys/kernel/mm/ksm, one file a value. */
struct probe_ksm;
/* NULL when out of memory. */
struct probe_ksm *probe_ksm_new(void);
void probe_ksm_free(struct probe_ksm *ksm);
/*
 * Read the counters and the knobs that move. Returns caps; all of @ksm_fields
 * is zero when they lack SNAP_CAP_KSM.
 */
uint32_t probe_ksm_read(struct probe_ksm *ksm, int root_fd,
			struct snap_ksm *ksm_fields);
/*
 * The same when ksmd has not run since the last read, into the same
 * @ksm_fields: what only ksmd moves is not read again, and of the knobs only
 * run unless @knobs.
 */
uint32_t probe_ksm_read_resting(struct probe_ksm *ksm, int root_fd, bool knobs,
				struct snap_ksm *ksm_fields);
/* Only the knobs of a batch and how far ksmd is. False when a file is missing by now. */
bool probe_ksm_read_progress(struct probe_ksm *ksm, int root_fd,
			     struct snap_ksm *ksm_fields);
/* Those that only an administrator moves, and statistics nobody steers by. */
void probe_ksm_read_seldom(struct probe_ksm *ksm, int root_fd,
			   struct snap_ksm *ksm_fields);
/*
 * Set the field that belongs to the file @name from its contents. False when
 * the name is unknown or the text is no such value (the field is then zero).
 */
bool probe_ksm_parse(const char *name, struct probe_text text,
		     struct snap_ksm *ksm_fields, uint32_t *ret_cap);

/* ksmd.c: nanoseconds on a CPU, the first number of schedstat. */
bool probe_schedstat_parse(struct probe_text text, uint64_t *ret_cpu_ns);

/* vmstat.c, meminfo.c: return caps; @ret_host's other fields stay. */
uint32_t probe_vmstat_parse(struct probe_text text, struct snap_host *ret_host);
uint32_t probe_meminfo_parse(struct probe_text text,
			     struct snap_host *ret_host);
/* AnonHugePages of meminfo; UINT64_MAX when it is not told. */
uint64_t probe_meminfo_thp_kib(struct probe_text text);
/* A node's meminfo: lines of the same form after "Node N". @id is kept. */
bool probe_node_parse(struct probe_text text, struct snap_node *ret_node);

/* Behind it stands nothing that matters, where there is one. */
#define PROBE_VMSTAT_LAST "\ncow_ksm "
/* nr_free_pages of vmstat; false when it is not told. */
bool probe_vmstat_free(struct probe_text text, uint64_t *ret_pages);

/* psi.c: false when the text is not of the kernel's form. */
bool probe_psi_parse(struct probe_text text, struct snap_psi *ret_psi);

/* numa.c: the nodes and the CPUs that are online. */
uint32_t probe_numa_read(int root_fd, struct snap_host *ret_host);
/* How many members a list such as "0-3,8" has; false when malformed. */
bool probe_cpulist_count(struct probe_text text, uint32_t *ret_count);

#endif
