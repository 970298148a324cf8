/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The plant: a model of ksmd (Linux 6.12, mm/ksm.c) and of the memory it
 * scans, in simulated nanoseconds.
 *
 * Laws are developed and tested in it. It shows a law what a host would show
 * it, counters with all their lags included, and knows besides what memory is
 * really saved. Two runs of the same calls give the same numbers.
 *
 * What is modelled, what is simplified and what is left out: README.md.
 */
#ifndef DENSITY_PLANT_H
#define DENSITY_PLANT_H

#include <stdbool.h>
#include <stdint.h>

#include "../snap.h"

#define PLANT_PAGE_SIZE 4096u
#define PLANT_NS_PER_MS 1000000ull
#define PLANT_NS_PER_S 1000000000ull
#define PLANT_PAGES_PER_MIB 256u
/* Time at which a plant begins; laws must not care where zero is. */
#define PLANT_EPOCH_NS (10000 * PLANT_NS_PER_S)

struct plant;

/*
 * What ksmd's work costs on a CPU. Every value can be fitted to a real run;
 * the defaults are, to runs of experiments/tuning: README.md says how.
 *
 * A tree's top stays in the caches. Further down every level is a node, the
 * page behind it and, in the unstable tree, the page tables on the way to it,
 * none of them near: such a level costs ten to twenty times as much.
 */
struct plant_cost {
	uint32_t visit_ns;	/* find the page, compute its checksum */
	uint32_t level_ns;	/* a level of a tree's top: one memcmp */
	uint32_t top_levels;	/* how many of them there are */
	uint32_t deep_stable_ns; /* a level of the stable tree below, */
	uint32_t deep_unstable_ns; /* and of the unstable one */
	uint32_t merge_ns;	/* write-protect, compare, replace the PTE */
	uint32_t shootdown_ns;	/* and tell the other CPUs that run the process */
	uint32_t ksm_ns;	/* visit of a page that is merged already */
	uint32_t skip_ns;	/* smart_scan passes over a page */
	uint32_t index_ns;	/* look a checksum up in the index */
	uint32_t free_ns;	/* free an rmap item of a process that left */
	uint32_t batch_ns;	/* wake up, take the mutex, go to sleep */
	uint32_t pass_ns;	/* lru_add_drain_all() at the start of a pass */
	uint32_t speed_permille; /* of the CPU those were measured on */
};

struct plant_conf {
	struct plant_cost cost;
	uint32_t hz;			/* sleeps end on a tick */
	uint32_t share_permille;	/* of a CPU that ksmd gets when it wants one */
	uint32_t caps;			/* enum snap_cap bits this kernel has */
	uint32_t patched;		/* with our patches: index and counters */
	uint32_t ncpus;
	uint64_t mem_total_kib;
	uint64_t mem_base_kib;		/* used by the host itself */
	/* knobs as the host had them */
	uint32_t run;			/* enum snap_run */
	uint32_t sleep_ms;
	uint32_t scan_pages;
	uint32_t advisor;		/* enum snap_advisor */
	uint32_t advisor_target_s;
	uint32_t smart_scan;
	uint32_t use_zero_pages;
	uint32_t max_page_sharing;
	uint32_t checksum_index;	/* where @patched */
	/* CPU that ksmd used since boot: its advisor's first pass counts it all */
	uint32_t cpu_before_ms;
};

/* A quiet 8-CPU, 16 GiB host with 6.12, ksmd stopped, kernel defaults. */
void plant_conf_default(struct plant_conf *ret_conf);

int plant_new(const struct plant_conf *conf, struct plant **ret_plant);
void plant_free(struct plant *plant);

/* What the pages of a region hold. */
enum plant_kind {
	PLANT_UNIQUE,		/* like no other page */
	PLANT_GROUP,		/* page i equals page i of every region of the group */
	PLANT_ZERO,
	PLANT_VOLATILE,		/* rewritten every @period_ms, never twice the same */
};

struct plant_region {
	enum plant_kind kind;
	uint32_t mib;
	uint32_t group;		/* PLANT_GROUP: any number */
	uint32_t period_ms;	/* PLANT_VOLATILE */
	uint32_t ramp_ms;	/* touched page by page over so long; 0 = at once */
};

