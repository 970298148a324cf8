// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "ksm.h"

/* A limit for what never comes, not a measure. */
#define TIMEOUT_MS 120000

static int write_knob(const char *name, const char *value)
{
	char path[64];
	int fd, err;

	snprintf(path, sizeof(path), "/sys/kernel/mm/ksm/%s", name);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		return -errno;
	err = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	close(fd);
	return err;
}

static uint64_t full_scans(void)
{
	unsigned long long value = 0;
	FILE *file = fopen("/sys/kernel/mm/ksm/full_scans", "r");

	if (!file || fscanf(file, "%llu", &value) != 1)
		perror("full_scans");
	if (file)
		fclose(file);
	return value;
}

int ksm_pass(int nr)
{
	uint64_t end = full_scans() + nr;
	int waited_ms;

	if (write_knob("smart_scan", "0") || write_knob("pages_to_scan", "1000") ||
	    write_knob("sleep_millisecs", "1") || write_knob("run", "1"))
		return -EIO;
	for (waited_ms = 0; full_scans() < end; waited_ms += 10) {
		if (waited_ms > TIMEOUT_MS)
			return -ETIMEDOUT;
		usleep(10000);
	}
	return write_knob("run", "0");
}

static uint64_t runs(struct client *client)
{
	client_ask(client, KSMD_EXT_CMD_SCRUB_GET, 0);
	return client_uint(client, 0, KSMD_EXT_A_SCRUB_RUNS);
}

int scrub_once(struct client *client, int dry_run)
{
	uint64_t before = runs(client);
	int err, waited_ms;

	err = client_ask_u8(client, KSMD_EXT_CMD_SCRUB_RUN,
			    KSMD_EXT_A_SCRUB_DRY_RUN, dry_run);
	for (waited_ms = 0; !err && runs(client) == before; waited_ms += 10) {
		if (waited_ms > TIMEOUT_MS)
			err = -ETIMEDOUT;
		usleep(10000);
	}
	return err;
}
