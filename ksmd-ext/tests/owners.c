// SPDX-License-Identifier: GPL-2.0
/*
 * What the scrubber looks at stays its owner's: what a VMM lets go of is gone at
 * once, a run at work or not.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"
#include "guests.h"
#include "ksm.h"
#include "test.h"

#define NR_LOCK_RUNS 50
#define NR_EXITS 8
#define EXIT_STEP_US 3000
#define MEMORY_MIB 96

/* Waits until it has locked the image; returns whether it had to. */
static bool lock_once(const char *path)
{
	int fd = open(path, O_RDWR);
	bool waited = false;

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		waited = true;
		usleep(100);
	}
	close(fd);
	return waited;
}

static void be_locker(const char *path, atomic_int *nr_waits)
{
	void *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	*(char *)page = 1;
	madvise(page, PAGE, MADV_MERGEABLE);
	/* Inherited ones would be found first. */
	close_range(STDERR_FILENO + 1, ~0U, 0);
	for (;;)
		*nr_waits += lock_once(path);
}

/*
 * A VMM that has let go of its image can have it again at once: the lock went
 * with the file, which is nobody else's.
 */
static void test_locks(struct client *client, const char *path,
		       uint64_t nr_pages)
{
	atomic_int *nr_waits = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t guest, locker = fork();
	int i;

	/* The first to be asked for its files. */
	if (!locker)
		be_locker(path, nr_waits);
	guest = guests_start(path, nr_pages);
	client_ask_u32(client, KSMD_EXT_CMD_IMAGE_ADD, KSMD_EXT_A_IMAGE_PID,
		       guest);
	ksm_pass(3);
	*nr_waits = 0;
	for (i = 0; i < NR_LOCK_RUNS; i++)
		scrub_once(client, 1);
	i = *nr_waits;
	kill(locker, SIGKILL);
	waitpid(locker, NULL, 0);
	guests_stop(guest);
	claim(i <= NR_LOCK_RUNS / 5,
	      "in %d runs a closed file was still locked %d times",
	      NR_LOCK_RUNS, i);
}

static long anonymous_mib(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	long kib = -1;

	while (file && kib < 0 && fgets(line, sizeof(line), file))
		sscanf(line, "AnonPages: %ld", &kib);
	if (file)
		fclose(file);
	return kib >> 10;
}

/* A process of which KSM knows so much that to read it takes a while. */
static pid_t start_big(void)
{
	size_t i, size = (size_t)MEMORY_MIB << 20;
	pid_t pid = fork();
	char *memory;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(memory, size, MADV_MERGEABLE);
	for (i = 0; i < size; i += PAGE)
		*(size_t *)(memory + i) = i | 1;
	for (;;)
		pause();
}

/* The memory of one that was killed is free when it has been waited for. */
static void test_exits(struct client *client)
{
	int i, nr_late = 0;

	for (i = 0; i < NR_EXITS; i++) {
		long before = anonymous_mib();
		pid_t pid = start_big();

		client_ask_u32(client, KSMD_EXT_CMD_IMAGE_ADD,
			       KSMD_EXT_A_IMAGE_PID, pid);
		ksm_pass(2);
		client_ask(client, KSMD_EXT_CMD_SCRUB_RUN, 0);
		usleep(i * EXIT_STEP_US);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		nr_late += anonymous_mib() - before > MEMORY_MIB / 2;
	}
	claim(!nr_late, "of %d killed processes %d still had their memory",
	      NR_EXITS, nr_late);
}

void test_owners(struct client *client, const char *path, uint64_t nr_pages)
{
	test_locks(client, path, nr_pages);
	test_exits(client);
}
