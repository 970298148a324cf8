// SPDX-License-Identifier: GPL-2.0
/*
 * Metrics. A mark is an arrival or a rewrite; its span lasts until the next
 * mark. The target of a span is what an all-knowing ksmd would save at its
 * end, its base what was saved just after the mark; 90 % of the way from base
 * to target is when a controller has coped. Spans with less than 1 MiB to gain
 * are not judged.
 */
#include <errno.h>
#include <stdlib.h>

#include "sim_meter.h"

#define GAIN_MIN_PAGES PLANT_PAGES_PER_MIB
#define PEAK_SAMPLES (5 * SIM_SAMPLES_PER_S)

struct sim_meter {
	const struct sim_scenario *scenario;
	struct sim_sample *samples;
	uint32_t nsamples, room;
	uint32_t nmarks;
	uint64_t target[SIM_MARKS_MAX];
	uint64_t cow;
};

int sim_meter_new(const struct sim_scenario *scenario,
		  struct sim_meter **ret_meter)
{
	struct sim_meter *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->scenario = scenario;
	while (m->nmarks < SIM_MARKS_MAX && scenario->marks_s[m->nmarks])
		m->nmarks++;
	m->room = scenario->duration_s * SIM_SAMPLES_PER_S + 1;
	m->samples = calloc(m->room, sizeof(*m->samples));
	if (!m->samples) {
		free(m);
		return -ENOMEM;
	}
	*ret_meter = m;
	return 0;
}

void sim_meter_free(struct sim_meter *m)
{
	if (!m)
		return;
	free(m->samples);
	free(m);
}

void sim_meter_sample(struct sim_meter *m, const struct plant *plant,
		      const struct snap *snap, enum law_phase phase,
		      const struct law_params *params)
{
	if (m->nsamples == m->room)
		return;
	m->samples[m->nsamples++] = (struct sim_sample){
		.saved = plant_saved(plant),
		.counted = snap_saved_pages(snap),
		.cpu_ns = snap->ksm.ksmd_cpu_ns,
		.passes = snap->ksm.full_scans,
		.batches = plant_batches(plant),
		.phase = phase,
		.run = snap->ksm.run,
		.cap_permille = params->cap_permille,
		.cap_window_ms = params->cap_window_ms,
	};
	m->cow = snap->host.cow_ksm;
}

static uint32_t span_end_s(const struct sim_meter *m, uint32_t mark)
{
	return mark + 1 < m->nmarks ? m->scenario->marks_s[mark + 1] :
				      m->scenario->duration_s;
}

void sim_meter_before(struct sim_meter *m, const struct plant *plant,
		      uint64_t ms)
{
	uint32_t i;

	for (i = 0; i < m->nmarks; i++)
		if (ms == span_end_s(m, i) * 1000ull)
			m->target[i] = plant_ideal(plant);
}

static double cpu_permille(const struct sim_meter *m, uint32_t from,
			   uint32_t to)
{
	if (to >= m->nsamples)
		to = m->nsamples - 1;
	if (from >= to)
		return 0;
	return (double)(m->samples[to].cpu_ns - m->samples[from].cpu_ns) *
	       1000 / ((double)(to - from) * SIM_SAMPLE_MS * PLANT_NS_PER_MS);
}

/* Worst of the windows. */
static double windows_permille(const struct sim_meter *m,
			       const struct sim_window *windows)
{
	double worst = 0, x;
	uint32_t i;

	for (i = 0; i < SIM_WINDOWS_MAX && windows[i].to_s; i++) {
		x = cpu_permille(m, windows[i].from_s * SIM_SAMPLES_PER_S,
				 windows[i].to_s * SIM_SAMPLES_PER_S);
		worst = x > worst ? x : worst;
	}
	return worst;
}

static double gib(double pages)
{
	return pages * PLANT_PAGE_SIZE / (1u << 30);
}

static void add_sums(const struct sim_meter *m, double *metric)
{
	const struct sim_sample *s = m->samples;
	double peak = 0, x;
	uint32_t i;

	for (i = 1; i < m->nsamples; i++) {
		metric[SIM_A] += (double)s[i].saved - (double)s[0].saved;
		metric[SIM_A_COUNTED] += (double)s[i].counted -
					 (double)s[0].counted;
		if (s[i].phase == LAW_PHASE_BRAKE)
			metric[SIM_BRAKE_S] += 1.0 / SIM_SAMPLES_PER_S;
		if (s[i].phase == LAW_PHASE_IDLE)
			metric[SIM_IDLE_S] += 1.0 / SIM_SAMPLES_PER_S;
		if (s[i].phase == LAW_PHASE_HUNT)
			metric[SIM_HUNT_S] += 1.0 / SIM_SAMPLES_PER_S;
		if (s[i].phase == LAW_PHASE_HUNT &&
		    s[i - 1].phase != LAW_PHASE_HUNT)
			metric[SIM_HUNTS]++;
		if (i >= PEAK_SAMPLES) {
			x = cpu_permille(m, i - PEAK_SAMPLES, i);
			peak = x > peak ? x : peak;
		}
	}
	metric[SIM_A] = gib(metric[SIM_A]) / SIM_SAMPLES_PER_S;
	metric[SIM_A_COUNTED] = gib(metric[SIM_A_COUNTED]) / SIM_SAMPLES_PER_S;
	metric[SIM_PEAK] = peak;
}

