// SPDX-License-Identifier: GPL-2.0
/*
 * densityctl status: what densityd does, why, and what it brings.
 *
 * JSON is the daemon's own answer, so that a field which a newer daemon adds
 * is not lost on the way. For people and CSV it is one record.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "words.h"

#define LINES_MAX 24

struct sheet {
	struct out_field fields[LINES_MAX];
	struct out_value values[LINES_MAX];
	char *texts[LINES_MAX];
	unsigned int n;
};

/* One line of the sheet; a line that could not be allocated is missing. */
static void line(struct sheet *sheet, const char *key, const char *label,
		 const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void line(struct sheet *sheet, const char *key, const char *label,
		 const char *format, ...)
{
	va_list list;
	char *text;
	int len;

	if (sheet->n == LINES_MAX)
		return;
	va_start(list, format);
	len = vasprintf(&text, format, list);
	va_end(list);
	if (len < 0)
		return;
	sheet->fields[sheet->n] =
		(struct out_field){ key, label, OUT_TEXT, 0 };
	sheet->values[sheet->n] = OUT_STRING(text);
	sheet->texts[sheet->n++] = text;
}

static void add_head(struct sheet *sheet, const json_t *s)
{
	char since[WORDS_NUMBER_LEN], up[WORDS_NUMBER_LEN];
	double started_ms = cli_number(s, "started_ms");
	double up_s = (cli_number(s, "now_ms") - started_ms) / 1000;
	const char *root = cli_string(s, "root");
	const char *text = cli_string(s, "text");

	if (isfinite(started_ms))
		line(sheet, "daemon", "densityd",
		     "%s, PID %.0f, since %s (%s)%s%s",
		     cli_string(s, "version") ? : "?", cli_number(s, "pid"),
		     words_time((int64_t)started_ms, since),
		     words_span(up_s, up),
		     root && *root && strcmp(root, "/") ? ", root " : "",
		     root && *root && strcmp(root, "/") ? root : "");
	if (cli_true(s, "dry_run"))
		line(sheet, "dry_run", "dry run", "yes: no knob is written");
	line(sheet, "law", NULL, "%s", cli_string(s, "law") ? : "?");
	line(sheet, "phase", NULL, "%s", cli_string(s, "phase") ? : "?");
	if (text)
		line(sheet, "why", NULL, "%s", text);
}

static void add_trouble(struct sheet *sheet, const json_t *s)
{
	char left[WORDS_NUMBER_LEN];
	double hold_ms = cli_number(s, "hands_off_ms");
	const char *rival = cli_string(s, "rival");

	if (cli_true(s, "stood_aside"))
		line(sheet, "stood_aside", "hands off",
		     "until `densityctl resume`");
	else if (hold_ms > 0)
		line(sheet, "hands_off", "hands off",
		     "for %s more: somebody else wrote the knobs",
		     words_span(hold_ms / 1000, left));
	if (rival)
		line(sheet, "rival", NULL,
		     "%s runs and writes the same knobs; stop it", rival);
}

static void add_overrides(struct sheet *sheet, const json_t *s)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(s, "overrides"), i, item) {
		char left[WORDS_NUMBER_LEN];
		double left_s = cli_number(item, "left_s");

		line(sheet, "override", NULL, "%s = %s, %s%s",
		     cli_string(item, "key") ? : "?",
		     cli_string(item, "value") ? : "?",
		     left_s > 0 ? words_span(left_s, left) : "until unset",
		     left_s > 0 ? " more" : "");
	}
}

