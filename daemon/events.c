// SPDX-License-Identifier: GPL-2.0
/* Uevents of KVM: kvm_uevent_notify_change() in virt/kvm/kvm_main.c. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "events.h"
#include "listener.h"

/* The group of uevents as the kernel sends them; 2 is udev's. */
#define KERNEL_GROUP 1

struct events {
	int fd;
	struct listener *listener;
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
static bool is_of_a_vm(const void *message, size_t len, void *arg)
{
	const char *at = message, *end = at + len;

	(void)arg;
	while (at < end) {
		size_t n = strnlen(at, (size_t)(end - at));

		if (n > 6 && !strncmp(at, "EVENT=", 6))
			return true;
		at += n + 1;
	}
	return false;
}

int events_open(sd_event *event, void (*on_news)(void *arg), void *arg,
		struct events **ret_events)
{
	const struct listener_hooks hooks = {
		.is_news = is_of_a_vm, .on_news = on_news, .arg = arg,
		.what = "KVM's events", .instead = "VMs are looked for",
	};
	struct events *events = calloc(1, sizeof(*events));
	int r;

	if (!events)
		return -ENOMEM;
	r = open_socket();
	if (r < 0)
		goto err_free;
	events->fd = r;
	r = listener_new(event, events->fd, &hooks, &events->listener);
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
	listener_free(events->listener);
	close(events->fd);
	free(events);
}

bool events_live(const struct events *events)
{
	return events && listener_live(events->listener);
}

uint64_t events_heard(const struct events *events, uint64_t *ret_overruns)
{
	return listener_heard(events ? events->listener : NULL, ret_overruns);
}
