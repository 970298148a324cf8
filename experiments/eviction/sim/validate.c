// SPDX-License-Identifier: GPL-2.0
/* The simulator against a kernel's counts. See validate.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "validate.h"
#include "workload.h"

enum { TOLERANCE_PERCENT = 5, POOL_NONE = 0, STEPS_MAX = 100000000 };

struct row {
	char policy[32], trace[32];
	unsigned int limit;
	struct trace_size size;
	unsigned long long seed, faults, recycled;
};

/* 1: a row; 0: nothing on this line; -EINVAL. */
static int parse(char *line, struct row *ret_row)
{
	struct row row = { 0 };
	unsigned long long steps;
	char rest;
	int n;

	line[strcspn(line, "#\n")] = '\0';
	if (!line[strspn(line, " \t\r")])
		return 0;
	n = sscanf(line, "%31s %31s %u %llu %llu %u %u %llu %llu %c",
		   row.policy, row.trace, &row.limit, &steps, &row.seed,
		   &row.size.cr3s, &row.size.items, &row.faults, &row.recycled,
		   &rest);
	row.size.steps = steps;
	if (n != 9 || !policy_find(row.policy) || !trace_find(row.trace) ||
	    row.size.items > TRACE_ITEMS_MAX || steps > STEPS_MAX)
		return -EINVAL;
	if (row.limit == POOL_NONE)
		row.limit = POOL_LIMIT_NONE;
	*ret_row = row;
	return 1;
}

static bool agrees(const struct row *row, const struct workload *workload,
		   const struct pool_stats *stats)
{
	struct pool_stats kernel = { .faults = row->faults };
	uint64_t theirs, ours;

	if (!strcmp(row->policy, "fifo"))
		return stats->faults == row->faults &&
		       stats->evicted == row->recycled;
	theirs = workload_avoidable(workload, &kernel);
	ours = workload_avoidable(workload, stats);
	return 100 * (theirs > ours ? theirs - ours : ours - theirs) <=
	       TOLERANCE_PERCENT * theirs;
}

/* 1: agrees, 0: does not, -ENOMEM or -EINVAL (a size that traces refuse). */
static int replay(const struct row *row, int number, FILE *out)
{
	struct pool_stats stats;
	struct workload workload;
	bool ok;
	int ret;

	ret = workload_named(row->trace, row->seed, &row->size, &workload);
	if (ret)
		return ret;
	ret = workload_play(&workload, policy_find(row->policy), row->limit,
			    &stats);
	if (!ret) {
		ok = agrees(row, &workload, &stats);
		fprintf(out, "%sok %d - %s %s %u: faults %llu, kernel %llu; "
		       "evicted %llu, kernel %llu\n", ok ? "" : "not ", number,
		       row->policy, row->trace, row->limit,
		       (unsigned long long)stats.faults, row->faults,
		       (unsigned long long)stats.evicted, row->recycled);
		ret = ok;
	}
	workload_free(&workload);
	return ret;
}

int validate_counts(FILE *stream, const char *name, FILE *out)
{
	int number = 0, line_number = 0, failed = 0, ret;
	char line[256];
	struct row row;

	while (fgets(line, sizeof(line), stream)) {
		line_number++;
		ret = parse(line, &row);
		if (ret > 0)
			ret = replay(&row, ++number, out);
		else if (!ret)
			continue;
		if (ret < 0) {
			fprintf(stderr, "%s:%d: %s\n", name, line_number,
				strerror(-ret));
			return ret;
		}
		failed += !ret;
	}
	fprintf(out, "1..%d\n", number);
	return failed;
}
