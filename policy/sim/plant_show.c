// SPDX-License-Identifier: GPL-2.0
/*
 * What a host would show of the plant: /sys/kernel/mm/ksm, /proc/meminfo,
 * /proc/vmstat, pressure and the table of processes, as struct snap.
 *
 * The counters are the kernel's. They lag behind the truth: a write to a
 * merged page, or the exit of its owner, leaves pages_sharing alone until ksmd
 * comes by. Sources that the modelled kernel lacks read as zero.
 */
#include <stdio.h>
#include <string.h>

#include "plant_priv.h"

/* sizeof(struct ksm_rmap_item) on 64 bit, as general_profit counts it. */
#define RMAP_ITEM_BYTES 64

static void show_ksm(const struct plant *p, struct snap_ksm *ksm)
{
	uint32_t caps = p->conf.caps;
	uint64_t in_trees = p->shared + p->sharing + p->unshared;

	*ksm = (struct snap_ksm){
		.run = p->ksmd.run_asked,
		.sleep_ms = p->conf.sleep_ms,
		.scan_pages = p->conf.scan_pages,
		.merge_across_nodes = 1,
		.max_page_sharing = p->conf.max_page_sharing,
		.use_zero_pages = p->conf.use_zero_pages,
		.pages_shared = p->shared,
		.pages_sharing = p->sharing,
		.pages_unshared = p->unshared,
		.pages_volatile = p->items > in_trees ? p->items - in_trees : 0,
		.stable_node_chains = p->chains,
		.stable_node_dups = p->dups,
		.full_scans = p->full_scans,
	};
	if (caps & SNAP_CAP_KSMD_CPU)
		ksm->ksmd_cpu_ns = p->cpu_ns;
	if (caps & SNAP_CAP_SKIPPED) {
		ksm->smart_scan = p->conf.smart_scan;
		ksm->pages_skipped = p->skipped;
	}
	if (caps & SNAP_CAP_ZERO) {
		ksm->zero_pages = p->zero;
		ksm->pages_scanned = p->scanned; /* came with the same 6.6 */
	}
	if (caps & SNAP_CAP_PROFIT)
		ksm->profit_bytes = (int64_t)(p->sharing + p->zero) *
				    PLANT_PAGE_SIZE -
				    (int64_t)p->items * RMAP_ITEM_BYTES;
	if (caps & SNAP_CAP_ADVISOR)
		ksm->advisor = p->conf.advisor;
	if (!p->conf.patched)
		return;
	ksm->checksum_index = p->conf.checksum_index;
	ksm->index_hits = p->index_hits;
	ksm->index_skips = p->index_skips;
	ksm->first_sight_merges = p->first_sight_merges;
}

static uint64_t proc_pages(const struct plant *p, const struct proc *proc)
{
	uint64_t pages = 0;
	uint32_t i;

	for (i = 0; i < proc->nregions; i++)
		pages += plant_present(p, proc, &proc->regions[i]);
	return pages;
}

void plant_show(const struct plant *p, struct snap *snap)
{
	struct snap_host *host = &snap->host;
	uint64_t anon = 0, used_kib;
	uint32_t i;

	for (i = 1; i < p->nprocs; i++)
		anon += proc_pages(p, &p->procs[i]);
	anon -= plant_saved(p);
	used_kib = p->conf.mem_base_kib + anon * (PLANT_PAGE_SIZE / 1024);
	if (used_kib > p->conf.mem_total_kib)
		used_kib = p->conf.mem_total_kib;

	snap->mono_ns = p->now_ns;
	snap->real_ms = (int64_t)(p->now_ns / PLANT_NS_PER_MS);
	snap->caps = p->conf.caps;
	if (p->conf.patched)
		snap->caps |= SNAP_CAP_INDEX | SNAP_CAP_COUNTS;
	snap->page_size = PLANT_PAGE_SIZE;
	show_ksm(p, &snap->ksm);
	memset(host, 0, sizeof(*host));
	host->ncpus = p->conf.ncpus;
	host->mem_total_kib = p->conf.mem_total_kib;
	host->mem_free_kib = p->conf.mem_total_kib - used_kib;
	host->mem_available_kib = host->mem_free_kib;
	host->anon_pages = p->conf.caps & SNAP_CAP_ANON ? anon : 0;
	host->cow_ksm = p->conf.caps & SNAP_CAP_COW ? p->cow_ksm : 0;
	if (p->conf.caps & SNAP_CAP_PSI_CPU) {
		host->psi_cpu.some_avg10_permille = p->psi_permille;
		host->psi_cpu.some_avg60_permille = p->psi_permille;
	}
}

static uint64_t busy_ticks(const struct plant *p, const struct proc *proc)
{
	uint64_t ms = (p->now_ns - proc->start_ns) / PLANT_NS_PER_MS;

	if (ms > proc->spec.busy_ms)
		ms = proc->spec.busy_ms;
	return ms * SNAP_TICKS_PER_S / 1000;
}

uint32_t plant_show_vms(const struct plant *p, struct snap_vm *vms,
			uint32_t max)
{
	bool stat = p->conf.caps & SNAP_CAP_KSM_STAT;
	uint32_t i, n = 0;

	for (i = 1; i < p->nprocs && n < max; i++) {
		const struct proc *proc = &p->procs[i];
		struct snap_vm *vm = &vms[n];

		if (!proc->alive)
			continue;
		*vm = (struct snap_vm){
			.pid = (int32_t)(1000 + i),
			.start_ticks = proc->start_ns / (PLANT_NS_PER_S / 100),
			.cpu_ticks = busy_ticks(p, proc),
			.vmm = proc->spec.vmm,
			.mergeable = !proc->spec.not_mergeable,
			.has_ksm_stat = stat,
			.rss_anon_pages = proc_pages(p, proc) - proc->zero,
			.weight_permille = proc->spec.weight_permille,
			.expect_permille = proc->spec.expect_permille,
		};
		vm->rss_pages = vm->rss_anon_pages;
		snprintf(vm->name, sizeof(vm->name), "%s", proc->spec.name);
		if (proc->spec.not_mergeable)
			vm->why |= SNAP_WHY_NOT_MADVISED;
		if (!proc->spec.weight_permille)
			vm->why |= SNAP_WHY_OPTED_OUT;
		if (stat) {
			vm->merging_pages = proc->merging;
			vm->zero_pages = proc->zero;
			vm->rmap_items = proc->items;
			vm->profit_bytes =
				(int64_t)(proc->merging + proc->zero) *
				PLANT_PAGE_SIZE -
				(int64_t)proc->items * RMAP_ITEM_BYTES;
		}
		n++;
	}
	return n;
}
