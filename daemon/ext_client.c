// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "ext_client.h"

int ext_client_connect(struct ext_client *ext)
{
	int r;

	if (ext->connected)
		return 0;
	r = client_open(&ext->client, NULL);
	if (r)
		return r;
	client_set_timeout(&ext->client, EXT_CLIENT_WAIT_S);
	ext->connected = true;
	return 0;
}

void ext_client_disconnect(struct ext_client *ext)
{
	if (ext->connected)
		client_close(&ext->client);
	ext->connected = false;
}

static int ask_once(struct ext_client *ext,
		    struct nl_msg *(*make)(struct client *client,
					   const void *arg),
		    const void *arg)
{
	int r = ext_client_connect(ext);

	return r ? r : client_send(&ext->client, make(&ext->client, arg));
}

int ext_client_ask(struct ext_client *ext,
		   struct nl_msg *(*make)(struct client *client,
					  const void *arg),
		   const void *arg)
{
	int r = ask_once(ext, make, arg);

	/* These are the module's own words. */
	if (!r || r == -ESRCH || r == -EINVAL || r == -EPERM ||
	    r == -EBUSY)
		return r;
	ext_client_disconnect(ext);
	return ask_once(ext, make, arg);
}
