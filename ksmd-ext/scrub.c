// SPDX-License-Identifier: GPL-2.0
/*
 * The scrubber: an exclusive page cache for guests
 *
 * What a guest has read from its image is in the host's page cache and in the
 * guest's own. KSM knows the checksums of the guest's pages, so the host's copies
 * can be found, and dropped, without any search in KSM's trees. A run:
 *
 *	survey	who has which image open (survey.c)
 *	hold	what do all of an image's openers hold (holdings.c)
 *	walk	the image's page cache, and drop that (walk.c)
 *
 * Images are taken by id. Those of the same openers are neighbours more often
 * than not, so what they hold is read once for all of them. A run ends with its
 * budget of pages or time, and the next one goes on at the image and page where
 * it ended. Fingerprints of registered VMMs that none of this read are read at
 * the end, so that each run is a look at each working set.
 *
 * Runs are in one ordered workqueue: there is never more than one. scrub_mutex
 * protects what netlink reads and writes, and is not held during a run.
 */
#include <linux/cpu.h>
#include <linux/fs.h>
#include <linux/ksm_ext.h>
#include <linux/mutex.h>
#include <linux/pagevec.h>
#include <linux/pid.h>
#include <linux/smp.h>
#include <linux/workqueue.h>

#include "guest.h"
#include "holdings.h"
#include "image.h"
#include "registry.h"
#include "scrub.h"
#include "survey.h"
#include "vmm.h"
#include "walk.h"

static void run_after_pass(struct work_struct *work);
static void run_as_asked(struct work_struct *work);

static DEFINE_MUTEX(scrub_mutex);
static struct scrub_state state = {
	.settings = {
		.budget_pages = 1 << 18,
		.budget_ms = 100,
		.interval_ms = 1000,
	},
};

static bool asked_for_dry_run;
static u64 resume_id;		/* of the image to begin with */

static struct workqueue_struct *workqueue;
static DECLARE_WORK(pass_work, run_after_pass);
static DECLARE_WORK(asked_work, run_as_asked);
static ktime_t last_start;
static bool stop;		/* the run at work */
static bool exiting;
static scrub_done_fn *tell_done;

/* A run at work. */
struct run {
	u32 number;
	bool dry_run;
	u64 pages_left;
	s64 ns_left;		/* for walks */
	struct list_head targets;
	struct holdings holdings;
	const struct target *held_by;	/* whose openers' holdings these are */
	int held_err;
	struct tally tally;
};

static bool stopped(void)
{
	return READ_ONCE(stop) || READ_ONCE(exiting);
}

/* On its way to the LRU lists a folio is in use. */
static int drain_this_cpu(void *unused)
{
	struct folio_batch batch;

	folio_batch_init(&batch);
	__folio_batch_release(&batch);
	return 0;
}

static void drain_lru(void)
{
	unsigned int cpu;

	cpus_read_lock();
	for_each_online_cpu(cpu)
		smp_call_on_cpu(cpu, drain_this_cpu, NULL, false);
	cpus_read_unlock();
}

/* A guest whose fingerprints are read, for holdings and for its VMM. */
struct reading {
	struct holdings *holdings;	/* NULL: not for these */
	struct vmm *vmm;		/* NULL: not registered, or looked at */
	struct vmm_look look;
};

/* What was just written, or is new, may be other than that by now. */
static void hold_prints(struct holdings *holdings,
			const struct ksm_fingerprint *prints, long nr)
{
	long i;

	for (i = 0; i < nr; i++)
		if (prints[i].flags & (KSM_FP_STABLE | KSM_FP_UNCHANGED))
			holdings_add(holdings, prints[i].checksum);
}

static void take_prints(const struct ksm_fingerprint *prints, long nr,
			void *arg)
{
	struct reading *reading = arg;

	if (reading->vmm)
		vmm_see(reading->vmm, &reading->look, prints, nr);
	if (reading->holdings)
		hold_prints(reading->holdings, prints, nr);
}

/* The VMM of @pid, if it is registered and this run has not looked at it. */
static struct vmm *get_unread_vmm(const struct run *run, struct pid *pid)
{
	struct vmm *vmm;

	mutex_lock(&registry_mutex);
	vmm = vmm_find(pid);
	if (vmm && vmm->looked_in_run != run->number)
		vmm_get(vmm);
	else
		vmm = NULL;
	mutex_unlock(&registry_mutex);
	return vmm;
}

