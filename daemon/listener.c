// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <syslog.h>

#include "listener.h"
#include "log.h"

/* UEVENT_BUFFER_SIZE of linux/kobject.h; other messages are shorter. */
#define BUFFER_SIZE 2048

struct listener {
	struct listener_hooks hooks;
	sd_event_source *source;
	bool failed;
	uint64_t heard;
	uint64_t overruns;
};

/* 1 when there was one that is news, 0 for another; -EAGAIN: no more; or -errno. */
static int take(const struct listener_hooks *hooks, int fd)
{
	struct sockaddr_nl from = { 0 };
	socklen_t from_len = sizeof(from);
	_Alignas(struct nlmsghdr) char message[BUFFER_SIZE];
	ssize_t n = recvfrom(fd, message, sizeof(message), 0,
			     (struct sockaddr *)&from, &from_len);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	/* From nobody but the kernel. */
	return from.nl_pid == 0 &&
	       hooks->is_news(message, (size_t)n, hooks->arg);
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents,
		       void *arg)
{
	struct listener *listener = arg;
	const struct listener_hooks *hooks = &listener->hooks;
	uint64_t before = listener->heard + listener->overruns;
	int r;

	(void)revents;
	do {
		r = take(hooks, fd);
		if (r == -ENOBUFS) {
			listener->overruns++;
			r = 0;
		}
		listener->heard += r > 0;
	} while (r >= 0);
	if (r != -EAGAIN) {
		listener->failed = true;
		log_print(LOG_WARNING, "%s: %s; %s", hooks->what, strerror(-r),
			  hooks->instead);
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	}
	if (listener->failed ||
	    listener->heard + listener->overruns != before)
		hooks->on_news(hooks->arg);
	return 0;
}

int listener_new(sd_event *event, int fd, const struct listener_hooks *hooks,
		 struct listener **ret_listener)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	int r;

	if (!listener)
		return -ENOMEM;
	listener->hooks = *hooks;
	r = sd_event_add_io(event, &listener->source, fd, EPOLLIN, on_readable,
			    listener);
	if (r < 0) {
		free(listener);
		return r;
	}
	*ret_listener = listener;
	return 0;
}

void listener_free(struct listener *listener)
{
	if (!listener)
		return;
	sd_event_source_unref(listener->source);
	free(listener);
}

bool listener_live(const struct listener *listener)
{
	return listener && !listener->failed;
}

uint64_t listener_heard(const struct listener *listener, uint64_t *ret_overruns)
{
	*ret_overruns = listener ? listener->overruns : 0;
	return listener ? listener->heard : 0;
}
