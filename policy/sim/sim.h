/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Scenarios, and the loop that runs a law, or a fixed setting, against the
 * plant as the daemon would run it against a host.
 */
#ifndef DENSITY_SIM_H
#define DENSITY_SIM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "../law.h"
#include "plant.h"

#define SIM_MARKS_MAX 8
#define SIM_WINDOWS_MAX 3
#define SIM_CLAIMS_MAX 12

/* Processes of one kind. */
struct sim_procs {
	const char *name;		/* copies are NAME-0, NAME-1, ... */
	uint32_t copies;
	uint32_t at_s;			/* the first one starts */
	uint32_t every_ms;		/* between one and the next */
	uint32_t aged_passes;		/* > 0: there before the run, so long */
	enum snap_vmm vmm;
	bool not_mergeable;
	uint32_t busy_ms;
	bool ignored;			/* weight 0 in the policy file */
	struct plant_region regions[PLANT_REGIONS_MAX];
};

enum sim_event_kind {
	SIM_WRITE_SAME,			/* as PLANT_WRITE_* */
	SIM_WRITE_NEW,
	SIM_WRITE_UNIQUE,
	SIM_EXIT,
	SIM_PSI,			/* @value: permille */
	SIM_SHARE,			/* @value: permille of a CPU for ksmd */
	SIM_FREEZE,			/* the host is suspended in mid-batch */
	SIM_LAW,			/* switch to law @law, NULL: back */
	SIM_SET,			/* reload of the policy: @set changed */
	SIM_HIDE,			/* @value: caps that the next tick lacks */
};

struct sim_event {
	enum sim_event_kind kind;
	uint32_t at_ms;
	uint32_t every_ms, times;	/* repeated when times > 1 */
	uint32_t procs;			/* which entry of the procs table */
	uint32_t first, copies;		/* which copies; copies 0 = all */
	uint32_t region;
	uint32_t from_permille, to_permille; /* of the region; to 0 = all */
	uint32_t value;
	const char *law;
	const char *set;		/* "param=value" of the law */
};

/* What a run is judged by. */
enum sim_metric {
	SIM_A,			/* GiB-s saved, beyond what was saved at the start */
	SIM_A_COUNTED,		/* the same by the kernel's counters */
	SIM_C,			/* ksmd CPU-s */
	SIM_A_PER_C,		/* GiB-s per CPU-s */
	SIM_KEPT,		/* saved at the end / what could be saved then */
	SIM_PEAK,		/* permille of a core, worst 5 s */
	SIM_LATE,		/* permille of a core in the late windows */
	SIM_IDLE,		/* permille of a core in the idle windows */
	SIM_FIRST_MS,		/* worst mark: until ksmd's first batch at work */
	SIM_T90,		/* worst mark: s to 90 % of what could be saved */
	SIM_T90_0,		/* one for each mark */
	SIM_P90_0 = SIM_T90_0 + SIM_MARKS_MAX, /* the same in passes */
	SIM_BRAKE_S = SIM_P90_0 + SIM_MARKS_MAX, /* time in LAW_PHASE_BRAKE */
	SIM_HUNT_S,		/* time in LAW_PHASE_HUNT */
	SIM_HUNTS,		/* times that LAW_PHASE_HUNT was entered */
	SIM_IDLE_S,		/* time in LAW_PHASE_IDLE */
	SIM_RUN,		/* the knob at the end, enum snap_run */
	SIM_OVER,		/* permille above the cap, in the cap's own window */
	SIM_TICKS,		/* decisions */
	SIM_COW,		/* copies of merged pages */
	SIM_WRITES,		/* knob writes */
	SIM_BAD,		/* decisions out of bounds, or to unmerge */
	SIM_METRICS,
};

#define SIM_NEVER 1e9		/* a time that was not reached */

enum sim_op { SIM_LE, SIM_GE };

/* metric OP bound, or metric OP bound x the same metric of @ref's run. */
struct sim_claim {
	enum sim_metric metric;
	enum sim_op op;
	double bound;
	const char *ref;	/* a controller, or SIM_BEST_PEER */
	const char *todo;	/* why it is known not to hold, or NULL */
};

