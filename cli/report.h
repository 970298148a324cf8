/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The report: what goes into it, and the HTML page that it becomes.
 *
 * report.c gathers from the history, report_html.c writes; neither knows what
 * the other does.
 */
#ifndef DENSITY_CLI_REPORT_H
#define DENSITY_CLI_REPORT_H

#include "notes.h"
#include "series.h"

#define REPORT_LAWS_MAX 16
#define REPORT_NOTES_MAX 200

struct report_vm {
	char *name;
	int32_t pid;
	int64_t first_ms, last_ms;
	uint64_t rss_kib;	/* last seen */
	uint64_t merged_kib;	/* last seen: merging + zero */
	uint64_t merged_max_kib;
	int64_t profit_kib;	/* last seen */
};

struct report_law {
	const char *name;
	struct query_sum sum;
};

struct report {
	int64_t from_ms, to_ms;	/* what the history has within the span */
	int64_t made_ms;
	char host[65];
	struct query_sum sum;
	struct report_law laws[REPORT_LAWS_MAX];
	unsigned int nlaws;
	struct report_vm *vms;	/* the largest merged memory first */
	size_t nvms, vms_room, vm_next;
	struct notes notes;
	char *svg;		/* gnuplot's, or NULL */
	unsigned int svg_width, svg_height;
	const char *svg_why_not; /* instead of @svg */
};

/* CLI_OK, or the exit code, told. Free in either case. */
int report_gather(const struct cli *cli, struct query *query, int64_t from_ms,
		  int64_t to_ms, struct report *ret_report);
void report_free(struct report *report);

/* The page; 0 or -errno. Everything from outside is escaped. */
int report_html(const struct report *report, FILE *out);

#endif
