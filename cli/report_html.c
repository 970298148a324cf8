// SPDX-License-Identifier: GPL-2.0
/*
 * The report as one HTML page: see report.h.
 *
 * Nothing is fetched: style and figure are inline, there is no script. All
 * colours of the page are variables with a light and a dark set; gnuplot's
 * black is overruled by rules for its SVG. On paper the light set is used.
 */
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "words.h"

static const char style[] =
	":root{color-scheme:light dark;--bg:#f6f7f8;--card:#fff;--fg:#1d2730;"
	"--dim:#5c6874;--line:#dfe3e8;--accent:#1f8074;--warm:#b5561f}\n"
	"@media (prefers-color-scheme:dark){:root{--bg:#12171c;--card:#1a2128;"
	"--fg:#e4e9ee;--dim:#98a5b1;--line:#2e3841;--accent:#4cc2b2;"
	"--warm:#f0955c}}\n"
	"@media print{:root{color-scheme:light;--bg:#fff;--card:#fff;"
	"--fg:#000;--dim:#444;--line:#bbb;--accent:#1f8074;--warm:#b5561f}"
	"section{break-inside:avoid-page}section.long{break-inside:auto}"
	"tr{break-inside:avoid}body{font-size:10pt}}\n"
	"*{box-sizing:border-box}body{margin:0;background:var(--bg);"
	"color:var(--fg);font:15px/1.5 system-ui,sans-serif}"
	"main{max-width:68rem;margin:0 auto;padding:2rem 1.2rem 3rem}\n"
	"h1{font-size:1.65rem;margin:0}h2{font-size:1.05rem;"
	"margin:0 0 .7rem}p{margin:.3rem 0}.dim{color:var(--dim)}\n"
	"section{background:var(--card);border:1px solid var(--line);"
	"border-radius:10px;padding:1.1rem 1.3rem;margin-top:1.1rem}\n"
	".cards{display:grid;gap:1rem;margin-top:1.3rem;"
	"grid-template-columns:repeat(auto-fit,minmax(11.5rem,1fr))}"
	".cards div{background:var(--card);border:1px solid var(--line);"
	"border-radius:10px;padding:.9rem 1.1rem}"
	".cards b{display:block;font-size:1.5rem;font-weight:650;"
	"color:var(--accent);line-height:1.3}"
	".cards span{color:var(--dim);font-size:.88rem}\n"
	".wide{overflow-x:auto}table{border-collapse:collapse;width:100%;"
	"font-size:.9rem;font-variant-numeric:tabular-nums}"
	"th{text-align:left;color:var(--dim);font-weight:600}"
	"th,td{padding:.32rem .8rem .32rem 0;vertical-align:top;"
	"border-bottom:1px solid var(--line)}tr:last-child td{border:0}"
	".n{text-align:right;white-space:nowrap}.t{white-space:nowrap}"
	"td.name{overflow-wrap:anywhere;min-width:9rem}\n"
	".bar{display:inline-block;width:5rem;height:.55rem;margin-left:.5rem;"
	"border-radius:3px;background:var(--line);overflow:hidden;"
	"print-color-adjust:exact;-webkit-print-color-adjust:exact}"
	".bar i{display:block;height:100%;background:var(--accent)}\n"
	".k{display:inline-block;border-radius:4px;padding:0 .45rem;"
	"border:1px solid var(--line);font-size:.8rem}"
	".k.event{color:var(--warm);border-color:var(--warm)}"
	".k.decision{color:var(--accent);border-color:var(--accent)}\n"
	"figure{margin:0}figure svg{width:100%;height:auto;display:block}"
	"figure svg text{fill:var(--fg)}"
	"figure svg tspan{font-family:system-ui,sans-serif}"
	"figure svg path[stroke='black']{stroke:var(--dim)}\n"
	"figcaption{color:var(--dim);font-size:.88rem;margin-top:.5rem}"
	"footer{color:var(--dim);font-size:.85rem;margin-top:1.5rem}";

/* Text from outside: printable only, and nothing that HTML would read. */
static void put_text(FILE *out, const char *text)
{
	char *safe = words_safe(text, false);

	for (const char *c = safe; c && *c; c++) {
		switch (*c) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			putc(*c, out);
		}
	}
	free(safe);
}

static void put_card(FILE *out, const char *value, const char *label)
{
	fprintf(out, "<div><b>%s</b><span>%s</span></div>\n", value, label);
}

static double per_cpu(const struct query_sum *sum)
{
	double cpu_s = sum->ksmd_cpu_s + sum->daemon_cpu_s;

	return cpu_s > 0 ? sum->saved_gib_s / cpu_s : NAN;
}

