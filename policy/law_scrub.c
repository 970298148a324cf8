// SPDX-License-Identifier: GPL-2.0
/* See law_scrub.h. */
#include <string.h>

#include "law_scrub.h"

#define NS_PER_S 1000000000ull
/*
 * Costs a page: to look at it, to calculate its checksum, to drop it, as counted in
 * instructions (experiments/exclusive-cache: 1106, 3491, 2450), three a ns; and a read
 * from a fast disk, which is a guest's time.
 */
#define LOOK_NS 370.0
#define CHECKSUM_NS 1160.0
#define DROP_NS 820.0
#define REREAD_NS 100000.0
/* Paid twice: look at twice as much. */
#define GOOD 2.0
/* So many runs in a row for nothing, then a pause. */
#define VAIN_MAX 4u
/* Of what was dropped, come back: the scrubber may cost a tenth more I/O at most. */
#define BACK_MAX 0.1
/* Too few pages tell nothing about that. */
#define BACK_LEAST 256.0
/* What earlier runs still count for after one more. */
#define KEEP 0.8
/* Memory is short with less than an eighth of it free. */
#define FREE_SHARE 8u

void law_scrub_init(struct law_scrub *law)
{
	*law = (struct law_scrub){
		.budget_pages = 16 * LAW_SCRUB_LEAST_PAGES,
		.pause_s = LAW_SCRUB_PAUSE_MIN_S,
	};
}

static bool is_short(const struct snap *snap)
{
	return snap->host.mem_free_kib < snap->host.mem_total_kib / FREE_SHARE ||
	       snap->host.psi_mem.some_avg10_permille > 0;
}

static double mib(const struct snap *snap, double pages)
{
	return pages * snap->page_size / 1048576.0;
}

/* A counter that fell was begun anew: the module was loaded again. */
static double grown(uint64_t before, uint64_t now)
{
	return now >= before ? (double)(now - before) : (double)now;
}

static void begin_pause(struct law_scrub *law, uint64_t now_ns)
{
	law->running = false;
	law->vain = 0;
	law->resume_ns = now_ns + law->pause_s * NS_PER_S;
	law->pause_s = law->pause_s < LAW_SCRUB_PAUSE_MAX_S / 2 ?
			       law->pause_s * 2 : LAW_SCRUB_PAUSE_MAX_S;
	law->budget_pages = LAW_SCRUB_LEAST_PAGES;
	law->dropped = 0;
	law->reread = 0;
}

/* What the runs since the last decision were worth, and what they cost. */
static void judge(struct law_scrub *law, const struct law_params *params,
		  const struct snap *snap, struct law_scrub_decision *d)
{
	const struct snap_scrub *now = &snap->scrub, *then = &law->last;
	double dropped = grown(then->dropped, now->dropped);
	double reread = grown(then->reread, now->reread);
	double cost_ns = grown(then->looked, now->looked) * LOOK_NS +
			 grown(then->checksums, now->checksums) * CHECKSUM_NS +
			 dropped * DROP_NS + reread * REREAD_NS;
	double worth = mib(snap, dropped - reread) * params->horizon_s;
	double cost = cost_ns / NS_PER_S * params->price_mib_s;

	law->dropped = law->dropped * KEEP + dropped;
	law->reread = law->reread * KEEP + reread;
	d->arg[0] = (int64_t)worth;
	d->arg[1] = (int64_t)cost;
	if (law->reread > BACK_LEAST &&
	    law->reread > law->dropped * BACK_MAX) {
		d->reason = LAW_SCRUB_BACK;
		d->arg[0] = (int64_t)law->dropped;
		d->arg[1] = (int64_t)law->reread;
		begin_pause(law, snap->mono_ns);
	} else if (worth >= cost * GOOD && worth > 0) {
		d->reason = LAW_SCRUB_PAYS;
		law->vain = 0;
		law->pause_s = LAW_SCRUB_PAUSE_MIN_S;
		if (law->budget_pages <= LAW_SCRUB_MOST_PAGES / 2)
			law->budget_pages *= 2;
	} else {
		d->reason = LAW_SCRUB_LITTLE;
		if (law->budget_pages >= 2 * LAW_SCRUB_LEAST_PAGES)
			law->budget_pages /= 2;
		if (worth < cost && ++law->vain >= VAIN_MAX)
			begin_pause(law, snap->mono_ns);
	}
}

void law_scrub_decide(struct law_scrub *law, const struct law_params *params,
		      const struct snap *snap,
		      struct law_scrub_decision *ret_decision)
{
	struct law_scrub_decision d = { 0 };
	bool ended = law->primed && snap->scrub.runs != law->last.runs;

	if (!snap_has(snap, SNAP_CAP_SCRUB | SNAP_CAP_MEMINFO)) {
		law_scrub_init(law);
		*ret_decision = d;
		return;
	}
	if (ended && law->running)
		judge(law, params, snap, &d);
	if (ended || !law->primed)
		law->last = snap->scrub;
	law->primed = true;
	if (!is_short(snap)) {
		/* Neither a failure nor a pause: it begins when memory is. */
		law->running = false;
		law->vain = 0;
		d.reason = LAW_SCRUB_FREE;
		d.arg[0] = (int64_t)snap->host.mem_free_kib;
	} else if (snap->mono_ns < law->resume_ns) {
		if (!d.reason) {
			d.reason = LAW_SCRUB_PAUSE;
			d.arg[0] = (int64_t)((law->resume_ns - snap->mono_ns) /
					     NS_PER_S);
		}
	} else if (!law->running) {
		law->running = true;
		d.reason = LAW_SCRUB_TRIAL;
	}
	d.enabled = law->running;
	d.budget_pages = law->budget_pages;
	*ret_decision = d;
}
