// SPDX-License-Identifier: GPL-2.0
/* Scenarios about what the memory does. */
#include "sim.h"

const struct sim_scenario sim_scenarios_memory[] = {
	{ 0 }
};
