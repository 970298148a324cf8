// SPDX-License-Identifier: GPL-2.0
/*
 * The shadow MMU that policies are tried in. Names in comments are those of
 * the kernel's functions that each part stands for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"

enum { PD_ENTRIES = 512 };

/* Page 0 is the system's PT; then come the spaces: root, PDPT, PDs, PTs. */
static struct page *pool_root(const struct pool *pool, uint32_t cr3)
{
	return &pool->pages[1 + cr3 * (2 + pool->pds + pool->regions)];
}

static struct page *pool_system(const struct pool *pool)
{
	return &pool->pages[0];
}

/* Region r lies at (r + 1) * 2 MiB: the system's region is before it. */
static struct page *pool_pd(const struct pool *pool, uint32_t cr3,
			    uint32_t region)
{
	return pool_root(pool, cr3) + 2 + (region + 1) / PD_ENTRIES;
}

struct page *pool_pt(const struct pool *pool, uint32_t cr3, uint32_t region)
{
	return pool_root(pool, cr3) + 2 + pool->pds + region;
}

static void set_parent(struct page *page, enum page_level level,
		       struct page *parent)
{
	page->level = level;
	page->entries->parent = parent;
	page->nr_entries = 1;
	if (!parent->nr_children++)
		parent->first_child = page;
}

static void lay_out_space(struct pool *pool, uint32_t cr3)
{
	struct page *root = pool_root(pool, cr3), *pdpt = root + 1;
	struct page *system = pool_system(pool);

	root->level = LEVEL_ROOT;
	set_parent(pdpt, LEVEL_PDPT, root);
	for (uint32_t i = 0; i < pool->pds; i++)
		set_parent(pdpt + 1 + i, LEVEL_PD, pdpt);
	for (uint32_t i = 0; i < pool->regions; i++)
		set_parent(pool_pt(pool, cr3, i), LEVEL_PT,
			   pool_pd(pool, cr3, i));
	system->entries[cr3].parent = pdpt + 1;
}

/* The system's PT has the last cr3s entries, any other page one. */
static int lay_out(struct pool *pool)
{
	pool->pages = calloc(pool->nr_pages, sizeof(*pool->pages));
	pool->entries = calloc(pool->nr_pages + pool->cr3s,
			       sizeof(*pool->entries));
	if (!pool->pages || !pool->entries)
		return -ENOMEM;
	for (uint32_t i = 0; i < pool->nr_pages; i++)
		pool->pages[i].entries = &pool->entries[i];
	pool_system(pool)->level = LEVEL_PT;
	pool_system(pool)->entries = &pool->entries[pool->nr_pages];
	pool_system(pool)->nr_entries = pool->cr3s;
	for (uint32_t cr3 = 0; cr3 < pool->cr3s; cr3++)
		lay_out_space(pool, cr3);
	return 0;
}

/* What a policy keeps, and whatever else it allocates. */
static int open_policy(struct pool *pool)
{
	const struct policy *policy = pool->policy;

	if (policy->data_size) {
		pool->policy_data = calloc(1, policy->data_size);
		if (!pool->policy_data)
			return -ENOMEM;
	}
	return policy->open ? policy->open(pool) : 0;
}

static void free_pool(struct pool *pool)
{
	free(pool->policy_data);
	free(pool->pages);
	free(pool->entries);
}

int pool_open(struct pool *pool, const struct pool_size *size,
	      const struct policy *policy)
{
	uint32_t pds = (size->regions + 1 + PD_ENTRIES - 1) / PD_ENTRIES;
	int ret;

	*pool = (struct pool){
		.nr_pages = 1 + size->cr3s * (2 + pds + size->regions),
		.cr3s = size->cr3s,
		.regions = size->regions,
		.pds = pds,
		.limit = size->limit,
		.policy = policy,
		.steps = size->steps,
		.nr_steps = size->nr_steps,
	};
	list_init(&pool->active);
	ret = lay_out(pool);
	if (!ret)
		ret = open_policy(pool);
	if (ret)
		free_pool(pool);
	return ret;
}

void pool_close(struct pool *pool)
{
	if (pool->policy->close)
		pool->policy->close(pool);
	free_pool(pool);
}

bool page_young(struct pool *pool, struct page *page)
{
	bool young = page->looked_up;

	for (uint32_t i = 0; i < page->nr_entries; i++)
		young |= page->entries[i].present && page->entries[i].accessed;
	page_forget(pool, page);
	return young;
}

