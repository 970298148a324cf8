// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/ksmd_ext.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "listener.h"
#include "passes.h"

struct passes {
	sd_event *event;
	void (*on_end)(void *arg);
	void *arg;
	int family;			/* 0: no module */
	int group;
	struct nl_sock *sock;		/* NULL: cannot be listened to */
	struct listener *listener;
	bool awaited;
	uint64_t heard, overruns;	/* on sockets closed since */
};

static bool is_an_end(const void *message, size_t len, void *arg)
{
	const struct passes *passes = arg;
	const struct nlmsghdr *header = message;
	const struct genlmsghdr *genl = NLMSG_DATA(header);

	return len >= NLMSG_LENGTH(GENL_HDRLEN) &&
	       header->nlmsg_type == passes->family &&
	       genl->cmd == KSMD_EXT_CMD_PASS_END;
}

static void on_news(void *arg)
{
	struct passes *passes = arg;

	if (passes->awaited)
		passes->on_end(passes->arg);
}

int passes_new(sd_event *event, void (*on_end)(void *arg), void *arg,
	       struct passes **ret_passes)
{
	struct passes *passes = calloc(1, sizeof(*passes));

	if (!passes)
		return -ENOMEM;
	passes->event = event;
	passes->on_end = on_end;
	passes->arg = arg;
	*ret_passes = passes;
	return 0;
}

static void stop(struct passes *passes)
{
	passes->heard = passes_heard(passes, &passes->overruns);
	listener_free(passes->listener);
	passes->listener = NULL;
	nl_socket_free(passes->sock);
	passes->sock = NULL;
	passes->awaited = false;
}

void passes_free(struct passes *passes)
{
	if (!passes)
		return;
	stop(passes);
	free(passes);
}

/* Who cannot be listened to is asked, as on any kernel. */
static void start(struct passes *passes)
{
	const struct listener_hooks hooks = {
		.is_news = is_an_end, .on_news = on_news, .arg = passes,
		.what = "the kernel extension's events",
		.instead = "ksmd is asked how far it is",
	};

	passes->sock = nl_socket_alloc();
	if (!passes->sock)
		return;
	if (genl_connect(passes->sock))
		goto err;
	passes->group = genl_ctrl_resolve_grp(passes->sock,
					      KSMD_EXT_FAMILY_NAME,
					      KSMD_EXT_MCGRP_PASSES);
	if (passes->group < 0 || nl_socket_set_nonblocking(passes->sock) ||
	    listener_new(passes->event, nl_socket_get_fd(passes->sock), &hooks,
			 &passes->listener))
		goto err;
	return;

err:
	nl_socket_free(passes->sock);
	passes->sock = NULL;
}

void passes_follow(struct passes *passes, int family)
{
	if (family == passes->family)
		return;
	stop(passes);
	passes->family = family;
	if (family)
		start(passes);
}

bool passes_await(struct passes *passes, bool wait)
{
	if (!listener_live(passes->listener))
		return false;
	if (wait == passes->awaited)
		return wait;
	if (setsockopt(nl_socket_get_fd(passes->sock), SOL_NETLINK, wait ?
		       NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP,
		       &passes->group, sizeof(passes->group)))
		return false;
	passes->awaited = wait;
	return wait;
}

uint64_t passes_heard(const struct passes *passes, uint64_t *ret_overruns)
{
	uint64_t overruns, heard = listener_heard(passes->listener, &overruns);

	*ret_overruns = passes->overruns + overruns;
	return passes->heard + heard;
}
