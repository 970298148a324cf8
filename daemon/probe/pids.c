// SPDX-License-Identifier: GPL-2.0
/* A growing array of process ids. See pids.h. */
#include <stdlib.h>

#include "pids.h"

void probe_pids_clear(struct probe_pids *pids)
{
	pids->count = 0;
	pids->failed = false;
}

void probe_pids_add(struct probe_pids *pids, int32_t pid)
{
	unsigned int room = pids->room ? 2 * pids->room : 256;
	int32_t *grown;

	if (pids->count == pids->room) {
		grown = reallocarray(pids->pid, room, sizeof(*grown));
		if (!grown) {
			pids->failed = true;
			return;
		}
		pids->pid = grown;
		pids->room = room;
	}
	pids->pid[pids->count++] = pid;
}

static int compare(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

/* procfs lists processes in ascending order: then there is nothing to do. */
static bool is_sorted(const struct probe_pids *pids)
{
	unsigned int i;

	for (i = 1; i < pids->count; i++)
		if (pids->pid[i - 1] >= pids->pid[i])
			return false;
	return true;
}

void probe_pids_sort(struct probe_pids *pids)
{
	unsigned int from, to = 0;

	if (is_sorted(pids))
		return;
	qsort(pids->pid, pids->count, sizeof(*pids->pid), compare);
	for (from = 0; from < pids->count; from++)
		if (to == 0 || pids->pid[to - 1] != pids->pid[from])
			pids->pid[to++] = pids->pid[from];
	pids->count = to;
}

bool probe_pids_has(const struct probe_pids *pids, int32_t pid)
{
	return pids->count && bsearch(&pid, pids->pid, pids->count,
				      sizeof(*pids->pid), compare);
}

void probe_pids_free(struct probe_pids *pids)
{
	free(pids->pid);
	*pids = (struct probe_pids){ 0 };
}
