// SPDX-License-Identifier: GPL-2.0
/*
 * KVM's own uevents: VMs of this host are made and closed again. Others may come and
 * go meanwhile: a second socket, without any filter, tells how many there were.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/netlink.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../daemon/events.h"

/* How often a quiet moment is waited for, on a host where VMs come and go. */
#define TRIES 50

struct world {
	sd_event *event;
	struct events *events;
	int kvm;
	int all;		/* every uevent, -1: none is told of */
	uint64_t vms;		/* of VMs on it so far */
	unsigned int news;
};

static void on_news(void *arg)
{
	struct world *w = arg;

	w->news++;
}

static bool make_vm(const struct world *w)
{
	int vm = ioctl(w->kvm, KVM_CREATE_VM, 0);

	if (vm >= 0)
		close(vm);
	return vm >= 0;
}

static int open_all(void)
{
	const struct sockaddr_nl address = {
		.nl_family = AF_NETLINK, .nl_groups = 1,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);

	if (fd < 0 || !bind(fd, (const struct sockaddr *)&address,
			    sizeof(address)))
		return fd;
	close(fd);
	return -1;
}

/* Not in a container, for one, which has a network namespace of its own. */
static bool has_uevents(const struct world *w)
{
	struct pollfd heard = { .fd = w->all, .events = POLLIN };

	return w->all >= 0 && make_vm(w) && poll(&heard, 1, 2000) == 1;
}

/* As kvm_uevent_notify_change() words it. */
static bool is_of_a_vm(const char *message, size_t len)
{
	static const char path[] = "change@/devices/virtual/misc/kvm";

	return len > sizeof(path) && !memcmp(message, path, sizeof(path)) &&
	       memmem(message, len, "\0EVENT=", 7);
}

/* Events of VMs since the world began. */
static uint64_t count_vms(struct world *w)
{
	char message[4096];
	ssize_t n;

	while ((n = recv(w->all, message, sizeof(message), 0)) > 0)
		w->vms += is_of_a_vm(message, (size_t)n);
	/* More than it holds: then nobody knows. */
	if (errno != EAGAIN)
		skip();
	return w->vms;
}

/* More than a socket has room for: an event takes 256 bytes of it at least. */
static unsigned int too_many(void)
{
	FILE *f = fopen("/proc/sys/net/core/rmem_default", "re");
	unsigned int bytes = 0;

	if (!f || fscanf(f, "%u", &bytes) != 1)
		skip();
	fclose(f);
	return bytes / 256;
}

static int begin(void **state)
{
	static struct world w;

	w = (struct world){ .kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC),
			    .all = open_all() };
	*state = &w;
	return sd_event_new(&w.event) < 0;
}

static int end(void **state)
{
	struct world *w = *state;

	events_close(w->events);
	sd_event_unref(w->event);
	if (w->kvm >= 0)
		close(w->kvm);
	if (w->all >= 0)
		close(w->all);
	return 0;
}

static void listen_or_skip(struct world *w)
{
	if (w->kvm < 0 || !has_uevents(w))
		skip();
	assert_int_equal(events_open(w->event, on_news, w, &w->events), 0);
	assert_true(events_live(w->events));
}

/* All that is there by now. */
static void run(const struct world *w)
{
	while (sd_event_run(w->event, 100000) > 0)
		;
}

/* Until both sockets have told all, and have told the same since; heard so far. */
static uint64_t settle(struct world *w)
{
	uint64_t vms, overruns;

	for (int i = 0; i < TRIES; i++) {
		vms = count_vms(w);
		run(w);
		if (count_vms(w) == vms)
			return events_heard(w->events, &overruns);
	}
	skip();
	return 0;
}

static void a_vm_that_comes_and_goes_is_heard_of(void **state)
{
	struct world *w = *state;
	uint64_t overruns, heard, vms;

	listen_or_skip(w);
	heard = settle(w);
	vms = w->vms;
	w->news = 0;
	assert_true(make_vm(w));
	settle(w);
	assert_true(w->vms >= vms + 2);
	assert_int_equal(events_heard(w->events, &overruns) - heard,
			 w->vms - vms);
	assert_int_equal(overruns, 0);
	assert_in_range(w->news, 1, w->vms - vms);
}

static void change(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "change", 6) != 6)
		skip();
	close(fd);
}

/* How often the loop woke for that, while no VM came or went. */
static unsigned int wakes_for(struct world *w, const char *path)
{
	unsigned int woken;
	uint64_t vms;

	for (int i = 0; i < TRIES; i++) {
		settle(w);
		vms = w->vms;
		w->news = 0;
		change(path);
		for (woken = 0; sd_event_run(w->event, 100000) > 0;)
			woken++;
		if (count_vms(w) == vms)
			return woken;
	}
	skip();
	return 0;
}

static void uevents_of_others_wake_nobody(void **state)
{
	struct world *w = *state;

	listen_or_skip(w);
	assert_int_equal(wakes_for(w, "/sys/class/mem/null/uevent"), 0);
	/* Of KVM itself, but of no VM. */
	wakes_for(w, "/sys/class/misc/kvm/uevent");
	assert_int_equal(w->news, 0);
}

static void lost_events_are_news(void **state)
{
	struct world *w = *state;
	unsigned int many = too_many();
	uint64_t overruns, vms;

	listen_or_skip(w);
	for (unsigned int i = 0; i < many; i++)
		assert_true(make_vm(w));
	run(w);
	assert_in_range(events_heard(w->events, &overruns), 1, 2 * many - 1);
	assert_in_range(overruns, 1, many);
	assert_in_range(w->news, 1, many);
	assert_true(events_live(w->events));
	/* And it goes on; the other socket, too, has lost some. */
	close(w->all);
	w->all = open_all();
	assert_true(w->all >= 0);
	settle(w);
	vms = w->vms;
	w->news = 0;
	assert_true(make_vm(w));
	settle(w);
	assert_in_range(w->news, 1, w->vms - vms);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_vm_that_comes_and_goes_is_heard_of),
		TEST(uevents_of_others_wake_nobody),
		TEST(lost_events_are_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
