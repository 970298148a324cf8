// SPDX-License-Identifier: GPL-2.0
/*
 * Open the listening socket where another daemon may be, or may have died.
 *
 * A lock on PATH.lock, held for the daemon's life, settles who owns the path:
 * without it two daemons that start together could each take the other's
 * socket for a stale one. The lock file is root's alone (0600), since whoever
 * may open it may hold the lock for ever; it stays when the daemon ends,
 * because removing a lock file is a race of its own.
 *
 * With the lock held, a socket that refuses connections is a dead daemon's and
 * is removed; one that answers belongs to some other program: -EBUSY. Anything
 * that is not a socket is left alone: -EEXIST.
 */
#include "listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "address.h"

#define LISTEN_BACKLOG 64

/* A directory made here is 0755 whatever the umask says; others stay. */
static int make_dir(const char *dir)
{
	if (mkdir(dir, 0755) == 0)
		return chmod(dir, 0755) < 0 ? -errno : 0;
	return errno == EEXIST ? 0 : -errno;
}

/* Create all directories above @path. */
static int make_parents(const char *path)
{
	char *copy = strdup(path), *slash;
	int r = 0;

	if (!copy)
		return -ENOMEM;
	for (slash = strchr(copy + 1, '/'); slash && r >= 0;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		r = make_dir(copy);
		*slash = '/';
	}
	free(copy);
	return r;
}

static int take_lock(const char *path, int *ret_fd)
{
	char *name;
	int fd, r;

	if (asprintf(&name, "%s.lock", path) < 0)
		return -ENOMEM;
	fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : 0;
	free(name);
	if (r < 0)
		return r;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		r = errno == EWOULDBLOCK ? -EBUSY : -errno;
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

/* 1 when somebody answers at @address, 0 when nobody does, or -errno. */
static int is_live(const struct sockaddr_un *address)
{
	int fd, r;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	r = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	r = r < 0 ? -errno : 1;
	close(fd);
	/* -EAGAIN: its backlog is full. -EPROTOTYPE: no stream socket. */
	if (r == -EAGAIN || r == -EPROTOTYPE)
		return 1;
	return r == -ECONNREFUSED ? 0 : r;
}

static int clear_path(const char *path, const struct sockaddr_un *address)
{
	struct stat st;
	int r;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	r = is_live(address);
	if (r)
		return r > 0 ? -EBUSY : r;
	return unlink(path) < 0 ? -errno : 0;
}

static int bind_socket(const struct sockaddr_un *address, const char *path,
		       struct listen_socket *socket_at)
{
	struct stat st;
	int fd, r;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		r = -errno;
		goto err_close;
	}
	if (chmod(path, 0666) < 0 || lstat(path, &st) < 0 ||
	    listen(fd, LISTEN_BACKLOG) < 0) {
		r = -errno;
		goto err_unlink;
	}
	socket_at->fd = fd;
	socket_at->dev = st.st_dev;
	socket_at->ino = st.st_ino;
	return 0;

err_unlink:
	unlink(path);
err_close:
	close(fd);
	return r;
}

int listen_open(const char *path, struct listen_socket *ret_socket)
{
	struct listen_socket at = { .fd = -1, .lock_fd = -1 };
	struct sockaddr_un address;
	int r;

	r = address_of(path, &address);
	if (r < 0)
		return r;
	r = make_parents(path);
	if (r < 0)
		return r;
	r = take_lock(path, &at.lock_fd);
	if (r < 0)
		return r;
	r = clear_path(path, &address);
	if (r < 0)
		goto err_lock;
	at.path = strdup(path);
	if (!at.path) {
		r = -ENOMEM;
		goto err_lock;
	}
	r = bind_socket(&address, path, &at);
	if (r < 0)
		goto err_path;
	*ret_socket = at;
	return 0;

err_path:
	free(at.path);
err_lock:
	close(at.lock_fd);
	return r;
}

void listen_close(struct listen_socket *at)
{
	struct stat st;

	close(at->fd);
	if (lstat(at->path, &st) == 0 && st.st_dev == at->dev &&
	    st.st_ino == at->ino)
		unlink(at->path);
	free(at->path);
	close(at->lock_fd);
}
