// SPDX-License-Identifier: GPL-2.0
/*
 * Taking the knobs over, turning them, and giving them back.
 *
 * The model: three sets of values.
 *
 *	originals	what the host gets back; on disk while @taken
 *	knobs.now	what each knob is known to hold, without asking the
 *			kernel again: steady state costs no system call
 *	the snapshot	what each knob held when the probe looked
 *
 * Invariants. No knob is written unless @taken, and @taken only holds after
 * the originals were saved. A knob that nobody else touched holds knobs.now;
 * so a snapshot that says otherwise, taken after the last write here, proves a
 * foreign writer, whose value becomes the original.
 *
 * A hold begins with giving the other knobs back: the somebody gets a host as
 * it was, with the own value. Nothing is @taken until the hold is over.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../policy/reason.h"
#include "act.h"
#include "file.h"
#include "heal.h"
#include "knobs.h"
#include "pause.h"
#include "saved.h"

/* Unmerging must leave a tenth of itself and this much besides. */
#define UNMERGE_RESERVE_KIB (256u * 1024)
#define TEXT_LEN 256

struct act {
	struct act_knobs knobs;
	struct act_values originals;
	char *saved_path;
	bool taken;
	bool unsaved;		/* saving failed, and that was said */
	bool refused;		/* an unmerge was refused, and that was said */
	bool may_unmerge;	/* by the last snapshot */
	uint64_t seq;		/* of the snapshot applied last */
	struct act_pause pause;
};

int act_open(const struct act_driver *driver, void *ctx,
	     const char *saved_path, const struct act_hooks *hooks,
	     struct act **ret_act)
{
	struct act *act = calloc(1, sizeof(*act));
	int r;

	if (!act) {
		driver->close(ctx);
		return -ENOMEM;
	}
	act_knobs_init(&act->knobs, driver, ctx, hooks);
	r = driver->claim ? driver->claim(ctx) : 0;
	if (r < 0)
		goto err;
	r = act_knobs_read_damaged(&act->knobs, &act->knobs.now);
	if (r < 0)
		goto err;
	if (saved_path && !driver->dry_run) {
		act->saved_path = strdup(saved_path);
		if (!act->saved_path) {
			r = -ENOMEM;
			goto err;
		}
		r = act_heal_knobs(&act->knobs, saved_path);
		if (r < 0 && r != -EBADMSG)
			goto err;
	}
	r = act_knobs_read(&act->knobs, &act->knobs.now);
	if (r < 0)
		goto err;
	act->originals = act->knobs.now;
	*ret_act = act;
	return 0;

err:
	act_close(act);
	return r;
}

void act_close(struct act *act)
{
	if (!act)
		return;
	act_knobs_done(&act->knobs);
	free(act->saved_path);
	free(act);
}

static int save(struct act *act)
{
	char boot_id[ACT_BOOT_ID_LEN];
	int r;

	if (!act->saved_path)
		return 0;
	act_boot_id(&act->knobs, boot_id);
	r = act_saved_store(act->saved_path, &act->originals, boot_id);
	if (r < 0 && !act->unsaved)
		act_knobs_event(&act->knobs, ACT_EVENT_FAILED,
				"%s cannot be written: %s; %s", act->saved_path,
				strerror(-r), act->taken ?
				"a killed run would give older values back" :
				"no knob is changed without it");
	act->unsaved = r < 0;
	return r;
}

/* From here on the knobs are ours: what they hold now is what goes back. */
static int take_over(struct act *act)
{
	int r;

	r = act_knobs_read(&act->knobs, &act->knobs.now);
	if (r < 0)
		return r;
	act->originals = act->knobs.now;
	r = save(act);
	if (r < 0)
		return r;
	act->taken = true;
	return 0;
}

