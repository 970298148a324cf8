// SPDX-License-Identifier: GPL-2.0
/* Limits of shadow pages through the kernel extension. */
#include <errno.h>
#include <stdlib.h>

#include "../ext_client.h"
#include "limits.h"

struct wanted {
	uint64_t id;
	uint32_t pages;
};

int act_limits_netlink_new(void **ret_ctx)
{
	*ret_ctx = calloc(1, sizeof(struct ext_client));
	return *ret_ctx ? 0 : -ENOMEM;
}

static struct nl_msg *vm_set(struct client *client, const void *arg)
{
	const struct wanted *wanted = arg;
	struct nl_msg *msg = client_try_new(client, KSMD_EXT_CMD_VM_SET, 0);

	if (msg && (nla_put_u64(msg, KSMD_EXT_A_VM_ID, wanted->id) ||
		    nla_put_u32(msg, KSMD_EXT_A_VM_LIMIT, wanted->pages))) {
		nlmsg_free(msg);
		msg = NULL;
	}
	return msg;
}

static int netlink_set(void *ctx, uint64_t id, uint32_t pages)
{
	const struct wanted wanted = { id, pages };

	return ext_client_ask(ctx, vm_set, &wanted);
}

static void netlink_close(void *ctx)
{
	ext_client_disconnect(ctx);
	free(ctx);
}

const struct act_limits_driver act_limits_netlink = {
	.set = netlink_set,
	.close = netlink_close,
};
