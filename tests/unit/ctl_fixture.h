/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A control socket in a directory of its own, served by a thread.
 *
 * The server's methods:
 *   Echo      answers with its parameters
 *   Secret    the same, for the privileged
 *   Count     how many calls of Note there were
 *   Note      counts itself
 *   Peers     {"peers": ctl_peers()}
 *   Big       {"text": as many bytes as the parameter "bytes" says}
 *   Fail      fails with CTL_ERROR_REFUSED and words
 */
#ifndef CTL_FIXTURE_H
#define CTL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "../../daemon/ctl/ctl.h"
#include "../../daemon/ctl/server.h"

/* Long enough for any machine; reached only by a test that fails. */
#define FIXTURE_PATIENCE_MS 60000

struct fixture {
	char dir[32];
	char path[64];
	sd_event *event;
	sd_event_source *stop;
	struct ctl *ctl;
	int stop_fd;
	pthread_t thread;
	unsigned int notes;
};

static inline const char *fx_echo(void *arg, const json_t *parameters,
				  json_t **ret_reply)
{
	(void)arg;
	*ret_reply = json_deep_copy(parameters);
	return NULL;
}

static inline const char *fx_note(void *arg, const json_t *parameters,
				  json_t **ret_reply)
{
	struct fixture *fx = arg;

	(void)parameters;
	(void)ret_reply;
	fx->notes++;
	return NULL;
}

static inline const char *fx_count(void *arg, const json_t *parameters,
				   json_t **ret_reply)
{
	struct fixture *fx = arg;

	(void)parameters;
	*ret_reply = json_pack("{s:i}", "notes", (int)fx->notes);
	return NULL;
}

static inline const char *fx_peers(void *arg, const json_t *parameters,
				   json_t **ret_reply)
{
	struct fixture *fx = arg;

	(void)parameters;
	*ret_reply = json_pack("{s:i}", "peers", (int)ctl_peers(fx->ctl));
	return NULL;
}

static inline const char *fx_big(void *arg, const json_t *parameters,
				 json_t **ret_reply)
{
	size_t bytes = json_integer_value(json_object_get(parameters, "bytes"));
	char *text = malloc(bytes + 1);

	(void)arg;
	memset(text, 'x', bytes);
	text[bytes] = '\0';
	*ret_reply = json_pack("{s:s}", "text", text);
	free(text);
	return NULL;
}

static inline const char *fx_fail(void *arg, const json_t *parameters,
				  json_t **ret_reply)
{
	(void)arg;
	(void)parameters;
	*ret_reply = json_pack("{s:s}", "message", "not today");
	return CTL_ERROR_REFUSED;
}

static const struct ctl_method fx_methods[] = {
	{ "Echo", false, fx_echo },
	{ "Secret", true, fx_echo },
	{ "Count", false, fx_count },
	{ "Note", false, fx_note },
	{ "Peers", false, fx_peers },
	{ "Big", false, fx_big },
	{ "Fail", false, fx_fail },
	{ 0 },
};

static inline int fx_on_stop(sd_event_source *source, int fd, uint32_t revents,
			     void *arg)
{
	(void)fd;
	(void)revents;
	(void)arg;
	return sd_event_exit(sd_event_source_get_event(source), 0);
}

/* Signals are for the test's own thread. */
static inline void fx_block_signals(void)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
}

static inline void *fx_serve(void *arg)
{
	struct fixture *fx = arg;

	fx_block_signals();
	sd_event_loop(fx->event);
	return NULL;
}

/* The directory may be entered by every user. */
static inline void fx_make_dir(struct fixture *fx)
{
	memset(fx, 0, sizeof(*fx));
	strcpy(fx->dir, "/tmp/density-ctl-XXXXXX");
	assert_non_null(mkdtemp(fx->dir));
	assert_int_equal(chmod(fx->dir, 0755), 0);
	snprintf(fx->path, sizeof(fx->path), "%s/run/ctl.sock", fx->dir);
}

