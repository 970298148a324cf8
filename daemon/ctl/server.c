// SPDX-License-Identifier: GPL-2.0
/*
 * The server: accepts peers and keeps their number bounded.
 *
 * At CTL_PEERS_MAX the newcomer is let in and the peer that said nothing for
 * the longest time goes. Peers without privilege go first, so that nobody but
 * root can push root's own client out. A client sends its call right after it
 * connected, and every source has the same priority, by which sd-event takes
 * turns: it would take CTL_PEERS_MAX newcomers within one turn of the others
 * to lose a call that is on its way.
 *
 * When the system has no descriptor left, the pending connection stays
 * readable and would wake the loop at once, for ever: the listening source
 * then sleeps for a second.
 */
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "listen.h"
#include "peer.h"

#define RETRY_US 1000000u

struct ctl {
	struct listen_socket socket;
	struct peer_host host;
	sd_event_source *io;
	sd_event_source *retry;
	struct peer *peers[CTL_PEERS_MAX];
	unsigned int npeers;
};

static void on_gone(void *server, struct peer *peer)
{
	struct ctl *ctl = server;
	unsigned int i;

	for (i = 0; i < ctl->npeers; i++)
		if (ctl->peers[i] == peer)
			break;
	ctl->peers[i] = ctl->peers[--ctl->npeers];
	peer_free(peer);
}

/* True when @a shall go before @b. */
static bool goes_before(const struct peer *a, const struct peer *b)
{
	if (peer_privileged(a) != peer_privileged(b))
		return !peer_privileged(a);
	return peer_last_us(a) < peer_last_us(b);
}

static void drop_one(struct ctl *ctl)
{
	struct peer *victim = ctl->peers[0];
	unsigned int i;

	for (i = 1; i < ctl->npeers; i++)
		if (goes_before(ctl->peers[i], victim))
			victim = ctl->peers[i];
	on_gone(ctl, victim);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *arg)
{
	struct ctl *ctl = arg;

	(void)source;
	(void)usec;
	return sd_event_source_set_enabled(ctl->io, SD_EVENT_ON);
}

/* Out of descriptors or memory: look again in a second. */
static int back_off(struct ctl *ctl)
{
	uint64_t now_us;
	int r;

	r = sd_event_now(ctl->host.event, CLOCK_MONOTONIC, &now_us);
	if (r < 0)
		return r;
	r = sd_event_source_set_time(ctl->retry, now_us + RETRY_US);
	if (r < 0)
		return r;
	r = sd_event_source_set_enabled(ctl->retry, SD_EVENT_ONESHOT);
	if (r < 0)
		return r;
	return sd_event_source_set_enabled(ctl->io, SD_EVENT_OFF);
}

static int on_connect(sd_event_source *source, int listen_fd, uint32_t revents,
		      void *arg)
{
	struct ctl *ctl = arg;
	struct peer *peer;
	int fd;

	(void)source;
	(void)revents;
	fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE ||
		       errno == ENOMEM || errno == ENOBUFS))
		return back_off(ctl);
	if (fd < 0)
		return 0;
	if (ctl->npeers == CTL_PEERS_MAX)
		drop_one(ctl);
	/* Without memory this one connection is lost, and nothing else. */
	if (peer_new(&ctl->host, fd, &peer) >= 0)
		ctl->peers[ctl->npeers++] = peer;
	return 0;
}

static int add_sources(struct ctl *ctl)
{
	sd_event *event = ctl->host.event;
	int r;

	r = sd_event_add_io(event, &ctl->io, ctl->socket.fd, EPOLLIN,
			    on_connect, ctl);
	if (r < 0)
		return r;
	r = sd_event_source_set_priority(ctl->io, PEER_PRIORITY);
	if (r < 0)
		return r;
	r = sd_event_add_time(event, &ctl->retry, CLOCK_MONOTONIC, 0, 0,
			      on_retry, ctl);
	if (r < 0)
		return r;
	return sd_event_source_set_enabled(ctl->retry, SD_EVENT_OFF);
}

int ctl_open(sd_event *event, const char *path,
	     const struct ctl_method *methods, void *arg,
	     struct ctl **ret_ctl)
{
	struct ctl *ctl;
	int r;

	ctl = calloc(1, sizeof(*ctl));
	if (!ctl)
		return -ENOMEM;
	r = listen_open(path, &ctl->socket);
	if (r < 0) {
		free(ctl);
		return r;
	}
	ctl->host = (struct peer_host){
		.event = sd_event_ref(event),
		.dispatch = { .methods = methods, .arg = arg },
		.gone = on_gone,
		.server = ctl,
	};
	server_set_idle_ms(ctl, SERVER_IDLE_MS);
	r = add_sources(ctl);
	if (r < 0) {
		ctl_close(ctl);
		return r;
	}
	*ret_ctl = ctl;
	return 0;
}

void ctl_close(struct ctl *ctl)
{
	if (!ctl)
		return;
	while (ctl->npeers)
		on_gone(ctl, ctl->peers[0]);
	sd_event_source_disable_unref(ctl->retry);
	sd_event_source_disable_unref(ctl->io);
	listen_close(&ctl->socket);
	sd_event_unref(ctl->host.event);
	free(ctl);
}

unsigned int ctl_peers(const struct ctl *ctl)
{
	return ctl->npeers;
}

void server_set_idle_ms(struct ctl *ctl, uint32_t idle_ms)
{
	ctl->host.idle_us = (uint64_t)idle_ms * 1000;
}
