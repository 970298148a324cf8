// SPDX-License-Identifier: GPL-2.0
/*
 * The ksmd thread: cursor, passes, batches, sleep, and the knobs that steer
 * it. Follows scan_get_next_rmap_item(), ksm_do_scan(), ksm_scan_thread(),
 * __ksm_enter(), __ksm_exit() and the sysfs stores of mm/ksm.c.
 *
 * - A batch ends when its pages are used up or when a pass ends. Pages that
 *   smart_scan skips use up time, not the batch.
 * - A new process goes just behind the cursor, so that it waits a whole pass;
 *   one that left is moved to just ahead of it and is freed when reached.
 *   With our index, one that is new, or was small, is scanned before its turn.
 * - pages_to_scan is read when a batch begins, sleep_millisecs when it ends;
 *   writing a different sleep_millisecs wakes ksmd; run waits for the batch.
 */
#include <errno.h>

#include "plant_priv.h"

/* How finely ksmd's work and everything else are interleaved. */
#define STEP_NS 20000u

/* Pages that are scanned in turn after a process that was not: as many, or these. */
#define EARLY_SEARCH 256u

static void slot_insert_before(struct plant *p, uint32_t id, uint32_t at)
{
	struct proc *proc = &p->procs[id];

	proc->next = at;
	proc->prev = p->procs[at].prev;
	p->procs[proc->prev].next = id;
	p->procs[at].prev = id;
}

static void slot_del(struct plant *p, uint32_t id)
{
	struct proc *proc = &p->procs[id];

	p->procs[proc->prev].next = proc->next;
	p->procs[proc->next].prev = proc->prev;
}

static bool should_run(const struct plant *p)
{
	return p->conf.run == SNAP_RUN_MERGE && p->procs[0].next;
}

static void batch_begin(struct plant *p)
{
	struct ksmd *k = &p->ksmd;

	if (!should_run(p)) {
		k->state = KSMD_WAIT;
		return;
	}
	k->state = KSMD_BATCH;
	k->left = p->conf.scan_pages;
	if (k->freezing)
		k->left = (k->left + 1) / 2;
	k->freezing = false;
	k->batches++;
}

void plant_slot_enter(struct plant *p, uint32_t id)
{
	bool was_empty = !p->procs[0].next;

	slot_insert_before(p, id, p->ksmd.slot);
	p->procs[id].listed = true;
	if (was_empty && p->ksmd.state == KSMD_WAIT)
		batch_begin(p);
}

void plant_slot_exit(struct plant *p, uint32_t id)
{
	if (p->ksmd.slot == id)
		return;
	slot_del(p, id);
	if (p->procs[id].items)
		slot_insert_before(p, id, p->procs[p->ksmd.slot].next);
	else
		p->procs[id].listed = false;
}

static void cursor_to(struct plant *p, uint32_t slot)
{
	p->ksmd.slot = slot;
	p->ksmd.region = 0;
	p->ksmd.page = 0;
}

static uint64_t proc_pages(const struct plant *p, const struct proc *proc)
{
	uint64_t pages = 0;
	uint32_t i;

	for (i = 0; i < proc->nregions; i++)
		pages += plant_present(p, proc, &proc->regions[i]);
	return pages;
}

/* find_grown_mm(), but for its limit: processes are few here. */
static uint32_t grown_slot(const struct plant *p, uint32_t done)
{
	uint64_t pages, unseen, most = 0;
	uint32_t id, grown = 0;

	for (id = p->procs[done].prev; id != done; id = p->procs[id].prev) {
		pages = proc_pages(p, &p->procs[id]);
		unseen = pages > p->procs[id].seen ? pages - p->procs[id].seen :
						     0;
		if (id && unseen > most && pages - unseen <= pages / 8) {
			most = unseen;
			grown = id;
		}
	}
	return grown;
}

/* next_mm_slot(): what to scan after @done. */
static uint32_t next_slot(struct plant *p, uint32_t done)
{
	uint32_t next = p->procs[done].next, grown;
	struct ksmd *k = &p->ksmd;
	uint64_t took;

	if (k->early) {
		k->early = false;
		took = p->scanned - k->early_from;
		k->search_at = p->scanned +
			       (took > EARLY_SEARCH ? took : EARLY_SEARCH);
	}
	if (!p->conf.patched || !p->conf.checksum_index || !next ||
	    p->scanned < k->search_at)
		return next;
	grown = grown_slot(p, done);
	if (!grown || grown == next)
		return next;
	slot_del(p, grown);
	slot_insert_before(p, grown, next);
	k->early = true;
	k->early_from = p->scanned;
	return grown;
}