static inline void fx_remove_dir(struct fixture *fx)
{
	char path[128];

	unlink(fx->path);
	snprintf(path, sizeof(path), "%s.lock", fx->path);
	unlink(path);
	snprintf(path, sizeof(path), "%s/run", fx->dir);
	rmdir(path);
	assert_int_equal(rmdir(fx->dir), 0);
}

/* @idle_ms: 0 for the server's own. */
static inline void fx_start_idle(struct fixture *fx, uint32_t idle_ms)
{
	fx_make_dir(fx);
	assert_true(sd_event_new(&fx->event) >= 0);
	assert_int_equal(ctl_open(fx->event, fx->path, fx_methods, fx,
				  &fx->ctl), 0);
	if (idle_ms)
		server_set_idle_ms(fx->ctl, idle_ms);
	fx->stop_fd = eventfd(0, EFD_CLOEXEC);
	assert_true(fx->stop_fd >= 0);
	assert_true(sd_event_add_io(fx->event, &fx->stop, fx->stop_fd, EPOLLIN,
				    fx_on_stop, NULL) >= 0);
	assert_int_equal(pthread_create(&fx->thread, NULL, fx_serve, fx), 0);
}

static inline void fx_start(struct fixture *fx)
{
	fx_start_idle(fx, 0);
}

static inline void fx_stop(struct fixture *fx)
{
	uint64_t one = 1;

	assert_int_equal(write(fx->stop_fd, &one, sizeof(one)), sizeof(one));
	pthread_join(fx->thread, NULL);
	ctl_close(fx->ctl);
	sd_event_source_unref(fx->stop);
	sd_event_unref(fx->event);
	close(fx->stop_fd);
	fx_remove_dir(fx);
}

static inline int fx_connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address,
				 sizeof(address)), 0);
	return fd;
}

static inline int fx_connect(const struct fixture *fx)
{
	return fx_connect_to(fx->path);
}

/* Blocks while the server does not read; fails the test on an error. */
static inline void fx_send(int fd, const void *bytes, size_t len)
{
	const char *p = bytes;

	while (len) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		assert_true(n > 0);
		p += n;
		len -= n;
	}
}

/* With the NUL. */
static inline void fx_send_text(int fd, const char *text)
{
	fx_send(fd, text, strlen(text) + 1);
}

static inline void fx_wait(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	assert_int_equal(poll(&pfd, 1, FIXTURE_PATIENCE_MS), 1);
}

/* The next reply, or NULL when the connection ended. */
static inline json_t *fx_reply(int fd)
{
	size_t len = 0, room = 65536;
	char *text = malloc(room), *nul = NULL;
	json_t *reply = NULL;

	while (!nul) {
		ssize_t n;

		if (len == room) {
			room *= 2;
			text = realloc(text, room);
		}
		fx_wait(fd, POLLIN);
		/* What follows the NUL belongs to the next reply. */
		n = recv(fd, text + len, room - len, MSG_PEEK);
		if (n <= 0)
			break;
		nul = memchr(text + len, '\0', n);
		if (nul)
			n = nul + 1 - (text + len);
		assert_int_equal(recv(fd, text + len, n, 0), n);
		len += n;
	}
	if (nul) {
		reply = json_loads(text, 0, NULL);
		assert_non_null(reply);
	}
	free(text);
	return reply;
}

/* The next reply is this error (NULL: a success). */
static inline void fx_expect(int fd, const char *error)
{
	json_t *reply = fx_reply(fd);
	const char *name;

	assert_non_null(reply);
	name = json_string_value(json_object_get(reply, "error"));
	if (error)
		assert_string_equal(name ? name : "(success)", error);
	else
		assert_null(name);
	json_decref(reply);
}

/* The connection ends, with nothing more to read. */
static inline void fx_expect_end(int fd)
{
	assert_null(fx_reply(fd));
	close(fd);
}

/* The server still answers a newcomer. */
static inline void fx_expect_alive(const struct fixture *fx)
{
	json_t *reply;
	char *error;

	assert_int_equal(ctl_call(fx->path, "Echo", NULL, FIXTURE_PATIENCE_MS,
				  &reply, &error), 0);
	assert_null(error);
	json_decref(reply);
}

#endif
