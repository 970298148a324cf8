// SPDX-License-Identifier: GPL-2.0
/* The report's contents, gathered from the history: see report.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../policy/law.h"
#include "figure.h"
#include "gnuplot.h"
#include "report.h"

#define FIGURE_WIDTH 1000

/* Rows come sweep by sweep, in the same order: look at the next one first. */
static struct report_vm *find_vm(struct report *report, int32_t pid,
				 const char *name)
{
	for (size_t i = 0; i < report->nvms; i++) {
		size_t at = (report->vm_next + i) % report->nvms;
		struct report_vm *vm = &report->vms[at];

		if (vm->pid == pid && !strcmp(vm->name, name)) {
			report->vm_next = at + 1;
			return vm;
		}
	}
	return NULL;
}

static struct report_vm *add_vm(struct report *report,
				const struct query_vm_row *row)
{
	struct report_vm *vm;

	if (report->nvms == report->vms_room) {
		size_t room = report->vms_room ? 2 * report->vms_room : 64;

		vm = reallocarray(report->vms, room, sizeof(*vm));
		if (!vm)
			return NULL;
		report->vms = vm;
		report->vms_room = room;
	}
	vm = &report->vms[report->nvms];
	*vm = (struct report_vm){
		.name = strdup(row->name ? row->name : ""),
		.pid = row->pid,
		.first_ms = row->real_ms,
	};
	if (!vm->name)
		return NULL;
	report->nvms++;
	return vm;
}

static int see_vm(void *arg, const struct query_vm_row *row)
{
	struct report *report = arg;
	struct report_vm *vm = find_vm(report, row->pid,
				       row->name ? row->name : "");

	if (!vm)
		vm = add_vm(report, row);
	if (!vm)
		return -ENOMEM;
	vm->last_ms = row->real_ms;
	vm->rss_kib = row->rss_kib;
	vm->merged_kib = row->merging_kib + row->zero_kib;
	vm->profit_kib = row->profit_kib;
	if (vm->merged_kib > vm->merged_max_kib)
		vm->merged_max_kib = vm->merged_kib;
	return 0;
}

static int compare_vms(const void *a, const void *b)
{
	const struct report_vm *x = a, *y = b;

	if (x->merged_max_kib != y->merged_max_kib)
		return x->merged_max_kib > y->merged_max_kib ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int gather_laws(struct query *query, struct report *report)
{
	const struct law *law;

	for (unsigned int i = 0; (law = law_at(i)); i++) {
		struct report_law *entry = &report->laws[report->nlaws];
		int err;

		if (report->nlaws == REPORT_LAWS_MAX)
			break;
		entry->name = law->name;
		err = query_sum(query, report->from_ms, report->to_ms,
				law->name, &entry->sum);
		if (err && err != -ENODATA)
			return err;
		if (!err && entry->sum.samples)
			report->nlaws++;
	}
	return 0;
}

static void draw(struct report *report, const struct figure *figure,
		 const struct series *series)
{
	char error[GNUPLOT_ERROR_LEN];
	char *script;
	size_t len;
	int err;

	if (series->npoints < 2) {
		report->svg_why_not = "Too few samples for a figure.";
		return;
	}
	report->svg_width = FIGURE_WIDTH;
	report->svg_height = figure_height(figure);
	script = figure_script(figure, series, FIGURE_SVG_INLINE,
			       report->svg_width, report->svg_height);
	err = script ? gnuplot_run(script, &report->svg, &len, error) :
		       -ENOMEM;
	free(script);
	if (err == -ENOENT)
		report->svg_why_not =
			"No figure: gnuplot is not installed here.";
	else if (err)
		report->svg_why_not = "No figure: gnuplot failed.";
	if (err == -EIO)
		cli_error("report: gnuplot: %s", error);
}

static int gather_figure(struct query *query, struct report *report)
{
	struct figure figure;
	struct series series;
	int err;

	if (figure_parse("saved_mib,ksmd_cpu_pct,mem_available_mib,phase",
			 "report", &figure) != CLI_OK)
		return -EINVAL;
	err = series_load(query, report->from_ms, report->to_ms, QUERY_AUTO,
			  &figure.columns, FIGURE_POINTS, &series);
	if (!err)
		draw(report, &figure, &series);
	series_free(&series);
	return err;
}

/* Narrow the span to what the history has. */
static int clip(const struct cli *cli, struct query *query,
		struct report *report)
{
	int64_t first_ms, last_ms;
	int err = query_extent(query, &first_ms, &last_ms);

	if (err == -ENODATA) {
		cli_error("report: the history is empty");
		return CLI_FAILURE;
	}
	if (err)
		return cli_done(err, cli->db_path);
	if (report->from_ms < first_ms)
		report->from_ms = first_ms;
	if (report->to_ms > last_ms + 1)
		report->to_ms = last_ms + 1;
	if (report->from_ms < report->to_ms)
		return CLI_OK;
	cli_error("report: the history has no samples in this span");
	return CLI_FAILURE;
}

int report_gather(const struct cli *cli, struct query *query, int64_t from_ms,
		  int64_t to_ms, struct report *ret_report)
{
	struct report *report = ret_report;
	int code, err;

	*report = (struct report){ .from_ms = from_ms, .to_ms = to_ms,
				   .made_ms = cli->now_ms };
	if (gethostname(report->host, sizeof(report->host) - 1))
		strcpy(report->host, "this host");
	code = clip(cli, query, report);
	if (code != CLI_OK)
		return code;
	err = query_sum(query, report->from_ms, report->to_ms, NULL,
			&report->sum);
	if (err == -ENODATA)
		err = 0;
	if (!err)
		err = gather_laws(query, report);
	if (!err)
		err = query_vms(query, report->from_ms, report->to_ms, NULL,
				see_vm, report);
	if (!err)
		err = gather_figure(query, report);
	if (err)
		return cli_done(err, cli->db_path);
	if (report->nvms)
		qsort(report->vms, report->nvms, sizeof(*report->vms),
		      compare_vms);
	return notes_load(cli, query, false, report->from_ms, report->to_ms,
			  REPORT_NOTES_MAX, &report->notes);
}

void report_free(struct report *report)
{
	for (size_t i = 0; i < report->nvms; i++)
		free(report->vms[i].name);
	free(report->vms);
	free(report->svg);
	notes_free(&report->notes);
}