static void put_head(const struct report *report, FILE *out)
{
	char from[WORDS_NUMBER_LEN], to[WORDS_NUMBER_LEN];
	char span[WORDS_NUMBER_LEN];

	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	      "<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
	      "content=\"width=device-width,initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n"
	      "<title>Memory density of ", out);
	put_text(out, report->host);
	fprintf(out, "</title>\n<style>\n%s\n</style>\n</head>\n<body>\n"
		"<main>\n<header><h1>Memory density of ", style);
	put_text(out, report->host);
	fprintf(out, "</h1>\n<p class=\"dim\">%s to %s, %s</p></header>\n",
		words_time(report->from_ms, from),
		words_time(report->to_ms, to),
		words_span((double)(report->to_ms - report->from_ms) / 1000,
			   span));
}

static void put_cards(const struct report *report, FILE *out)
{
	const struct query_sum *sum = &report->sum;
	char buf[WORDS_NUMBER_LEN], value[WORDS_NUMBER_LEN + 8];

	fputs("<div class=\"cards\">\n", out);
	put_card(out, words_kib(sum->saved_gib_mean * 1048576, buf),
		 "saved on average");
	put_card(out, words_kib(sum->saved_gib_last * 1048576, buf),
		 "saved at the end");
	snprintf(value, sizeof(value), "%s s",
		 words_real(sum->ksmd_cpu_s, buf));
	put_card(out, value, "CPU time of ksmd");
	snprintf(value, sizeof(value), "%s %%",
		 words_real(sum->span_s > 0 ? 100 * sum->ksmd_cpu_s /
						      sum->span_s : NAN, buf));
	put_card(out, value, "of one core, on average");
	put_card(out, words_real(per_cpu(sum), buf),
		 "GiB-seconds saved per CPU-second");
	fputs("</div>\n", out);
}

/*
 * The picture without gnuplot's own head: its title would show as a hint
 * everywhere, its definitions are of symbols that no curve uses.
 */
static void put_svg(const struct report *report, FILE *out)
{
	static const char end_of_head[] = "</defs>";
	const char *body = strstr(report->svg, end_of_head);

	if (!body)
		return;
	fprintf(out, "<svg viewBox=\"0 0 %u %u\" role=\"img\" "
		"aria-label=\"Saved memory, CPU time of ksmd, available "
		"memory and phase over time\" xmlns="
		"\"http://www.w3.org/2000/svg\">\n<g>\n%s",
		report->svg_width, report->svg_height,
		body + strlen(end_of_head));
}

static void put_figure(const struct report *report, FILE *out)
{
	fputs("<section><h2>Over time</h2>\n<figure>\n", out);
	if (report->svg)
		put_svg(report, out);
	else
		fprintf(out, "<p class=\"dim\">%s</p>\n",
			report->svg_why_not ? report->svg_why_not : "");
	fputs("<figcaption>Phases: hunt merges memory that arrived, patrol "
	      "looks around at a small cost, idle has nothing to merge, brake "
	      "gives way to the host.</figcaption>\n</figure></section>\n",
	      out);
}

static void put_sum(FILE *out, const char *name, const struct query_sum *sum)
{
	char buf[WORDS_NUMBER_LEN];

	fputs("<tr><td>", out);
	put_text(out, name);
	fprintf(out, "</td><td class=\"n\">%s</td>",
		words_span(sum->span_s, buf));
	fprintf(out, "<td class=\"n\">%s</td>",
		words_real(sum->saved_gib_s, buf));
	fprintf(out, "<td class=\"n\">%s</td>",
		words_real(sum->ksmd_cpu_s, buf));
	fprintf(out, "<td class=\"n\">%s</td>",
		words_real(sum->daemon_cpu_s, buf));
	fprintf(out, "<td class=\"n\">%s</td>", words_real(per_cpu(sum), buf));
	fprintf(out, "<td class=\"n\">%s</td>",
		words_count(sum->scanned_pages, buf));
	fprintf(out, "<td class=\"n\">%s</td></tr>\n",
		words_count(sum->cow_pages, buf));
}

static void put_summary(const struct report *report, FILE *out)
{
	fputs("<section><h2>Gain and cost</h2>\n<div class=\"wide\"><table>"
	      "<thead><tr><th>Law</th><th class=\"n\">Time covered</th>"
	      "<th class=\"n\">Saved, GiB-s</th><th class=\"n\">ksmd, CPU-s"
	      "</th><th class=\"n\">densityd, CPU-s</th><th class=\"n\">GiB-s "
	      "per CPU-s</th><th class=\"n\">Pages scanned</th>"
	      "<th class=\"n\">Copied on write</th></tr></thead><tbody>\n",
	      out);
	for (unsigned int i = 0; i < report->nlaws; i++)
		put_sum(out, report->laws[i].name, &report->laws[i].sum);
	if (report->nlaws != 1)
		put_sum(out, "all", &report->sum);
	fputs("</tbody></table></div></section>\n", out);
}

