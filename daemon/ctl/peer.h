/* SPDX-License-Identifier: GPL-2.0 */
/* One connection: its buffers, its turn in the event loop, its end. */
#ifndef DENSITY_CTL_PEER_H
#define DENSITY_CTL_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "dispatch.h"

struct peer;

/* What all peers of one server share; it outlives them. */
struct peer_host {
	sd_event *event;
	struct dispatch dispatch;
	uint64_t idle_us;	/* longest time without a whole message */
	/* The peer is done for: forget it and call peer_free(). */
	void (*gone)(void *server, struct peer *peer);
	void *server;
};

/*
 * Another program's work must wait for the daemon's own: every source of the
 * socket stands behind the control tick.
 */
#define PEER_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 10)

/*
 * A reply is queued while no more than this waits to be read. A peer thus
 * holds at most this much and one reply.
 */
#define PEER_OUT_MAX (1024u * 1024)

/* Messages carried out in one turn of the event loop. */
#define PEER_TURN_MESSAGES 8

/*
 * Takes over the connected, non-blocking @fd, also on failure. @host is
 * borrowed. Returns 0 or -errno.
 */
int peer_new(const struct peer_host *host, int fd, struct peer **ret_peer);
/* Closes the connection. NULL is fine. */
void peer_free(struct peer *peer);

/* The peer may change things: uid 0 or the daemon's own. */
bool peer_privileged(const struct peer *peer);
/* CLOCK_MONOTONIC of the last whole message, or of the connection. */
uint64_t peer_last_us(const struct peer *peer);

#endif
