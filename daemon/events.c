// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <syslog.h>

#include "../ksmd-ext/client/client.h"
#include "events.h"
#include "log.h"

struct events {
	struct client client;
	sd_event_source *source;
	bool failed;
	uint64_t heard;
	uint64_t overruns;
	void (*on_news)(void *arg);
	void *arg;
};

static void count(void *arg, int command)
{
	struct events *events = arg;

	if (command == KSMD_EXT_CMD_VM_START || command == KSMD_EXT_CMD_VM_STOP)
		events->heard++;
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents,
		       void *arg)
{
	struct events *events = arg;
	uint64_t before = events->heard;
	int r = client_drain(&events->client, count, events);

	(void)fd;
	(void)revents;
	if (r == -ENOBUFS) {
		events->overruns++;
		log_print(LOG_INFO, "events of the kernel extension were lost");
	} else if (r) {
		events->failed = true;
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	}
	if (r || events->heard != before)
		events->on_news(events->arg);
	return 0;
}

int events_open(sd_event *event, void (*on_news)(void *arg), void *arg,
		struct events **ret_events)
{
	struct events *events = calloc(1, sizeof(*events));
	int r;

	if (!events)
		return -ENOMEM;
	events->on_news = on_news;
	events->arg = arg;
	r = client_open(&events->client, "vms");
	if (r)
		goto err_free;
	r = sd_event_add_io(event, &events->source,
			    nl_socket_get_fd(events->client.sock), EPOLLIN,
			    on_readable, events);
	if (r < 0)
		goto err_client;
	*ret_events = events;
	return 0;

err_client:
	client_close(&events->client);
err_free:
	free(events);
	return r;
}

void events_close(struct events *events)
{
	if (!events)
		return;
	sd_event_source_unref(events->source);
	client_close(&events->client);
	free(events);
}

bool events_live(const struct events *events)
{
	return events && !events->failed;
}

uint64_t events_heard(const struct events *events, uint64_t *ret_overruns)
{
	*ret_overruns = events ? events->overruns : 0;
	return events ? events->heard : 0;
}
