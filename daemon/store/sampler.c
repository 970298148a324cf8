// SPDX-License-Identifier: GPL-2.0
/*
 * Spans and differences, such that no sum over rows can be absurd.
 *
 * - The span comes from CLOCK_BOOTTIME, never from the real clock.
 * - A gap longer than the tick in use plus SAMPLER_SLACK_MS (daemon stopped,
 *   host suspended) is not a span: the row speaks for the capped span, and its
 *   counters are scaled to it, so that rates are the mean over the whole gap
 *   and sums belong to the time that is accounted for.
 * - A counter's difference is known only if the snapshot just before had the
 *   counter too, it did not fall, and it grew no faster than any machine can:
 *   a truncated or reset file makes one unknown value, not a huge one.
 * - The first row of a run has span 0 and no differences.
 *
 * Invariant: totals are cut to microseconds before they are subtracted, hence
 * rounding never accumulates.
 */
#include "../../policy/snap.h"
#include "sampler.h"

/* What grows faster than this in a second is not believed. */
static const struct {
	enum host_col col;
	int64_t max_per_s;
} counters[] = {
	{ HOST_scanned, 50000000 },	/* 20 ns a page */
	{ HOST_skipped, 50000000 },
	{ HOST_full_scans, 100000 },
	{ HOST_cow, 50000000 },
	{ HOST_ksmd_cpu_us, 1250000 },	/* one thread, and clock jitter */
	{ HOST_daemon_cpu_us, 64000000 },
	{ HOST_stall_cpu_us, 1250000 },
	{ HOST_stall_mem_us, 1250000 },
	{ HOST_shadow_evictions, 50000000 },
	{ HOST_shadow_refaults, 50000000 },
};

static int64_t clip(uint64_t value)
{
	return value > (uint64_t)HOST_VALUE_MAX ? HOST_VALUE_MAX :
						  (int64_t)value;
}

static int64_t clip_signed(int64_t value)
{
	if (value < -HOST_VALUE_MAX)
		return -HOST_VALUE_MAX;
	return value > HOST_VALUE_MAX ? HOST_VALUE_MAX : value;
}

static int64_t known(bool is_known, uint64_t value)
{
	return is_known ? clip(value) : HOST_NULL;
}

static uint64_t population_pages(const struct snap *snap)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < snap->nvms; i++) {
		if (snap->vms[i].mergeable)
			pages += snap->vms[i].rss_anon_pages;
	}
	return pages;
}

static uint64_t shadow_pages(const struct snap *snap)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < snap->nshadows; i++)
		pages += snap->shadows[i].pages;
	return pages;
}

static void fill_gauges(const struct snap *snap, int64_t *value)
{
	const struct snap_ksm *ksm = &snap->ksm;
	const struct snap_host *host = &snap->host;
	bool has_ksm = snap_has(snap, SNAP_CAP_KSM);
	bool has_mem = snap_has(snap, SNAP_CAP_MEMINFO);
	int64_t page = snap->page_size ? snap->page_size : 4096;
	uint64_t swap_used = host->swap_total_kib > host->swap_free_kib ?
			     host->swap_total_kib - host->swap_free_kib : 0;

	value[HOST_pages_shared] = known(has_ksm, ksm->pages_shared);
	value[HOST_pages_sharing] = known(has_ksm, ksm->pages_sharing);
	value[HOST_stale_pages] = known(has_ksm, ksm->stale_pages);
	value[HOST_pages_unshared] = known(has_ksm, ksm->pages_unshared);
	value[HOST_pages_volatile] = known(has_ksm, ksm->pages_volatile);
	value[HOST_zero_pages] =
		known(snap_has(snap, SNAP_CAP_ZERO), ksm->zero_pages);
	value[HOST_profit_pages] = snap_has(snap, SNAP_CAP_PROFIT) ?
		clip_signed(ksm->profit_bytes / page) : HOST_NULL;
	value[HOST_mem_available_kib] = known(has_mem, host->mem_available_kib);
	value[HOST_mem_total_kib] = known(has_mem, host->mem_total_kib);
	value[HOST_swap_used_kib] = known(has_mem, swap_used);
	value[HOST_anon_pages] =
		known(snap_has(snap, SNAP_CAP_ANON), host->anon_pages);
	value[HOST_population_pages] = known(snap_has(snap, SNAP_CAP_KSM_STAT),
					     population_pages(snap));
	value[HOST_vms] = clip(snap->nvms);
	value[HOST_psi_cpu_permille] = known(snap_has(snap, SNAP_CAP_PSI_CPU),
					     host->psi_cpu.some_avg10_permille);
	value[HOST_psi_mem_permille] = known(snap_has(snap, SNAP_CAP_PSI_MEM),
					     host->psi_mem.some_avg10_permille);
	value[HOST_cached_kib] = known(has_mem, host->cached_kib);
	value[HOST_shadow_pages] = known(snap_has(snap, SNAP_CAP_SHADOW),
					 shadow_pages(snap));
	value[HOST_ksm_run] = known(has_ksm, ksm->run);
	value[HOST_sleep_ms] = known(has_ksm, ksm->sleep_ms);
	value[HOST_scan_pages] = known(has_ksm, ksm->scan_pages);
}