static void add_gain(struct sheet *sheet, const json_t *s)
{
	char a[WORDS_NUMBER_LEN], b[WORDS_NUMBER_LEN], c[WORDS_NUMBER_LEN];
	double saved = cli_number(s, "saved_kib");
	double population = cli_number(s, "population_kib");
	double profit = cli_number(s, "profit_kib");

	if (isfinite(saved))
		line(sheet, "saved", NULL, "%s%s%s%s", words_kib(saved, a),
		     population > 0 ? " of " : "",
		     population > 0 ? words_kib(population, b) : "",
		     population > 0 ? " mergeable memory" : "");
	if (isfinite(profit))
		line(sheet, "profit", NULL,
		     "%s after what ksmd itself takes", words_kib(profit, a));
	if (isfinite(cli_number(s, "cpu.ksmd_pct")))
		line(sheet, "ksmd", NULL,
		     "%s %% of one core (cap %s %%), %s CPU-s in all",
		     words_real(cli_number(s, "cpu.ksmd_pct"), a),
		     words_real(cli_number(s, "cpu.cap_pct"), b),
		     words_real(cli_number(s, "cpu.ksmd_s"), c));
	if (isfinite(cli_number(s, "cpu.daemon_s")))
		line(sheet, "daemon_cost", "own cost", "%s CPU-s, %s",
		     words_real(cli_number(s, "cpu.daemon_s"), a),
		     words_kib(cli_number(s, "cpu.daemon_rss_kib"), b));
	if (isfinite(cli_number(s, "vms")))
		line(sheet, "vms", "VMs", "%.0f", cli_number(s, "vms"));
}

static void add_knobs(struct sheet *sheet, const json_t *s, const char *member,
		      const char *label)
{
	const json_t *knobs = json_object_get(s, member);
	const json_t *value;
	const char *key;
	char *text = NULL;
	size_t size;
	FILE *file;

	if (!json_is_object(knobs))
		return;
	file = open_memstream(&text, &size);
	if (!file)
		return;
	json_object_foreach((json_t *)knobs, key, value) {
		fprintf(file, "%s%s ", ftell(file) ? ", " : "", key);
		if (json_is_string(value))
			fputs(json_string_value(value), file);
		else if (json_is_boolean(value))
			putc(json_is_true(value) ? '1' : '0', file);
		else
			fprintf(file, "%.0f", json_number_value(value));
	}
	fclose(file);
	line(sheet, member, label, "%s", text);
	free(text);
}

static void add_ksm(struct sheet *sheet, const json_t *s)
{
	char a[WORDS_NUMBER_LEN], b[WORDS_NUMBER_LEN], c[WORDS_NUMBER_LEN];
	char d[WORDS_NUMBER_LEN];

	const char *finding = cli_string(s, "finding");

	if (!json_is_object(json_object_get(s, "ksm")))
		return;
	if (finding)
		line(sheet, "finding", NULL, "%s", finding);
	line(sheet, "ksm", "pages",
	     "%s shared by %s more, %s unshared, %s volatile",
	     words_count(cli_number(s, "ksm.pages_shared"), a),
	     words_count(cli_number(s, "ksm.pages_sharing"), b),
	     words_count(cli_number(s, "ksm.pages_unshared"), c),
	     words_count(cli_number(s, "ksm.pages_volatile"), d));
	line(sheet, "scans", NULL, "%s full, %s pages scanned, %s skipped",
	     words_count(cli_number(s, "ksm.full_scans"), a),
	     words_count(cli_number(s, "ksm.pages_scanned"), b),
	     words_count(cli_number(s, "ksm.pages_skipped"), c));
}

/* What only a patched kernel has. */
static void add_shadow(struct sheet *sheet, const json_t *s)
{
	char a[WORDS_NUMBER_LEN], b[WORDS_NUMBER_LEN], c[WORDS_NUMBER_LEN];
	char d[WORDS_NUMBER_LEN];

	if (!json_is_object(json_object_get(s, "shadow"))) {
		line(sheet, "shadow", NULL,
		     "not divided: the kernel extension is missing");
		return;
	}
	line(sheet, "shadow", NULL,
	     "%s pages of at most %s in %s VMs, %s misses a second: %s",
	     words_count(cli_number(s, "shadow.pages"), a),
	     words_count(cli_number(s, "shadow.limit_pages"), b),
	     words_count(cli_number(s, "shadow.vms"), c),
	     words_real(cli_number(s, "shadow.misses_per_s"), d),
	     cli_string(s, "shadow.text") ? : "?");
}

