// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of the plant: processes arrive, touch their pages, write to
 * them and leave. ksmd itself is in plant_ksmd.c.
 *
 * Memory that is touched little by little and memory that is rewritten for
 * ever are functions of time, looked up when somebody looks; only writes to
 * merged pages and exits are events.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plant_priv.h"

void plant_conf_default(struct plant_conf *ret_conf)
{
	*ret_conf = (struct plant_conf){
		.cost = {
			.visit_ns = 900,
			.level_ns = 35,
			.top_levels = 11,
			.deep_stable_ns = 300,
			.deep_unstable_ns = 620,
			.merge_ns = 2000,
			.shootdown_ns = 25000,
			.ksm_ns = 280,
			.skip_ns = 120,
			.index_ns = 100,
			.free_ns = 150,
			.batch_ns = 4000,
			.pass_ns = 100000,
			.speed_permille = 1000,
		},
		.hz = 250,
		.share_permille = 1000,
		.caps = SNAP_CAP_KSM | SNAP_CAP_KSMD_CPU | SNAP_CAP_SKIPPED |
			SNAP_CAP_ZERO | SNAP_CAP_PROFIT | SNAP_CAP_ADVISOR |
			SNAP_CAP_COW | SNAP_CAP_MEMINFO | SNAP_CAP_PSI_CPU |
			SNAP_CAP_ANON | SNAP_CAP_KSM_STAT,
		.ncpus = 8,
		.mem_total_kib = 16u << 20,
		.mem_base_kib = 1u << 20,
		.run = SNAP_RUN_STOP,
		.sleep_ms = 20,
		.scan_pages = 100,
		.advisor = SNAP_ADVISOR_NONE,
		.advisor_target_s = 200,
		.smart_scan = 1,
		.use_zero_pages = 0,
		.max_page_sharing = 256,
		.cpu_before_ms = 60000,
	};
}

int plant_grow(void **array, uint32_t *room, uint32_t need, size_t size)
{
	uint32_t want = *room ? *room : 64;
	void *bigger;

	if (need <= *room)
		return 0;
	while (want < need)
		want *= 2;
	bigger = realloc(*array, want * size);
	if (!bigger)
		return -ENOMEM;
	memset((char *)bigger + *room * size, 0, (want - *room) * size);
	*array = bigger;
	*room = want;
	return 0;
}

int plant_new(const struct plant_conf *conf, struct plant **ret_plant)
{
	struct plant *p = calloc(1, sizeof(*p));
	int ret = -ENOMEM;

	if (!p)
		return ret;
	p->conf = *conf;
	p->now_ns = PLANT_EPOCH_NS;
	p->ksmd.run_asked = conf->run;
	p->cpu_ns = conf->cpu_before_ms * PLANT_NS_PER_MS;
	if (plant_grow((void **)&p->pages, &p->pages_room, 1,
		       sizeof(*p->pages)) ||
	    plant_grow((void **)&p->nodes, &p->nodes_room, 1,
		       sizeof(*p->nodes)) ||
	    plant_grow((void **)&p->contents, &p->contents_room, 2,
		       sizeof(*p->contents)) ||
	    plant_grow((void **)&p->procs, &p->procs_room, 1,
		       sizeof(*p->procs)))
		goto err_free;
	p->npages = 1;
	p->nnodes = 1;
	p->ncontents = CONTENT_ZERO + 1;
	p->nprocs = 1;
	*ret_plant = p;
	return 0;

err_free:
	plant_free(p);
	return ret;
}

void plant_free(struct plant *p)
{
	if (!p)
		return;
	free(p->pages);
	free(p->nodes);
	free(p->contents);
	free(p->procs);
	free(p->epochs);
	free(p);
}

/* Contents of one MiB of a group in one epoch, the same for all who ask. */
static int epoch_find(struct plant *p, uint32_t group, uint32_t number,
		      uint32_t mib, uint32_t *ret_base)
{
	struct epoch *e;
	uint32_t i;

	for (i = 0; i < p->nepochs; i++) {
		e = &p->epochs[i];
		if (e->group == group && e->number == number &&
		    e->mib == mib) {
			*ret_base = e->base;
			return 0;
		}
	}
	if (plant_grow((void **)&p->epochs, &p->epochs_room, p->nepochs + 1,
		       sizeof(*p->epochs)) ||
	    plant_grow((void **)&p->contents, &p->contents_room,
		       p->ncontents + PLANT_PAGES_PER_MIB,
		       sizeof(*p->contents)))
		return -ENOMEM;
	p->epochs[p->nepochs++] = (struct epoch){
		.group = group, .number = number, .mib = mib,
		.base = p->ncontents,
	};
	*ret_base = p->ncontents;
	p->ncontents += PLANT_PAGES_PER_MIB;
	return 0;
}

static uint32_t unique_content(struct plant *p)
{
	return CONTENT_UNIQUE | (++p->unique & ~CONTENT_UNIQUE);
}

/* Give pages [from, to) of a region their bytes. */
static int region_fill(struct plant *p, const struct region *r, uint32_t from,
		       uint32_t to, enum plant_kind kind, uint32_t epoch)
{
	uint32_t i, base = 0;
	int ret;

	for (i = from; i < to; i++) {
		struct page *page = &p->pages[r->base + i];

		if (kind == PLANT_GROUP &&
		    (i == from || !(i % PLANT_PAGES_PER_MIB))) {
			ret = epoch_find(p, r->spec.group, epoch,
					 i / PLANT_PAGES_PER_MIB, &base);
			if (ret)
				return ret;
		}
		if (kind == PLANT_GROUP)
			page->content = base + i % PLANT_PAGES_PER_MIB;
		else if (kind == PLANT_ZERO)
			page->content = CONTENT_ZERO;
		else
			page->content = unique_content(p);
	}
	return 0;
}

