// SPDX-License-Identifier: GPL-2.0
/* Limits of shadow pages through the kernel extension. */
#include <errno.h>
#include <stdlib.h>

#include "../../ksmd-ext/client/client.h"
#include "limits.h"

/* The kernel answers at once; a longer wait is a fault. */
#define WAIT_S 2

struct netlink {
	bool connected;
	struct client client;
};

int act_limits_netlink_new(void **ret_ctx)
{
	*ret_ctx = calloc(1, sizeof(struct netlink));
	return *ret_ctx ? 0 : -ENOMEM;
}

static void disconnect(struct netlink *netlink)
{
	if (netlink->connected)
		client_close(&netlink->client);
	netlink->connected = false;
}

/* A module that was loaded anew has another family number. */
static int connect_to(struct netlink *netlink)
{
	int r;

	if (netlink->connected)
		return 0;
	r = client_open(&netlink->client, NULL);
	if (r)
		return r;
	client_set_timeout(&netlink->client, WAIT_S);
	netlink->connected = true;
	return 0;
}

static int ask(struct netlink *netlink, uint64_t id, uint32_t pages)
{
	struct nl_msg *msg;
	int r;

	r = connect_to(netlink);
	if (r)
		return r;
	msg = client_try_new(&netlink->client, KSMD_EXT_CMD_VM_SET, 0);
	if (msg && (nla_put_u64(msg, KSMD_EXT_A_VM_ID, id) ||
		    nla_put_u32(msg, KSMD_EXT_A_VM_LIMIT, pages))) {
		nlmsg_free(msg);
		msg = NULL;
	}
	return client_send(&netlink->client, msg);
}

static int netlink_set(void *ctx, uint64_t id, uint32_t pages)
{
	struct netlink *netlink = ctx;
	int r = ask(netlink, id, pages);

	if (!r || r == -ESRCH || r == -EINVAL || r == -EPERM)
		return r;
	/* The family is another one, or gone: once more, from the start. */
	disconnect(netlink);
	return ask(netlink, id, pages);
}

static void netlink_close(void *ctx)
{
	disconnect(ctx);
	free(ctx);
}

const struct act_limits_driver act_limits_netlink = {
	.set = netlink_set,
	.close = netlink_close,
};
