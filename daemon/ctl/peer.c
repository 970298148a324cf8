// SPDX-License-Identifier: GPL-2.0
/*
 * A peer: one connection that may say anything, at any pace.
 *
 * A turn is what one event of the loop does: receive once, unless whole
 * messages still wait from the last turn; carry out PEER_TURN_MESSAGES of
 * them; send what the socket takes. When messages are left over, a deferred
 * event asks for another turn, so that the other sources come in between.
 * Nothing here waits.
 *
 * A peer ends, through host->gone(), when
 *   - it hung up and everything owed to it was sent,
 *   - it sent something malformed and the error was sent,
 *   - more than PEER_OUT_MAX bytes of replies wait for it,
 *   - it let host->idle_us pass without a whole message,
 *   - the socket or the memory failed.
 * gone() frees the peer: nothing may touch it afterwards.
 *
 * Once @closing is set no input is read; only the output is drained, and the
 * idle timer bounds that too.
 */
#include "peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"

struct peer {
	const struct peer_host *host;
	int fd;
	bool privileged;
	bool eof;		/* it will send nothing more */
	bool closing;		/* end when the output is drained */
	bool backlog;		/* whole messages may wait in @in */
	uint64_t last_us;
	struct frame in;
	char *out;
	size_t out_start;	/* first byte not sent yet */
	size_t out_end;
	sd_event_source *io;
	sd_event_source *more;	/* another turn, for the backlog */
	sd_event_source *idle;
};

bool peer_privileged(const struct peer *peer)
{
	return peer->privileged;
}

uint64_t peer_last_us(const struct peer *peer)
{
	return peer->last_us;
}

static bool fd_privileged(int fd)
{
	socklen_t len = sizeof(struct ucred);
	struct ucred cred;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0)
		return false;
	return cred.uid == 0 || cred.uid == geteuid();
}

static size_t out_pending(const struct peer *peer)
{
	return peer->out_end - peer->out_start;
}

/* Takes over @reply, a string that is sent with its NUL. */
static int queue(struct peer *peer, char *reply)
{
	size_t pending = out_pending(peer), len = strlen(reply) + 1;
	char *out;
	int r = 0;

	if (!pending) {
		free(peer->out);
		peer->out = reply;
		peer->out_start = 0;
		peer->out_end = len;
		return 0;
	}
	if (pending > PEER_OUT_MAX) {
		r = -ENOBUFS;
		goto out;
	}
	if (peer->out_start)
		memmove(peer->out, peer->out + peer->out_start, pending);
	peer->out_start = 0;
	peer->out_end = pending;
	out = realloc(peer->out, pending + len);
	if (!out) {
		r = -ENOMEM;
		goto out;
	}
	memcpy(out + pending, reply, len);
	peer->out = out;
	peer->out_end = pending + len;
out:
	free(reply);
	return r;
}