/* Saves what can be saved, whatever the cost. */
#define SIM_ORACLE "oracle"
/* The peer with the highest A/C among those with A >= 0.75 of the oracle's. */
#define SIM_BEST_PEER "best-peer"

struct sim_window {
	uint32_t from_s, to_s;
};

struct sim_scenario {
	const char *name;
	const char *summary;
	uint32_t duration_s;
	uint32_t lead_s;	/* the controller is at work before the clock is */
	bool bench;		/* in the table of --table */
	const struct sim_procs *procs;	/* ends with name NULL */
	const struct sim_event *events;	/* ends with at_ms 0; may be NULL */
	uint32_t marks_s[SIM_MARKS_MAX]; /* arrivals and rewrites, ends with 0 */
	struct sim_window late[SIM_WINDOWS_MAX]; /* ends with to_s 0 */
	struct sim_window idle[SIM_WINDOWS_MAX];
	/* change the host or the policy; may be NULL */
	void (*tune)(struct plant_conf *conf, struct law_params *params);
	struct sim_claim claims[SIM_CLAIMS_MAX]; /* ends with bound 0, no ref */
};

/* The @i-th scenario, NULL past the end; numbers shown to people start at 1. */
const struct sim_scenario *sim_scenario_at(unsigned int i);
const struct sim_scenario *sim_scenario_find(const char *name);
/* Tables of scenarios by theme; each ends with name NULL. */
extern const struct sim_scenario sim_scenarios_bench[];
extern const struct sim_scenario sim_scenarios_memory[];
extern const struct sim_scenario sim_scenarios_host[];
extern const struct sim_scenario sim_scenarios_fault[];
extern const struct sim_scenario sim_scenarios_patched[];

/* A law, or a setting that stays as it is. */
struct sim_controller {
	const char *name;
	const char *summary;
	const struct law *law;	/* NULL: the setting below */
	uint32_t sleep_ms;
	uint32_t scan_pages;
	uint32_t advisor_target_s; /* > 0: the kernel's advisor */
	bool every_page;	/* smart_scan off */
};

/* Fixed settings first, then the laws; false past the end. */
bool sim_controller_at(unsigned int i, struct sim_controller *ret_controller);
bool sim_controller_find(const char *name,
			 struct sim_controller *ret_controller);

struct sim_result {
	double metric[SIM_METRICS];
};

/* A "param=value" of the command line; numbers of the law, plant and host. */
struct sim_setting {
	char name[48];
	uint32_t value;
};

#define SIM_SETTINGS_MAX 32

struct sim_options {
	struct sim_setting settings[SIM_SETTINGS_MAX];
	unsigned int nsettings;
	FILE *trace;		/* CSV, a line per second; may be NULL */
};

/* Parse and keep one "param=value". -EINVAL, -E2BIG. */
int sim_option_set(struct sim_options *options, const char *text);
/* The name of the @i-th parameter that can be set, NULL past the end. */
const char *sim_param_name(unsigned int i);
void sim_options_apply(const struct sim_options *options,
		       struct plant_conf *conf, struct law_params *params);
/* Change one number of the law, as a reload would. -EINVAL, also for others. */
int sim_params_set(struct law_params *law, const char *text);

/* Returns 0, -ENOMEM, or -EINVAL when the scenario names what is not there. */
int sim_run(const struct sim_scenario *scenario,
	    const struct sim_controller *controller,
	    const struct sim_options *options, struct sim_result *ret_result);

/* "t90_0" and so on, for people and for --check. */
const char *sim_metric_name(enum sim_metric metric);

/*
 * Check claims of every scenario, or of the one named, in TAP on @out.
 * Returns how many failed, or -errno.
 */
int sim_check(const char *only, const struct sim_controller *controller,
	      const struct sim_options *options, FILE *out);
/* All controllers on the bench scenarios, or on the one named. */
int sim_table(const char *only, const struct sim_options *options, FILE *out);

#endif
