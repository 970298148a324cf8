// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "log.h"
#include "shadow.h"

struct shadow {
	bool dividing;			/* the law is asked */
	uint64_t moved;			/* limits set since the start */
	struct act_limits *limits;	/* NULL: a dry run */
	struct law_shadow law;
	struct law_shadow_decision decision;
};

static int open_limits(const char *saved_path, const struct act_says *says,
		       struct act_limits **ret_limits)
{
	char boot_id[ACT_BOOT_ID_LEN];
	void *ctx;
	int r;

	r = act_limits_netlink_new(&ctx);
	if (r)
		return r;
	act_this_boot(boot_id);
	return act_limits_open(&act_limits_netlink, ctx, saved_path, boot_id,
			       says, ret_limits);
}

int shadow_open(const char *saved_path, const struct act_says *says,
		struct shadow **ret_shadow)
{
	struct shadow *shadow = calloc(1, sizeof(*shadow));
	int r;

	if (!shadow)
		return -ENOMEM;
	law_shadow_init(&shadow->law);
	r = saved_path ? open_limits(saved_path, says, &shadow->limits) : 0;
	if (r) {
		free(shadow);
		return r;
	}
	*ret_shadow = shadow;
	return 0;
}

static void divide(struct shadow *shadow, const struct snap *snap,
		   const struct conf_shadow *conf)
{
	const struct law_shadow_params params = {
		.budget_pages = conf->budget_kib * 1024 / snap->page_size,
	};
	int n;

	if (!shadow->dividing)
		law_shadow_init(&shadow->law);
	shadow->dividing = true;
	law_shadow_decide(&shadow->law, &params, snap, &shadow->decision);
	if (!shadow->limits || !shadow->decision.nlimits)
		return;
	n = act_limits_apply(shadow->limits, snap, &shadow->decision);
	if (n <= 0)
		return;
	shadow->moved += (uint64_t)n;
	log_print(LOG_INFO,
		  "shadow pages: %d limits set; %.1f misses a second, %.1f as divided",
		  n, (double)shadow->decision.arg[0] / 1000,
		  (double)shadow->decision.arg[1] / 1000);
}

void shadow_tick(struct shadow *shadow, const struct snap *snap,
		 const struct conf_shadow *conf)
{
	if (!snap_has(snap, SNAP_CAP_SHADOW))
		shadow->dividing = false;
	else if (conf->divide)
		divide(shadow, snap, conf);
	else if (shadow->dividing)
		shadow_restore(shadow);
}

int shadow_restore(struct shadow *shadow)
{
	shadow->dividing = false;
	return shadow->limits ? act_limits_restore(shadow->limits) : 0;
}

void shadow_close(struct shadow *shadow)
{
	if (!shadow)
		return;
	act_limits_close(shadow->limits);
	free(shadow);
}

static const char *reason_name(const struct shadow *shadow)
{
	static const char *const names[] = {
		[LAW_SHADOW_NONE] = "no VM has shadow pages",
		[LAW_SHADOW_START] = "nothing is known yet",
		[LAW_SHADOW_STEADY] = "no other division would spare much",
		[LAW_SHADOW_BUDGET] = "more was given out than there is",
		[LAW_SHADOW_MOVE] = "pages go where they spare more misses",
	};

	return shadow->dividing ? names[shadow->decision.reason] :
				  "not divided: KVM's own limits";
}

json_t *shadow_object(const struct shadow *shadow, const struct snap *snap)
{
	uint64_t pages = 0, limits = 0;

	if (!snap_has(snap, SNAP_CAP_SHADOW))
		return NULL;
	for (uint32_t i = 0; i < snap->nshadows; i++) {
		pages += snap->shadows[i].pages;
		limits += snap->shadows[i].limit;
	}
	return json_pack("{sb sI sI sI sI sf sf ss}",
			 "divided", shadow->dividing,
			 "vms", (json_int_t)snap->nshadows,
			 "pages", (json_int_t)pages,
			 "limit_pages", (json_int_t)limits,
			 "limits_set", (json_int_t)shadow->moved,
			 "misses_per_s", shadow->dividing ?
			 (double)shadow->decision.arg[0] / 1000 : 0.0,
			 "misses_divided_per_s", shadow->dividing ?
			 (double)shadow->decision.arg[1] / 1000 : 0.0,
			 "text", reason_name(shadow));
}
