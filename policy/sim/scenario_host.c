// SPDX-License-Identifier: GPL-2.0
/* Scenarios about what the host does. */
#include "sim.h"

const struct sim_scenario sim_scenarios_host[] = {
	{ 0 }
};
