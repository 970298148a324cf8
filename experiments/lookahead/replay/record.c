// SPDX-License-Identifier: GPL-2.0
/* Counters and the lines that hold them. See record.h. */
#include <errno.h>
#include <stdio.h>

#include "ksmd.h"
#include "record.h"
#include "sysfs.h"

static struct counter {
	const char *name;
	int fd;
} counters[] = {
	{ "full_scans", -1 },
	{ "pages_scanned", -1 },
	{ "pages_skipped", -1 },
	{ "pages_shared", -1 },
	{ "pages_sharing", -1 },
	{ "ksm_zero_pages", -1 },
	{ "pages_unshared", -1 },
	{ "pages_volatile", -1 },
	/* Those that the series adds. */
	{ "tree_steps", -1 },
	{ "compares", -1 },
	{ "bytes_compared", -1 },
	{ "lookahead_tries", -1 },
	{ "lookahead_hits", -1 },
	{ "index_tries", -1 },
	{ "index_hits", -1 },
	{ "index_skips", -1 },
	{ "first_sight_merges", -1 },
	{ "index_bytes", -1 },
};

#define NCOUNTERS (sizeof(counters) / sizeof(counters[0]))

int record_init(void)
{
	/* Results are of use as soon as they are there. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("{\"columns\": [\"cpu_ns\"");
	for (size_t i = 0; i < NCOUNTERS; i++) {
		counters[i].fd = sysfs_open(counters[i].name);
		if (counters[i].fd < 0 && counters[i].fd != -ENOENT)
			return counters[i].fd;
		printf(", \"%s\"", counters[i].name);
	}
	printf("]}\n");
	return 0;
}

static int print_row(void)
{
	uint64_t value;
	int ret = ksmd_cpu_ns(&value);

	if (ret)
		return ret;
	printf("[%llu", (unsigned long long)value);
	for (size_t i = 0; i < NCOUNTERS; i++) {
		if (counters[i].fd < 0) {
			printf(", null");
			continue;
		}
		ret = sysfs_read_fd(counters[i].fd, &value);
		if (ret)
			return ret;
		printf(", %llu", (unsigned long long)value);
	}
	printf("]}\n");
	return 0;
}

void record_run(const char *scenario, const char *config, unsigned int round)
{
	printf("{\"run\": \"%s\", \"config\": \"%s\", \"round\": %u}\n",
	       scenario, config, round);
}

int record_sample(void *context)
{
	(void)context;
	printf("{\"sample\": ");
	return print_row();
}

int record_mark(const char *name)
{
	printf("{\"mark\": \"%s\", \"at\": ", name);
	return print_row();
}

void record_value(const char *name, uint64_t value)
{
	printf("{\"value\": \"%s\", \"is\": %llu}\n", name,
	       (unsigned long long)value);
}

void record_done(const char *scenario)
{
	printf("{\"done\": \"%s\"}\n", scenario);
}

int record_saved(uint64_t *ret_pages)
{
	uint64_t sharing, zero = 0;
	int ret = sysfs_read("pages_sharing", &sharing);

	if (!ret)
		ret = sysfs_read("ksm_zero_pages", &zero);
	if (!ret)
		*ret_pages = sharing + zero;
	return ret;
}
