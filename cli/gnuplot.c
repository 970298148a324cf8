// SPDX-License-Identifier: GPL-2.0
/*
 * gnuplot(1) as a filter: see gnuplot.h.
 *
 * The script lies in a memory file that is gnuplot's standard input, its
 * complaints go to another: only its output is a pipe, so that neither side
 * can wait for the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gnuplot.h"

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

static int memory_file(const char *text)
{
	int fd = memfd_create("gnuplot", MFD_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = write_all(fd, text, strlen(text));
	if (!err && lseek(fd, 0, SEEK_SET) < 0)
		err = -errno;
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

static int spawn(int in, int out, int complaints, pid_t *ret_pid)
{
	static char program[] = "gnuplot", option[] = "-d";
	char *const argv[] = { program, option, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t defaults;
	int err;

	err = posix_spawn_file_actions_init(&actions);
	if (err)
		return -err;
	err = posix_spawnattr_init(&attr);
	if (err)
		goto out_actions;
	/* Ignored by densityctl itself, but gnuplot shall die of it. */
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	err = posix_spawn_file_actions_adddup2(&actions, in, 0);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&actions, out, 1);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&actions, complaints, 2);
	if (!err)
		err = posix_spawnp(ret_pid, program, &actions, &attr, argv,
				   environ);
	posix_spawnattr_destroy(&attr);
out_actions:
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

static int read_all(int fd, char **ret_bytes, size_t *ret_len)
{
	size_t len = 0, room = 64 * 1024;
	char *bytes = malloc(room);

	while (bytes) {
		ssize_t n = read(fd, bytes + len, room - len - 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int err = -errno;

			free(bytes);
			return err;
		}
		if (!n)
			break;
		len += (size_t)n;
		if (room - len < 2) {
			char *more = realloc(bytes, room *= 2);

			if (!more)
				free(bytes);
			bytes = more;
		}
	}
	if (!bytes)
		return -ENOMEM;
	bytes[len] = '\0';
	*ret_bytes = bytes;
	*ret_len = len;
	return 0;
}

static int await(pid_t pid, int complaints, char *ret_error)
{
	ssize_t n;
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	n = pread(complaints, ret_error, GNUPLOT_ERROR_LEN - 1, 0);
	ret_error[n > 0 ? n : 0] = '\0';
	return -EIO;
}

int gnuplot_run(const char *script, char **ret_picture, size_t *ret_len,
		char ret_error[GNUPLOT_ERROR_LEN])
{
	int in = memory_file(script), complaints = memory_file("");
	int pipefd[2] = { -1, -1 };
	char *picture = NULL;
	size_t len = 0;
	pid_t pid;
	int err = 0, waited;

	ret_error[0] = '\0';
	if (in < 0 || complaints < 0)
		err = in < 0 ? in : complaints;
	else if (pipe2(pipefd, O_CLOEXEC))
		err = -errno;
	if (err)
		goto out;
	err = spawn(in, pipefd[1], complaints, &pid);
	close(pipefd[1]);
	if (err)
		goto out_pipe;
	err = read_all(pipefd[0], &picture, &len);
	waited = await(pid, complaints, ret_error);
	if (!err)
		err = waited;
	if (!err) {
		*ret_picture = picture;
		*ret_len = len;
	} else {
		free(picture);
	}
out_pipe:
	close(pipefd[0]);
out:
	if (in >= 0)
		close(in);
	if (complaints >= 0)
		close(complaints);
	return err;
}
