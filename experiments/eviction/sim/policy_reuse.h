/* SPDX-License-Identifier: GPL-2.0 */
#ifndef EVICT_POLICY_REUSE_H
#define EVICT_POLICY_REUSE_H

#include <stdint.h>

/*
 * Constants of "reuse"; POLICY.md has the reason of each. Variables, so that a
 * search may change them; the kernel's are constants.
 */
struct reuse_tuning {
	uint32_t window;	/* newest pages that are not judged yet */
	uint32_t sample;	/* pages of the main part that compete */
	uint32_t upper;		/* faults more for a page that links others */
	uint32_t edge_percent;	/* by how much a newcomer must be better */
	uint32_t doubt;		/* most by which overdue idleness counts */
	uint32_t memory;	/* intervals in the average */
	uint32_t horizon;	/* evictions remembered, in limits */
};

extern struct reuse_tuning reuse_tuning;

#endif
