/* SPDX-License-Identifier: GPL-2.0 */
/* Samples of a run, ten a second, and the metrics computed from them. */
#ifndef DENSITY_SIM_METER_H
#define DENSITY_SIM_METER_H

#include "sim.h"

#define SIM_SAMPLE_MS 100u
#define SIM_SAMPLES_PER_S (1000u / SIM_SAMPLE_MS)

struct sim_sample {
	uint64_t saved;		/* pages, in truth */
	uint64_t counted;	/* pages, by the kernel's counters */
	uint64_t cpu_ns;
	uint64_t passes;
	uint64_t batches;
	enum law_phase phase;
	uint32_t run;
	uint32_t cap_permille, cap_window_ms; /* in force, 0 = none */
};

struct sim_meter;

int sim_meter_new(const struct sim_scenario *scenario,
		  struct sim_meter **ret_meter);
void sim_meter_free(struct sim_meter *meter);
/* Call at 0, 100, 200, .. ms, after what happens at that instant. */
void sim_meter_sample(struct sim_meter *meter, const struct plant *plant,
		      const struct snap *snap, enum law_phase phase,
		      const struct law_params *params);
/*
 * Call when @plant has come to @ms, before what happens at that instant: ends
 * the span of a mark, for which all that could be saved by now is the target.
 */
void sim_meter_before(struct sim_meter *meter, const struct plant *plant,
		      uint64_t ms);
/* Fills every metric but SIM_WRITES, SIM_BAD and SIM_TICKS, the driver's. */
void sim_meter_result(const struct sim_meter *meter,
		      struct sim_result *ret_result);

#endif
