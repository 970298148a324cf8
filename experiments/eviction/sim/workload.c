// SPDX-License-Identifier: GPL-2.0
/* Traces in memory, played to pools. */
#include <errno.h>
#include <stdlib.h>

#include "../../../lab/player/trace_file.h"
#include "workload.h"

static int take_steps(struct workload *workload, struct trace *trace)
{
	struct pool_stats unlimited;
	int ret;

	workload->cr3s = trace_cr3s(trace);
	workload->regions = trace_regions(trace);
	workload->nr_steps = trace->steps;
	workload->steps = calloc(trace->steps, sizeof(*workload->steps));
	if (!workload->steps)
		return -ENOMEM;
	for (uint64_t i = 0; trace_next(trace, &workload->steps[i]); i++)
		;
	ret = workload_play(workload, &policy_fifo, POOL_LIMIT_NONE,
			    &unlimited);
	if (ret)
		workload_free(workload);
	else
		workload->floor = unlimited.faults;
	return ret;
}

int workload_named(const char *name, uint64_t seed,
		   const struct trace_size *size, struct workload *ret_workload)
{
	const struct trace_spec *spec = trace_find(name);
	struct workload workload = { .name = name };
	struct trace trace;
	int ret;

	ret = spec ? trace_open(spec, seed, size, &trace) : -EINVAL;
	if (!ret)
		ret = take_steps(&workload, &trace);
	if (!ret)
		*ret_workload = workload;
	return ret;
}

int workload_recorded(const char *name, const struct trace_step *steps,
		      uint64_t nr_steps, struct workload *ret_workload)
{
	struct workload workload = { .name = name };
	struct trace trace;
	int ret;

	trace_open_recorded(steps, nr_steps, &trace);
	ret = take_steps(&workload, &trace);
	if (!ret)
		*ret_workload = workload;
	return ret;
}

int workload_file(const char *path, char *error,
		  struct workload *ret_workload)
{
	struct trace_file file;
	int ret;

	ret = trace_file_load(path, error, &file);
	if (ret)
		return ret;
	ret = workload_recorded(path, file.steps, file.nsteps, ret_workload);
	trace_file_free(&file);
	return ret;
}

void workload_free(struct workload *workload)
{
	free(workload->steps);
	workload->steps = NULL;
}

int workload_play(const struct workload *workload, const struct policy *policy,
		  uint32_t limit, struct pool_stats *ret_stats)
{
	const struct pool_size size = {
		.cr3s = workload->cr3s,
		.regions = workload->regions,
		.limit = limit,
		.steps = workload->steps,
		.nr_steps = workload->nr_steps,
	};
	struct pool pool;
	int ret;

	ret = pool_open(&pool, &size, policy);
	if (ret)
		return ret;
	for (uint64_t i = 0; i < workload->nr_steps; i++)
		pool_touch(&pool, &workload->steps[i]);
	*ret_stats = pool.stats;
	pool_close(&pool);
	return 0;
}

uint64_t workload_avoidable(const struct workload *workload,
			    const struct pool_stats *stats)
{
	return stats->faults > workload->floor ?
		stats->faults - workload->floor : 1;
}
