// SPDX-License-Identifier: GPL-2.0
/*
 * One frame of `densityctl top`: see top_view.h.
 *
 * A frame is written in place, over the one before: every line is cut to the
 * screen's width and followed by "clear to its end".
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "top_view.h"
#include "words.h"

#define NAME_COLS 26
#define BAR_COLS 20

enum look { PLAIN, BOLD, HEAD, DIM, WARN };

struct frame {
	const struct top_view *view;
	FILE *file;
	unsigned int used;	/* lines */
};

static const char *const looks[] = {
	[PLAIN] = "", [BOLD] = "\033[1m", [HEAD] = "\033[7m",
	[DIM] = "\033[2m", [WARN] = "\033[1;33m",
};

static void put_line(struct frame *frame, enum look look, const char *format,
		     ...) __attribute__((format(printf, 3, 4)));

static void put_line(struct frame *frame, enum look look, const char *format,
		     ...)
{
	const struct top_view *view = frame->view;
	bool looks_on = view->cols && (view->color || look == HEAD);
	char *text = NULL, *safe = NULL;
	size_t len, width;
	va_list args;

	if (view->cols && frame->used == view->rows)
		return;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	safe = words_safe(text, false);
	free(text);
	if (!safe)
		return;
	/* The last line has no newline behind it: that would scroll. */
	if (view->cols && frame->used)
		fputs("\r\n", frame->file);
	frame->used++;
	len = view->cols ? words_fit(safe, view->cols) : strlen(safe);
	safe[len] = '\0';
	width = words_width(safe);
	fprintf(frame->file, "%s%s", looks_on ? looks[look] : "", safe);
	for (; look == HEAD && width < view->cols; width++)
		putc(' ', frame->file);
	fputs(looks_on && *looks[look] ? "\033[0m" : "", frame->file);
	fputs(view->cols ? "\033[K" : "\n", frame->file);
	free(safe);
}

/* "[||||      ] " */
static const char *bar(double part, double whole, char *buf)
{
	double share = whole > 0 && part > 0 ? part / whole : 0;
	int full = share < 1 ? (int)(share * BAR_COLS + 0.5) : BAR_COLS;

	buf[0] = '[';
	memset(buf + 1, '|', (size_t)full);
	memset(buf + 1 + full, ' ', (size_t)(BAR_COLS - full));
	strcpy(buf + 1 + BAR_COLS, "]");
	return buf;
}

static void put_head(struct frame *frame, const json_t *s)
{
	char now[WORDS_NUMBER_LEN], up[WORDS_NUMBER_LEN];
	double up_ms = cli_number(s, "now_ms") - cli_number(s, "started_ms");

	put_line(frame, BOLD, "densityd %s, up %s - %s - law %s, %s%s",
		 cli_string(s, "version") ? : "?", words_span(up_ms / 1000, up),
		 words_time(frame->view->now_ms, now),
		 cli_string(s, "law") ? : "?", cli_string(s, "phase") ? : "?",
		 cli_true(s, "dry_run") ? " (dry run)" : "");
}

static void put_gain(struct frame *frame, const json_t *s)
{
	char a[WORDS_NUMBER_LEN], b[WORDS_NUMBER_LEN], c[WORDS_NUMBER_LEN];
	char box[BAR_COLS + 3];
	double saved = cli_number(s, "saved_kib");
	double population = cli_number(s, "population_kib");
	double ksmd = cli_number(s, "cpu.ksmd_pct");
	double cap = cli_number(s, "cpu.cap_pct");

	put_line(frame, PLAIN, "Saved  %s %s of %s mergeable, profit %s",
		 bar(saved, population, box), words_kib(saved, a),
		 words_kib(population, b),
		 words_kib(cli_number(s, "profit_kib"), c));
	put_line(frame, PLAIN,
		 "ksmd   %s %s %% of a core, cap %s %%, %s CPU-s in all",
		 bar(ksmd, cap, box), words_real(ksmd, a), words_real(cap, b),
		 words_real(cli_number(s, "cpu.ksmd_s"), c));
}

