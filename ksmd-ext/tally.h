/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KSMD_EXT_TALLY_H
#define KSMD_EXT_TALLY_H

#include <linux/types.h>
#include <uapi/linux/ksmd_ext.h>

/* Counts by KSMD_EXT_A_TALLY_*, which spec/ksmd_ext.yaml explains. */
struct tally {
	u64 count[KSMD_EXT_A_TALLY_MAX + 1];
};

static inline void tally_add(struct tally *sum, const struct tally *part)
{
	int i;

	for (i = 0; i <= KSMD_EXT_A_TALLY_MAX; i++)
		sum->count[i] += part->count[i];
}

#endif /* KSMD_EXT_TALLY_H */
