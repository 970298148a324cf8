// SPDX-License-Identifier: GPL-2.0
/*
 * Claims about scenarios, checked in TAP: one line for each claim, numbered
 * through, with the number of its scenario in front of its name. References
 * (the same metric under another controller) are run once per scenario.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define REFS_MAX 16u

/* Results of one scenario, by controller, as far as they were needed. */
struct cache {
	const struct sim_scenario *scenario;
	const struct sim_options *options;
	struct {
		struct sim_controller controller;
		struct sim_result result;
	} refs[REFS_MAX];
	unsigned int nrefs;
};

static const struct sim_scenario *const tables[] = {
	sim_scenarios_bench, sim_scenarios_memory, sim_scenarios_host,
	sim_scenarios_fault, sim_scenarios_patched,
};

const struct sim_scenario *sim_scenario_at(unsigned int i)
{
	const struct sim_scenario *s;
	unsigned int t;

	for (t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (s = tables[t]; s->name; s++)
			if (!i--)
				return s;
	return NULL;
}

const struct sim_scenario *sim_scenario_find(const char *name)
{
	const struct sim_scenario *s;
	unsigned int i;

	for (i = 0; (s = sim_scenario_at(i)); i++)
		if (!strcmp(s->name, name))
			return s;
	return NULL;
}

const char *sim_metric_name(enum sim_metric metric)
{
	static const char *const names[SIM_METRICS] = {
		[SIM_A] = "saved GiB-s",
		[SIM_A_COUNTED] = "counted GiB-s",
		[SIM_C] = "ksmd CPU-s",
		[SIM_A_PER_C] = "GiB-s per CPU-s",
		[SIM_KEPT] = "sharing kept",
		[SIM_PEAK] = "peak permille over 5 s",
		[SIM_LATE] = "settled permille",
		[SIM_IDLE] = "idle permille",
		[SIM_FIRST_MS] = "ms to the first hunt batch",
		[SIM_T90] = "worst s to 90 %",
		[SIM_T90_0] = "s to 90 % after mark 1",
		[SIM_T90_0 + 1] = "s to 90 % after mark 2",
		[SIM_T90_0 + 2] = "s to 90 % after mark 3",
		[SIM_T90_0 + 3] = "s to 90 % after mark 4",
		[SIM_T90_0 + 4] = "s to 90 % after mark 5",
		[SIM_T90_0 + 5] = "s to 90 % after mark 6",
		[SIM_T90_0 + 6] = "s to 90 % after mark 7",
		[SIM_T90_0 + 7] = "s to 90 % after mark 8",
		[SIM_P90_0] = "passes to 90 % after mark 1",
		[SIM_P90_0 + 1] = "passes to 90 % after mark 2",
		[SIM_P90_0 + 2] = "passes to 90 % after mark 3",
		[SIM_P90_0 + 3] = "passes to 90 % after mark 4",
		[SIM_P90_0 + 4] = "passes to 90 % after mark 5",
		[SIM_P90_0 + 5] = "passes to 90 % after mark 6",
		[SIM_P90_0 + 6] = "passes to 90 % after mark 7",
		[SIM_P90_0 + 7] = "passes to 90 % after mark 8",
		[SIM_BRAKE_S] = "s in brake",
		[SIM_HUNT_S] = "s in hunt",
		[SIM_HUNTS] = "hunts",
		[SIM_IDLE_S] = "s idle",
		[SIM_RUN] = "run at the end",
		[SIM_OVER] = "permille above the cap",
		[SIM_TICKS] = "decisions",
		[SIM_COW] = "copies of merged pages",
		[SIM_WRITES] = "knob writes",
		[SIM_BAD] = "decisions out of bounds",
	};

	return names[metric];
}

static int cache_get(struct cache *cache, const struct sim_controller *c,
		     const struct sim_result **ret_result)
{
	unsigned int i;
	int ret;

	for (i = 0; i < cache->nrefs; i++)
		if (!strcmp(cache->refs[i].controller.name, c->name))
			goto found;
	if (i == REFS_MAX)
		return -E2BIG;
	ret = sim_run(cache->scenario, c, cache->options,
		      &cache->refs[i].result);
	if (ret)
		return ret;
	cache->refs[i].controller = *c;
	cache->nrefs++;
found:
	*ret_result = &cache->refs[i].result;
	return 0;
}

static int cache_named(struct cache *cache, const char *name,
		       const struct sim_result **ret_result)
{
	struct sim_controller c;

	if (!sim_controller_find(name, &c))
		return -EINVAL;
	return cache_get(cache, &c, ret_result);
}

/* The peer that a user without us would pick; the oracle is no peer. */
static int best_peer(struct cache *cache, const struct sim_result **ret_result)
{
	static const char *const peers[] = {
		"stock", "paper", "aggressive", "advisor-10", "advisor-200",
		"ksmtuned",
	};
	const struct sim_result *oracle, *r, *best = NULL;
	unsigned int i;
	int ret;

	ret = cache_named(cache, SIM_ORACLE, &oracle);
	for (i = 0; !ret && i < sizeof(peers) / sizeof(peers[0]); i++) {
		ret = cache_named(cache, peers[i], &r);
		if (ret || r->metric[SIM_A] < 0.75 * oracle->metric[SIM_A])
			continue;
		if (!best || r->metric[SIM_A_PER_C] >
			     best->metric[SIM_A_PER_C])
			best = r;
	}
	if (!ret)
		*ret_result = best ? best : oracle;
	return ret;
}

static int claim_bound(struct cache *cache, const struct sim_claim *claim,
		       double *ret_bound)
{
	const struct sim_result *ref;
	int ret;

	if (!claim->ref) {
		*ret_bound = claim->bound;
		return 0;
	}
	if (!strcmp(claim->ref, SIM_BEST_PEER))
		ret = best_peer(cache, &ref);
	else
		ret = cache_named(cache, claim->ref, &ref);
	if (!ret)
		*ret_bound = claim->bound * ref->metric[claim->metric];
	return ret;
}

static void print_value(FILE *out, double value)
{
	if (value >= SIM_NEVER)
		fputs("never", out);
	else
		fprintf(out, "%.4g", value);
}

/*
 * One line of TAP; 1 when the claim does not hold. A shortfall that is known is
 * shown as what TAP calls a TODO: it does not fail, and it does not hide.
 */
static int print_claim(FILE *out, unsigned int line, unsigned int number,
		       const struct sim_scenario *s,
		       const struct sim_claim *claim, double value,
		       double bound)
{
	bool ok = claim->op == SIM_LE ? value <= bound : value >= bound;

	fprintf(out, "%sok %u - %02u %s: %s ", ok ? "" : "not ", line, number,
		s->name, sim_metric_name(claim->metric));
	print_value(out, value);
	fputs(claim->op == SIM_LE ? " <= " : " >= ", out);
	print_value(out, bound);
	if (claim->ref)
		fprintf(out, " (%g x %s)", claim->bound, claim->ref);
	if (claim->todo)
		fprintf(out, " # TODO %s", claim->todo);
	fputc('\n', out);
	fflush(out);
	return !ok && !claim->todo;
}

/* Every scenario claims this of every law without saying so. */
static const struct sim_claim always = { SIM_BAD, SIM_LE, 0, NULL, NULL };

static bool claim_last(const struct sim_claim *claim)
{
	return claim->bound == 0 && !claim->ref && claim->op == SIM_LE &&
	       claim->metric == 0;
}

static int check_scenario(const struct sim_scenario *s, unsigned int number,
			  const struct sim_controller *controller,
			  const struct sim_options *options, FILE *out,
			  unsigned int *line)
{
	struct cache *cache = calloc(1, sizeof(*cache));
	const struct sim_result *mine;
	double bound = 0;
	int ret, failed = 0;
	unsigned int i;

	if (!cache)
		return -ENOMEM;
	cache->scenario = s;
	cache->options = options;
	ret = cache_get(cache, controller, &mine);
	if (ret)
		goto out;
	failed += print_claim(out, ++*line, number, s, &always,
			      mine->metric[SIM_BAD], always.bound);
	for (i = 0; i < SIM_CLAIMS_MAX && !claim_last(&s->claims[i]); i++) {
		ret = claim_bound(cache, &s->claims[i], &bound);
		if (ret)
			goto out;
		failed += print_claim(out, ++*line, number, s, &s->claims[i],
				      mine->metric[s->claims[i].metric],
				      bound);
	}
	ret = failed;
out:
	free(cache);
	return ret;
}

int sim_check(const char *only, const struct sim_controller *controller,
	      const struct sim_options *options, FILE *out)
{
	const struct sim_scenario *s;
	unsigned int i, line = 0;
	int ret, failed = 0;

	fputs("TAP version 13\n", out);
	for (i = 0; (s = sim_scenario_at(i)); i++) {
		if (only && strcmp(only, s->name))
			continue;
		fprintf(out, "# %02u %s: %s\n", i + 1, s->name, s->summary);
		ret = check_scenario(s, i + 1, controller, options, out,
				     &line);
		if (ret < 0) {
			fprintf(out, "Bail out! %s: %s\n", s->name,
				strerror(-ret));
			return ret;
		}
		failed += ret;
	}
	fprintf(out, "1..%u\n", line);
	return failed;
}

static void print_row(FILE *out, const char *name,
		      const struct sim_result *r,
		      const struct sim_result *oracle)
{
	const double *m = r->metric;

	fprintf(out, "%-12s %8.2f %7.3f %8.2f %8.2f", name, m[SIM_A],
		oracle->metric[SIM_A] > 0 ?
			m[SIM_A] / oracle->metric[SIM_A] : 0.0,
		m[SIM_C], m[SIM_A_PER_C]);
	if (m[SIM_T90] >= SIM_NEVER)
		fprintf(out, " %7s", "never");
	else
		fprintf(out, " %7.1f", m[SIM_T90]);
	fprintf(out, " %7.1f %7.2f %6.3f\n", m[SIM_PEAK] / 10,
		m[SIM_LATE] / 10, m[SIM_KEPT]);
	fflush(out);
}

static int table_of(const struct sim_scenario *s,
		    const struct sim_options *options, FILE *out)
{
	struct sim_result oracle, result;
	struct sim_controller c;
	unsigned int i;
	int ret;

	if (!sim_controller_find(SIM_ORACLE, &c))
		return -EINVAL;
	ret = sim_run(s, &c, options, &oracle);
	if (ret)
		return ret;
	fprintf(out, "%s: %s\n", s->name, s->summary);
	fprintf(out, "%-12s %8s %7s %8s %8s %7s %7s %7s %6s\n", "controller",
		"A GiB-s", "A/orac", "C CPU-s", "A/C", "t90 s", "peak %",
		"late %", "kept");
	for (i = 0; sim_controller_at(i, &c); i++) {
		result = oracle;
		if (strcmp(c.name, SIM_ORACLE))
			ret = sim_run(s, &c, options, &result);
		if (ret)
			return ret;
		print_row(out, c.name, &result, &oracle);
	}
	fputc('\n', out);
	return 0;
}

int sim_table(const char *only, const struct sim_options *options, FILE *out)
{
	const struct sim_scenario *s;
	unsigned int i;
	int ret;

	for (i = 0; (s = sim_scenario_at(i)); i++) {
		if (only ? strcmp(only, s->name) != 0 : !s->bench)
			continue;
		ret = table_of(s, options, out);
		if (ret)
			return ret;
	}
	return 0;
}