static void publish(const struct run *run, struct reading *reading, bool whole)
{
	mutex_lock(&registry_mutex);
	reading->vmm->looked_in_run = run->number;
	if (whole)
		vmm_publish(reading->vmm, &reading->look);
	mutex_unlock(&registry_mutex);
}

static int read_guest(struct run *run, struct pid *pid,
		      struct holdings *holdings)
{
	struct reading reading = {
		.holdings = holdings,
		.vmm = get_unread_vmm(run, pid),
	};
	long nr;

	if (holdings)
		holdings_next_guest(holdings);
	if (reading.vmm)
		vmm_begin_look(reading.vmm, &reading.look);

	nr = guest_read_prints(pid, take_prints, &reading);

	if (reading.vmm) {
		publish(run, &reading, nr >= 0);
		vmm_put(reading.vmm);
	}
	if (nr < 0)
		return nr;
	run->tally.count[KSMD_EXT_A_TALLY_FINGERPRINTS] += nr;
	return 0;
}

/* The guest of fewest pages comes first: holdings are no bigger than it. */
static struct opener *smallest_opener(const struct target *target)
{
	unsigned long pages, least = ULONG_MAX;
	struct opener *opener, *smallest = NULL;

	list_for_each_entry(opener, &target->openers, node) {
		pages = guest_nr_pages(opener->pid);
		if (!smallest || pages < least) {
			smallest = opener;
			least = pages;
		}
	}
	return smallest;
}

/* The holdings of the openers. A guest that KSM does not know holds nothing. */
static int read_openers(struct run *run, const struct target *target)
{
	struct opener *first = smallest_opener(target);
	struct opener *opener;
	int err;

	err = holdings_init(&run->holdings, guest_nr_pages(first->pid));
	if (err)
		return err;

	err = read_guest(run, first->pid, &run->holdings);
	list_for_each_entry(opener, &target->openers, node) {
		if (err || stopped())
			break;
		if (opener != first)
			err = read_guest(run, opener->pid, &run->holdings);
	}
	/* Half of the guests asked would be none asked. */
	return err ?: stopped() ? -EINTR : 0;
}

static int hold(struct run *run, const struct target *target)
{
	if (run->held_by && survey_same_openers(run->held_by, target))
		return run->held_err;

	holdings_destroy(&run->holdings);
	run->held_by = target;
	run->held_err = read_openers(run, target);
	return run->held_err;
}

/* Who read a page again is known if only one could. */
static void settle_walk(const struct target *target, const struct walk *walk)
{
	struct opener *opener;
	struct vmm *vmm;

	mutex_lock(&registry_mutex);
	target->image->cursor = walk->cursor;
	tally_add(&target->image->tally, &walk->tally);
	if (target->nr_openers == 1) {
		opener = list_first_entry(&target->openers, struct opener,
					  node);
		vmm = vmm_find(opener->pid);
		if (vmm)
			vmm->reread_since +=
				walk->tally.count[KSMD_EXT_A_TALLY_REREAD];
	}
	mutex_unlock(&registry_mutex);
}

/* Returns whether its end was reached, or there was nothing to be done. */
static bool scrub_image(struct run *run, struct target *target)
{
	struct walk walk = {
		.mapping = target->mapping,
		.held = &run->holdings,
		.image_id = target->image->id,
		.version = image_version(target->mapping->host),
		.dry_run = run->dry_run,
		.stopped = stopped,
		.pages_left = run->pages_left,
		.cursor = target->image->cursor,
	};
	ktime_t start;

	if (hold(run, target)) {
		walk.tally.count[KSMD_EXT_A_TALLY_BLOCKED] = 1;
		walk.finished = true;
	} else {
		start = ktime_get();
		walk.deadline = ktime_add_ns(start, run->ns_left);
		walk_image(&walk);
		run->ns_left -= ktime_to_ns(ktime_sub(ktime_get(), start));
		run->pages_left = walk.pages_left;
	}
	settle_walk(target, &walk);
	tally_add(&run->tally, &walk.tally);
	return walk.finished;
}

/* Each image once: those from where the last run ended, then those before. */
static void scrub_images(struct run *run)
{
	u64 first = resume_id;
	struct target *target;
	int lap;

	for (lap = 0; lap < 2; lap++) {
		list_for_each_entry(target, &run->targets, node) {
			if ((target->image->id < first) != lap)
				continue;
			resume_id = target->image->id;
			if (!scrub_image(run, target))
				return;
		}
	}
	resume_id = 0;
}