static void put_state(struct frame *frame, const json_t *s)
{
	char a[WORDS_NUMBER_LEN], b[WORDS_NUMBER_LEN], c[WORDS_NUMBER_LEN];
	char d[WORDS_NUMBER_LEN], e[WORDS_NUMBER_LEN];
	double hold_ms = cli_number(s, "hands_off_ms");
	const char *state = cli_string(s, "store.state");

	put_line(frame, PLAIN,
		 "Knobs  run %.0f, %s pages every %s ms    densityd: %s CPU-s, "
		 "%s", cli_number(s, "knobs.run"),
		 words_count(cli_number(s, "knobs.pages_to_scan"), a),
		 words_count(cli_number(s, "knobs.sleep_millisecs"), b),
		 words_real(cli_number(s, "cpu.daemon_s"), c),
		 words_kib(cli_number(s, "cpu.daemon_rss_kib"), d));
	put_line(frame, PLAIN,
		 "Host   %s of %s available, waiting for CPU %s %%, for memory "
		 "%s %%, %s copies/s",
		 words_kib(cli_number(s, "host.mem_available_kib"), a),
		 words_kib(cli_number(s, "host.mem_total_kib"), b),
		 words_real(cli_number(s, "host.psi_cpu_pct"), c),
		 words_real(cli_number(s, "host.psi_mem_pct"), d),
		 words_real(cli_number(s, "host.cow_per_s"), e));
	put_line(frame, PLAIN, "Why    %s", cli_string(s, "text") ? : "-");
	if (cli_true(s, "stood_aside"))
		put_line(frame, WARN, "       hands off until `densityctl "
			 "resume`");
	else if (hold_ms > 0)
		put_line(frame, WARN, "       hands off for %s: somebody else "
			 "wrote the knobs", words_span(hold_ms / 1000, a));
	if (state && strcmp(state, "ok"))
		put_line(frame, WARN, "       history %s: %s", state,
			 cli_string(s, "store.text") ? : "");
}

/* Text in a column of NAME_COLS, whatever its bytes. */
static void fit_name(const char *name, char *buf, size_t size)
{
	char *safe = words_safe(name, false);
	size_t len = safe ? words_fit(safe, NAME_COLS) : 0;
	size_t width;

	if (len > size - NAME_COLS - 1)
		len = size - NAME_COLS - 1;
	memcpy(buf, safe ? safe : "", len);
	buf[len] = '\0';
	width = words_width(buf);
	if (width < NAME_COLS)
		memset(buf + len, ' ', NAME_COLS - width);
	buf[len + (width < NAME_COLS ? NAME_COLS - width : 0)] = '\0';
	free(safe);
}

static void put_vm(struct frame *frame, const json_t *vm)
{
	char rss[WORDS_NUMBER_LEN], saved[WORDS_NUMBER_LEN];
	char profit[WORDS_NUMBER_LEN], name[256];
	char *why = vms_why(vm, true);

	fit_name(cli_string(vm, "name"), name, sizeof(name));
	put_line(frame, cli_number(vm, "saved_kib") > 0 ? PLAIN : DIM,
		 "%8.0f  %s  %-12.12s %10s %10s %10s  %s",
		 cli_number(vm, "pid"), name, cli_string(vm, "vmm") ? : "-",
		 words_kib(cli_number(vm, "rss_kib"), rss),
		 words_kib(cli_number(vm, "saved_kib"), saved),
		 words_kib(cli_number(vm, "profit_kib"), profit),
		 why ? why : "");
	free(why);
}

static void put_vms(struct frame *frame, const json_t *vms)
{
	const struct top_view *view = frame->view;
	json_t *sorted = vms_sorted(vms, view->order, view->reverse);
	const json_t *vm;
	size_t i;

	put_line(frame, PLAIN, "%s", "");
	put_line(frame, HEAD, "%8s  %-*s  %-12s %10s %10s %10s  %s", "PID",
		 NAME_COLS, "NAME", "VMM", "RSS", "SAVED", "PROFIT",
		 "WHY NOT");
	json_array_foreach(sorted, i, vm)
		put_vm(frame, vm);
	if (!json_array_size(sorted))
		put_line(frame, DIM, "%10sno VM and no other mergeable memory",
			 "");
	json_decref(sorted);
}

static void put_help(struct frame *frame)
{
	static const char *const lines[] = {
		"",
		"  q      quit",
		"  space  refresh now",
		"  s      sort by the next column",
		"  M P N  sort by memory, by profit, by name",
		"  r      reverse the order",
		"  d      change the delay between two frames",
		"  ?  h   this text; any key goes back",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		put_line(frame, PLAIN, "%s", lines[i]);
}

/* The line below the head: a question, a message, or how things stand. */
static void put_hint(struct frame *frame)
{
	const struct top_view *view = frame->view;
	char delay[WORDS_NUMBER_LEN];

	if (view->message)
		put_line(frame, WARN, "%s", view->message);
	else if (view->cols)
		put_line(frame, DIM, "by %s%s, every %s - ? for help",
			 vms_order_name(view->order),
			 view->reverse ? ", reversed" : "",
			 words_span(view->delay_ms / 1000.0, delay));
}

char *top_frame(const struct top_view *view, const json_t *status,
		const json_t *vms, size_t *ret_len)
{
	struct frame frame = { .view = view };
	char *text = NULL;

	frame.file = open_memstream(&text, ret_len);
	if (!frame.file)
		return NULL;
	if (view->cols)
		fputs("\033[H", frame.file);
	if (status) {
		put_head(&frame, status);
		put_gain(&frame, status);
		put_state(&frame, status);
	}
	put_hint(&frame);
	if (view->help)
		put_help(&frame);
	else if (vms)
		put_vms(&frame, vms);
	if (view->cols)
		fputs("\033[J", frame.file);
	if (fclose(frame.file)) {
		free(text);
		return NULL;
	}
	return text;
}
