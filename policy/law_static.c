// SPDX-License-Identifier: GPL-2.0
/* static: the same knobs for ever, as the policy file gives them. */
#include "law.h"

static void static_init(struct law_state *state, const struct law_params *params)
{
	(void)state;
	(void)params;
}

static void static_decide(struct law_state *state,
			  const struct law_params *params,
			  const struct snap *snap,
			  struct decision *ret_decision)
{
	(void)state;
	*ret_decision = (struct decision){
		.phase = LAW_PHASE_FIXED,
		.reason = LAW_REASON_STATIC,
		.run = SNAP_RUN_MERGE,
		.sleep_ms = params->static_sleep_ms,
		.scan_pages = params->static_scan_pages,
		.smart_scan = LAW_KEEP,
	};
	if (!snap_has(snap, SNAP_CAP_KSM)) {
		ret_decision->phase = LAW_PHASE_OFF;
		ret_decision->reason = LAW_REASON_NO_KSM;
	}
}

const struct law law_static = {
	.name = "static",
	.summary = "fixed pages_to_scan and sleep_millisecs",
	.init = static_init,
	.decide = static_decide,
};
