// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios about dead ends: states from which a law once found no way out,
 * and hosts that stop answering for a moment. Each of them held up the default
 * law at some time in its life; a new law ought to pass them before anything
 * else. Limits as in scenario_memory.c.
 */
#include <stddef.h>

#include "sim.h"

#define CAP { SIM_PEAK, SIM_LE, 220, NULL }
#define OVER { SIM_OVER, SIM_LE, 20, NULL }
#define KEPT { SIM_KEPT, SIM_GE, 0.99, NULL }
#define SETTLED { SIM_LATE, SIM_LE, 0.25, "aggressive" }
#define FIRST { SIM_FIRST_MS, SIM_LE, 2000, NULL }

/* A merge is 13 times as dear as a scan; batches are sized for six times. */

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

/*
 * So much that a patrol pass is dearer than patrol may spend at a time; a hunt
 * that guests left behind has made the last pass almost all skips.
 */
static const struct sim_procs big_settled_procs[] = {
	{ .name = "pair", .copies = 2, .aged_passes = 50,
	  .regions = { { PLANT_GROUP, 1, .group = 1 } } },
	{ .name = "big", .copies = 2, .aged_passes = 50,
	  .regions = { { PLANT_UNIQUE, 3072 } } },
	{ .name = "passing", .copies = 2, .at_s = 10,
	  .regions = { { PLANT_GROUP, 96, .group = 2, .ramp_ms = 1000 } } },
	{ .name = "late", .copies = 6, .at_s = 1300,
	  .regions = { { PLANT_GROUP, 96, .group = 3, .ramp_ms = 1000 } } },
	{ 0 }
};

static const struct sim_event big_settled_events[] = {
	{ SIM_EXIT, .at_ms = 60000, .procs = 2 },
	{ 0 }
};

/* 80 MiB that ksmd has not seen, 4 % of the 2 GiB that it has. */
static const struct sim_procs part_known_procs[] = {
	{ .name = "known", .copies = 4, .aged_passes = 40,
	  .regions = { { PLANT_GROUP, 500, .group = 1 } } },
	{ .name = "unknown", .copies = 2, .at_s = 0,
	  .regions = { { PLANT_GROUP, 40, .group = 2 } } },
	{ 0 }
};

static const struct sim_procs all_known_procs[] = {
	{ .name = "guest", .copies = 4, .aged_passes = 20,
	  .regions = { { PLANT_UNIQUE, 96 }, { PLANT_GROUP, 48, .group = 1 } } },
	{ 0 }
};

static const struct sim_event alike_events[] = {
	{ SIM_WRITE_NEW, .at_ms = 20000, .procs = 0, .region = 0 },
	{ 0 }
};

static const struct sim_procs brief_procs[] = {
	{ .name = "guest", .copies = 4, .at_s = 10,
	  .regions = { { PLANT_GROUP, 256, .group = 1, .ramp_ms = 500 } } },
	{ 0 }
};

static const struct sim_event brief_events[] = {
	{ SIM_EXIT, .at_ms = 11500, .procs = 0 },
	{ 0 }
};

/* One before the hunt's first batch, two in what comes of it. */
static const struct sim_event freeze_events[] = {
	{ SIM_FREEZE, .at_ms = 10500, .every_ms = 1000, .times = 3 },
	{ 0 }
};

/* Often enough to meet ticks at the start and in the middle of batches. */
static const struct sim_event flicker_events[] = {
	{ SIM_HIDE, .at_ms = 10730, .every_ms = 1130, .times = 20,
	  .value = SNAP_CAP_KSMD_CPU },
	{ 0 }
};

/* Guests keep coming, so that there is always something to spend on. */
static const struct sim_procs stream_procs[] = {
	{ .name = "guest", .copies = 16, .at_s = 5, .every_ms = 5000,
	  .regions = { { PLANT_GROUP, 96, .group = 1, .ramp_ms = 1000 },
		       { PLANT_UNIQUE, 32, .ramp_ms = 1000 } } },
	{ 0 }
};

static const struct sim_procs two_times_procs[] = {
	{ .name = "guest", .copies = 4, .at_s = 10, .every_ms = 300,
	  .regions = MIXED },
	{ .name = "later", .copies = 2, .at_s = 1300,
	  .regions = { { PLANT_GROUP, 96, .group = 2, .ramp_ms = 1000 } } },
	{ 0 }
};

static const struct sim_event reload_events[] = {
	{ SIM_SET, .at_ms = 30500, .set = "cap_window_ms=60000" },
	{ SIM_SET, .at_ms = 80500, .set = "cap_window_ms=1000" },
	{ 0 }
};