static int flush(struct peer *peer)
{
	while (out_pending(peer)) {
		ssize_t n = send(peer->fd, peer->out + peer->out_start,
				 out_pending(peer),
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		peer->out_start += n;
	}
	free(peer->out);
	peer->out = NULL;
	peer->out_start = peer->out_end = 0;
	return 0;
}

static int hang_up(struct peer *peer, const char *words)
{
	char *reply = dispatch_malformed(words);

	peer->closing = true;
	return reply ? queue(peer, reply) : -ENOMEM;
}

static int receive(struct peer *peer)
{
	size_t room;
	char *space;
	ssize_t n;
	int r;

	r = frame_space(&peer->in, &space, &room);
	if (r < 0)
		return r;
	do {
		n = recv(peer->fd, space, room, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (!n)
		peer->eof = true;
	frame_added(&peer->in, n);
	return 0;
}

static int carry_out(struct peer *peer, const char *text, size_t len)
{
	char *reply;
	int r;

	if (sd_event_now(peer->host->event, CLOCK_MONOTONIC,
			 &peer->last_us) >= 0)
		sd_event_source_set_time(peer->idle, peer->last_us +
					 peer->host->idle_us);
	r = dispatch_message(&peer->host->dispatch, peer->privileged, text,
			     len, &reply);
	if (r < 0)
		return r;
	if (r > 0)
		peer->closing = true;
	return reply ? queue(peer, reply) : 0;
}

static int carry_out_some(struct peer *peer)
{
	const char *text;
	unsigned int i;
	size_t len;
	int r;

	for (i = 0; i < PEER_TURN_MESSAGES && !peer->closing; i++) {
		r = frame_next(&peer->in, &text, &len);
		if (r < 0)
			return hang_up(peer, "the message is too long");
		if (!r)
			break;
		r = carry_out(peer, text, len);
		if (r < 0)
			return r;
	}
	peer->backlog = i == PEER_TURN_MESSAGES;
	if (peer->closing || peer->backlog || !peer->eof)
		return 0;
	if (frame_pending(&peer->in))
		return hang_up(peer, "the message does not end with a NUL");
	peer->closing = true;
	return 0;
}

/* Ask the loop for what can happen next. */
static int rearm(struct peer *peer)
{
	uint32_t events = 0;
	int r;

	if (!peer->closing && !peer->backlog)
		events |= EPOLLIN;
	if (out_pending(peer))
		events |= EPOLLOUT;
	r = sd_event_source_set_io_events(peer->io, events);
	if (r < 0 || peer->closing || !peer->backlog)
		return r;
	return sd_event_source_set_enabled(peer->more, SD_EVENT_ONESHOT);
}

static void take_turn(struct peer *peer)
{
	int r = 0;

	if (!peer->closing && !peer->backlog)
		r = receive(peer);
	if (r >= 0 && !peer->closing)
		r = carry_out_some(peer);
	if (r >= 0)
		r = flush(peer);
	if (r >= 0 && peer->closing && !out_pending(peer))
		r = -ESHUTDOWN;
	if (r >= 0)
		r = rearm(peer);
	if (r < 0)
		peer->host->gone(peer->host->server, peer);
}

static int on_io(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	(void)source;
	(void)fd;
	(void)revents;
	take_turn(arg);
	return 0;
}

static int on_more(sd_event_source *source, void *arg)
{
	(void)source;
	take_turn(arg);
	return 0;
}

static int on_idle(sd_event_source *source, uint64_t usec, void *arg)
{
	struct peer *peer = arg;

	(void)source;
	(void)usec;
	peer->host->gone(peer->host->server, peer);
	return 0;
}

static int add_sources(struct peer *peer)
{
	sd_event *event = peer->host->event;
	sd_event_source **source[] = { &peer->io, &peer->more, &peer->idle };
	unsigned int i;
	int r;

	r = sd_event_now(event, CLOCK_MONOTONIC, &peer->last_us);
	if (r < 0)
		return r;
	r = sd_event_add_io(event, &peer->io, peer->fd, EPOLLIN, on_io, peer);
	if (r < 0)
		return r;
	r = sd_event_add_defer(event, &peer->more, on_more, peer);
	if (r < 0)
		return r;
	r = sd_event_source_set_enabled(peer->more, SD_EVENT_OFF);
	if (r < 0)
		return r;
	r = sd_event_add_time(event, &peer->idle, CLOCK_MONOTONIC,
			      peer->last_us + peer->host->idle_us, 0, on_idle,
			      peer);
	for (i = 0; i < 3 && r >= 0; i++)
		r = sd_event_source_set_priority(*source[i], PEER_PRIORITY);
	return r < 0 ? r : 0;
}

int peer_new(const struct peer_host *host, int fd, struct peer **ret_peer)
{
	struct peer *peer;
	int r;

	peer = calloc(1, sizeof(*peer));
	if (!peer) {
		close(fd);
		return -ENOMEM;
	}
	peer->host = host;
	peer->fd = fd;
	peer->privileged = fd_privileged(fd);
	frame_init(&peer->in, CTL_MESSAGE_MAX);
	r = add_sources(peer);
	if (r < 0) {
		peer_free(peer);
		return r;
	}
	*ret_peer = peer;
	return 0;
}

void peer_free(struct peer *peer)
{
	if (!peer)
		return;
	sd_event_source_disable_unref(peer->idle);
	sd_event_source_disable_unref(peer->more);
	sd_event_source_disable_unref(peer->io);
	frame_free(&peer->in);
	free(peer->out);
	close(peer->fd);
	free(peer);
}
