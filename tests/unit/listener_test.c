// SPDX-License-Identifier: GPL-2.0
/* What is told on a socket: news, what is none, what was lost, and the end. */
#include <errno.h>
#include <linux/netlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../daemon/listener.h"

/* Of NETLINK_USERSOCK; nobody listens to it. */
#define GROUP (1 << 30)

struct world {
	sd_event *event;
	int fds[2];
	struct listener *listener;
	unsigned int news;
};

static bool is_news(const void *message, size_t len, void *arg)
{
	(void)arg;
	return len == 4 && !memcmp(message, "news", 4);
}

static void on_news(void *arg)
{
	struct world *w = arg;

	w->news++;
}

static int begin(void **state)
{
	static struct world w;
	const struct listener_hooks hooks = {
		.is_news = is_news, .on_news = on_news, .arg = &w,
		.what = "a test's events", .instead = "nobody minds",
	};

	w = (struct world){ 0 };
	*state = &w;
	return socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, w.fds) ||
	       sd_event_new(&w.event) < 0 ||
	       listener_new(w.event, w.fds[0], &hooks, &w.listener);
}

static int end(void **state)
{
	struct world *w = *state;

	listener_free(w->listener);
	sd_event_unref(w->event);
	close(w->fds[0]);
	close(w->fds[1]);
	return 0;
}

static void tell(const struct world *w, const char *message)
{
	assert_int_equal(send(w->fds[1], message, strlen(message), 0),
			 strlen(message));
}

static void run(const struct world *w)
{
	while (sd_event_run(w->event, 0) > 0)
		;
}

static void news_is_told_once_however_many_there_are(void **state)
{
	struct world *w = *state;
	uint64_t overruns;

	tell(w, "news");
	tell(w, "weather");
	tell(w, "news");
	run(w);
	assert_int_equal(w->news, 1);
	assert_int_equal(listener_heard(w->listener, &overruns), 2);
	assert_int_equal(overruns, 0);
}

static void what_is_no_news_wakes_nobody(void **state)
{
	struct world *w = *state;
	char longest[4096];

	memset(longest, 'n', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	tell(w, "weather");
	tell(w, "new");
	tell(w, longest);
	run(w);
	assert_int_equal(w->news, 0);
	assert_true(listener_live(w->listener));
}

/* As the kernel does when a socket's interface goes: a read fails. */
static void a_socket_that_fails_is_news_and_silent_from_then_on(void **state)
{
	const struct listener_hooks hooks = {
		.is_news = is_news, .on_news = on_news, .arg = *state,
		.what = "a test's events", .instead = "nobody minds",
	};
	struct world *w = *state;
	struct listener *other;
	/* Not connected: readable, and ENOTCONN is all there is to read. */
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(listener_new(w->event, fd, &hooks, &other), 0);
	run(w);
	assert_int_equal(w->news, 1);
	assert_false(listener_live(other));
	run(w);
	assert_int_equal(w->news, 1);
	listener_free(other);
	close(fd);
}

/* Broadcasts to a group of programs, of which none is the kernel's. */
static int open_group(int group)
{
	const struct sockaddr_nl address = {
		.nl_family = AF_NETLINK, .nl_groups = (uint32_t)group,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_USERSOCK);

	if (fd >= 0 && !bind(fd, (const struct sockaddr *)&address,
			     sizeof(address)))
		return fd;
	skip();
	return -1;
}

static void broadcast(int fd)
{
	const struct sockaddr_nl everybody = {
		.nl_family = AF_NETLINK, .nl_groups = GROUP,
	};
	struct nlmsghdr message = { .nlmsg_len = sizeof(message) };

	/* The kernel, whom it goes to as well, refuses it. */
	if (sendto(fd, &message, sizeof(message), 0,
		   (const struct sockaddr *)&everybody,
		   sizeof(everybody)) < 0 && errno != ECONNREFUSED)
		skip();
}

/* Whatever was lost may have been news, though nothing that was not lost is. */
static void what_was_lost_is_news(void **state)
{
	struct world *w = *state;
	const struct listener_hooks hooks = {
		.is_news = is_news, .on_news = on_news, .arg = w,
		.what = "a test's events", .instead = "nobody minds",
	};
	struct listener *other;
	int from = open_group(0), to = open_group(GROUP), room = 4096;
	uint64_t overruns;

	assert_int_equal(setsockopt(to, SOL_SOCKET, SO_RCVBUF, &room,
				    sizeof(room)), 0);
	assert_int_equal(listener_new(w->event, to, &hooks, &other), 0);
	broadcast(from);
	run(w);
	assert_int_equal(w->news, 0);
	for (int i = 0; i < 1000; i++)
		broadcast(from);
	run(w);
	assert_int_equal(w->news, 1);
	assert_int_equal(listener_heard(other, &overruns), 0);
	assert_int_equal(overruns, 1);
	assert_true(listener_live(other));
	/* And again: it goes on. */
	for (int i = 0; i < 1000; i++)
		broadcast(from);
	run(w);
	assert_int_equal(w->news, 2);
	listener_free(other);
	close(from);
	close(to);
}

static void nobody_hears_nothing(void **state)
{
	uint64_t overruns = 7;

	(void)state;
	assert_false(listener_live(NULL));
	assert_int_equal(listener_heard(NULL, &overruns), 0);
	assert_int_equal(overruns, 0);
	listener_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(news_is_told_once_however_many_there_are),
		TEST(what_is_no_news_wakes_nobody),
		TEST(a_socket_that_fails_is_news_and_silent_from_then_on),
		TEST(what_was_lost_is_news),
		TEST(nobody_hears_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