static struct vmm *get_next_unread(const struct run *run)
{
	struct vmm *vmm;

	mutex_lock(&registry_mutex);
	for (vmm = vmm_next(NULL); vmm; vmm = vmm_next(vmm))
		if (vmm->looked_in_run != run->number)
			break;
	if (vmm)
		vmm_get(vmm);
	mutex_unlock(&registry_mutex);
	return vmm;
}

static void look_at_others(struct run *run)
{
	struct vmm *vmm;

	while (!stopped() && (vmm = get_next_unread(run))) {
		read_guest(run, vmm->pid, NULL);
		vmm_put(vmm);
	}
}

static void end_run(const struct run *run)
{
	struct scrub_state now;

	mutex_lock(&scrub_mutex);
	state.runs++;
	state.last = run->tally;
	state.last_was_dry = run->dry_run;
	/* What a dry run would have done has not been done. */
	if (!run->dry_run)
		tally_add(&state.total, &run->tally);
	now = state;
	mutex_unlock(&scrub_mutex);

	if (tell_done)
		tell_done(&now);
}

/*
 * Under one hold of the mutex: a run of a pass that is to begin has either begun
 * when the scrubber is switched off, and is halted, or does not begin.
 */
static bool begin_run(struct run *run, bool asked)
{
	const struct scrub_settings *settings = &state.settings;
	static u32 last_number;
	ktime_t now = ktime_get(), due;
	bool begins;

	mutex_lock(&scrub_mutex);
	due = ktime_add_ms(last_start, settings->interval_ms);
	begins = asked || (settings->enabled && !ktime_before(now, due));
	if (READ_ONCE(exiting))
		begins = false;
	if (begins) {
		run->number = ++last_number;
		run->dry_run = asked ? asked_for_dry_run : settings->dry_run;
		run->pages_left = settings->budget_pages;
		run->ns_left = (s64)settings->budget_ms * NSEC_PER_MSEC;
		last_start = now;
		WRITE_ONCE(stop, false);
	}
	mutex_unlock(&scrub_mutex);
	return begins;
}

static void run_once(bool asked)
{
	struct run run = {};

	if (!begin_run(&run, asked))
		return;

	INIT_LIST_HEAD(&run.targets);
	if (!survey_take(&run.targets)) {
		drain_lru();
		scrub_images(&run);
		holdings_destroy(&run.holdings);
		survey_drop(&run.targets);
	}
	look_at_others(&run);
	end_run(&run);
}

static void run_after_pass(struct work_struct *work)
{
	run_once(false);
}

static void run_as_asked(struct work_struct *work)
{
	run_once(true);
}

void scrub_read(struct scrub_state *ret_state)
{
	mutex_lock(&scrub_mutex);
	*ret_state = state;
	mutex_unlock(&scrub_mutex);
}

void scrub_write(const struct scrub_settings *settings, bool halt)
{
	mutex_lock(&scrub_mutex);
	if (halt)
		WRITE_ONCE(stop, true);
	state.settings = *settings;
	mutex_unlock(&scrub_mutex);
}

void scrub_pass_ended(void)
{
	queue_work(workqueue, &pass_work);
}

int scrub_run_now(bool dry_run)
{
	int err = 0;

	mutex_lock(&scrub_mutex);
	if (work_pending(&asked_work)) {
		err = -EBUSY;
	} else {
		asked_for_dry_run = dry_run;
		queue_work(workqueue, &asked_work);
	}
	mutex_unlock(&scrub_mutex);
	return err;
}

int scrub_init(scrub_done_fn *done)
{
	int err;

	workqueue = alloc_ordered_workqueue("ksmd_ext", 0);
	if (!workqueue)
		return -ENOMEM;

	err = walk_init();
	if (err) {
		destroy_workqueue(workqueue);
		return err;
	}

	last_start = ktime_sub_ms(ktime_get(), 3600000);
	tell_done = done;
	return 0;
}

void scrub_stop(void)
{
	WRITE_ONCE(exiting, true);
	cancel_work_sync(&pass_work);
	cancel_work_sync(&asked_work);
}

void scrub_exit(void)
{
	destroy_workqueue(workqueue);
	walk_exit();
}