/* The process left: free its items and its slot. */
static uint64_t slot_reap(struct plant *p, uint32_t id)
{
	struct proc *proc = &p->procs[id];
	uint64_t items = proc->items;
	uint32_t next = next_slot(p, id);
	uint32_t i, j;

	for (i = 0; i < proc->nregions; i++)
		for (j = 0; j < proc->regions[i].npages; j++)
			plant_item_free(p, proc->regions[i].base + j);
	slot_del(p, id);
	proc->listed = false;
	cursor_to(p, next);
	return items * p->conf.cost.free_ns;
}

static uint64_t pass_begin(struct plant *p)
{
	plant_advisor_start(p);
	p->unstable_size = 0;
	plant_order_reset(p);
	cursor_to(p, next_slot(p, 0));
	return p->conf.cost.pass_ns;
}

static void pass_end(struct plant *p)
{
	plant_advisor_stop(p);
	p->full_scans++;
}

/* Writes to volatile pages are spread over their period. */
static uint32_t volatile_content(const struct plant *p, const struct region *r,
				 uint32_t page)
{
	uint64_t period_ns = (r->spec.period_ms ? r->spec.period_ms : 1) *
			     PLANT_NS_PER_MS;
	uint64_t phase_ns = plant_scatter(page) % period_ns;

	return CONTENT_UNIQUE |
	       (uint32_t)((p->now_ns + phase_ns) / period_ns);
}

/* One page under the cursor; takes from the batch unless it is skipped. */
static uint64_t page_step(struct plant *p, const struct region *r, uint32_t i)
{
	struct page *page = &p->pages[i];
	uint64_t ns;

	if (page->flags & PAGE_ZERO) {
		plant_item_free(p, i);
		return 0;
	}
	if (r->spec.kind == PLANT_VOLATILE)
		page->content = volatile_content(p, r, i);
	if (!(page->flags & PAGE_ITEM)) {
		page->flags |= PAGE_ITEM;
		p->items++;
		p->procs[page->proc].items++;
	}
	if (plant_skip_page(p, i))
		return p->conf.cost.skip_ns;
	p->scanned++;
	p->ksmd.left--;
	ns = plant_merge_page(p, i);
	if (r->spec.kind == PLANT_VOLATILE && page->flags & PAGE_UNSTABLE)
		plant_order_add_volatile(p, r->spec.period_ms);
	return ns;
}

/* Pages of one region, for about STEP_NS. */
static uint64_t pages_step(struct plant *p, const struct region *r,
			   uint32_t present)
{
	struct ksmd *k = &p->ksmd;
	uint64_t ns = 0;

	while (k->page < present && k->left && ns < STEP_NS)
		ns += page_step(p, r, r->base + k->page++);
	return ns;
}

/*
 * Go on by some pages, to the next region or to the next process. Returns the
 * cost in ns; sets *ret_done when the batch is over.
 */
static uint64_t ksmd_step(struct plant *p, bool *ret_done)
{
	struct ksmd *k = &p->ksmd;
	uint32_t present;
	uint64_t ns = 0;
	struct proc *proc;
	struct region *r;

	if (!k->left || (!k->slot && !p->procs[0].next)) {
		*ret_done = true;
		return 0;
	}
	if (!k->slot)
		return pass_begin(p);
	proc = &p->procs[k->slot];
	if (!proc->alive) {
		ns = slot_reap(p, k->slot);
	} else if (k->region >= proc->nregions) {
		proc->seen = proc_pages(p, proc);
		cursor_to(p, next_slot(p, k->slot));
	} else {
		r = &proc->regions[k->region];
		present = plant_present(p, proc, r);
		ns = pages_step(p, r, present);
		if (k->page >= present) {
			k->region++;
			k->page = 0;
		}
		*ret_done = !k->left;
		return ns;
	}
	if (!k->slot) {
		pass_end(p);
		*ret_done = true;
	}
	return ns;
}

/*
 * When a timer of @ms fires that is set at @now_ns: on the tick after its
 * expiry, rounded up to the granularity of its level of the timer wheel
 * (kernel/time/timer.c).
 */
