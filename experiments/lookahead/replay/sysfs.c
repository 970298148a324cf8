// SPDX-License-Identifier: GPL-2.0
/*
 * Files of /sys/kernel/mm/ksm. See sysfs.h.
 *
 * Counters are read some hundred times a second of ksmd's, so their files stay
 * open; pread() from the start makes sysfs print the number anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sysfs.h"

#define DIRECTORY	"/sys/kernel/mm/ksm"
#define NUMBER_SIZE	32

static int open_as(const char *name, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), DIRECTORY "/%s", name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysfs_open(const char *name)
{
	return open_as(name, O_RDONLY);
}

int sysfs_read_fd(int fd, uint64_t *ret_value)
{
	char text[NUMBER_SIZE], *end;
	ssize_t length = pread(fd, text, sizeof(text) - 1, 0);
	uint64_t value;

	if (length < 0)
		return -errno;
	text[length] = '\0';
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text)
		return -EPROTO;
	*ret_value = value;
	return 0;
}

int sysfs_read(const char *name, uint64_t *ret_value)
{
	int fd = sysfs_open(name);
	int ret;

	if (fd < 0)
		return fd;
	ret = sysfs_read_fd(fd, ret_value);
	close(fd);
	return ret;
}

int sysfs_write(const char *name, uint64_t value)
{
	char text[NUMBER_SIZE];
	int length = snprintf(text, sizeof(text), "%llu\n",
			      (unsigned long long)value);
	int fd = open_as(name, O_WRONLY);
	int ret = 0;

	if (fd < 0)
		return fd;
	if (write(fd, text, (size_t)length) != length)
		ret = -errno;
	close(fd);
	return ret;
}

bool sysfs_exists(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), DIRECTORY "/%s", name);
	return !access(path, F_OK);
}
