// SPDX-License-Identifier: GPL-2.0
/* The scrubber through the kernel extension. */
#include <errno.h>
#include <stdlib.h>

#include "../ext_client.h"
#include "scrubber.h"

struct netlink {
	struct ext_client ext;
	size_t room;
	int32_t *pids;
};

struct setting {
	bool enabled;
	uint32_t budget_pages;
};

int act_scrubber_netlink_new(void **ret_ctx)
{
	*ret_ctx = calloc(1, sizeof(struct netlink));
	return *ret_ctx ? 0 : -ENOMEM;
}

/* @msg, or NULL without memory for its attributes. */
static struct nl_msg *whole(struct nl_msg *msg, int failed)
{
	if (!msg || !failed)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static struct nl_msg *scrub_set(struct client *client, const void *arg)
{
	const struct setting *to = arg;
	struct nl_msg *msg = client_try_new(client, KSMD_EXT_CMD_SCRUB_SET, 0);

	return whole(msg, msg &&
		     (nla_put_u8(msg, KSMD_EXT_A_SCRUB_ENABLED, to->enabled) ||
		      nla_put_u32(msg, KSMD_EXT_A_SCRUB_BUDGET_PAGES,
				  to->budget_pages)));
}

static struct nl_msg *of_vmm(struct client *client, int command, int32_t pid)
{
	struct nl_msg *msg = client_try_new(client, command, 0);

	return whole(msg, msg && nla_put_u32(msg, KSMD_EXT_A_IMAGE_PID,
					     (uint32_t)pid));
}

static struct nl_msg *image_add(struct client *client, const void *arg)
{
	return of_vmm(client, KSMD_EXT_CMD_IMAGE_ADD, *(const int32_t *)arg);
}

static struct nl_msg *image_del(struct client *client, const void *arg)
{
	return of_vmm(client, KSMD_EXT_CMD_IMAGE_DEL, *(const int32_t *)arg);
}

static struct nl_msg *vmm_get(struct client *client, const void *arg)
{
	(void)arg;
	return client_try_new(client, KSMD_EXT_CMD_VMM_GET, NLM_F_DUMP);
}

static int netlink_set(void *ctx, bool enabled, uint32_t budget_pages)
{
	struct netlink *netlink = ctx;
	const struct setting to = { enabled, budget_pages };

	return ext_client_ask(&netlink->ext, scrub_set, &to);
}

static int netlink_add(void *ctx, int32_t pid)
{
	struct netlink *netlink = ctx;

	return ext_client_ask(&netlink->ext, image_add, &pid);
}

static int netlink_forget(void *ctx, int32_t pid)
{
	struct netlink *netlink = ctx;

	return ext_client_ask(&netlink->ext, image_del, &pid);
}

static struct nl_msg *scrub_run(struct client *client, const void *arg)
{
	(void)arg;
	return client_try_new(client, KSMD_EXT_CMD_SCRUB_RUN, 0);
}

static int netlink_run(void *ctx)
{
	struct netlink *netlink = ctx;

	return ext_client_ask(&netlink->ext, scrub_run, NULL);
}

static int netlink_list(void *ctx, const int32_t **ret_pids)
{
	struct netlink *netlink = ctx;
	struct client *client = &netlink->ext.client;
	int r = ext_client_ask(&netlink->ext, vmm_get, NULL);

	if (r)
		return r;
	if (client->nr_replies > netlink->room) {
		int32_t *grown = reallocarray(netlink->pids, client->nr_replies,
					      sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		netlink->pids = grown;
		netlink->room = client->nr_replies;
	}
	for (size_t i = 0; i < client->nr_replies; i++)
		netlink->pids[i] = (int32_t)client_uint(client, i,
							KSMD_EXT_A_VMM_PID);
	*ret_pids = netlink->pids;
	return (int)client->nr_replies;
}

static int netlink_module(void *ctx)
{
	struct netlink *netlink = ctx;

	return netlink->ext.client.family;
}

static void netlink_close(void *ctx)
{
	struct netlink *netlink = ctx;

	ext_client_disconnect(&netlink->ext);
	free(netlink->pids);
	free(netlink);
}

const struct act_scrubber_driver act_scrubber_netlink = {
	.set = netlink_set,
	.add = netlink_add,
	.forget = netlink_forget,
	.run = netlink_run,
	.list = netlink_list,
	.module = netlink_module,
	.close = netlink_close,
};
