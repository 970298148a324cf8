// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <netlink/genl/ctrl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "client.h"

static void forget_replies(struct client *client)
{
	while (client->nr_replies)
		free(client->replies[--client->nr_replies]);
	client->error = 0;
	client->message[0] = '\0';
	client->interrupted = false;
	client->unanswered = false;
}

static int keep_reply(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct client *client = arg;
	struct nlmsghdr **grown;

	grown = realloc(client->replies,
			(client->nr_replies + 1) * sizeof(*grown));
	if (!grown)
		return -NLE_NOMEM;

	client->replies = grown;
	grown[client->nr_replies] = malloc(header->nlmsg_len);
	if (!grown[client->nr_replies])
		return -NLE_NOMEM;

	memcpy(grown[client->nr_replies++], header, header->nlmsg_len);
	if (header->nlmsg_flags & NLM_F_DUMP_INTR)
		client->interrupted = true;
	return NL_OK;
}

static int note_interruption(struct nl_msg *msg, void *arg)
{
	struct client *client = arg;

	(void)msg;
	client->interrupted = true;
	return NL_OK;
}

/* What was asked comes back in an error, unless capped, before the attributes. */
static int note_error(struct sockaddr_nl *from, struct nlmsgerr *error,
		      void *arg)
{
	struct nlmsghdr *header = (struct nlmsghdr *)((char *)error - NLMSG_HDRLEN);
	struct client *client = arg;
	struct nlattr *attr;
	int offset = sizeof(*error);

	(void)from;
	client->error = error->error;
	if (!(header->nlmsg_flags & NLM_F_ACK_TLVS))
		return NL_STOP;

	if (!(header->nlmsg_flags & NLM_F_CAPPED))
		offset += error->msg.nlmsg_len - NLMSG_HDRLEN;
	attr = nlmsg_find_attr(header, NLMSG_ALIGN(offset), NLMSGERR_ATTR_MSG);
	if (attr)
		snprintf(client->message, sizeof(client->message), "%.*s",
			 nla_len(attr), (char *)nla_data(attr));
	return NL_STOP;
}

static int join(struct client *client, const char *group)
{
	int nr = genl_ctrl_resolve_grp(client->sock, "ksmd_ext", group);

	if (nr < 0 || nl_socket_add_membership(client->sock, nr))
		return -ENOENT;
	nl_socket_disable_seq_check(client->sock);
	return 0;
}

int client_open(struct client *client, const char *group)
{
	int one = 1;

	memset(client, 0, sizeof(*client));
	client->sock = nl_socket_alloc();
	if (!client->sock)
		return -ENOMEM;

	if (genl_connect(client->sock))
		goto err;

	nl_socket_disable_auto_ack(client->sock);
	setsockopt(nl_socket_get_fd(client->sock), SOL_NETLINK, NETLINK_EXT_ACK,
		   &one, sizeof(one));
	client->family = genl_ctrl_resolve(client->sock, "ksmd_ext");
	if (client->family < 0)
		goto err;

	if (group && join(client, group))
		goto err;
	return 0;

err:
	client_close(client);
	return -ENOENT;
}

void client_close(struct client *client)
{
	forget_replies(client);
	free(client->replies);
	nl_socket_free(client->sock);
	client->replies = NULL;
	client->sock = NULL;
}

void client_set_timeout(struct client *client, unsigned int seconds)
{
	struct timeval timeout = { .tv_sec = seconds };

	setsockopt(nl_socket_get_fd(client->sock), SOL_SOCKET, SO_RCVTIMEO,
		   &timeout, sizeof(timeout));
}

struct nl_msg *client_try_new(struct client *client, int command, int flags)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (msg && genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, client->family,
			       0, NLM_F_REQUEST | NLM_F_ACK | flags, command,
			       KSMD_EXT_FAMILY_VERSION))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

struct nl_msg *client_new(struct client *client, int command, int flags)
{
	struct nl_msg *msg = client_try_new(client, command, flags);

