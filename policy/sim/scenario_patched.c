// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios about a kernel with our patches: the checksum index merges at first
 * sight what is known already, and counts it.
 */
#include <stddef.h>

#include "sim.h"

#define CAP { SIM_PEAK, SIM_LE, 220, NULL }
#define KEPT { SIM_KEPT, SIM_GE, 0.99, NULL }

#define GUEST { \
	{ PLANT_GROUP, 96, .group = 1, .ramp_ms = 1000 }, \
	{ PLANT_UNIQUE, 24, .ramp_ms = 1000 }, \
	{ PLANT_VOLATILE, 8, .period_ms = 1000, .ramp_ms = 1000 } }

static const struct sim_procs joining_procs[] = {
	{ .name = "guest", .copies = 2, .at_s = 10, .every_ms = 300,
	  .regions = GUEST },
	{ .name = "one", .copies = 8, .at_s = 30, .every_ms = 10000,
	  .regions = GUEST },
	{ .name = "tenant", .copies = 2, .aged_passes = 55,
	  .regions = { { PLANT_UNIQUE, 256 } } },
	{ 0 }
};

static const struct sim_procs busy_procs[] = {
	{ .name = "guest", .copies = 2, .at_s = 10, .every_ms = 300,
	  .busy_ms = 2500, .regions = GUEST },
	{ .name = "one", .copies = 8, .at_s = 30, .every_ms = 10000,
	  .busy_ms = 2500, .regions = GUEST },
	{ .name = "tenant", .copies = 2, .aged_passes = 55,
	  .regions = { { PLANT_UNIQUE, 256 } } },
	{ 0 }
};

#define PAIR(number) { \
	{ PLANT_GROUP, 96, .group = number, .ramp_ms = 1000 }, \
	{ PLANT_UNIQUE, 24, .ramp_ms = 1000 } }

static const struct sim_procs unlike_procs[] = {
	{ .name = "a", .copies = 2, .at_s = 10, .regions = PAIR(1) },
	{ .name = "b", .copies = 2, .at_s = 40, .regions = PAIR(2) },
	{ .name = "c", .copies = 2, .at_s = 80, .regions = PAIR(3) },
	{ 0 }
};

static void patched(struct plant_conf *conf, struct law_params *params)
{
	(void)params;
	conf->patched = 1;
}

const struct sim_scenario sim_scenarios_patched[] = {
	{
		.name = "joining",
		.summary = "our kernel: one guest after the other joins others like it",
		.duration_s = 130, .procs = joining_procs, .tune = patched,
		.marks_s = { 10, 30, 40, 50, 60, 70, 80, 90 },
		/* 3.39 when a hunt is two passes whatever the first one merged */
		.claims = { CAP, KEPT, { SIM_A, SIM_GE, 1, SIM_ORACLE },
			    { SIM_C, SIM_LE, 2.9, NULL } },
	}, {
		.name = "joining-busy",
		.summary = "the same, and each is at work for 2.5 s",
		.duration_s = 130, .procs = busy_procs, .tune = patched,
		.marks_s = { 10, 30, 40, 50, 60, 70, 80, 90 },
		/* 8.22 when the first pass merges in guests at work */
		.claims = { CAP, KEPT, { SIM_A, SIM_GE, 0.97, SIM_ORACLE },
			    { SIM_C, SIM_LE, 3.2, NULL } },
	}, {
		.name = "joining-unlike",
		.summary = "our kernel: they join others, but are only like each other",
		.duration_s = 130, .procs = unlike_procs, .tune = patched,
		.marks_s = { 10, 40, 80 },
		.claims = { CAP, KEPT, { SIM_A, SIM_GE, 0.97, SIM_ORACLE },
			    { SIM_T90, SIM_LE, 2, "aggressive" } },
	},
	{ 0 }
};
