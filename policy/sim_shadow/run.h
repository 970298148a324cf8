/* SPDX-License-Identifier: GPL-2.0 */
/* A scenario under the law, or under KVM's own limits. */
#ifndef DENSITY_SIM_SHADOW_RUN_H
#define DENSITY_SIM_SHADOW_RUN_H

#include "scenario.h"

#define RUN_DECISION_S 10

struct run {
	uint32_t nvms;
	uint64_t avoidable[HOST_VMS_MAX];
	uint64_t total;
	double budget;		/* most given out at once, of what KVM gives */
	uint32_t settled;	/* decisions, see METRIC_SETTLED */
	uint32_t decisions, moves;
	uint64_t law_ns;	/* CPU time of the dearest decision */
};

/** run_scenario - @divide: by the law. @trace: tell each decision. 0 or -errno. */
int run_scenario(const struct scenario *scenario, bool divide, bool trace,
		 uint64_t seed, struct run *ret_run);

#endif
