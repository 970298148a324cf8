// SPDX-License-Identifier: GPL-2.0
/*
 * Generic netlink: the scrubber, its settings and results
 */
#include <linux/mutex.h>

#include "netlink.h"
#include "scrub.h"

/* Requests run in parallel, and what one leaves alone another may be setting. */
static DEFINE_MUTEX(set_mutex);

/* Two tallies of some 15 counts, each of 12 bytes at most, and the rest. */
#define SCRUB_MSG_SIZE 1024

int netlink_put_tally(struct sk_buff *msg, int attr, const struct tally *tally)
{
	struct nlattr *nest = nla_nest_start(msg, attr);
	int i;

	if (!nest)
		return -EMSGSIZE;

	for (i = 1; i <= KSMD_EXT_A_TALLY_MAX; i++)
		if (nla_put_uint(msg, i, tally->count[i]))
			return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

int ksmd_ext_nl_scrub_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct scrub_settings *settings;
	struct scrub_state now;
	struct sk_buff *msg;
	void *header;

	msg = netlink_new(info, SCRUB_MSG_SIZE, &header);
	if (!msg)
		return -ENOMEM;

	scrub_read(&now);
	settings = &now.settings;
	if (nla_put_u8(msg, KSMD_EXT_A_SCRUB_ENABLED, settings->enabled) ||
	    nla_put_u8(msg, KSMD_EXT_A_SCRUB_DRY_RUN, settings->dry_run) ||
	    nla_put_u32(msg, KSMD_EXT_A_SCRUB_BUDGET_PAGES,
			settings->budget_pages) ||
	    nla_put_u32(msg, KSMD_EXT_A_SCRUB_BUDGET_MS,
			settings->budget_ms) ||
	    nla_put_u32(msg, KSMD_EXT_A_SCRUB_INTERVAL_MS,
			settings->interval_ms) ||
	    nla_put_uint(msg, KSMD_EXT_A_SCRUB_RUNS, now.runs) ||
	    netlink_put_tally(msg, KSMD_EXT_A_SCRUB_TOTAL, &now.total) ||
	    netlink_put_tally(msg, KSMD_EXT_A_SCRUB_LAST, &now.last)) {
		nlmsg_free(msg);
		return -EMSGSIZE;
	}
	return netlink_reply(msg, header, info);
}

int ksmd_ext_nl_scrub_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr **attrs = info->attrs;
	struct scrub_settings *settings;
	struct scrub_state now;
	bool halt = false;

	mutex_lock(&set_mutex);
	scrub_read(&now);
	settings = &now.settings;
	if (attrs[KSMD_EXT_A_SCRUB_ENABLED]) {
		settings->enabled = nla_get_u8(attrs[KSMD_EXT_A_SCRUB_ENABLED]);
		halt = !settings->enabled;
	}
	if (attrs[KSMD_EXT_A_SCRUB_DRY_RUN])
		settings->dry_run = nla_get_u8(attrs[KSMD_EXT_A_SCRUB_DRY_RUN]);
	if (attrs[KSMD_EXT_A_SCRUB_BUDGET_PAGES])
		settings->budget_pages =
			nla_get_u32(attrs[KSMD_EXT_A_SCRUB_BUDGET_PAGES]);
	if (attrs[KSMD_EXT_A_SCRUB_BUDGET_MS])
		settings->budget_ms =
			nla_get_u32(attrs[KSMD_EXT_A_SCRUB_BUDGET_MS]);
	if (attrs[KSMD_EXT_A_SCRUB_INTERVAL_MS])
		settings->interval_ms =
			nla_get_u32(attrs[KSMD_EXT_A_SCRUB_INTERVAL_MS]);
	scrub_write(settings, halt);
	mutex_unlock(&set_mutex);
	return 0;
}

int ksmd_ext_nl_scrub_run_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *attr = info->attrs[KSMD_EXT_A_SCRUB_DRY_RUN];
	int err = scrub_run_now(attr && nla_get_u8(attr));

	if (err)
		NL_SET_ERR_MSG(info->extack, "a run is waiting already");
	return err;
}

void netlink_tell_scrub_end(const struct scrub_state *state)
{
	struct sk_buff *msg;
	void *header;

	msg = netlink_new_event(KSMD_EXT_NLGRP_SCRUBS, KSMD_EXT_CMD_SCRUB_END,
				SCRUB_MSG_SIZE, &header);
	if (!msg)
		return;

	if (nla_put_u8(msg, KSMD_EXT_A_SCRUB_DRY_RUN, state->last_was_dry) ||
	    nla_put_uint(msg, KSMD_EXT_A_SCRUB_RUNS, state->runs) ||
	    netlink_put_tally(msg, KSMD_EXT_A_SCRUB_LAST, &state->last)) {
		nlmsg_free(msg);
		return;
	}
	netlink_send_event(msg, header, KSMD_EXT_NLGRP_SCRUBS);
}
