// SPDX-License-Identifier: GPL-2.0
/*
 * Drives ksmd. See ksmd.h.
 *
 * A batch ends after pages_to_scan pages, or where a pass ends. Then ksmd sleeps
 * for sleep_millisecs, here hours, unless that number changes: so writing
 * another one buys exactly one batch, and a batch of more pages than there are is
 * a pass. With `run` at 0 ksmd waits for `run`; writing 1 buys a batch, too.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ksmd.h"
#include "sysfs.h"

#define SLEEP_MS	(3600 * 1000)
#define TICK_NS		4000000		/* some hundred pages */
#define PASS_TICKS_MAX	200000
#define ALL_PAGES	(1 << 30)

static int ksmd_pid;
static int schedstat_fd = -1;
static bool is_running;		/* run is 1 */
static unsigned int sleep_turn;

static void tick_sleep(void)
{
	struct timespec tick = { .tv_nsec = TICK_NS };

	nanosleep(&tick, NULL);
}

static bool is_named(int pid, const char *wanted)
{
	char path[64], name[32];
	bool same = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fgets(name, sizeof(name), file)) {
		name[strcspn(name, "\n")] = '\0';
		same = !strcmp(name, wanted);
	}
	fclose(file);
	return same;
}

static int find_process(const char *name)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int found = -ESRCH;

	if (!proc)
		return -errno;
	while (found < 0 && (entry = readdir(proc))) {
		int pid = atoi(entry->d_name);

		if (pid > 0 && is_named(pid, name))
			found = pid;
	}
	closedir(proc);
	return found;
}

int ksmd_init(void)
{
	char path[64];

	ksmd_pid = find_process("ksmd");
	if (ksmd_pid < 0)
		return ksmd_pid;
	snprintf(path, sizeof(path), "/proc/%d/schedstat", ksmd_pid);
	schedstat_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (schedstat_fd < 0)
		return -errno;
	return sysfs_write("run", 0);
}

int ksmd_cpu_ns(uint64_t *ret_cpu_ns)
{
	return sysfs_read_fd(schedstat_fd, ret_cpu_ns);
}

static int set_run(unsigned int run)
{
	int ret = sysfs_write("run", run);

	if (!ret)
		is_running = run == 1;
	return ret;
}

/* Any number that was not there a moment ago. */
static int change_sleep(void)
{
	sleep_turn ^= 1;
	return sysfs_write("sleep_millisecs", SLEEP_MS + sleep_turn);
}

int ksmd_reset(void)
{
	return set_run(2);
}

int ksmd_rest(void)
{
	int ret = set_run(0);

	if (!ret)
		ret = change_sleep();	/* it may still sleep for the other */
	tick_sleep();
	return ret;
}

static int start(uint64_t pages)
{
	int ret = sysfs_write("pages_to_scan", pages);

	if (ret)
		return ret;
	return is_running ? change_sleep() : set_run(1);
}

int ksmd_pass(const struct ksmd_watch *watch)
{
	uint64_t before, now;
	int ret = sysfs_read("full_scans", &before);

	if (!ret)
		ret = start(ALL_PAGES);
	for (int i = 0; !ret && i < PASS_TICKS_MAX; i++) {
		tick_sleep();
		if (watch)
			ret = watch->tick(watch->context);
		if (!ret)
			ret = sysfs_read("full_scans", &now);
		if (!ret && now != before)
			return 0;
	}
	return ret ? ret : -ETIMEDOUT;
}

/* "PID (COMM) STATE": a kernel thread that sleeps has nothing left to do. */
static int is_asleep(bool *ret_asleep)
{
	char path[64], text[128], *state;
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", ksmd_pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (length < 0)
		return -errno;
	text[length] = '\0';
	state = strrchr(text, ')');
	if (!state || strlen(state) < 3)
		return -EPROTO;
	*ret_asleep = state[2] != 'R';
	return 0;
}

int ksmd_batch(uint64_t pages)
{
	bool asleep = false;
	int ret = start(pages);

	for (int i = 0; !ret && !asleep; i++) {
		if (i == PASS_TICKS_MAX)
			return -ETIMEDOUT;
		tick_sleep();
		ret = is_asleep(&asleep);
	}
	return ret;
}