#define PLANT_REGIONS_MAX 6

struct plant_proc {
	char name[SNAP_NAME_LEN];
	enum snap_vmm vmm;
	bool not_mergeable;	/* nobody called MADV_MERGEABLE */
	uint32_t busy_ms;	/* it runs on another CPU for so long from its start */
	uint32_t weight_permille;
	uint32_t expect_permille;
	struct plant_region regions[PLANT_REGIONS_MAX]; /* ends with mib = 0 */
};

/* A process starts now. Returns 0 with its number, or -ENOMEM. */
int plant_start(struct plant *plant, const struct plant_proc *proc,
		uint32_t *ret_proc);
/* It exits now. ksmd learns of it when its cursor gets there. */
void plant_exit(struct plant *plant, uint32_t proc);

enum plant_write {
	PLANT_WRITE_SAME,	/* the bytes that stand there: copies, no change */
	PLANT_WRITE_NEW,	/* new bytes, the same in every region of the group */
	PLANT_WRITE_UNIQUE,	/* new bytes, like no other page */
};

/*
 * The process writes to pages [from, to) permille of its region. Regions of
 * one group that are written with PLANT_WRITE_NEW and the same @epoch hold the
 * same bytes afterwards. Returns 0 or -ENOMEM.
 */
int plant_rewrite(struct plant *plant, uint32_t proc, uint32_t region,
		  uint32_t from_permille, uint32_t to_permille,
		  enum plant_write how, uint32_t epoch);

/* Everything else that is shown in snapshots and set by a scenario. */
void plant_set_psi_cpu(struct plant *plant, uint32_t some_avg10_permille);
void plant_set_share(struct plant *plant, uint32_t share_permille);
/*
 * The host is suspended while ksmd works: the batch in progress, else the next
 * one, ends halfway, and ksmd goes on with its sleep as after a whole one
 * (freezing() in ksm_do_scan()). How long the host slept is not modelled.
 */
void plant_freeze(struct plant *plant);

/*
 * Let time pass until @until_ns (PLANT_EPOCH_NS is the start); ksmd may
 * overshoot by what it does without looking up, some 20 us.
 */
void plant_advance(struct plant *plant, uint64_t until_ns);
uint64_t plant_now_ns(const struct plant *plant);

/*
 * Complete @passes passes in no time and for no CPU: memory that was there
 * long before. Volatile pages change between any two of them. Ends between
 * two passes, with ksmd awake or asleep as it was.
 */
void plant_age(struct plant *plant, uint32_t passes);

/*
 * The files of /sys/kernel/mm/ksm. A @run is taken over when the batch in
 * progress ends; a different @sleep_ms wakes ksmd. plant_set_scan_pages()
 * gives -EINVAL under the advisor, plant_set_run() refuses SNAP_RUN_UNMERGE
 * with -EPERM; a new advisor mode resets scan_pages, as in the kernel.
 */
int plant_set_run(struct plant *plant, uint32_t run);
void plant_set_sleep(struct plant *plant, uint32_t sleep_ms);
int plant_set_scan_pages(struct plant *plant, uint32_t scan_pages);
void plant_set_smart_scan(struct plant *plant, bool on);
void plant_set_index(struct plant *plant, bool on);
void plant_set_advisor(struct plant *plant, uint32_t advisor);
void plant_set_advisor_target(struct plant *plant, uint32_t target_s);

/* Fill @ksm, @host, caps, page size and times; not the table of processes. */
void plant_show(const struct plant *plant, struct snap *ret_snap);
/* Live processes into @vms, at most @max; returns how many. */
uint32_t plant_show_vms(const struct plant *plant, struct snap_vm *vms,
			uint32_t max);

/* Pages that are saved in truth, whatever the counters say. */
uint64_t plant_saved(const struct plant *plant);
/* Pages that an all-knowing ksmd would save just now. O(pages). */
uint64_t plant_ideal(const struct plant *plant);
/* Batches begun so far. */
uint64_t plant_batches(const struct plant *plant);

#endif
