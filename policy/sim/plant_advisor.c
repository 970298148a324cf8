// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own tuning, advisor_mode = scan-time: at the end of a pass,
 * pages_to_scan is scaled so that a pass takes target_scan_time. The rule and
 * its limits are those of Documentation/admin-guide/mm/ksm.rst and mm/ksm.c,
 * whole seconds, whole percents and truncating divisions included: they are
 * what makes it slow to leave either end.
 */
#include "plant_priv.h"

/* Defaults of advisor_{min,max}_pages_to_scan and advisor_{min,max}_cpu. */
#define MIN_PAGES 500u
#define MAX_PAGES 30000u
#define MIN_CPU 10u
#define MAX_CPU 70u
/* Weight in percent of the newest pass in the moving average. */
#define EWMA_WEIGHT 30u

static uint64_t at_least_1(uint64_t x)
{
	return x ? x : 1;
}

void plant_set_advisor(struct plant *p, uint32_t advisor)
{
	struct ksmd *k = &p->ksmd;

	if (advisor == p->conf.advisor)
		return;
	p->conf.advisor = advisor;
	k->scan_start_ns = 0;
	k->scan_time_s = 0;
	k->change = 0;
	k->cpu_time_ns = 0;
	p->conf.scan_pages = advisor == SNAP_ADVISOR_NONE ? 100 : MIN_PAGES;
}

void plant_set_advisor_target(struct plant *p, uint32_t target_s)
{
	p->conf.advisor_target_s = target_s;
}

void plant_advisor_start(struct plant *p)
{
	if (p->conf.advisor == SNAP_ADVISOR_SCAN_TIME)
		p->ksmd.scan_start_ns = p->now_ns;
}

void plant_advisor_stop(struct plant *p)
{
	struct ksmd *k = &p->ksmd;
	uint64_t scan_s, cpu_pct, last_s, factor, change, pages, per_pct;

	if (p->conf.advisor != SNAP_ADVISOR_SCAN_TIME)
		return;
	scan_s = at_least_1((p->now_ns - k->scan_start_ns) / PLANT_NS_PER_S);
	cpu_pct = at_least_1((p->cpu_ns - k->cpu_time_ns) / PLANT_NS_PER_MS *
			     100 / (scan_s * 1000));
	last_s = k->scan_time_s ? k->scan_time_s : scan_s;
	factor = at_least_1(p->conf.advisor_target_s * 100ull / scan_s);
	change = at_least_1(scan_s * 100 / last_s);
	change = ((100 - EWMA_WEIGHT) * k->change + EWMA_WEIGHT * change) / 100;

	pages = p->conf.scan_pages * 100ull / factor * change / 100;
	per_pct = at_least_1(p->conf.scan_pages / cpu_pct);
	if (pages > per_pct * MAX_CPU)
		pages = per_pct * MAX_CPU;
	if (pages < per_pct * MIN_CPU)
		pages = per_pct * MIN_CPU;
	if (pages > MAX_PAGES)
		pages = MAX_PAGES;

	k->change = change;
	k->scan_time_s = scan_s;
	k->cpu_time_ns = p->cpu_ns;
	p->conf.scan_pages = (uint32_t)pages;
}
