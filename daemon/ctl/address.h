/* SPDX-License-Identifier: GPL-2.0 */
/* The address of a socket's path, for both ends. */
#ifndef DENSITY_CTL_ADDRESS_H
#define DENSITY_CTL_ADDRESS_H

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* 0, -EINVAL for "" or -ENAMETOOLONG (107 bytes are the system's limit). */
static inline int address_of(const char *path, struct sockaddr_un *ret_address)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(path);

	if (!len)
		return -EINVAL;
	if (len >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, len + 1);
	*ret_address = address;
	return 0;
}

#endif
