// SPDX-License-Identifier: GPL-2.0
/*
 * Scenarios about what memory does: twins that come late, memory with nothing
 * to merge, nothing but zeroes, growth, rewrites, exits.
 *
 * Limits come from the figures of the bench wherever one applies: the cap is
 * 20 % over 5 s and 2 points, "settled" means at most a quarter of what the
 * aggressive setting goes on spending, "kept" 0.99 of what could be saved.
 */
#include <stddef.h>

#include "sim.h"

#define CAP { SIM_PEAK, SIM_LE, 220, NULL }
#define KEPT { SIM_KEPT, SIM_GE, 0.99, NULL }
#define SETTLED { SIM_LATE, SIM_LE, 0.25, "aggressive" }
#define FIRST { SIM_FIRST_MS, SIM_LE, 2000, NULL }

#define GUEST(group_mib, unique_mib) { \
	{ PLANT_GROUP, group_mib, .group = 1, .ramp_ms = 2000 }, \
	{ PLANT_UNIQUE, unique_mib, .ramp_ms = 2000 } }

static const struct sim_procs late_twin_procs[] = {
	{ .name = "first", .copies = 1, .aged_passes = 20,
	  .regions = { { PLANT_GROUP, 96, .group = 1 } } },
	{ .name = "twin", .copies = 1, .at_s = 10,
	  .regions = { { PLANT_GROUP, 96, .group = 1, .ramp_ms = 2000 } } },
	{ 0 }
};

/* Twins of every age at which the skip schedule can miss a newcomer. */
#define AGED_TWIN(passes, number) \
	{ .name = "first" #passes, .copies = 1, .aged_passes = passes, \
	  .regions = { { PLANT_GROUP, 16, .group = number } } }
#define NEW_TWIN(a, b, c) \
	{ .name = "twin" #a, .copies = 1, .at_s = 10, \
	  .regions = { { PLANT_GROUP, 16, .group = a }, \
		       { PLANT_GROUP, 16, .group = b }, \
		       { PLANT_GROUP, 16, .group = c } } }

static const struct sim_procs twin_phase_procs[] = {
	AGED_TWIN(14, 1), AGED_TWIN(15, 2), AGED_TWIN(16, 3),
	AGED_TWIN(17, 4), AGED_TWIN(18, 5), AGED_TWIN(19, 6),
	AGED_TWIN(20, 7), AGED_TWIN(21, 8), AGED_TWIN(22, 9),
	NEW_TWIN(1, 2, 3), NEW_TWIN(4, 5, 6), NEW_TWIN(7, 8, 9),
	{ 0 }
};

static const struct sim_procs unique_procs[] = {
	{ .name = "unique", .copies = 4, .at_s = 10, .every_ms = 300,
	  .regions = { { PLANT_UNIQUE, 96, .ramp_ms = 1000 } } },
	{ 0 }
};

static const struct sim_procs zero_procs[] = {
	{ .name = "zero", .copies = 4, .at_s = 10, .every_ms = 300,
	  .regions = { { PLANT_ZERO, 64, .ramp_ms = 1000 } } },
	{ 0 }
};

static void use_zero_pages(struct plant_conf *conf, struct law_params *params)
{
	(void)params;
	conf->use_zero_pages = 1;
}

static const struct sim_procs leak_procs[] = {
	{ .name = "guest", .copies = 4, .at_s = 10,
	  .regions = GUEST(64, 32) },
	{ .name = "leak", .copies = 1, .at_s = 10,
	  .regions = { { PLANT_UNIQUE, 230, .ramp_ms = 230000 } } },
	{ 0 }
};

static const struct sim_procs growing_twins_procs[] = {
	{ .name = "guest", .copies = 2, .at_s = 10,
	  .regions = { { PLANT_GROUP, 120, .group = 1, .ramp_ms = 120000 } } },
	{ 0 }
};

static const struct sim_procs repeated_procs[] = {
	{ .name = "guest", .copies = 8, .at_s = 10, .every_ms = 15000,
	  .regions = GUEST(48, 48) },
	{ 0 }
};

static const struct sim_procs storm_procs[] = {
	{ .name = "guest", .copies = 4, .at_s = 10,
	  .regions = GUEST(64, 32) },
	{ 0 }
};

static const struct sim_event storm_events[] = {
	{ SIM_WRITE_SAME, .at_ms = 40000, .every_ms = 3000, .times = 26,
	  .procs = 0, .region = 0 },
	{ 0 }
};

static const struct sim_event lost_events[] = {
	{ SIM_WRITE_UNIQUE, .at_ms = 60000, .procs = 0, .region = 0 },
	{ 0 }
};

static const struct sim_procs eight_procs[] = {
	{ .name = "guest", .copies = 8, .at_s = 5, .every_ms = 500,
	  .regions = GUEST(48, 32) },
	{ 0 }
};

static const struct sim_event half_exit_events[] = {
	{ SIM_EXIT, .at_ms = 60000, .procs = 0, .first = 0, .copies = 4 },
	{ 0 }
};

static const struct sim_event all_exit_events[] = {
	{ SIM_EXIT, .at_ms = 60000, .procs = 0 },
	{ 0 }
};

static const struct sim_procs boot_storm_procs[] = {
	{ .name = "guest", .copies = 12, .at_s = 10, .every_ms = 200,
	  .vmm = SNAP_VMM_QEMU,
	  .regions = {
		{ PLANT_GROUP, 64, .group = 1, .ramp_ms = 5000 },
		{ PLANT_UNIQUE, 24, .ramp_ms = 5000 },
		{ PLANT_VOLATILE, 8, .period_ms = 1500, .ramp_ms = 5000 } } },
	{ 0 }
};

