// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios about the host: idle, under pressure, slow, with another kernel,
 * with ksmd already in someone's hands, with a policy that leaves VMs out.
 * Limits as in scenario_memory.c.
 */
#include <stddef.h>

#include "sim.h"

#define CAP { SIM_PEAK, SIM_LE, 220, NULL }
#define KEPT { SIM_KEPT, SIM_GE, 0.99, NULL }
#define SETTLED { SIM_LATE, SIM_LE, 0.25, "aggressive" }
#define FIRST { SIM_FIRST_MS, SIM_LE, 2000, NULL }

#define MIXED { \
	{ PLANT_GROUP, 48, .group = 1, .ramp_ms = 1000 }, \
	{ PLANT_UNIQUE, 24, .ramp_ms = 1000 }, \
	{ PLANT_VOLATILE, 12, .period_ms = 1000, .ramp_ms = 1000 }, \
	{ PLANT_ZERO, 8, .ramp_ms = 1000 } }

static const struct sim_procs mixed_procs[] = {
	{ .name = "guest", .copies = 4, .at_s = 10, .every_ms = 300,
	  .regions = MIXED },
	{ 0 }
};

static const struct sim_procs none_procs[] = {
	{ 0 }
};

/* The same as mixed_procs, but there before: all that can merge has merged. */
static const struct sim_procs settled_procs[] = {
	{ .name = "guest", .copies = 4, .aged_passes = 40,
	  .regions = {
		{ PLANT_GROUP, 48, .group = 1 }, { PLANT_UNIQUE, 24 },
		{ PLANT_VOLATILE, 12, .period_ms = 1000 },
		{ PLANT_ZERO, 8 } } },
	{ 0 }
};

static const struct sim_procs unmergeable_procs[] = {
	{ .name = "database", .copies = 1, .at_s = 10, .not_mergeable = true,
	  .regions = { { PLANT_UNIQUE, 1024, .ramp_ms = 90000 } } },
	{ .name = "guest", .copies = 2, .aged_passes = 40,
	  .regions = { { PLANT_UNIQUE, 64 } } },
	{ 0 }
};

static const struct sim_procs ignored_procs[] = {
	{ .name = "guest", .copies = 4, .at_s = 10, .every_ms = 300,
	  .regions = MIXED },
	{ .name = "opted-out", .copies = 1, .at_s = 60, .ignored = true,
	  .regions = { { PLANT_UNIQUE, 256, .ramp_ms = 4000 } } },
	{ 0 }
};

static const struct sim_procs beside_volatile_procs[] = {
	{ .name = "guest", .copies = 4, .at_s = 10, .every_ms = 300,
	  .regions = MIXED },
	{ .name = "tenant-a", .copies = 2, .aged_passes = 55,
	  .regions = { { PLANT_VOLATILE, 164, .period_ms = 2000 } } },
	{ .name = "tenant-b", .copies = 2, .aged_passes = 46,
	  .regions = { { PLANT_VOLATILE, 164, .period_ms = 4000 } } },
	{ 0 }
};

static const struct sim_event pressure_events[] = {
	{ SIM_PSI, .at_ms = 5000, .value = 900 },
	{ SIM_PSI, .at_ms = 60000, .value = 20 },
	{ 0 }
};

static const struct sim_event switch_events[] = {
	{ SIM_LAW, .at_ms = 40500, .law = "static" },
	{ SIM_LAW, .at_ms = 60500, .law = "ksmtuned" },
	{ SIM_LAW, .at_ms = 80500, .law = NULL },
	{ 0 }
};

static void no_smart_scan(struct plant_conf *conf, struct law_params *params)
{
	(void)params;
	conf->smart_scan = 0;
}

static void kernel_6_1(struct plant_conf *conf, struct law_params *params)
{
	(void)params;
	conf->smart_scan = 0;
	conf->caps &= ~(SNAP_CAP_SKIPPED | SNAP_CAP_ZERO | SNAP_CAP_PROFIT |
			SNAP_CAP_ADVISOR);
}

static void advisor_on(struct plant_conf *conf, struct law_params *params)
{
	(void)params;
	conf->run = SNAP_RUN_MERGE;
	conf->advisor = SNAP_ADVISOR_SCAN_TIME;
	conf->scan_pages = 500;
}

static void slow_cpu(struct plant_conf *conf, struct law_params *params)
{
	(void)params;
	conf->cost.speed_permille = 250;
}

static void crowded_cpu(struct plant_conf *conf, struct law_params *params)
{
	(void)params;
	conf->share_permille = 300;
}

static void left_aggressive(struct plant_conf *conf,
			    struct law_params *params)
{
	(void)params;
	conf->run = SNAP_RUN_MERGE;
	conf->scan_pages = 2000;
}

static void hz_1000(struct plant_conf *conf, struct law_params *params)
{
	(void)params;
	conf->hz = 1000;
}

