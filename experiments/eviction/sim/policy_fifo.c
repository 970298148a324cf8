// SPDX-License-Identifier: GPL-2.0
/* What Linux 6.12 does. */
#include "policy.h"

const struct policy policy_fifo = {
	.name = "fifo",
	.about = "the oldest page, 25 at once (Linux 6.12)",
	.want = policy_want_refill,
	.victim = policy_oldest,
};
