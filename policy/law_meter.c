// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "law_meter.h"

#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull

/*
 * No page costs more. A batch that skips a whole pass to scan a handful would
 * else teach a cost at which no window ever pays for a batch again.
 */
#define COST_MAX_NS 50000u
/* The dearest page: merging, or as many times a scan on a slow CPU. */
#define WORST_NS 15000u
#define WORST_TIMES 6u
/* When the window is spent, wait until it pays for this much again. */
#define LEAST_NS (60 * NS_PER_MS)
/* A merge costs as much as a dozen looks. */
#define MERGING_TIMES 16u
/* ksmd stood still for so long in a batch: the wake-up was lost, or it froze. */
#define LOST_NS (3 * NS_PER_S)
/* The same where pages_scanned is not told: it is done. */
#define STILL_NS (40 * NS_PER_MS)

void law_meter_init(struct law_meter *meter, const struct law_params *params)
{
	memset(meter, 0, sizeof(*meter));
	law_window_init(&meter->window, params->cap_window_ms);
	meter->run = SNAP_RUN_MERGE;
	meter->sleep_ms = LAW_SLEEP_MS_MAX;
	meter->scan_pages = LAW_METER_LEAST_PAGES;
	meter->scan_ns = LAW_METER_SCAN_NS;
}

void law_meter_observe(struct law_meter *meter, const struct law_params *params,
		       const struct snap *snap)
{
	uint64_t cpu_ns = meter->cpu_ns, scanned = meter->scanned;

	meter->now_ns = snap->mono_ns;
	meter->scanned = snap->ksm.pages_scanned;
	meter->visited = meter->scanned + snap->ksm.pages_skipped;
	meter->merged = snap->ksm.first_sight_merges;
	if (snap_has(snap, SNAP_CAP_KSMD_CPU)) {
		meter->cpu_ns = snap->ksm.ksmd_cpu_ns;
		meter->saw_cpu = true;
	} else if (!meter->saw_cpu) {
		meter->cpu_ns = meter->visited * LAW_METER_SCAN_NS;
	}
	if (!cpu_ns)
		meter->cpu_base_ns = meter->cpu_ns;
	/* Not told, or ksmd never ran: as many as its CPU since pays for. */
	if (!meter->scanned)
		meter->visited = meter->scanned =
			(meter->cpu_ns - meter->cpu_base_ns) /
			LAW_METER_SCAN_NS;
	if (meter->cpu_ns != cpu_ns || meter->scanned != scanned)
		meter->moved_ns = meter->now_ns;
	law_window_resize(&meter->window, params->cap_window_ms, meter->now_ns,
			  meter->cpu_ns);
	law_window_add(&meter->window, meter->now_ns, meter->cpu_ns);
}

static uint64_t a_page(uint64_t cpu_ns, uint64_t pages)
{
	uint64_t ns = cpu_ns / pages;

	return ns < COST_MAX_NS ? ns : COST_MAX_NS;
}

void law_meter_learn(uint64_t *cost_ns, uint64_t cpu_ns, uint64_t pages)
{
	if (pages >= LAW_METER_LEAST_PAGES)
		*cost_ns = (*cost_ns + a_page(cpu_ns, pages)) / 2;
}

bool law_meter_is_merging(uint64_t scanned, uint64_t merged)
{
	return merged > scanned / MERGING_TIMES;
}

/* Upwards at once, downwards by halves. */
static void learn_batch(struct law_meter *meter, uint64_t scanned,
			uint64_t expected_ns, bool merging)
{
	uint64_t cost;

	meter->last_cost_ns = expected_ns;
	if (scanned < LAW_METER_LEAST_PAGES)
		return;
	cost = a_page(meter->cpu_ns - meter->batch_cpu_ns, scanned);
	meter->last_cost_ns = cost;
	if (!merging)
		meter->scan_ns = cost > meter->scan_ns ? cost :
				 (meter->scan_ns + cost) / 2;
}

