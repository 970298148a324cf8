// SPDX-License-Identifier: GPL-2.0
/* Files below the probe's root. See file.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "file.h"

/*
 * A seq_file hands out a page at a time, less what the next record would not
 * fit into. Records of the files read here are shorter than half a page, so
 * fewer bytes than that are the end; a second call to see it is saved.
 */
#define SEQ_LEAST 2048

int probe_file_open(int dir_fd, const char *path)
{
	/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
	int fd = openat(dir_fd, path,
			O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	return fd < 0 ? -errno : fd;
}

/* pread(), not read(): a FIFO or a terminal fails with ESPIPE. */
static long read_until(int fd, const char *last, char *buf, size_t size,
		       size_t offset)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = pread(fd, buf + len, size - len,
				  (off_t)(offset + len));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		len += (size_t)n;
		if (n < SEQ_LEAST ||
		    (last && memmem(buf, len, last, strlen(last))))
			break;
	}
	return (long)len;
}

long probe_file_pread(int fd, char *buf, size_t size, size_t offset)
{
	return read_until(fd, NULL, buf, size, offset);
}

static bool may_keep(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) &&
	       (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC);
}

long probe_file_read(int dir_fd, struct probe_file *file, char *buf,
		     size_t size)
{
	long len;
	int fd;

	if (file->fd >= 0) {
		len = read_until(file->fd, file->last, buf, size, 0);
		if (len >= 0)
			return len;
		probe_file_close(file);
	}
	fd = probe_file_open(dir_fd, file->path);
	if (fd < 0)
		return fd;
	len = read_until(fd, file->last, buf, size, 0);
	if (len >= 0 && may_keep(fd))
		file->fd = fd;
	else
		close(fd);
	return len;
}

void probe_file_close(struct probe_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

/* The upper half of what the process may open is left to others. */
static bool may_keep_one_more(int fd)
{
	struct rlimit limit;

	return fd > 0 && fd < PROBE_KEEP_BELOW &&
	       !getrlimit(RLIMIT_NOFILE, &limit) &&
	       (rlim_t)fd < limit.rlim_cur / 2 && may_keep(fd);
}

long probe_file_read_kept(int dir_fd, const char *path, int *fd, char *buf,
			  size_t size)
{
	int opened = *fd;
	long len;

	if (!opened)
		opened = probe_file_open(dir_fd, path);
	if (opened < 0)
		return opened;
	len = probe_file_pread(opened, buf, size, 0);
	if (*fd && len > 0)
		return len;
	if (len > 0 && may_keep_one_more(opened)) {
		*fd = opened;
		return len;
	}
	close(opened);
	if (*fd)
		len = -ESRCH;
	*fd = 0;
	return len;
}

long probe_file_read_once(int dir_fd, const char *path, char *buf, size_t size)
{
	int fd = probe_file_open(dir_fd, path);
	long len;

	if (fd < 0)
		return fd;
	len = probe_file_pread(fd, buf, size, 0);
	close(fd);
	return len;
}

static bool is_dot(const char *name)
{
	return name[0] == '.' &&
	       (!name[1] || (name[1] == '.' && !name[2]));
}

/* getdents64() itself: opendir() would allocate 32 KiB at every call. */
int probe_dir_each(int dir_fd, const char *path, probe_dir_fn fn, void *arg)
{
	_Alignas(struct dirent64) char buf[16384];
	ssize_t len, at;
	int fd;
	int ret;

	fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	if (fd < 0)
		return -errno;
	while ((len = getdents64(fd, buf, sizeof(buf))) > 0) {
		for (at = 0; at < len;) {
			const struct dirent64 *entry =
				(const struct dirent64 *)(buf + at);

			if (!is_dot(entry->d_name))
				fn(arg, entry->d_name);
			at += entry->d_reclen;
		}
	}
	ret = len < 0 ? -errno : 0;
	close(fd);
	return ret;
}

bool probe_name_to_id(const char *name, char stop, int32_t *ret_id)
{
	int64_t id = 0;

	if (*name < '0' || *name > '9')
		return false;
	for (; *name >= '0' && *name <= '9'; name++) {
		id = id * 10 + (*name - '0');
		if (id > INT32_MAX)
			return false;
	}
	if (*name != stop)
		return false;
	*ret_id = (int32_t)id;
	return true;
}