static void values_of(const struct snap *snap, struct act_values *ret_values)
{
	const struct snap_ksm *ksm = &snap->ksm;
	bool advisor = snap_has(snap, SNAP_CAP_ADVISOR);
	bool smart = snap_has(snap, SNAP_CAP_SKIPPED);
	bool index = snap_has(snap, SNAP_CAP_INDEX);

	*ret_values = (struct act_values){
		.has = {
			[ACT_KNOB_ADVISOR] = advisor,
			[ACT_KNOB_SLEEP] = true,
			[ACT_KNOB_PAGES] = true,
			[ACT_KNOB_SMART_SCAN] = smart,
			[ACT_KNOB_RUN] = true,
			[ACT_KNOB_LOOKAHEAD] = index,
			[ACT_KNOB_INDEX] = index,
		},
		.value = {
			[ACT_KNOB_ADVISOR] = ksm->advisor,
			[ACT_KNOB_SLEEP] = ksm->sleep_ms,
			[ACT_KNOB_PAGES] = ksm->scan_pages,
			[ACT_KNOB_SMART_SCAN] = ksm->smart_scan,
			/* Bit 2 is memory that goes offline, nobody's write. */
			[ACT_KNOB_RUN] = ksm->run & 3u,
			[ACT_KNOB_LOOKAHEAD] = ksm->lookahead,
			[ACT_KNOB_INDEX] = ksm->checksum_index,
		},
	};
}

static bool differ(const struct act_values *a, const struct act_values *b)
{
	for (int i = 0; i < ACT_KNOB_COUNT; i++)
		if (a->has[i] && b->has[i] && a->value[i] != b->value[i])
			return true;
	return false;
}

/*
 * Whatever @seen has that we did not put there is somebody else's, and becomes
 * the original; but for pages_to_scan under an advisor, which moves by itself.
 * With no advisor on, who writes pages_to_scan wants none: the kernel would
 * refuse the write under one, and the value would not outlive its return.
 * Returns a mask of these knobs, and words in @text.
 */
static unsigned int adopt(struct act *act, const struct act_values *seen,
			  char text[TEXT_LEN])
{
	struct act_values *now = &act->knobs.now;
	bool advised = seen->has[ACT_KNOB_ADVISOR] &&
		       seen->value[ACT_KNOB_ADVISOR] != SNAP_ADVISOR_NONE;
	unsigned int mask = 0;
	size_t len = 0;

	text[0] = '\0';
	for (int i = 0; i < ACT_KNOB_COUNT; i++) {
		uint64_t old = now->value[i];

		if (!now->has[i] || !seen->has[i] || old == seen->value[i])
			continue;
		now->value[i] = seen->value[i];
		if (i == ACT_KNOB_PAGES && advised)
			continue;
		act->originals.value[i] = seen->value[i];
		if (i == ACT_KNOB_PAGES)
			act->originals.value[ACT_KNOB_ADVISOR] =
				SNAP_ADVISOR_NONE;
		mask |= 1u << i;
		if (len < TEXT_LEN)
			len += (size_t)snprintf(text + len, TEXT_LEN - len,
						"%s%s %" PRIu64 " -> %" PRIu64,
						len ? ", " : "",
						act_knob_name(i), old,
						seen->value[i]);
	}
	return mask;
}

/* Compare the snapshot with what we wrote; begin or prolong a hold. */
static void look_for_others(struct act *act, const struct snap *snap)
{
	struct act_values seen;
	char text[TEXT_LEN];
	unsigned int mask;
	bool stopped = act->pause.stopped;

	/* It may be older than our last write: it proves nothing then. */
	if (snap->seq <= act->seq || act->knobs.driver->dry_run)
		return;
	values_of(snap, &seen);
	if (!differ(&act->knobs.now, &seen))
		return;
	/* A probe reads a file that it cannot parse as 0: ask the kernel. */
	if (act_knobs_read(&act->knobs, &seen) < 0)
		return;
	mask = adopt(act, &seen, text);
	if (!mask)
		return;
	if (mask & 1u << ACT_KNOB_RUN)
		stopped = seen.value[ACT_KNOB_RUN] != SNAP_RUN_MERGE;
	act_pause_foreign(&act->pause, snap->mono_ns, stopped);
	if (act->taken)
		save(act);
	act_knobs_event(&act->knobs, ACT_EVENT_FOREIGN, stopped ?
			"somebody else stopped KSM (%s): hands off until it runs again; %"
			PRIu64 " s at a time" :
			"somebody else changed %s: hands off for %" PRIu64 " s",
			text,
			act_pause_left_ms(&act->pause, snap->mono_ns) / 1000);
}

