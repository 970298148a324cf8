/* SPDX-License-Identifier: GPL-2.0 */
/* The socket file: there is one daemon at a path, and it leaves no litter. */
#ifndef DENSITY_CTL_LISTEN_H
#define DENSITY_CTL_LISTEN_H

#include <sys/types.h>

struct listen_socket {
	int fd;
	int lock_fd;
	char *path;
	dev_t dev;		/* with @ino: the file that is ours */
	ino_t ino;
};

/* See ctl_open(). Returns 0 or -errno. */
int listen_open(const char *path, struct listen_socket *ret_socket);
/* Removes the file when it is still ours. */
void listen_close(struct listen_socket *socket);

#endif
