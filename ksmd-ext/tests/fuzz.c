// SPDX-License-Identifier: GPL-2.0
/*
 *	fuzz NUMBER
 *
 * Requests by chance: commands, flags, attributes of any type, length and depth,
 * and bytes that are none. Each has to be answered, and the family to be there
 * afterwards. What the kernel thinks of it is found on its console.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "client.h"
#include "test.h"

/* A limit for an answer that never comes, not a measure. */
#define TIMEOUT_S 60

static unsigned int below(unsigned int end)
{
	return random() % end;
}

static void add_attr(struct nl_msg *msg, int depth)
{
	/* Small numbers are what is looked for, and what does harm. */
	uint32_t values[4] = { below(2) ? below(4) : random(), random(),
			       below(300), random() };
	int type = below(8) ? below(16) : random() & 0xffff;
	struct nlattr *nest;

	if (depth < 4 && !below(6)) {
		nest = nla_nest_start(msg, type);
		while (nest && below(3))
			add_attr(msg, depth + 1);
		if (nest)
			nla_nest_end(msg, nest);
		return;
	}
	nla_put(msg, type, below(3) ? 1u << below(4) : below(17), values);
}

static struct nl_msg *make_request(struct client *client)
{
	int flags = below(3) ? 0 : NLM_F_DUMP;
	struct nl_msg *msg = client_new(client, below(22), flags);
	uint32_t junk;

	while (below(4))
		add_attr(msg, 0);
	while (!below(6)) {
		junk = random();
		nlmsg_append(msg, &junk, below(5), 0);
	}
	return msg;
}

void test_fuzz(int argc, char **argv)
{
	int nr = argc ? atoi(argv[0]) : 1000, i, nr_accepted = 0, nr_lost = 0;
	struct timeval timeout = { .tv_sec = TIMEOUT_S };
	struct client client;

	if (!claim(!client_open(&client, NULL), "the family is there"))
		return;
	setsockopt(nl_socket_get_fd(client.sock), SOL_SOCKET, SO_RCVTIMEO,
		   &timeout, sizeof(timeout));
	srandom(1);
	for (i = 0; i < nr && !nr_lost; i++) {
		client_send(&client, make_request(&client));
		nr_accepted += !client.error;
		nr_lost += client.unanswered;
	}
	note("%d requests, %d of them accepted", nr, nr_accepted);
	claim(!nr_lost, "every request was answered");
	claim(nr_accepted && nr_accepted < nr, "not all of them the same way");
	claim(!client_ask(&client, KSMD_EXT_CMD_SCRUB_GET, 0),
	      "and the next one will be");
	client_close(&client);
}