/* Does MemAvailable cover what unmerging would take? */
static bool may_unmerge(const struct snap *snap, uint64_t *ret_need_kib)
{
	uint64_t need_kib;

	if (__builtin_mul_overflow(snap_saved_pages(snap),
				   (uint64_t)(snap->page_size / 1024),
				   &need_kib) || need_kib > UINT64_MAX / 2)
		need_kib = UINT64_MAX / 2;
	*ret_need_kib = need_kib;
	return snap_has(snap, SNAP_CAP_MEMINFO) && snap->page_size >= 1024 &&
	       snap->host.mem_available_kib >
	       need_kib + need_kib / 10 + UNMERGE_RESERVE_KIB;
}

static int guard_unmerge(struct act *act, const struct snap *snap,
			 const struct decision *decision)
{
	uint64_t need_kib;

	if (decision->run != SNAP_RUN_UNMERGE ||
	    act->knobs.now.value[ACT_KNOB_RUN] == SNAP_RUN_UNMERGE ||
	    may_unmerge(snap, &need_kib)) {
		act->refused = false;
		return 0;
	}
	if (!act->refused)
		act_knobs_event(&act->knobs, ACT_EVENT_REFUSED,
				"unmerging takes %" PRIu64
				" MiB and a reserve of 10 %% and %u MiB; %"
				PRIu64 " MiB are available",
				need_kib / 1024, UNMERGE_RESERVE_KIB / 1024,
				snap->host.mem_available_kib / 1024);
	act->refused = true;
	return -EPERM;
}

static uint64_t clamp(uint64_t value, uint64_t min, uint64_t max)
{
	return value < min ? min : value > max ? max : value;
}

/* By which means pages are found: ksmd can do its work with it or without. */
static bool is_switch(enum act_knob knob)
{
	return knob == ACT_KNOB_LOOKAHEAD || knob == ACT_KNOB_INDEX ||
	       knob == ACT_KNOB_EVICT;
}

static uint64_t switched(const struct act *act, enum act_knob knob,
			 enum law_switch to)
{
	return to == LAW_SWITCH_KEEP ? act->originals.value[knob] :
				       to == LAW_SWITCH_ON;
}

/* Stop ksmd before the rest, start it after the rest. */
static int turn(struct act *act, const struct decision *decision,
		const char *text)
{
	static const enum act_knob start[ACT_KNOB_COUNT] = {
		ACT_KNOB_ADVISOR, ACT_KNOB_PAGES, ACT_KNOB_SMART_SCAN,
		ACT_KNOB_LOOKAHEAD, ACT_KNOB_INDEX, ACT_KNOB_EVICT,
		ACT_KNOB_SLEEP, ACT_KNOB_RUN,
	};
	static const enum act_knob stop[ACT_KNOB_COUNT] = {
		ACT_KNOB_RUN, ACT_KNOB_ADVISOR, ACT_KNOB_PAGES,
		ACT_KNOB_SMART_SCAN, ACT_KNOB_LOOKAHEAD, ACT_KNOB_INDEX,
		ACT_KNOB_EVICT, ACT_KNOB_SLEEP,
	};
	const enum act_knob *order =
		decision->run == SNAP_RUN_MERGE ? start : stop;
	uint64_t want[ACT_KNOB_COUNT] = {
		[ACT_KNOB_ADVISOR] = SNAP_ADVISOR_NONE,
		[ACT_KNOB_SLEEP] = clamp(decision->sleep_ms, LAW_SLEEP_MS_MIN,
					 LAW_SLEEP_MS_MAX),
		[ACT_KNOB_PAGES] = clamp(decision->scan_pages,
					 LAW_SCAN_PAGES_MIN,
					 LAW_SCAN_PAGES_MAX),
		[ACT_KNOB_SMART_SCAN] = decision->smart_scan == LAW_KEEP ?
			act->originals.value[ACT_KNOB_SMART_SCAN] :
			!!decision->smart_scan,
		[ACT_KNOB_RUN] = decision->run,
		[ACT_KNOB_LOOKAHEAD] = switched(act, ACT_KNOB_LOOKAHEAD,
						decision->lookahead),
		[ACT_KNOB_INDEX] = switched(act, ACT_KNOB_INDEX,
					    decision->checksum_index),
		[ACT_KNOB_EVICT] = decision->evict == LAW_EVICT_KEEP ?
			act->originals.value[ACT_KNOB_EVICT] :
			(uint64_t)decision->evict - 1,
	};

	char finding[TEXT_LEN];

	law_finding_text(decision, finding, sizeof(finding));
	for (int i = 0; i < ACT_KNOB_COUNT; i++) {
		bool finds = order[i] == ACT_KNOB_LOOKAHEAD ||
			     order[i] == ACT_KNOB_INDEX;
		int r = act_knobs_set(&act->knobs, order[i], want[order[i]],
				      finds && *finding ? finding : text);

		/* What failed was reported. */
		if (r < 0 && !is_switch(order[i]))
			return r;
	}
	return 0;
}

