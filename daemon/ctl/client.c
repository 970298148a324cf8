// SPDX-License-Identifier: GPL-2.0
/*
 * The client's side: connect, send one message, read one reply.
 *
 * One deadline covers all of it, in CLOCK_MONOTONIC; signals neither cut it
 * short nor stretch it. What answers need not be our daemon: the reply is
 * bounded in size and checked in form.
 *
 * A daemon that drops a connection answers first (for example that a message
 * is too long), so a failed send is not the end: the reply is read anyway.
 */
#include "ctl.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "address.h"
#include "frame.h"

/* Ten thousand VMs take about 4 MiB. */
#define CLIENT_REPLY_MAX (32u * 1024 * 1024)

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int wait_for(int fd, short events, int64_t deadline_ms)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	for (;;) {
		int64_t left = deadline_ms - now_ms();
		int r;

		if (left <= 0)
			return -ETIMEDOUT;
		/* poll() takes an int; a later round waits for the rest. */
		r = poll(&pfd, 1, left > 1000000 ? 1000000 : (int)left);
		if (r > 0)
			return 0;
		if (r < 0 && errno != EINTR)
			return -errno;
	}
}

/*
 * A UNIX socket connects at once unless the backlog is full; then connect()
 * waits for SO_SNDTIMEO, fails with EAGAIN, and may be called again.
 */
static int connect_by(int fd, const struct sockaddr_un *address,
		      int64_t deadline_ms)
{
	for (;;) {
		int64_t left = deadline_ms - now_ms();
		struct timeval tv = {
			.tv_sec = left / 1000,
			.tv_usec = left % 1000 * 1000,
		};

		if (left <= 0)
			return -ETIMEDOUT;
		if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv,
			       sizeof(tv)) < 0)
			return -errno;
		if (connect(fd, (const struct sockaddr *)address,
			    sizeof(*address)) == 0)
			return 0;
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
	}
}

static int open_by(const char *path, int64_t deadline_ms, int *ret_fd)
{
	struct sockaddr_un address;
	int fd, r;

	r = address_of(path, &address);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	r = connect_by(fd, &address, deadline_ms);
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

/* Send @text and its NUL. */
static int send_by(int fd, const char *text, int64_t deadline_ms)
{
	size_t len = strlen(text) + 1, sent = 0;

	while (sent < len) {
		ssize_t n = send(fd, text + sent, len - sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);
		int r;

		if (n >= 0) {
			sent += n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno == EPIPE || errno == ECONNRESET)
			return 0;
		if (errno != EAGAIN)
			return -errno;
		r = wait_for(fd, POLLOUT, deadline_ms);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Receive until @in holds a message; -EPROTO when there will be none. */
static int receive_by(int fd, struct frame *in, int64_t deadline_ms,
		      const char **ret_text, size_t *ret_len)
{
	size_t room;
	char *space;
	ssize_t n;
	int r;

	for (;;) {
		r = frame_next(in, ret_text, ret_len);
		if (r)
			return r < 0 ? -EPROTO : 0;
		r = wait_for(fd, POLLIN, deadline_ms);
		if (r < 0)
			return r;
		r = frame_space(in, &space, &room);
		if (r < 0)
			return r;
		n = recv(fd, space, room, MSG_DONTWAIT);
		if (!n || (n < 0 && errno == ECONNRESET))
			return -EPROTO;
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (n > 0)
			frame_added(in, n);
	}
}

static int parse_reply(const char *text, size_t len, json_t **ret_reply,
		       char **ret_error)
{
	json_t *root, *error, *parameters, *reply;
	char *name = NULL;
	int r = -EPROTO;

	root = json_loadb(text, len, 0, NULL);
	if (!root)
		return -EPROTO;
	error = json_object_get(root, "error");
	parameters = json_object_get(root, "parameters");
	if (!json_is_object(root) || (error && !json_is_string(error)) ||
	    (parameters && !json_is_object(parameters)))
		goto out;
	r = -ENOMEM;
	if (error) {
		name = strdup(json_string_value(error));
		if (!name)
			goto out;
	}
	reply = parameters ? json_incref(parameters) : json_object();
	if (!reply) {
		free(name);
		goto out;
	}
	*ret_reply = reply;
	*ret_error = name;
	r = 0;
out:
	json_decref(root);
	return r;
}

/* A method's name without a dot is one of CTL_INTERFACE. */
static char *call_text(const char *method, const json_t *parameters)
{
	bool full = strchr(method, '.');
	json_t *root, *none = NULL;
	char *text;

	if (!parameters)
		parameters = none = json_object();
	/* "O" takes a reference of its own; the caller's stays. */
	root = json_pack("{s:s++, s:O}", "method",
			 full ? "" : CTL_INTERFACE, full ? "" : ".", method,
			 "parameters", (json_t *)parameters);
	text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	json_decref(none);
	return text;
}

int ctl_call(const char *path, const char *method, const json_t *parameters,
	     uint32_t timeout_ms, json_t **ret_reply, char **ret_error)
{
	int64_t deadline_ms = now_ms() + timeout_ms;
	struct frame in;
	const char *reply;
	size_t len;
	char *text;
	int fd = -1, r;

	text = call_text(method, parameters);
	if (!text)
		return -EINVAL;
	r = open_by(path, deadline_ms, &fd);
	if (r < 0)
		goto out_text;
	frame_init(&in, CLIENT_REPLY_MAX);
	r = send_by(fd, text, deadline_ms);
	if (r < 0)
		goto out;
	r = receive_by(fd, &in, deadline_ms, &reply, &len);
	if (r < 0)
		goto out;
	r = parse_reply(reply, len, ret_reply, ret_error);
out:
	frame_free(&in);
	close(fd);
out_text:
	free(text);
	return r;
}
