// SPDX-License-Identifier: GPL-2.0
/* Files that a command leaves behind: see save.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "save.h"

static int write_and_close(int fd, const char *bytes, size_t len)
{
	int err = 0;

	while (len && !err) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno != EINTR)
			err = -errno;
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	if (close(fd) && !err)
		err = -errno;
	return err;
}

static int save_as_is(const char *path, const char *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 ? -errno : write_and_close(fd, bytes, len);
}

int save_file(const char *path, const char *bytes, size_t len)
{
	mode_t mask = umask(0);
	struct stat st;
	char *temporary;
	int fd, err = 0;

	umask(mask);
	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR :
					     save_as_is(path, bytes, len);
	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		goto out;
	}
	if (fchmod(fd, 0666 & ~mask))
		err = -errno;
	err = write_and_close(fd, bytes, len) ? : err;
	if (!err && rename(temporary, path))
		err = -errno;
	if (err)
		unlink(temporary);
out:
	free(temporary);
	return err;
}