void page_forget(struct pool *pool, struct page *page)
{
	page->looked_up = false;
	for (uint32_t i = 0; i < page->nr_entries; i++) {
		page->entries[i].accessed = false;
		pool->stats.spte_reads += page->entries[i].present;
	}
}

/* The entry for the system's region in the first PD of a space, or NULL. */
static struct entry *system_entry(const struct pool *pool,
				  const struct page *page)
{
	const struct page *system = pool_system(pool);

	for (uint32_t i = 0; i < system->nr_entries; i++)
		if (system->entries[i].parent == page)
			return &system->entries[i];
	return NULL;
}

bool page_is_system(const struct pool *pool, const struct page *page)
{
	return page == pool_system(pool);
}

uint32_t page_children(const struct pool *pool, const struct page *page)
{
	const struct entry *system = system_entry(pool, page);
	uint32_t n = system && system->present;

	for (uint32_t i = 0; i < page->nr_children; i++)
		n += page->first_child[i].entries->present;
	return n;
}

uint32_t page_cost(const struct pool *pool, const struct page *page)
{
	uint32_t n = page->level == LEVEL_PT ?
		(uint32_t)__builtin_popcountll(page->blocks) :
		page_children(pool, page);

	return n ? n : 1;
}

/* __kvm_mmu_prepare_zap_page() */
static void zap(struct pool *pool, struct page *page, bool evict)
{
	struct entry *system = system_entry(pool, page);

	if (pool->policy->removed)
		pool->policy->removed(pool, page, evict);
	for (uint32_t i = 0; i < page->nr_children; i++)
		page->first_child[i].entries->present = false;
	if (system)
		system->present = false;
	for (uint32_t i = 0; i < page->nr_entries; i++)
		page->entries[i].present = false;
	page->blocks = 0;
	page->active = false;
	list_del(&page->link);
	pool->used--;
	pool->stats.evicted += evict;
	page->evicted_at = evict ? pool->stats.evicted : 0;
}

void pool_zap(struct pool *pool, struct page *page)
{
	zap(pool, page, false);
}

static uint32_t available(const struct pool *pool)
{
	return pool->limit > pool->used ? pool->limit - pool->used : 0;
}

/* make_mmu_pages_available() */
static void make_room(struct pool *pool)
{
	uint64_t reads = pool->stats.spte_reads;
	const struct policy *policy = pool->policy;
	struct page *page;

	if (available(pool) >= POOL_MIN_FREE)
		return;
	for (uint32_t want = policy->want(pool, available(pool)); want; want--) {
		page = policy->victim(pool);
		if (!page)
			break;
		zap(pool, page, true);
	}
	if (policy->done)
		policy->done(pool);
	reads = pool->stats.spte_reads - reads;
	if (reads > pool->stats.longest_sweep)
		pool->stats.longest_sweep = reads;
	pool->stats.made_room++;
}

/* kvm_mmu_change_mmu_pages() */
void pool_set_limit(struct pool *pool, uint32_t limit)
{
	struct page *page;

	pool->limit = limit;
	while (pool->used > limit) {
		page = pool->policy->victim(pool);
		if (!page)
			break;
		zap(pool, page, true);
	}
	if (pool->policy->done)
		pool->policy->done(pool);
}

/* kvm_shadow_evict_page_created() */
static void count_refault(struct pool *pool, struct page *page)
{
	uint64_t bucket;

	if (!page->evicted_at)
		return;
	bucket = (pool->stats.evicted - page->evicted_at) *
		 POOL_BUCKETS_PER_LIMIT / pool->limit;
	if (bucket > POOL_REFAULT_BUCKETS - 1)
		bucket = POOL_REFAULT_BUCKETS - 1;
	pool->stats.refault_distance[bucket]++;
	page->evicted_at = 0;
}

/* kvm_mmu_get_shadow_page() */
static void get_page(struct pool *pool, struct page *page)
{
	page->looked_up = true;
	if (page->active)
		return;
	page->active = true;
	pool->used++;
	pool->stats.created++;
	count_refault(pool, page);
	list_add(&page->link, &pool->active);
	if (pool->policy->created)
		pool->policy->created(pool, page);
}