static void add_scrub(struct sheet *sheet, const json_t *s)
{
	char a[WORDS_NUMBER_LEN], b[WORDS_NUMBER_LEN];

	if (!json_is_object(json_object_get(s, "scrub")))
		return;
	line(sheet, "scrub", NULL,
	     "%s, %s pages of the cache dropped, %s of these read again: %s",
	     cli_true(s, "scrub.enabled") ? "on" : "off",
	     words_count(cli_number(s, "scrub.dropped_pages"), a),
	     words_count(cli_number(s, "scrub.reread_pages"), b),
	     cli_string(s, "scrub.text") ? : "?");
}

static void add_host(struct sheet *sheet, const json_t *s)
{
	char a[WORDS_NUMBER_LEN], b[WORDS_NUMBER_LEN], c[WORDS_NUMBER_LEN];
	char d[WORDS_NUMBER_LEN], e[WORDS_NUMBER_LEN];
	const char *state = cli_string(s, "store.state");
	const char *why = cli_string(s, "store.text");

	if (isfinite(cli_number(s, "host.mem_total_kib")))
		line(sheet, "host", NULL, "%s of %s available, %.0f CPUs",
		     words_kib(cli_number(s, "host.mem_available_kib"), a),
		     words_kib(cli_number(s, "host.mem_total_kib"), b),
		     cli_number(s, "host.ncpus"));
	if (isfinite(cli_number(s, "host.psi_cpu_pct")))
		line(sheet, "pressure", NULL,
		     "CPU %s %%, memory %s %%, %s copies on write a second",
		     words_real(cli_number(s, "host.psi_cpu_pct"), c),
		     words_real(cli_number(s, "host.psi_mem_pct"), d),
		     words_real(cli_number(s, "host.cow_per_s"), e));
	if (state)
		line(sheet, "history", NULL,
		     "%s%s%s, %s, %s rows written, %s lost (%s)", state,
		     why && *why ? ": " : "", why && *why ? why : "",
		     words_kib(cli_number(s, "store.file_bytes") / 1024, a),
		     words_count(cli_number(s, "store.rows_written"), b),
		     words_count(cli_number(s, "store.rows_lost"), c),
		     cli_string(s, "store.path") ? : "?");
}

static int print(struct cli *cli, const json_t *status)
{
	struct sheet sheet = { .n = 0 };
	int err;

	add_head(&sheet, status);
	add_trouble(&sheet, status);
	add_overrides(&sheet, status);
	add_gain(&sheet, status);
	add_knobs(&sheet, status, "knobs", "knobs");
	add_knobs(&sheet, status, "original", "host had");
	add_ksm(&sheet, status);
	add_shadow(&sheet, status);
	add_scrub(&sheet, status);
	add_host(&sheet, status);
	err = out_begin(&cli->out, "status", OUT_RECORD, sheet.fields, sheet.n,
			0);
	if (!err)
		err = out_row(&cli->out, sheet.values);
	if (!err)
		err = out_end(&cli->out);
	if (!err)
		err = out_finish(&cli->out);
	for (unsigned int i = 0; i < sheet.n; i++)
		free(sheet.texts[i]);
	return err;
}

static int run(struct cli *cli, int argc, char **argv)
{
	json_t *status = NULL;
	int code = cli_call(cli, "GetStatus", NULL, false, &status);
	int err;

	(void)argc;
	(void)argv;
	if (code != CLI_OK)
		return code;
	err = cli->json ? out_dump_json(cli->out.file, status, false) :
			  print(cli, status);
	json_decref(status);
	return cli_done(err, "output");
}

const struct command cmd_status = {
	.name = "status",
	.args = "",
	.summary = "what densityd does now, why, and what it saves",
	.run = run,
};