static void small_cap(struct plant_conf *conf, struct law_params *params)
{
	(void)conf;
	params->cap_permille = 40;
}

static void no_patrol(struct plant_conf *conf, struct law_params *params)
{
	(void)conf;
	params->patrol_upermille = 0;
}

static void slow_cpu_small_cap(struct plant_conf *conf,
			       struct law_params *params)
{
	conf->cost.speed_permille = 250;
	params->cap_permille = 50;
	params->cap_window_ms = 1000;
}

const struct sim_scenario sim_scenarios_fault[] = {
	{
		.name = "big-settled",
		.summary = "guests arrive where patrol cannot pay for a pass",
		.duration_s = 1420, .procs = big_settled_procs,
		.events = big_settled_events,
		.marks_s = { 10, 60, 1300 }, .late = { { 300, 1300 } },
		.claims = { CAP, KEPT, FIRST,
			    { SIM_T90_0 + 2, SIM_LE, 90, NULL },
			    { SIM_LATE, SIM_LE, 7, NULL } },
	}, {
		.name = "part-known",
		.summary = "at the start too little waits for a hunt: patrol finds it",
		.duration_s = 1200, .procs = part_known_procs,
		.marks_s = { 1 }, .late = { { 900, 1200 } },
		.claims = { CAP, KEPT, { SIM_RUN, SIM_GE, 1, NULL },
			    { SIM_LATE, SIM_LE, 7, NULL } },
	}, {
		.name = "all-known",
		.summary = "all known at the start, then known pages become alike",
		.duration_s = 900, .procs = all_known_procs,
		.events = alike_events,
		.marks_s = { 20 }, .late = { { 600, 900 } },
		.claims = { CAP, KEPT, { SIM_LATE, SIM_LE, 7, NULL } },
	}, {
		.name = "brief-guests",
		.summary = "all guests leave in the first pass of their hunt",
		.duration_s = 120, .procs = brief_procs,
		.events = brief_events,
		.marks_s = { 10 }, .idle = { { 30, 120 } },
		.claims = { CAP, FIRST, { SIM_RUN, SIM_LE, 0, NULL },
			    { SIM_IDLE_S, SIM_GE, 90, NULL },
			    { SIM_IDLE, SIM_LE, 1, NULL },
			    { SIM_WRITES, SIM_LE, 60, NULL } },
	}, {
		.name = "frozen",
		.summary = "the host is suspended in mid-batch, three times",
		.duration_s = 130, .procs = mixed_procs,
		.events = freeze_events,
		.marks_s = { 10 }, .late = { { 60, 130 } },
		.claims = { CAP, KEPT, FIRST, SETTLED,
			    { SIM_T90, SIM_LE, 30, NULL } },
	}, {
		.name = "no-patrol",
		.summary = "patrol_upermille = 0: hunts, and nothing between them",
		.duration_s = 1400, .procs = two_times_procs,
		.tune = no_patrol,
		.marks_s = { 10, 1300 }, .late = { { 60, 1300 } },
		/* a tick a second, and those of two hunts */
		.claims = { CAP, KEPT, FIRST, { SIM_LATE, SIM_LE, 0.1, NULL },
			    { SIM_TICKS, SIM_LE, 2000, NULL },
			    { SIM_T90, SIM_LE, 2, "aggressive" } },
	}, {
		.name = "flicker",
		.summary = "ksmd's schedstat is unreadable for a tick now and then",
		.duration_s = 130, .procs = mixed_procs,
		.events = flicker_events,
		.marks_s = { 10 }, .late = { { 60, 130 } },
		.claims = { CAP, KEPT, FIRST, SETTLED,
			    { SIM_T90, SIM_LE, 2, "aggressive" } },
	}, {
		.name = "reload-window",
		.summary = "the cap's window becomes 60 s, then 1 s, amid arrivals",
		.duration_s = 400, .procs = stream_procs,
		.events = reload_events, .tune = small_cap,
		.marks_s = { 5 }, .late = { { 300, 400 } },
		.claims = { OVER, KEPT, SETTLED },
	}, {
		.name = "slow-small-cap",
		.summary = "a slow CPU, and a cap that pays for 50 ms a second",
		.duration_s = 400, .procs = mixed_procs,
		.tune = slow_cpu_small_cap,
		.marks_s = { 10 }, .late = { { 300, 400 } },
		.claims = { { SIM_OVER, SIM_LE, 20, NULL },
			    KEPT, FIRST, SETTLED },
	},
	{ 0 }
};
