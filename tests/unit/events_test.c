// SPDX-License-Identifier: GPL-2.0
/* KVM's own uevents: VMs of this host are made and closed again. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/netlink.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../daemon/events.h"

struct world {
	sd_event *event;
	struct events *events;
	int kvm;
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

/* Not in a container, for one, which has a network namespace of its own. */
static bool has_uevents(const struct world *w)
{
	const struct sockaddr_nl address = {
		.nl_family = AF_NETLINK, .nl_groups = 1,
	};
	struct pollfd heard = { .events = POLLIN };
	bool ok;

	heard.fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC,
			  NETLINK_KOBJECT_UEVENT);
	ok = heard.fd >= 0 &&
	     !bind(heard.fd, (const struct sockaddr *)&address,
		   sizeof(address)) &&
	     make_vm(w) && poll(&heard, 1, 2000) == 1;
	if (heard.fd >= 0)
		close(heard.fd);
	return ok;
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

	w = (struct world){ .kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC) };
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

static void a_vm_that_comes_and_goes_is_heard_of(void **state)
{
	struct world *w = *state;
	uint64_t overruns;

	listen_or_skip(w);
	run(w);
	assert_int_equal(w->news, 0);
	assert_true(make_vm(w));
	run(w);
	assert_int_equal(events_heard(w->events, &overruns), 2);
	assert_int_equal(overruns, 0);
	assert_in_range(w->news, 1, 2);
}

static void uevents_of_others_wake_nobody(void **state)
{
	struct world *w = *state;
	int fd;

	listen_or_skip(w);
	fd = open("/sys/class/mem/null/uevent", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "change", 6) != 6)
		skip();
	close(fd);
	assert_int_equal(sd_event_run(w->event, 100000), 0);
	/* Of KVM itself, but of no VM. */
	fd = open("/sys/class/misc/kvm/uevent", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "change", 6) != 6)
		skip();
	close(fd);
	run(w);
	assert_int_equal(w->news, 0);
}

static void lost_events_are_news(void **state)
{
	struct world *w = *state;
	unsigned int many = too_many();
	uint64_t overruns;

	listen_or_skip(w);
	for (unsigned int i = 0; i < many; i++)
		assert_true(make_vm(w));
	run(w);
	assert_in_range(events_heard(w->events, &overruns), 1, 2 * many - 1);
	assert_in_range(overruns, 1, many);
	assert_in_range(w->news, 1, many);
	assert_true(events_live(w->events));
	/* And it goes on. */
	w->news = 0;
	assert_true(make_vm(w));
	run(w);
	assert_in_range(w->news, 1, 2);
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