/* fast_pgd_switch(), and mmu_alloc_shadow_roots() when no root is cached */
static void switch_root(struct pool *pool, struct page *root)
{
	unsigned int i;

	for (i = 0; i < POOL_ROOTS && pool->roots[i] != root; i++)
		;
	if (i == POOL_ROOTS) {
		if (pool->roots[--i])
			pool->roots[i]->root_count--;
		memmove(pool->roots + 1, pool->roots, i * sizeof(root));
		pool->roots[0] = NULL;
		make_room(pool);
		get_page(pool, root);
		root->root_count++;
	} else {
		memmove(pool->roots + 1, pool->roots, i * sizeof(root));
	}
	pool->roots[0] = root;
}

/* The way to a PT below the current root. */
struct path {
	struct page *pages[3];
	struct entry *entries[3];	/* that point to them */
};

static struct path path_to(struct page *pt, struct entry *entry)
{
	struct page *pd = entry->parent, *pdpt = pd->entries->parent;

	return (struct path){
		{ pdpt, pd, pt }, { pdpt->entries, pd->entries, entry },
	};
}

/*
 * FNAME(page_fault), FNAME(fetch), FNAME(pte_prefetch). The walk that faults has
 * set Accessed in all entries before the one that it lacked, and fetch() tags all
 * pages on its way.
 */
static void fault(struct pool *pool, const struct path *path, uint64_t block)
{
	pool->stats.faults++;
	for (int i = 0; i < 3 && path->entries[i]->present; i++)
		path->entries[i]->accessed = true;

	make_room(pool);
	pool->roots[0]->looked_up = true;
	for (int i = 0; i < 3; i++) {
		path->pages[i]->looked_up = true;
		if (path->entries[i]->present)
			continue;
		get_page(pool, path->pages[i]);
		path->entries[i]->present = true;
		path->entries[i]->accessed = true; /* make_nonleaf_spte() */
	}
	path->pages[2]->blocks |= block;
}

static bool is_mapped(const struct path *path, uint64_t block)
{
	return path->entries[0]->present && path->entries[1]->present &&
	       path->entries[2]->present && path->pages[2]->blocks & block;
}

/* The CPU walks to a mapped page. */
static void walk(struct pool *pool, const struct path *path)
{
	void (*touched)(struct pool *pool, struct page *page) =
		pool->policy->touched;

	if (touched)
		touched(pool, pool->roots[0]);
	for (int i = 0; i < 3; i++) {
		path->entries[i]->accessed = true;
		if (touched)
			touched(pool, path->pages[i]);
	}
}

static void fetch_code(struct pool *pool, uint32_t cr3)
{
	struct page *system = pool_system(pool);
	struct path path = path_to(system, &system->entries[cr3]);

	if (!is_mapped(&path, 1))
		fault(pool, &path, 1);
	walk(pool, &path);
}

/* The vCPU runs in an address space, and first of all in number 0. */
static void enter_space(struct pool *pool, uint32_t cr3)
{
	struct page *root = pool_root(pool, cr3);

	if (!pool->roots[0] && cr3)
		enter_space(pool, 0);
	if (pool->roots[0] != root)
		switch_root(pool, root);
	fetch_code(pool, cr3);
}

/*
 * detect_write_flooding(): the guest clears its tables, and seven of ten shadow
 * pages notice. Which ones is a matter of the pages alone, not of the policy.
 */
static void end_space(struct pool *pool, uint32_t cr3)
{
	struct page *first = pool_root(pool, cr3);

	for (uint32_t i = 0; i < 2 + pool->pds + pool->regions; i++)
		if (first[i].active && !first[i].root_count &&
		    (i * 2654435761u + pool->now * 40503u) % 65521 % 10 < 7)
			pool_zap(pool, &first[i]);
	pool->now++;
}

void pool_touch(struct pool *pool, const struct trace_step *step)
{
	struct page *pt = pool_pt(pool, step->cr3, step->region);
	struct path path = path_to(pt, pt->entries);
	uint64_t block;

	if (step->page == POOL_SPACE_ENDS) {
		end_space(pool, step->cr3);
		return;
	}
	block = 1ull << step->page / TRACE_PAGES_PER_BLOCK;
	enter_space(pool, step->cr3);
	while (!is_mapped(&path, block)) {
		fault(pool, &path, block);
		fetch_code(pool, step->cr3);
	}
	walk(pool, &path);
	pool->now++;
}
