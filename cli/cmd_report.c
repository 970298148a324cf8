// SPDX-License-Identifier: GPL-2.0
/* densityctl report: the history of a span as one HTML page. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "save.h"

#define DEFAULT_SPAN_MS (24 * 3600 * 1000)

static struct {
	int64_t from_ms, to_ms;
	const char *file;
} args = { OPT_UNSET, OPT_UNSET, "density-report.html" };

static const struct opt opts[] = {
	{ "from", 'f', OPT_WHEN, &args.from_ms, "TIME", "default: -24h" },
	{ "to", 't', OPT_WHEN, &args.to_ms, "TIME", "default: now" },
	{ "output", 'o', OPT_TEXT, &args.file, "FILE",
	  "default: density-report.html; - is standard output" },
	{ 0 },
};

static int tell(struct cli *cli, const struct report *report, size_t len)
{
	static const struct out_field fields[] = {
		{ "file", NULL, OUT_TEXT, 0 },
		{ "from_ms", NULL, OUT_PLAIN, 0 },
		{ "to_ms", NULL, OUT_PLAIN, 0 },
		{ "samples", NULL, OUT_COUNT, 0 },
		{ "vms", NULL, OUT_COUNT, 0 },
		{ "bytes", NULL, OUT_COUNT, 0 },
	};
	const struct out_value values[] = {
		OUT_STRING(args.file), OUT_NUMBER(report->from_ms),
		OUT_NUMBER(report->to_ms), OUT_NUMBER(report->sum.samples),
		OUT_NUMBER(report->nvms), OUT_NUMBER(len),
	};
	int err = out_begin(&cli->out, "report", OUT_RECORD, fields, 6,
			    OUT_MACHINE);

	if (!err)
		err = out_row(&cli->out, values);
	if (!err)
		err = out_end(&cli->out);
	if (!err && cli->tty)
		err = out_note(&cli->out, "%s: open it in a browser",
			       args.file);
	return err ? err : out_finish(&cli->out);
}

static int write_page(struct cli *cli, const struct report *report)
{
	char *page = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&page, &len);
	int code, err = file ? report_html(report, file) : -ENOMEM;

	if (file && fclose(file) && !err)
		err = -ENOMEM;
	if (err) {
		code = cli_done(err, "report");
	} else if (!strcmp(args.file, "-")) {
		if (fwrite(page, 1, len, stdout) != len || fflush(stdout))
			err = -EPIPE;
		code = cli_done(err, "output");
	} else {
		code = cli_done(save_file(args.file, page, len), args.file);
		if (code == CLI_OK)
			code = cli_done(tell(cli, report, len), "output");
	}
	free(page);
	return code;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct report report;
	struct query *query;
	int code;

	(void)argc;
	(void)argv;
	code = cli_span(cli, DEFAULT_SPAN_MS, &args.from_ms, &args.to_ms);
	if (code == CLI_OK)
		code = cli_history(cli, false, &query);
	if (code != CLI_OK)
		return code;
	code = report_gather(cli, query, args.from_ms, args.to_ms, &report);
	query_close(query);
	if (code == CLI_OK)
		code = write_page(cli, &report);
	report_free(&report);
	return code;
}

const struct command cmd_report = {
	.name = "report",
	.args = "",
	.summary = "the past as one self-contained HTML page",
	.opts = opts,
	.run = run,
};
