/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KSMD_EXT_CLIENT_H
#define KSMD_EXT_CLIENT_H

#include <linux/ksmd_ext.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The family ksmd_ext for programs: densityd, densityctl and the module's tests.
 */

/* A connection. */
struct client {
	struct nl_sock *sock;
	int family;
	int error;		/* of the last request: 0 or -errno */
	char message[160];	/* of its extended ack, or "" */
	bool interrupted;	/* NLM_F_DUMP_INTR was seen */
	bool unanswered;	/* not even by an error */
	struct nlmsghdr **replies;
	size_t nr_replies;
};

/*
 * Join @group as well, unless it is NULL. 0, or -ENOENT if there is no such
 * family, or group.
 */
int client_open(struct client *client, const char *group);
void client_close(struct client *client);

/* Give up waiting for an answer: then the request is unanswered. */
void client_set_timeout(struct client *client, unsigned int seconds);

/* NULL without memory. */
struct nl_msg *client_try_new(struct client *client, int command, int flags);
/* Without memory it says so on standard error, and ends the program. */
struct nl_msg *client_new(struct client *client, int command, int flags);

/*
 * Send a request, which is freed, and wait for all of its answer, which stays in
 * @client until the next one. Returns client->error; -ENOMEM for a NULL request.
 */
int client_send(struct client *client, struct nl_msg *msg);
/* A request without attributes. */
int client_ask(struct client *client, int command, int flags);
/* With one attribute. */
int client_ask_u8(struct client *client, int command, int attr, uint8_t value);
int client_ask_u32(struct client *client, int command, int attr, uint32_t value);

/* Wait for one event, or until @timeout_ms. Its command, or -errno. */
int client_wait(struct client *client, int timeout_ms);

/* Why the last request was refused: never empty. */
const char *client_reason(const struct client *client);

/* An integer of any size; 0 if there is none. */
uint64_t client_uint_of(const struct nlattr *attr);
/* Of the reply number @reply: an attribute, or NULL; an integer, or 0. */
struct nlattr *client_attr(const struct client *client, size_t reply, int attr);
uint64_t client_uint(const struct client *client, size_t reply, int attr);
/* One of a nested tally's counts. */
uint64_t client_tally(const struct client *client, size_t reply, int nest,
		      int count);

#endif /* KSMD_EXT_CLIENT_H */
