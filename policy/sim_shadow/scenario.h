/* SPDX-License-Identifier: GPL-2.0 */
/* Hosts whose VMs need shadow pages unequally, and what is claimed of the law. */
#ifndef DENSITY_SIM_SHADOW_SCENARIO_H
#define DENSITY_SIM_SHADOW_SCENARIO_H

#include "host.h"

/* What a run with the law is judged by. */
enum metric {
	METRIC_TOTAL,	/* avoidable faults of all VMs, by those under static */
	METRIC_WORST,	/* the same of the VM that lost most, if it faults at all */
	METRIC_BUDGET,	/* most pages given out at once, by those KVM gives */
	METRIC_SETTLED,	/* decisions from @at_s until limits stay as they end */
	METRIC_MOVES,	/* limits set in a decision, on average */
	METRIC_COUNT,
};

struct claim {
	enum metric metric;
	double most;
};

#define CLAIMS_MAX 5

struct scenario {
	const char *name;
	const char *about;
	uint32_t seconds;
	uint32_t at_s;		/* when something changes for good */
	struct host_vm_spec vms[10];	/* mem_mib 0 ends them */
	struct claim claims[CLAIMS_MAX];	/* most 0 ends them */
};

/** scenario_at - the i-th, or NULL. */
const struct scenario *scenario_at(unsigned int i);

#endif