static void put_vm(const struct report_vm *vm, FILE *out)
{
	char buf[WORDS_NUMBER_LEN];
	double share = vm->rss_kib ? 100.0 * (double)vm->merged_kib /
					     (double)vm->rss_kib : 0;

	fputs("<tr><td class=\"name\">", out);
	put_text(out, vm->name);
	fprintf(out, "</td><td class=\"n\">%d</td>", vm->pid);
	fprintf(out, "<td class=\"n\">%s</td>",
		words_kib((double)vm->rss_kib, buf));
	fprintf(out, "<td class=\"n\">%s<span class=\"bar\"><i style=\"width:"
		"%.0f%%\"></i></span></td>",
		words_kib((double)vm->merged_kib, buf),
		share > 100 ? 100 : share);
	fprintf(out, "<td class=\"n\">%s</td>",
		words_kib((double)vm->merged_max_kib, buf));
	fprintf(out, "<td class=\"n\">%s</td>",
		words_kib((double)vm->profit_kib, buf));
	fprintf(out, "<td class=\"t\">%s</td>",
		words_time(vm->first_ms, buf));
	fprintf(out, "<td class=\"t\">%s</td></tr>\n",
		words_time(vm->last_ms, buf));
}

static void put_vms(const struct report *report, FILE *out)
{
	fputs("<section class=\"long\"><h2>Virtual machines</h2>\n", out);
	if (!report->nvms) {
		fputs("<p class=\"dim\">None was seen.</p></section>\n", out);
		return;
	}
	fputs("<div class=\"wide\"><table><thead><tr><th>Name</th>"
	      "<th class=\"n\">PID</th><th class=\"n\">RSS</th>"
	      "<th class=\"n\">Merged, share of RSS</th><th class=\"n\">At "
	      "most</th><th class=\"n\">Net profit</th><th>First seen</th>"
	      "<th>Last seen</th></tr></thead><tbody>\n", out);
	for (size_t i = 0; i < report->nvms; i++)
		put_vm(&report->vms[i], out);
	fputs("</tbody></table></div></section>\n", out);
}

static int put_note(const struct query_note *note, FILE *out)
{
	char *what = notes_what(note), *why = notes_why(note);
	char buf[WORDS_NUMBER_LEN];
	int err = what && why ? 0 : -ENOMEM;

	if (!err) {
		fprintf(out, "<tr><td class=\"t\">%s</td><td><span "
			"class=\"k ", words_time(note->real_ms, buf));
		put_text(out, note->kind);
		fputs("\">", out);
		put_text(out, note->kind);
		fputs("</span></td><td class=\"t\">", out);
		put_text(out, what);
		fputs("</td><td>", out);
		put_text(out, why);
		fputs("</td></tr>\n", out);
	}
	free(what);
	free(why);
	return err;
}

static int put_notes(const struct report *report, FILE *out)
{
	int err = 0;

	fputs("<section class=\"long\"><h2>Decisions, knob writes and events"
	      "</h2>\n", out);
	if (report->notes.n == REPORT_NOTES_MAX)
		fprintf(out, "<p class=\"dim\">The last %d.</p>\n",
			REPORT_NOTES_MAX);
	if (!report->notes.n)
		fputs("<p class=\"dim\">None in this span.</p>\n", out);
	fputs("<div class=\"wide\"><table><tbody>\n", out);
	for (size_t i = 0; i < report->notes.n && !err; i++)
		err = put_note(&report->notes.items[i].note, out);
	fputs("</tbody></table></div></section>\n", out);
	return err;
}

static void put_foot(const struct report *report, FILE *out)
{
	char made[WORDS_NUMBER_LEN];

	fprintf(out, "<footer><p>Saved memory is what pages would take if "
		"nothing were merged, less what they take. One GiB-second is "
		"one GiB saved for one second.</p><p>Made %s by densityctl "
		"%s.</p></footer>\n</main>\n</body>\n</html>\n",
		words_time(report->made_ms, made), DENSITY_VERSION);
}

int report_html(const struct report *report, FILE *out)
{
	/* The page is UTF-8 whatever the user's terminal is. */
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t old = utf8 ? uselocale(utf8) : (locale_t)0;
	int err;

	put_head(report, out);
	put_cards(report, out);
	put_figure(report, out);
	put_summary(report, out);
	put_vms(report, out);
	err = put_notes(report, out);
	put_foot(report, out);
	if (utf8) {
		uselocale(old);
		freelocale(utf8);
	}
	return err;
}