/*
 * The cap by its own words: over its window, as far as it has been in force,
 * for a reload does not undo what was spent under the numbers before.
 */
static double over_cap(const struct sim_meter *m)
{
	const struct sim_sample *s = m->samples;
	double worst = 0, x;
	uint32_t i, from, since = 0, span;

	for (i = 1; i < m->nsamples; i++) {
		if (s[i].cap_permille != s[i - 1].cap_permille ||
		    s[i].cap_window_ms != s[i - 1].cap_window_ms)
			since = i;
		span = s[i].cap_window_ms / SIM_SAMPLE_MS;
		if (!span)
			continue;
		from = i - since > span ? i - span : since;
		x = (double)(s[i].cpu_ns - s[from].cpu_ns) * 1000 /
		    ((double)s[i].cap_window_ms * PLANT_NS_PER_MS) -
		    s[i].cap_permille;
		worst = x > worst ? x : worst;
	}
	return worst;
}

static bool is_arrival(const struct sim_scenario *scenario, uint32_t at_s)
{
	const struct sim_procs *procs;
	uint32_t i;

	for (procs = scenario->procs; procs->name; procs++)
		for (i = 0; i < procs->copies && !procs->aged_passes; i++)
			if (procs->at_s * 1000ull +
			    (uint64_t)i * procs->every_ms == at_s * 1000ull)
				return true;
	return false;
}

/* A batch counts when the controller meant it for the newcomer. */
static double first_batch_ms(const struct sim_meter *m, uint32_t from,
			     uint32_t to)
{
	const struct sim_sample *s = m->samples;
	uint32_t i;

	for (i = from + 1; i <= to && i < m->nsamples; i++)
		if ((s[i].phase == LAW_PHASE_HUNT ||
		     s[i].phase == LAW_PHASE_FIXED) &&
		    s[i].batches > s[i - 1].batches)
			return (i - from) * SIM_SAMPLE_MS;
	return SIM_NEVER;
}

static void add_mark(const struct sim_meter *m, uint32_t mark, double *metric)
{
	const struct sim_sample *s = m->samples;
	uint32_t from = m->scenario->marks_s[mark] * SIM_SAMPLES_PER_S;
	uint32_t to = span_end_s(m, mark) * SIM_SAMPLES_PER_S;
	double *t90 = &metric[SIM_T90_0 + mark];
	double goal, first;
	uint32_t i;

	if (is_arrival(m->scenario, m->scenario->marks_s[mark])) {
		first = first_batch_ms(m, from, to);
		if (first > metric[SIM_FIRST_MS])
			metric[SIM_FIRST_MS] = first;
	}
	if (m->target[mark] < s[from].saved + GAIN_MIN_PAGES)
		return;
	goal = (double)s[from].saved +
	       0.9 * (double)(m->target[mark] - s[from].saved);
	*t90 = SIM_NEVER;
	metric[SIM_P90_0 + mark] = SIM_NEVER;
	for (i = from; i <= to && i < m->nsamples; i++) {
		if ((double)s[i].saved < goal)
			continue;
		*t90 = (double)(i - from) / SIM_SAMPLES_PER_S;
		metric[SIM_P90_0 + mark] = s[i].passes - s[from].passes;
		break;
	}
	if (*t90 > metric[SIM_T90])
		metric[SIM_T90] = *t90;
}

void sim_meter_result(const struct sim_meter *m, struct sim_result *ret_result)
{
	const struct sim_sample *last = &m->samples[m->nsamples - 1];
	double *metric = ret_result->metric;
	uint64_t possible = m->nmarks ? m->target[m->nmarks - 1] : 0;
	uint32_t i;

	*ret_result = (struct sim_result){ 0 };
	add_sums(m, metric);
	for (i = 0; i < m->nmarks; i++)
		add_mark(m, i, metric);
	metric[SIM_C] = (double)(last->cpu_ns - m->samples[0].cpu_ns) /
			PLANT_NS_PER_S;
	if (metric[SIM_C] > 0)
		metric[SIM_A_PER_C] = metric[SIM_A] / metric[SIM_C];
	metric[SIM_KEPT] = possible ? (double)last->saved / (double)possible :
				      1;
	metric[SIM_LATE] = windows_permille(m, m->scenario->late);
	metric[SIM_IDLE] = windows_permille(m, m->scenario->idle);
	metric[SIM_OVER] = over_cap(m);
	metric[SIM_RUN] = last->run;
	metric[SIM_COW] = (double)m->cow;
}