enum law_meter_batch law_meter_reap(struct law_meter *meter,
				    const struct snap *snap,
				    uint64_t full_scans, uint64_t expected_ns,
				    bool merging)
{
	bool over = snap->ksm.full_scans != full_scans;
	uint64_t scanned = meter->scanned - meter->batch_scanned;
	bool blind = !snap->ksm.pages_scanned && scanned;

	if (!meter->awake)
		return LAW_METER_NONE;
	if (!over && scanned < meter->scan_pages &&
	    meter->now_ns - meter->moved_ns < (blind ? STILL_NS : LOST_NS))
		return LAW_METER_NONE;
	meter->awake = false;
	learn_batch(meter, scanned, expected_ns, merging ||
		    law_meter_is_merging(scanned, meter->merged -
						  meter->batch_merged));
	return over ? LAW_METER_PASS_DONE : LAW_METER_DONE;
}

bool law_meter_braked(const struct law_params *params, const struct snap *snap)
{
	return snap_has(snap, SNAP_CAP_PSI_CPU) &&
	       params->psi_cpu_permille < 1000 &&
	       snap->host.psi_cpu.some_avg10_permille >=
	       params->psi_cpu_permille;
}

uint32_t law_meter_cap_permille(const struct law_params *params,
				const struct snap *snap)
{
	return law_meter_braked(params, snap) ? (params->cap_permille + 3) / 4 :
						params->cap_permille;
}

uint64_t law_meter_used_ns(const struct law_meter *meter)
{
	return law_window_used_ns(&meter->window, meter->now_ns, meter->cpu_ns);
}

static uint64_t cap_ns(const struct law_params *params, const struct snap *snap)
{
	return (uint64_t)law_meter_cap_permille(params, snap) *
	       params->cap_window_ms * 1000;
}

uint64_t law_meter_left_ns(const struct law_meter *meter,
			   const struct law_params *params,
			   const struct snap *snap)
{
	uint64_t cap = cap_ns(params, snap), used = law_meter_used_ns(meter);

	return cap > used ? cap - used : 0;
}

uint32_t law_meter_size(const struct law_meter *meter,
			const struct law_params *params,
			const struct snap *snap, uint64_t expected_ns,
			uint64_t budget_ns)
{
	uint64_t left = law_meter_left_ns(meter, params, snap);
	uint64_t least = cap_ns(params, snap) / 4;
	uint64_t worst = meter->scan_ns * WORST_TIMES;
	uint64_t cost = expected_ns, pages;

	if (least > LEAST_NS)
		least = LEAST_NS;
	if (worst < WORST_NS)
		worst = WORST_NS;
	if (meter->last_cost_ns > cost)
		cost = meter->last_cost_ns;
	if (cost > worst)
		worst = cost;
	pages = budget_ns / (cost ? cost : 1);
	if (pages > left / worst)
		pages = left / worst;
	if (pages > LAW_SCAN_PAGES_MAX)
		pages = LAW_SCAN_PAGES_MAX;
	if (pages < LAW_METER_LEAST_PAGES && !law_meter_used_ns(meter))
		return LAW_METER_LEAST_PAGES;	/* a cap this small still moves */
	if (pages < LAW_METER_LEAST_PAGES || left < least)
		return 0;
	return (uint32_t)pages;
}

bool law_meter_covers(const struct law_meter *meter, uint64_t pages)
{
	uint64_t done = meter->scanned - meter->batch_scanned;

	return meter->awake && done < meter->scan_pages &&
	       (meter->scan_pages - done) / 8 * 7 >= pages;
}

void law_meter_send(struct law_meter *meter, uint32_t pages)
{
	meter->run = SNAP_RUN_MERGE;
	meter->scan_pages = pages;
	meter->sleep_ms = meter->sleep_ms == LAW_SLEEP_MS_MAX ?
			  LAW_SLEEP_MS_MAX - 1 : LAW_SLEEP_MS_MAX;
	meter->awake = true;
	meter->batch_ns = meter->now_ns;
	meter->batch_scanned = meter->scanned;
	meter->batch_cpu_ns = meter->cpu_ns;
	meter->batch_merged = meter->merged;
	meter->moved_ns = meter->now_ns;
}
