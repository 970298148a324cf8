// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../law_shadow.h"
#include "run.h"

#define NEAR 0.1	/* a limit that is as near to its last has settled */

struct history {
	uint32_t nvms;
	uint32_t at_s[1000];
	uint32_t (*limits)[HOST_VMS_MAX];	/* of each decision */
	uint32_t decisions;
};

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void decide(struct host *host, struct law_shadow *law,
		   struct law_shadow_decision *decision, struct run *run)
{
	const struct law_shadow_params params = { 0 };
	const struct snap *snap = host_look(host);
	uint64_t start = cpu_ns();

	law_shadow_decide(law, &params, snap, decision);
	start = cpu_ns() - start;
	if (start > run->law_ns)
		run->law_ns = start;
	for (uint32_t i = 0; i < decision->nlimits; i++)
		host_set_limit(host, decision->limits[i].id,
			       decision->limits[i].limit);
	run->moves += decision->nlimits;
}

static void note(struct host *host, struct history *history, struct run *run)
{
	uint64_t given = 0, limits = 0;
	const struct snap *snap = host_look(host);

	for (uint32_t i = 0; i < host->nvms; i++)
		history->limits[run->decisions][i] = host->vms[i].pool.limit;
	for (uint32_t i = 0; i < snap->nshadows; i++) {
		limits += snap->shadows[i].limit;
		given += host->vms[snap->shadows[i].id - host->vms[0].id].given;
	}
	if (given && (double)limits / (double)given > run->budget)
		run->budget = (double)limits / (double)given;
	history->at_s[run->decisions++] = host->now_s;
}

static void tell(const struct host *host, const struct history *history,
		 const struct run *run,
		 const struct law_shadow_decision *decision)
{
	printf("%5u s  reason %u  misses/s %8.1f -> %8.1f  limits", host->now_s,
	       decision->reason, (double)decision->arg[0] / 1000,
	       (double)decision->arg[1] / 1000);
	for (uint32_t i = 0; i < host->nvms && i < 12; i++)
		printf(" %u", history->limits[run->decisions - 1][i]);
	printf("  avoidable");
	for (uint32_t i = 0; i < host->nvms && i < 12; i++)
		printf(" %llu",
		       (unsigned long long)host_vm_avoidable(&host->vms[i]));
	putchar('\n');
}

static bool is_near(uint32_t limit, uint32_t last)
{
	double gap = limit > last ? limit - last : last - limit;

	return gap <= NEAR * last;
}

static uint32_t settled(const struct history *history, const struct run *run,
			uint32_t from_s)
{
	const uint32_t *last = history->limits[run->decisions - 1];
	uint32_t since = 0, count = 0;

	for (uint32_t d = 0; d < run->decisions; d++) {
		if (history->at_s[d] <= from_s)
			continue;
		count++;
		for (uint32_t i = 0; i < history->nvms; i++)
			if (!is_near(history->limits[d][i], last[i]))
				since = count + 1;
	}
	return since;
}

static int play(struct host *host, const struct scenario *scenario,
		bool divide, bool trace, struct history *history,
		struct run *run)
{
	struct law_shadow_decision *decision = calloc(1, sizeof(*decision));
	struct law_shadow *law = calloc(1, sizeof(*law));
	int ret = decision && law ? 0 : -ENOMEM;

	if (!ret)
		law_shadow_init(law);
	while (!ret && host->now_s < scenario->seconds) {
		ret = host_run(host, RUN_DECISION_S);
		if (ret)
			break;
		if (divide)
			decide(host, law, decision, run);
		note(host, history, run);
		if (trace)
			tell(host, history, run, decision);
	}
	free(law);
	free(decision);
	return ret;
}

int run_scenario(const struct scenario *scenario, bool divide, bool trace,
		 uint64_t seed, struct run *ret_run)
{
	struct history history = { 0 };
	struct host host;
	int ret;

	memset(ret_run, 0, sizeof(*ret_run));
	ret = host_open(&host, scenario->vms, seed);
	if (ret)
		return ret;
	history.nvms = ret_run->nvms = host.nvms;
	history.limits = calloc(sizeof(history.at_s) / sizeof(history.at_s[0]),
				sizeof(*history.limits));
	ret = history.limits ? play(&host, scenario, divide, trace, &history,
				    ret_run) : -ENOMEM;
	for (uint32_t i = 0; i < host.nvms && !ret; i++) {
		ret_run->avoidable[i] = host_vm_avoidable(&host.vms[i]);
		ret_run->total += ret_run->avoidable[i];
	}
	if (!ret)
		ret_run->settled = settled(&history, ret_run, scenario->at_s);
	free(history.limits);
	host_close(&host);
	return ret;
}
