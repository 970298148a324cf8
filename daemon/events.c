// SPDX-License-Identifier: GPL-2.0
/* Uevents of KVM: kvm_uevent_notify_change() in virt/kvm/kvm_main.c. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "events.h"
#include "log.h"

/* The group of uevents as the kernel sends them; 2 is udev's. */
#define KERNEL_GROUP 1
/* UEVENT_BUFFER_SIZE of linux/kobject.h. */
#define BUFFER_SIZE 2048

struct events {
	int fd;
	sd_event_source *source;
	bool failed;
	uint64_t heard;
	uint64_t overruns;
	void (*on_news)(void *arg);
	void *arg;
};

/* The message goes on unless word @n of it is another: then it is dropped. */
#define WORD(n, value, left) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4 * (n)), \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 2 * (left) + 1)
#define CHARS(a, b, c, d) \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))

/* Others' uevents need not wake anybody: a disk that comes has hundreds. */
static int filter(int fd)
{
	static struct sock_filter code[] = {
		WORD(0, CHARS('c', 'h', 'a', 'n'), 7),
		WORD(1, CHARS('g', 'e', '@', '/'), 6),
		WORD(2, CHARS('d', 'e', 'v', 'i'), 5),
		WORD(3, CHARS('c', 'e', 's', '/'), 4),
		WORD(4, CHARS('v', 'i', 'r', 't'), 3),
		WORD(5, CHARS('u', 'a', 'l', '/'), 2),
		WORD(6, CHARS('m', 'i', 's', 'c'), 1),
		WORD(7, CHARS('/', 'k', 'v', 'm'), 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = {
		.len = sizeof(code) / sizeof(code[0]), .filter = code,
	};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
			  sizeof(program)) ? -errno : 0;
}

static int open_socket(void)
{
	const struct sockaddr_nl address = {
		.nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);
	int r;

	if (fd < 0)
		return -errno;
	r = filter(fd);
	if (!r && bind(fd, (const struct sockaddr *)&address, sizeof(address)))
		r = -errno;
	if (!r)
		return fd;
	close(fd);
	return r;
}

/* "EVENT=create" and "EVENT=destroy" are among its strings. */
static bool is_of_a_vm(const char *message, size_t len)
{
	const char *end = message + len;

	while (message < end) {
		size_t n = strnlen(message, (size_t)(end - message));

		if (n > 6 && !strncmp(message, "EVENT=", 6))
			return true;
		message += n + 1;
	}
	return false;
}

/* 1 when there was one of a VM, 0 for another; -EAGAIN: no more; or -errno. */
static int take(int fd)
{
	struct sockaddr_nl from = { 0 };
	socklen_t from_len = sizeof(from);
	char message[BUFFER_SIZE];
	ssize_t n = recvfrom(fd, message, sizeof(message), 0,
			     (struct sockaddr *)&from, &from_len);

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	/* From nobody but the kernel. */
	return from.nl_pid == 0 && is_of_a_vm(message, (size_t)n);
}

static int on_readable(sd_event_source *source, int fd, uint32_t revents,
		       void *arg)
{
	struct events *events = arg;
	uint64_t before = events->heard + events->overruns;
	int r;

	(void)revents;
	do {
		r = take(fd);
		if (r == -ENOBUFS) {
			events->overruns++;
			r = 0;
		}
		events->heard += r > 0;
	} while (r >= 0);
	if (r != -EAGAIN) {
		events->failed = true;
		log_print(LOG_WARNING, "KVM's events: %s; VMs are looked for",
			  strerror(-r));
		sd_event_source_set_enabled(source, SD_EVENT_OFF);
	}
	if (events->failed || events->heard + events->overruns != before)
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
	r = open_socket();
	if (r < 0)
		goto err_free;
	events->fd = r;
	r = sd_event_add_io(event, &events->source, events->fd, EPOLLIN,
			    on_readable, events);
	if (r < 0)
		goto err_close;
	*ret_events = events;
	return 0;

err_close:
	close(events->fd);
err_free:
	free(events);
	return r;
}

void events_close(struct events *events)
{
	if (!events)
		return;
	sd_event_source_unref(events->source);
	close(events->fd);
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
