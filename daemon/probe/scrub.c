// SPDX-License-Identifier: GPL-2.0
#include "scrub.h"

static uint64_t total(const struct client *client, int count)
{
	return client_tally(client, 0, KSMD_EXT_A_SCRUB_TOTAL, count);
}

bool probe_scrub_parse(const struct client *client,
		       struct snap_scrub *ret_scrub)
{
	const struct snap_scrub scrub = {
		.enabled = client_uint(client, 0, KSMD_EXT_A_SCRUB_ENABLED),
		.dry_run = client_uint(client, 0, KSMD_EXT_A_SCRUB_DRY_RUN),
		.budget_pages = (uint32_t)client_uint(client, 0,
						      KSMD_EXT_A_SCRUB_BUDGET_PAGES),
		.runs = client_uint(client, 0, KSMD_EXT_A_SCRUB_RUNS),
		.looked = total(client, KSMD_EXT_A_TALLY_LOOKED),
		.checksums = total(client, KSMD_EXT_A_TALLY_CHECKSUMS),
		.dropped = total(client, KSMD_EXT_A_TALLY_DROPPED),
		.reread = total(client, KSMD_EXT_A_TALLY_REREAD),
	};
	/* No budget is none that could be given back. */
	if (!scrub.budget_pages)
		return false;
	*ret_scrub = scrub;
	return true;
}

bool probe_scrub_read(struct client *client, struct snap_scrub *ret_scrub)
{
	struct nl_msg *msg = client_try_new(client, KSMD_EXT_CMD_SCRUB_GET, 0);

	return !client_send(client, msg) && client->nr_replies == 1 &&
	       probe_scrub_parse(client, ret_scrub);
}
