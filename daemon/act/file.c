// SPDX-License-Identifier: GPL-2.0
/* Files that are there whole or not at all. See file.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

/* The directory that holds @path; "." when it names none. */
static int parent_of(const char *path, char ret_dir[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	if (len >= PATH_MAX)
		return -ENAMETOOLONG;
	if (!slash || !len) {
		strcpy(ret_dir, slash ? "/" : ".");
		return 0;
	}
	memcpy(ret_dir, path, len);
	ret_dir[len] = '\0';
	return 0;
}

static int make_directories(const char *dir)
{
	char part[PATH_MAX];

	for (size_t i = 0; dir[i]; i++) {
		part[i] = dir[i];
		part[i + 1] = '\0';
		if (dir[i + 1] != '/' && dir[i + 1] != '\0')
			continue;
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int sync_directory(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return -errno;
	/* Some filesystems cannot sync a directory; nothing to be done. */
	if (fsync(fd) < 0 && errno != EINVAL)
		r = -errno;
	close(fd);
	return r;
}

static int write_synced(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
		      O_NOFOLLOW, 0644);
	ssize_t n;
	int r = 0;

	if (fd < 0)
		return -errno;
	n = write(fd, text, len);
	if (n < 0)
		r = -errno;
	else if ((size_t)n != len)
		r = -ENOSPC;
	if (!r && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && !r)
		r = -errno;
	return r;
}

int act_file_replace(const char *path, const char *text, size_t len)
{
	char dir[PATH_MAX];
	char *aside;
	int r;

	r = parent_of(path, dir);
	if (r < 0)
		return r;
	r = make_directories(dir);
	if (r < 0)
		return r;
	if (asprintf(&aside, "%s.new", path) < 0)
		return -ENOMEM;
	r = write_synced(aside, text, len);
	if (r < 0)
		goto err_unlink;
	if (rename(aside, path) < 0) {
		r = -errno;
		goto err_unlink;
	}
	free(aside);
	return sync_directory(dir);

err_unlink:
	unlink(aside);
	free(aside);
	return r;
}

int act_file_remove(const char *path)
{
	if (unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR)
		return -errno;
	return 0;
}

int act_file_set_aside(const char *path)
{
	char *bad;
	int r = 0;

	if (asprintf(&bad, "%s.bad", path) < 0)
		return -ENOMEM;
	if (rename(path, bad) < 0)
		r = -errno;
	free(bad);
	return r;
}