static uint64_t timer_ns(const struct plant *p, uint64_t now_ns, uint32_t ms)
{
	uint64_t tick_ns = PLANT_NS_PER_S / p->conf.hz;
	uint64_t ticks = ((uint64_t)ms * p->conf.hz + 999) / 1000;
	uint64_t expires = now_ns / tick_ns + ticks;
	unsigned int shift = 0;

	if (!ms)
		return now_ns;
	while (ticks >= 63ull << shift)
		shift += 3;
	return (((expires >> shift) + 1) << shift) * tick_ns;
}

static void batch_end(struct plant *p)
{
	struct ksmd *k = &p->ksmd;

	p->conf.run = k->run_asked;
	if (!should_run(p)) {
		k->state = KSMD_WAIT;
		return;
	}
	k->state = KSMD_SLEEP;
	k->wake_ns = timer_ns(p, p->now_ns, p->conf.sleep_ms);
}

static void spend(struct plant *p, uint64_t ns)
{
	/* Two divisions less for every page in the usual case. */
	if (p->conf.cost.speed_permille != 1000)
		ns = ns * 1000 / p->conf.cost.speed_permille;
	p->cpu_ns += ns;
	if (p->conf.share_permille != 1000)
		ns = ns * 1000 / p->conf.share_permille;
	p->now_ns += ns;
}

void plant_advance(struct plant *p, uint64_t until_ns)
{
	struct ksmd *k = &p->ksmd;
	bool done;

	while (p->now_ns < until_ns) {
		if (k->state == KSMD_BATCH) {
			done = false;
			spend(p, ksmd_step(p, &done));
			if (done) {
				spend(p, p->conf.cost.batch_ns);
				batch_end(p);
			}
		} else if (k->state == KSMD_SLEEP && k->wake_ns <= until_ns) {
			if (k->wake_ns > p->now_ns)
				p->now_ns = k->wake_ns;
			batch_begin(p);
		} else {
			p->now_ns = until_ns;
		}
	}
}

void plant_age(struct plant *p, uint32_t passes)
{
	const struct ksmd saved = p->ksmd;
	uint32_t advisor = p->conf.advisor;
	uint64_t now_ns = p->now_ns;
	bool done;

	p->conf.advisor = SNAP_ADVISOR_NONE;
	for (; p->procs[0].next && passes; passes--) {
		/* So late that all is touched and all volatile is rewritten. */
		p->now_ns = now_ns + passes * 1000 * PLANT_NS_PER_S;
		for (done = false; !done;) {
			p->ksmd.left = UINT32_MAX;
			ksmd_step(p, &done);
		}
	}
	p->conf.advisor = advisor;
	p->now_ns = now_ns;
	p->ksmd.state = saved.state;
	p->ksmd.left = saved.left;
	p->ksmd.wake_ns = saved.wake_ns;
}

void plant_freeze(struct plant *p)
{
	if (p->ksmd.state == KSMD_BATCH)
		p->ksmd.left = (p->ksmd.left + 1) / 2;
	else
		p->ksmd.freezing = true;
}

uint64_t plant_batches(const struct plant *p)
{
	return p->ksmd.batches;
}

int plant_set_run(struct plant *p, uint32_t run)
{
	if (run == SNAP_RUN_UNMERGE)
		return -EPERM;
	if (run > SNAP_RUN_UNMERGE)
		return -EINVAL;
	p->ksmd.run_asked = run;
	if (p->ksmd.state == KSMD_BATCH)
		return 0;
	p->conf.run = run;
	if (run == SNAP_RUN_MERGE && p->ksmd.state == KSMD_WAIT)
		batch_begin(p);
	return 0;
}

void plant_set_sleep(struct plant *p, uint32_t sleep_ms)
{
	bool differs = sleep_ms != p->conf.sleep_ms;

	p->conf.sleep_ms = sleep_ms;
	if (differs && p->ksmd.state == KSMD_SLEEP)
		p->ksmd.wake_ns = p->now_ns;
}

int plant_set_scan_pages(struct plant *p, uint32_t scan_pages)
{
	if (p->conf.advisor != SNAP_ADVISOR_NONE)
		return -EINVAL;
	p->conf.scan_pages = scan_pages;
	return 0;
}

void plant_set_smart_scan(struct plant *p, bool on)
{
	p->conf.smart_scan = on;
}

void plant_set_index(struct plant *p, bool on)
{
	p->conf.checksum_index = on;
}