/* Pages for every region of @proc, none of them filled. */
static int proc_layout(struct plant *p, struct proc *proc, uint16_t id)
{
	uint32_t i, j, total = 0;

	for (i = 0; i < PLANT_REGIONS_MAX && proc->spec.regions[i].mib; i++) {
		proc->regions[i].spec = proc->spec.regions[i];
		proc->regions[i].base = p->npages + total;
		proc->regions[i].npages = proc->spec.regions[i].mib *
					  PLANT_PAGES_PER_MIB;
		total += proc->regions[i].npages;
	}
	proc->nregions = i;
	if (plant_grow((void **)&p->pages, &p->pages_room, p->npages + total,
		       sizeof(*p->pages)))
		return -ENOMEM;
	for (j = p->npages; j < p->npages + total; j++)
		p->pages[j] = (struct page){ .proc = id };
	p->npages += total;
	return 0;
}

int plant_start(struct plant *p, const struct plant_proc *spec,
		uint32_t *ret_proc)
{
	struct proc *proc;
	uint32_t i, id = p->nprocs;
	int ret;

	if (id > UINT16_MAX)
		return -ENOMEM;
	ret = plant_grow((void **)&p->procs, &p->procs_room, id + 1,
			 sizeof(*p->procs));
	if (ret)
		return ret;
	proc = &p->procs[id];
	*proc = (struct proc){
		.spec = *spec, .start_ns = p->now_ns, .alive = true,
	};
	ret = proc_layout(p, proc, (uint16_t)id);
	if (ret)
		return ret;
	for (i = 0; i < proc->nregions; i++) {
		ret = region_fill(p, &proc->regions[i], 0,
				  proc->regions[i].npages,
				  proc->regions[i].spec.kind, 0);
		if (ret)
			return ret;
	}
	p->nprocs++;
	if (!spec->not_mergeable)
		plant_slot_enter(p, id);
	*ret_proc = id;
	return 0;
}

void plant_exit(struct plant *p, uint32_t id)
{
	struct proc *proc = &p->procs[id];
	uint32_t i, j;

	if (!proc->alive)
		return;
	for (i = 0; i < proc->nregions; i++)
		for (j = 0; j < proc->regions[i].npages; j++)
			plant_unmap(p, proc->regions[i].base + j);
	proc->alive = false;
	if (proc->listed)
		plant_slot_exit(p, id);
}

int plant_rewrite(struct plant *p, uint32_t id, uint32_t region,
		  uint32_t from_permille, uint32_t to_permille,
		  enum plant_write how, uint32_t epoch)
{
	struct proc *proc = &p->procs[id];
	struct region *r = &proc->regions[region];
	uint32_t from = (uint64_t)r->npages * from_permille / 1000;
	uint32_t to = (uint64_t)r->npages * to_permille / 1000;
	uint32_t i;

	if (!proc->alive || region >= proc->nregions ||
	    r->spec.kind == PLANT_VOLATILE)
		return 0;
	for (i = from; i < to; i++) {
		if (p->pages[r->base + i].flags & PAGE_KSM)
			p->cow_ksm++;
		plant_unmap(p, r->base + i);
	}
	if (how == PLANT_WRITE_SAME)
		return 0;
	return region_fill(p, r, from, to, how == PLANT_WRITE_NEW ?
			   PLANT_GROUP : PLANT_UNIQUE, epoch);
}

uint32_t plant_present(const struct plant *p, const struct proc *proc,
		       const struct region *r)
{
	uint64_t ramp_ns = r->spec.ramp_ms * PLANT_NS_PER_MS;
	uint64_t age_ns = p->now_ns - proc->start_ns;

	if (!proc->alive)
		return 0;
	if (age_ns >= ramp_ns)
		return r->npages;
	return (uint64_t)((double)r->npages * (double)age_ns /
			  (double)ramp_ns);
}

uint64_t plant_saved(const struct plant *p)
{
	return p->ksm_maps - p->ksm_pages + p->zero;
}

static void count_contents(const struct plant *p, uint32_t *counts)
{
	uint32_t i, j, k;

	for (i = 1; i < p->nprocs; i++) {
		const struct proc *proc = &p->procs[i];

		if (!proc->alive || proc->spec.not_mergeable)
			continue;
		for (j = 0; j < proc->nregions; j++) {
			const struct region *r = &proc->regions[j];
			uint32_t n = plant_present(p, proc, r);

			for (k = r->base; k < r->base + n; k++)
				if (p->pages[k].content < CONTENT_UNIQUE)
					counts[p->pages[k].content]++;
		}
	}
}

uint64_t plant_ideal(const struct plant *p)
{
	uint32_t *counts = calloc(p->ncontents, sizeof(*counts));
	uint32_t max = p->conf.max_page_sharing;
	uint64_t saved = 0;
	uint32_t i;

	if (!counts)
		return 0;
	count_contents(p, counts);
	for (i = CONTENT_ZERO; i < p->ncontents; i++) {
		if (i == CONTENT_ZERO && p->conf.use_zero_pages)
			saved += counts[i];
		else
			saved += counts[i] - (counts[i] + max - 1) / max;
	}
	free(counts);
	return saved;
}

uint64_t plant_now_ns(const struct plant *p)
{
	return p->now_ns;
}

void plant_set_psi_cpu(struct plant *p, uint32_t some_avg10_permille)
{
	p->psi_permille = some_avg10_permille;
}

void plant_set_share(struct plant *p, uint32_t share_permille)
{
	p->conf.share_permille = share_permille ? share_permille : 1;
}