/* Three GiB that are settled, and a pair that could save 8 MiB. */
static const struct sim_procs not_worth_procs[] = {
	{ .name = "tenant", .copies = 3, .aged_passes = 50,
	  .regions = { { PLANT_UNIQUE, 1024 } } },
	{ .name = "small", .copies = 2, .at_s = 60,
	  .regions = { { PLANT_GROUP, 8, .group = 1 } } },
	{ 0 }
};

const struct sim_scenario sim_scenarios_memory[] = {
	{
		.name = "late-twin",
		.summary = "a VM arrives 20 passes after its twin",
		.duration_s = 130, .procs = late_twin_procs,
		.marks_s = { 10 }, .late = { { 90, 130 } },
		.claims = { CAP, KEPT, SETTLED, FIRST },
	}, {
		.name = "twin-phases",
		.summary = "twins 14 to 22 passes old, every phase of the skip schedule",
		.duration_s = 130, .procs = twin_phase_procs,
		.marks_s = { 10 }, .late = { { 90, 130 } },
		.claims = { CAP, KEPT, SETTLED, FIRST },
	}, {
		.name = "all-unique",
		.summary = "nothing to merge: settle fast",
		.duration_s = 130, .procs = unique_procs,
		.marks_s = { 10 }, .late = { { 30, 130 } },
		.claims = { CAP, FIRST, SETTLED,
			    { SIM_LATE, SIM_LE, 7, NULL },
			    { SIM_C, SIM_LE, 0.25, "aggressive" } },
	}, {
		.name = "all-zero",
		.summary = "nothing but zero pages, merged as KSM pages",
		.duration_s = 130, .procs = zero_procs,
		.marks_s = { 10 }, .late = { { 60, 130 } },
		.claims = { CAP, KEPT, FIRST, SETTLED,
			    { SIM_T90, SIM_LE, 2, "aggressive" },
			    { SIM_LATE, SIM_LE, 7, NULL } },
	}, {
		.name = "use-zero-pages",
		.summary = "the same with use_zero_pages: RSS falls as they merge",
		.duration_s = 130, .procs = zero_procs,
		.tune = use_zero_pages,
		.marks_s = { 10 }, .late = { { 60, 130 } },
		.claims = { CAP, KEPT, FIRST,
			    { SIM_T90, SIM_LE, 2, "aggressive" },
			    { SIM_LATE, SIM_LE, 7, NULL } },
	}, {
		.name = "slow-leak",
		.summary = "1 MiB/s of unique growth beside settled guests",
		.duration_s = 240, .procs = leak_procs,
		.marks_s = { 10 }, .late = { { 60, 240 } },
		.claims = { CAP, KEPT, FIRST, SETTLED },
	}, {
		.name = "growing-twins",
		.summary = "two VMs that grow alike by 1 MiB/s",
		.duration_s = 160, .procs = growing_twins_procs,
		.marks_s = { 10 }, .late = { { 150, 160 } },
		.claims = { CAP, KEPT,
			    { SIM_C, SIM_LE, 1, "aggressive" } },
	}, {
		.name = "repeated",
		.summary = "a guest every 15 s",
		.duration_s = 150, .procs = repeated_procs,
		.marks_s = { 10, 25, 40, 55, 70, 85, 100, 115 },
		.claims = { CAP, KEPT, FIRST,
			    { SIM_A, SIM_GE, 0.93, SIM_ORACLE },
			    { SIM_T90, SIM_LE, 2, "aggressive" } },
	}, {
		.name = "cow-storm",
		.summary = "merged pages rewritten with the same bytes every 3 s",
		.duration_s = 180, .procs = storm_procs,
		.events = storm_events,
		.marks_s = { 10 }, .late = { { 60, 118 } },
		.claims = { CAP, KEPT, FIRST, SETTLED,
			    { SIM_COW, SIM_LE, 0.5, "aggressive" } },
	}, {
		.name = "sharing-lost",
		.summary = "merged pages rewritten, each with bytes of its own",
		.duration_s = 130, .procs = storm_procs,
		.events = lost_events,
		.marks_s = { 10, 60 }, .late = { { 90, 130 } },
		.claims = { CAP, FIRST, SETTLED },
	}, {
		.name = "half-exit",
		.summary = "half of eight guests leave",
		.duration_s = 130, .procs = eight_procs,
		.events = half_exit_events,
		.marks_s = { 5, 60 }, .late = { { 35, 60 }, { 90, 130 } },
		.claims = { CAP, KEPT, SETTLED,
			    { SIM_LATE, SIM_LE, 7, NULL },
			    /* What nobody shares any more is soon forgotten. */
			    { SIM_A_COUNTED, SIM_LE, 1.05, SIM_ORACLE } },
	}, {
		.name = "all-exit",
		.summary = "all guests leave: idle again",
		.duration_s = 130, .procs = eight_procs,
		.events = all_exit_events,
		.marks_s = { 5 }, .idle = { { 90, 130 } },
		.claims = { CAP, FIRST, { SIM_IDLE, SIM_LE, 1, NULL } },
	}, {
		.name = "boot-storm",
		.summary = "twelve guests at once",
		.duration_s = 130, .procs = boot_storm_procs,
		.marks_s = { 10 }, .late = { { 80, 130 } },
		.claims = { CAP, KEPT, FIRST, SETTLED,
			    { SIM_T90, SIM_LE, 2, "aggressive" } },
	}, {
		.name = "not-worth",
		.summary = "8 MiB to gain among 3 GiB that are settled",
		.duration_s = 130, .procs = not_worth_procs,
		.marks_s = { 60 }, .late = { { 40, 60 }, { 70, 130 } },
		.claims = { CAP, SETTLED,
			    { SIM_LATE, SIM_LE, 7, NULL },
			    { SIM_HUNTS, SIM_LE, 1, NULL } },
	},
	{ 0 }
};