/* Undo what was done here; knobs.now must be true. Again after a failure. */
static int give_back(struct act *act, const char *text)
{
	struct act_values *originals = &act->originals;
	unsigned int written = 0;
	int r;

	if (!act->taken)
		return 0;
	if (originals->value[ACT_KNOB_RUN] == SNAP_RUN_UNMERGE &&
	    act->knobs.now.value[ACT_KNOB_RUN] != SNAP_RUN_UNMERGE &&
	    !act->may_unmerge) {
		originals->value[ACT_KNOB_RUN] = SNAP_RUN_STOP;
		act_knobs_event(&act->knobs, ACT_EVENT_REFUSED,
				"run was 2 and becomes 0: not enough memory to unmerge");
	}
	r = act_knobs_give_back(&act->knobs, originals, text, &written);
	if (!r && act->saved_path)
		r = act_file_remove(act->saved_path);
	if (r < 0)
		return r;
	act->taken = false;
	return 0;
}

int act_apply(struct act *act, const struct snap *snap,
	      const struct decision *decision, const char *text)
{
	uint64_t need_kib;
	int r = 0;

	if (decision->run > SNAP_RUN_UNMERGE)
		return -EINVAL;
	if (!snap_has(snap, SNAP_CAP_KSM))
		return -ENOENT;
	if (act->taken || act->pause.on)
		look_for_others(act, snap);
	if (snap->seq > act->seq)
		act->seq = snap->seq;
	act->may_unmerge = may_unmerge(snap, &need_kib);

	if (act_pause_tick(&act->pause, snap->mono_ns))
		act_knobs_event(&act->knobs, ACT_EVENT_RESUME,
				"nobody else changed a knob meanwhile");
	if (act->pause.on) {
		give_back(act, "hands off: somebody else writes the knobs");
		return -EBUSY;
	}
	if (!act->taken)
		r = take_over(act);
	if (r < 0)
		return r;
	r = guard_unmerge(act, snap, decision);
	if (r < 0)
		return r;
	return turn(act, decision, text);
}

int act_restore(struct act *act, const char *text)
{
	struct act_values seen;
	char others[TEXT_LEN];
	int r;

	if (!act->taken)
		return 0;
	r = act_knobs_read(&act->knobs, &seen);
	if (r < 0)
		return r;
	if (adopt(act, &seen, others))
		act_knobs_event(&act->knobs, ACT_EVENT_FOREIGN,
				"somebody else changed %s: left as it is",
				others);
	return give_back(act, text);
}

uint64_t act_hold_ms(const struct act *act, uint64_t mono_ns)
{
	return act_pause_left_ms(&act->pause, mono_ns);
}

void act_resume(struct act *act)
{
	if (!act->pause.on)
		return;
	act_pause_end(&act->pause);
	act_knobs_event(&act->knobs, ACT_EVENT_RESUME, "on request");
}

bool act_original(const struct act *act, enum act_knob knob,
		  uint64_t *ret_value)
{
	if ((unsigned int)knob >= ACT_KNOB_COUNT ||
	    !act->originals.has[knob])
		return false;
	*ret_value = act->originals.value[knob];
	return true;
}
