/* SPDX-License-Identifier: GPL-2.0 */
/* A growing array of process ids, sorted on demand. */
#ifndef DENSITY_PROBE_PIDS_H
#define DENSITY_PROBE_PIDS_H

#include <stdbool.h>
#include <stdint.h>

struct probe_pids {
	int32_t *pid;
	unsigned int count;
	unsigned int room;
	bool failed;		/* out of memory since the last clear */
};

void probe_pids_clear(struct probe_pids *pids);
void probe_pids_add(struct probe_pids *pids, int32_t pid);
/* Ascending, each once. */
void probe_pids_sort(struct probe_pids *pids);
/* On a sorted array. */
bool probe_pids_has(const struct probe_pids *pids, int32_t pid);
void probe_pids_free(struct probe_pids *pids);

#endif
