// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guests.h"

void guests_make_page(uint64_t *page, uint64_t index, uint64_t seed)
{
	uint64_t i;

	for (i = 0; i < PAGE / sizeof(*page); i++)
		page[i] = (seed << 48) ^ (index * 0x9e3779b97f4a7c15ull) ^ i;
}

int guests_make_image(const char *path, uint64_t nr_pages, uint64_t seed)
{
	uint64_t page[PAGE / sizeof(uint64_t)], i;
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	for (i = 0; fd >= 0 && i < nr_pages; i++) {
		guests_make_page(page, i, seed);
		if (write(fd, page, PAGE) != PAGE)
			return -1;
	}
	/* What the guests read is what made it into the cache again. */
	if (fd < 0 || fsync(fd) ||
	    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		return -1;
	return fd;
}

/* It reads from its own descriptor, as a VMM does, and keeps that open. */
static void be_guest(const char *path, uint64_t nr_pages, int ready)
{
	int fd = open(path, O_RDWR);
	char *memory;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	memory = mmap(NULL, nr_pages * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fd < 0 || memory == MAP_FAILED ||
	    madvise(memory, nr_pages * PAGE, MADV_MERGEABLE) ||
	    read(fd, memory, nr_pages * PAGE) != (ssize_t)(nr_pages * PAGE))
		_exit(1);
	if (write(ready, "r", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

pid_t guests_start(const char *path, uint64_t nr_pages)
{
	int ready[2];
	pid_t pid;
	char byte;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (!pid)
		be_guest(path, nr_pages, ready[1]);
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		pid = -1;
	close(ready[0]);
	return pid;
}

void guests_stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