static void fill_totals(const struct snap *snap, uint64_t daemon_cpu_ns,
			int64_t *total)
{
	bool has_ksm = snap_has(snap, SNAP_CAP_KSM);
	bool has_shadow = snap_has(snap, SNAP_CAP_SHADOW);

	total[HOST_scanned] = known(has_ksm, snap->ksm.pages_scanned);
	total[HOST_full_scans] = known(has_ksm, snap->ksm.full_scans);
	total[HOST_skipped] = known(snap_has(snap, SNAP_CAP_SKIPPED),
				    snap->ksm.pages_skipped);
	total[HOST_cow] = known(snap_has(snap, SNAP_CAP_COW),
				snap->host.cow_ksm);
	total[HOST_ksmd_cpu_us] = known(snap_has(snap, SNAP_CAP_KSMD_CPU),
					snap->ksm.ksmd_cpu_ns / 1000);
	total[HOST_daemon_cpu_us] = clip(daemon_cpu_ns / 1000);
	total[HOST_stall_cpu_us] = known(snap_has(snap, SNAP_CAP_PSI_CPU),
					 snap->host.psi_cpu.some_total_us);
	total[HOST_stall_mem_us] = known(snap_has(snap, SNAP_CAP_PSI_MEM),
					 snap->host.psi_mem.some_total_us);
	total[HOST_shadow_evictions] = known(has_shadow,
					     snap->shadow_evictions);
	total[HOST_shadow_refaults] = known(has_shadow, snap->shadow_refaults);
}

/* The longest gap that is still one tick. */
static uint64_t span_limit_ms(const struct sampler *sampler)
{
	uint64_t tick_ms = SAMPLER_FIRST_TICK_MS;

	/*
	 * The shortest of the last gaps is the tick: one pause does not raise
	 * it, a new interval in the policy file does after three ticks.
	 */
	for (unsigned int i = 0; i < sampler->ngaps; i++) {
		if (!i || sampler->gaps_ms[i] < tick_ms)
			tick_ms = sampler->gaps_ms[i];
	}
	if (sampler->next_ms > tick_ms)
		tick_ms = sampler->next_ms;
	return tick_ms + SAMPLER_SLACK_MS;
}

static void remember_gap(struct sampler *sampler, uint64_t gap_ms)
{
	for (unsigned int i = SAMPLER_GAPS - 1; i > 0; i--)
		sampler->gaps_ms[i] = sampler->gaps_ms[i - 1];
	sampler->gaps_ms[0] = gap_ms;
	if (sampler->ngaps < SAMPLER_GAPS)
		sampler->ngaps++;
}

static int64_t difference(int64_t before, int64_t now, int64_t max_per_s,
			  uint64_t gap_ms, uint64_t span_ms)
{
	int64_t grown;

	if (before == HOST_NULL || now == HOST_NULL || now < before || !gap_ms)
		return HOST_NULL;
	grown = now - before;
	if ((double)grown > (double)max_per_s * ((double)gap_ms / 1000 + 1))
		return HOST_NULL;
	if (gap_ms > span_ms)
		grown = (int64_t)((double)grown * span_ms / gap_ms);
	return grown;
}

void sampler_take(struct sampler *sampler, const struct snap *snap,
		  uint32_t next_ms, uint64_t daemon_cpu_ns,
		  struct host_row *ret_row)
{
	uint64_t mono_ms = snap->mono_ns / 1000000;
	int64_t total[HOST_NCOLS];
	uint64_t gap_ms = 0;
	uint64_t span_ms;

	if (sampler->any && mono_ms > sampler->mono_ms)
		gap_ms = mono_ms - sampler->mono_ms;
	span_ms = span_limit_ms(sampler);
	if (gap_ms < span_ms)
		span_ms = gap_ms;

	ret_row->real_ms = clip_signed(snap->real_ms);
	ret_row->span_ms = (int64_t)span_ms;
	ret_row->samples = 1;
	fill_gauges(snap, ret_row->value);
	fill_totals(snap, daemon_cpu_ns, total);
	for (unsigned int i = 0; i < sizeof(counters) / sizeof(counters[0]);
	     i++) {
		enum host_col col = counters[i].col;

		ret_row->value[col] =
			difference(sampler->counter[col], total[col],
				   counters[i].max_per_s, gap_ms, span_ms);
		sampler->counter[col] = total[col];
	}
	if (gap_ms)
		remember_gap(sampler, gap_ms);
	sampler->any = true;
	sampler->mono_ms = mono_ms;
	sampler->next_ms = next_ms;
}
