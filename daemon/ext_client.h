/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A connection to the kernel extension, which comes and goes with its module.
 * A module that was loaded anew has another family number.
 */
#ifndef DENSITY_EXT_CLIENT_H
#define DENSITY_EXT_CLIENT_H

#include <stdbool.h>

#include "../ksmd-ext/client/client.h"

/* The kernel answers at once; a longer wait is a fault. */
#define EXT_CLIENT_WAIT_S 2

struct ext_client {
	bool connected;
	struct client client;
};

/* 0, also when it was; -ENOENT when there is no such module, or -errno. */
int ext_client_connect(struct ext_client *ext);
void ext_client_disconnect(struct ext_client *ext);

/*
 * Send the request that @make makes, which may be NULL without memory, and once
 * more on a new connection when the answer may be that of another module: so a
 * request must do no harm twice. 0 or -errno; the answer is in @ext->client.
 */
int ext_client_ask(struct ext_client *ext,
		   struct nl_msg *(*make)(struct client *client,
					  const void *arg),
		   const void *arg);

#endif