const struct sim_scenario sim_scenarios_host[] = {
	{
		.name = "empty",
		.summary = "no mergeable memory at all",
		.duration_s = 130, .procs = none_procs,
		.idle = { { 0, 130 } },
		.claims = { { SIM_IDLE, SIM_LE, 1, NULL },
			    { SIM_HUNTS, SIM_LE, 0, NULL },
			    { SIM_WRITES, SIM_LE, 6, NULL } },
	}, {
		.name = "unmergeable",
		.summary = "1 GiB grows that nobody declared mergeable",
		.duration_s = 130, .procs = unmergeable_procs,
		.late = { { 30, 130 } },
		.claims = { CAP, { SIM_HUNTS, SIM_LE, 1, NULL },
			    { SIM_LATE, SIM_LE, 7, NULL }, SETTLED },
	}, {
		.name = "long-idle",
		.summary = "ten minutes with guests that are settled",
		.duration_s = 600, .procs = mixed_procs,
		.marks_s = { 10 }, .late = { { 60, 330 }, { 330, 600 } },
		.claims = { CAP, KEPT, SETTLED,
			    { SIM_LATE, SIM_LE, 7, NULL },
			    { SIM_HUNTS, SIM_LE, 1, NULL } },
	}, {
		.name = "pressure",
		.summary = "the host needs its CPUs from 5 to 60 s, guests arrive at 10",
		.duration_s = 130, .procs = mixed_procs,
		.events = pressure_events,
		.marks_s = { 10, 60 }, .late = { { 100, 130 } },
		.idle = { { 10, 60 } },
		/* not idle, but a quarter of the cap is all it may take */
		.claims = { CAP, KEPT, SETTLED,
			    { SIM_BRAKE_S, SIM_GE, 2, NULL },
			    { SIM_IDLE, SIM_LE, 50, NULL } },
	}, {
		.name = "no-smart-scan",
		.summary = "smart_scan off: every page in every pass",
		.duration_s = 130, .procs = mixed_procs,
		.tune = no_smart_scan,
		.marks_s = { 10 }, .late = { { 60, 130 } },
		.claims = { CAP, KEPT, FIRST, SETTLED,
			    { SIM_T90, SIM_LE, 2, "aggressive" } },
	}, {
		.name = "kernel-6.1",
		.summary = "no counts of pages scanned or skipped, no advisor, no profit",
		.duration_s = 130, .procs = mixed_procs, .tune = kernel_6_1,
		.marks_s = { 10 }, .late = { { 60, 130 } },
		.claims = { CAP, KEPT, FIRST, SETTLED,
			    { SIM_T90, SIM_LE, 2, "aggressive" } },
	}, {
		.name = "advisor-on",
		.summary = "ksmd taken over from the kernel's advisor",
		.duration_s = 130, .procs = mixed_procs, .tune = advisor_on,
		.marks_s = { 10 }, .late = { { 60, 130 } },
		.claims = { CAP, KEPT, FIRST, SETTLED,
			    { SIM_T90, SIM_LE, 2, "aggressive" } },
	}, {
		.name = "left-aggressive",
		.summary = "ksmd taken over at 2000/20 with nothing left to merge",
		.duration_s = 130, .procs = settled_procs,
		.tune = left_aggressive,
		.late = { { 30, 130 } },
		.claims = { CAP, SETTLED, { SIM_LATE, SIM_LE, 7, NULL } },
	}, {
		.name = "slow-cpu",
		.summary = "every page costs four times as much",
		.duration_s = 130, .procs = mixed_procs, .tune = slow_cpu,
		.marks_s = { 10 }, .late = { { 90, 130 } },
		.claims = { CAP, KEPT, FIRST, SETTLED },
	}, {
		.name = "crowded-cpu",
		.summary = "ksmd gets 30 % of a CPU",
		.duration_s = 130, .procs = mixed_procs, .tune = crowded_cpu,
		.marks_s = { 10 }, .late = { { 60, 130 } },
		.claims = { CAP, KEPT, FIRST, SETTLED },
	}, {
		.name = "hz-1000",
		.summary = "a kernel that ticks a thousand times a second",
		.duration_s = 130, .procs = mixed_procs, .tune = hz_1000,
		.marks_s = { 10 }, .late = { { 60, 130 } },
		.claims = { CAP, KEPT, FIRST, SETTLED },
	}, {
		.name = "beside-volatile",
		.summary = "168,000 pages of other tenants that change all the time",
		.duration_s = 130, .procs = beside_volatile_procs,
		.marks_s = { 10 }, .late = { { 60, 130 } },
		.claims = { CAP, KEPT, FIRST, SETTLED,
			    { SIM_A, SIM_GE, 0.93, SIM_ORACLE },
			    { SIM_T90, SIM_LE, 1, "aggressive" } },
	}, {
		.name = "opted-out",
		.summary = "a VM of weight 0 arrives: no hunt for it",
		.duration_s = 130, .procs = ignored_procs,
		.marks_s = { 10 }, .late = { { 70, 130 } },
		.claims = { CAP, KEPT, SETTLED,
			    { SIM_HUNTS, SIM_LE, 1, NULL },
			    { SIM_LATE, SIM_LE, 7, NULL } },
	}, {
		.name = "law-switch",
		.summary = "to static, to ksmtuned and back while guests run",
		.duration_s = 160, .procs = mixed_procs,
		.events = switch_events,
		.marks_s = { 10 }, .late = { { 120, 160 } },
		.claims = { CAP, KEPT, FIRST, SETTLED },
	},
	{ 0 }
};