	if (!msg) {
		fputs("out of memory\n", stderr);
		exit(1);
	}
	return msg;
}

static int stop(struct nl_msg *msg, void *arg)
{
	bool *done = arg;

	(void)msg;
	*done = true;
	return NL_STOP;
}

int client_send(struct client *client, struct nl_msg *msg)
{
	struct nl_cb *cb = msg ? nl_cb_alloc(NL_CB_DEFAULT) : NULL;
	bool done = false;
	int err;

	forget_replies(client);
	if (!cb) {
		nlmsg_free(msg);
		client->error = -ENOMEM;
		return client->error;
	}
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, keep_reply, client);
	nl_cb_set(cb, NL_CB_DUMP_INTR, NL_CB_CUSTOM, note_interruption, client);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, stop, &done);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, stop, &done);
	nl_cb_err(cb, NL_CB_CUSTOM, note_error, client);

	err = nl_send_auto(client->sock, msg);
	nlmsg_free(msg);
	while (err >= 0 && !done && !client->error)
		err = nl_recvmsgs(client->sock, cb);
	nl_cb_put(cb);
	if (err < 0 && !client->error) {
		client->unanswered = true;
		client->error = -EPROTO;
	}
	return client->error;
}

int client_ask(struct client *client, int command, int flags)
{
	return client_send(client, client_new(client, command, flags));
}

int client_ask_u8(struct client *client, int command, int attr, uint8_t value)
{
	struct nl_msg *msg = client_new(client, command, 0);

	nla_put_u8(msg, attr, value);
	return client_send(client, msg);
}

int client_ask_u32(struct client *client, int command, int attr, uint32_t value)
{
	struct nl_msg *msg = client_new(client, command, 0);

	nla_put_u32(msg, attr, value);
	return client_send(client, msg);
}

static int keep_one(struct nl_msg *msg, void *arg)
{
	keep_reply(msg, arg);
	return NL_STOP;
}

int client_wait(struct client *client, int timeout_ms)
{
	struct pollfd poll_fd = { nl_socket_get_fd(client->sock), POLLIN, 0 };
	struct genlmsghdr *header;
	struct nl_cb *cb;

	forget_replies(client);
	if (poll(&poll_fd, 1, timeout_ms) != 1)
		return -ETIMEDOUT;

	cb = nl_cb_alloc(NL_CB_DEFAULT);
	nl_cb_set(cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, keep_one, client);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, keep_one, client);
	nl_cb_set(cb, NL_CB_MSG_IN, NL_CB_CUSTOM, keep_one, client);
	nl_recvmsgs(client->sock, cb);
	nl_cb_put(cb);
	if (!client->nr_replies)
		return -EPROTO;

	header = nlmsg_data(client->replies[0]);
	return header->cmd;
}

const char *client_reason(const struct client *client)
{
	return client->message[0] ? client->message : strerror(-client->error);
}

struct nlattr *client_attr(const struct client *client, size_t reply, int attr)
{
	if (reply >= client->nr_replies)
		return NULL;
	return nlmsg_find_attr(client->replies[reply], GENL_HDRLEN, attr);
}

/* The kernel sends as few bytes as the number needs. */
uint64_t client_uint_of(const struct nlattr *attr)
{
	uint64_t u64;

	switch (attr ? nla_len(attr) : 0) {
	case 1:
		return nla_get_u8(attr);
	case 4:
		return nla_get_u32(attr);
	case 8:
		memcpy(&u64, nla_data(attr), sizeof(u64));
		return u64;
	}
	return 0;
}

uint64_t client_uint(const struct client *client, size_t reply, int attr)
{
	return client_uint_of(client_attr(client, reply, attr));
}

uint64_t client_tally(const struct client *client, size_t reply, int nest,
		      int count)
{
	struct nlattr *tally = client_attr(client, reply, nest);

	if (!tally)
		return 0;
	return client_uint_of(nla_find(nla_data(tally), nla_len(tally), count));
}
