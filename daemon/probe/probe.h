/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Probes: from the host's files to struct snap.
 *
 * Every path is relative to a root given once, so that a recorded host is a
 * test fixture. An absent file is a capability that is missing; a malformed
 * one leaves its fields zero and its capability bit clear. No probe ever
 * fails the daemon.
 *
 * Cost: probe_take() reads the host's counters (a few dozen small preads on
 * descriptors kept open). The table of processes is dearer and is read only
 * when asked, when anonymous memory moved by PROBE_ANON_STEP_KIB since it was
 * last read, or when it is older than the policy says.
 */
#ifndef DENSITY_PROBE_H
#define DENSITY_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "../../policy/snap.h"

struct probe;

/* The growth that makes a look worth it: half of law_params.arrival_kib. */
#define PROBE_ANON_STEP_KIB 4096

struct probe_vm_rule {
	const char *glob;		/* fnmatch(3) pattern on the VM's name */
	uint32_t weight_permille;
	uint32_t expect_permille;
};

/*
 * @root: "" or "/" for the host itself, else a directory that is copied.
 * Returns 0 or -ENOMEM, or -ENOTDIR when @root is no directory.
 */
int probe_open(const char *root, struct probe **ret_probe);
void probe_close(struct probe *probe);

/*
 * First match wins; VMs without a match get weight 1000, expect 1000.
 * The rules are copied. Returns 0 or -ENOMEM (old rules stay).
 */
int probe_set_rules(struct probe *probe, const struct probe_vm_rule *rules,
		    unsigned int nrules);

/* Longest age of the table of processes; default 10000 ms. */
void probe_set_table_age(struct probe *probe, uint32_t age_ms);

/* The clock of struct snap's mono_ns. */
uint64_t probe_now_ns(void);

/* Which processes to read, though it is not their time. */
enum probe_ask {
	PROBE_ASK_WHEN_DUE,	/* none */
	PROBE_ASK_ALL,
	PROBE_ASK_KNOWN,	/* VMs, who can merge, and who has just come */
	PROBE_ASK_OWNERS,	/* all, and first who owns a VM: one may be new */
};

/*
 * Take a snapshot. The result belongs to the probe and stays valid until the
 * next call.
 */
const struct snap *probe_take(struct probe *probe, enum probe_ask ask);

/*
 * The next snapshot, of which only the time, the knobs of a batch and how far
 * ksmd is (pages_scanned, pages_skipped, full_scans and its CPU) were read.
 * All else is that of the one before. A whole one where these cannot be read.
 */
const struct snap *probe_follow(struct probe *probe);

/*
 * Has a newcomer's memory become mergeable, or that which can merge grown by
 * PROBE_GLANCE_PAGES, since the processes were read? Or has it gone? A newcomer is
 * a VM, or has mergeable memory, since less than TABLE_YOUNG_S. Of each a small file
 * or two are read, and nothing else. @ret_count: how many there are.
 */
#define PROBE_GLANCE_PAGES 256
bool probe_glance(struct probe *probe, unsigned int *ret_count);

/*
 * Read what the kernel extension tells into the last snapshot: the shadow pages
 * of all VMs, and the scrubber. False, and these capabilities are gone, where
 * there is none, which is the usual case: it is looked for once in
 * PROBE_EXTENSION_RETRY_S, and a module that goes is found again.
 */
#define PROBE_EXTENSION_RETRY_S 30
bool probe_extension(struct probe *probe);

/* The family number of the extension that answered last, 0: there is none. */
int probe_extension_family(const struct probe *probe);

/* How many times the table was read, and processes read in all (metrics). */
uint64_t probe_looks(const struct probe *probe);
/* A process that fights over the same knobs (ksmtuned, uksmd), or NULL. */
const char *probe_rival(const struct probe *probe);

#endif
