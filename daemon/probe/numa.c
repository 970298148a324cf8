// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/devices/system: the memory nodes and the number of CPUs online. Both
 * change seldom, so they are read along with the table of processes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sources.h"

#define NODE_DIR "sys/devices/system/node"
#define CPU_ONLINE "sys/devices/system/cpu/online"
#define CPUS_MAX 65536u

bool probe_cpulist_count(struct probe_text text, uint32_t *ret_count)
{
	uint64_t count = 0;
	struct probe_text list;

	if (!probe_text_word(&text, &list))
		return false;
	while (list.at < list.end) {
		struct probe_text range = list;
		uint64_t first, last;
		const char *dash;
		const char *comma = memchr(list.at, ',', probe_text_len(&list));

		range.end = comma ? comma : list.end;
		list.at = comma ? comma + 1 : list.end;
		dash = memchr(range.at, '-', probe_text_len(&range));
		if (dash) {
			struct probe_text high = { dash + 1, range.end };

			range.end = dash;
			if (!probe_text_only_u64(high, &last))
				return false;
		}
		if (!probe_text_only_u64(range, &first))
			return false;
		if (!dash)
			last = first;
		if (last < first || last >= CPUS_MAX)
			return false;
		count += last - first + 1;
	}
	if (count == 0 || count > CPUS_MAX)
		return false;
	*ret_count = (uint32_t)count;
	return true;
}

static void read_cpus(int root_fd, struct snap_host *ret_host)
{
	char buf[4096];
	long len = probe_file_read_once(root_fd, CPU_ONLINE, buf, sizeof(buf));

	/* Laws divide by it: a host has at least the CPU that runs this. */
	ret_host->ncpus = 1;
	if (len > 0)
		probe_cpulist_count(probe_text_of(buf, (size_t)len),
				    &ret_host->ncpus);
}

struct node_ids {
	uint32_t id[SNAP_NODES_MAX];
	unsigned int count;
};

static void add_node(void *arg, const char *name)
{
	struct node_ids *ids = arg;
	int32_t id;

	if (!strncmp(name, "node", 4) && probe_name_to_id(name + 4, '\0', &id) &&
	    ids->count < SNAP_NODES_MAX)
		ids->id[ids->count++] = (uint32_t)id;
}

static int compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

uint32_t probe_numa_read(int root_fd, struct snap_host *ret_host)
{
	struct node_ids ids = { .count = 0 };
	char path[sizeof(NODE_DIR) + 32];
	char buf[4096];
	unsigned int i;
	long len;

	read_cpus(root_fd, ret_host);
	ret_host->nnodes = 0;
	probe_dir_each(root_fd, NODE_DIR, add_node, &ids);
	qsort(ids.id, ids.count, sizeof(ids.id[0]), compare_ids);
	for (i = 0; i < ids.count; i++) {
		struct snap_node node = { .id = ids.id[i] };

		snprintf(path, sizeof(path), NODE_DIR "/node%u/meminfo",
			 ids.id[i]);
		len = probe_file_read_once(root_fd, path, buf, sizeof(buf));
		if (len > 0 &&
		    probe_node_parse(probe_text_of(buf, (size_t)len), &node))
			ret_host->nodes[ret_host->nnodes++] = node;
	}
	return ret_host->nnodes ? SNAP_CAP_NUMA : 0;
}
