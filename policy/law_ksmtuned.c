// SPDX-License-Identifier: GPL-2.0
/*
 * ksmtuned: the published rule of the ksmtuned script, on sound inputs.
 *
 * Every interval: merging stops while what the guests hold plus a threshold
 * fits into memory and free memory exceeds the threshold; otherwise
 * pages_to_scan is boosted while free memory is short and decays while it is
 * not. Unlike the script this counts every guest whatever its command line,
 * compares KiB with KiB, and takes KSM_THRES_CONST as the MiB that its
 * documentation says.
 */
#include "law.h"

#define KIB_16G (16ull * 1024 * 1024)

struct ksmtuned {
	uint64_t next_ns;
	uint32_t scan_pages;
	struct decision last;
};

_Static_assert(sizeof(struct ksmtuned) <= sizeof(struct law_state),
	       "state fits");

static void ksmtuned_init(struct law_state *state,
			  const struct law_params *params)
{
	struct ksmtuned *k = (struct ksmtuned *)state;

	(void)params;
	*k = (struct ksmtuned){ 0 };
}

static uint64_t committed_kib(const struct snap *snap)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < snap->nvms; i++)
		if (snap->vms[i].vmm != SNAP_VMM_NONE)
			pages += snap->vms[i].rss_pages;
	return pages * (snap->page_size / 1024);
}

static uint32_t sleep_for_host(const struct law_params *params,
			       uint64_t total_kib)
{
	uint64_t ms = params->ksmtuned_sleep_ms;

	if (total_kib)
		ms = ms * KIB_16G / total_kib;
	if (ms < 10)
		ms = 10;
	return ms > LAW_SLEEP_MS_MAX ? LAW_SLEEP_MS_MAX : (uint32_t)ms;
}

static uint32_t adjust(const struct law_params *params, uint32_t pages,
		       int64_t delta)
{
	int64_t to = (int64_t)pages + delta;

	if (to < (int64_t)params->ksmtuned_min)
		to = params->ksmtuned_min;
	if (to > (int64_t)params->ksmtuned_max)
		to = params->ksmtuned_max;
	return (uint32_t)to;
}

static void retune(struct ksmtuned *k, const struct law_params *params,
		   const struct snap *snap)
{
	const struct snap_host *h = &snap->host;
	uint64_t total = h->mem_total_kib;
	uint64_t free_kib = h->mem_free_kib + h->buffers_kib + h->cached_kib;
	uint64_t thres = total * params->ksmtuned_thres_coef / 100;
	uint64_t committed = committed_kib(snap);
	struct decision *d = &k->last;

	if (thres < params->ksmtuned_thres_const_kib)
		thres = params->ksmtuned_thres_const_kib;

	*d = (struct decision){
		.phase = LAW_PHASE_FIXED,
		.arg = { (int64_t)committed, (int64_t)free_kib, (int64_t)thres },
		.sleep_ms = sleep_for_host(params, total),
		.smart_scan = LAW_KEEP,
	};
	if (committed + thres < total && free_kib > thres) {
		d->reason = LAW_REASON_KSMTUNED_STOP;
		d->run = SNAP_RUN_STOP;
	} else if (free_kib < thres) {
		d->reason = LAW_REASON_KSMTUNED_BOOST;
		d->run = SNAP_RUN_MERGE;
		k->scan_pages = adjust(params, k->scan_pages,
				       params->ksmtuned_boost);
	} else {
		d->reason = LAW_REASON_KSMTUNED_DECAY;
		d->run = SNAP_RUN_MERGE;
		k->scan_pages = adjust(params, k->scan_pages,
				       params->ksmtuned_decay);
	}
	d->scan_pages = k->scan_pages ? k->scan_pages : params->ksmtuned_min;
}

static void ksmtuned_decide(struct law_state *state,
			    const struct law_params *params,
			    const struct snap *snap,
			    struct decision *ret_decision)
{
	struct ksmtuned *k = (struct ksmtuned *)state;

	if (snap->mono_ns >= k->next_ns) {
		retune(k, params, snap);
		k->next_ns = snap->mono_ns +
			     params->ksmtuned_interval_s * 1000000000ull;
	}
	*ret_decision = k->last;
	if (!snap_has(snap, SNAP_CAP_KSM)) {
		ret_decision->phase = LAW_PHASE_OFF;
		ret_decision->reason = LAW_REASON_NO_KSM;
	}
}

const struct law law_ksmtuned = {
	.name = "ksmtuned",
	.summary = "the rule of the ksmtuned script, without its bugs",
	.init = ksmtuned_init,
	.decide = ksmtuned_decide,
};
