// SPDX-License-Identifier: GPL-2.0
/*
 * Text for people: aligned columns, numbers with their units.
 *
 * The first HOLD_ROWS rows of a list are held back to learn how wide the
 * columns are; a longer list is then written as it comes. The last column is
 * wrapped under itself on a terminal. A record is one line per field. Text
 * that came from outside passes words_safe().
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "words.h"

#define HOLD_ROWS 500
#define GAP 2			/* blanks between columns */
#define WRAP_MIN 20		/* a narrower last column is not wrapped */

#define BOLD "\033[1m"
#define PLAIN "\033[0m"

struct text {
	unsigned int nheld;
	bool flowing;		/* widths are fixed, rows go straight out */
	size_t width[OUT_FIELDS_MAX];
	char **held;		/* HOLD_ROWS x nfields cells */
};

static const char *label(const struct out_field *field)
{
	return field->label ? field->label : field->key;
}

static bool is_left(const struct out_field *field)
{
	return field->type == OUT_TEXT || field->type == OUT_TIME ||
	       field->type == OUT_BOOL;
}

/* The cell as people read it; the caller frees. */
static char *cell(const struct out_field *field, const struct out_value *value)
{
	char buf[WORDS_NUMBER_LEN];
	double n = value->number;

	if (out_is_unknown(field, value))
		return strdup("-");
	switch (field->type) {
	case OUT_TEXT:
		return words_safe(value->text, false);
	case OUT_COUNT:
		return strdup(words_count(n, buf));
	case OUT_PLAIN:
		snprintf(buf, sizeof(buf), "%.0f", n);
		return strdup(buf);
	case OUT_REAL:
		return strdup(words_real(n, buf));
	case OUT_KIB:
		return strdup(words_kib(n, buf));
	case OUT_SPAN:
		return strdup(words_span(n, buf));
	case OUT_TIME:
		return strdup(words_time((int64_t)n, buf));
	case OUT_BOOL:
		return strdup(n != 0 ? "yes" : "no");
	}
	return strdup("");
}

static void pad(FILE *file, size_t cols)
{
	while (cols--)
		putc(' ', file);
}

/* Bytes of @text for one line of @cols: up to the last blank that fits. */
static size_t line_len(const char *text, size_t cols)
{
	size_t fits = words_fit(text, cols);

	if (!text[fits])
		return fits;
	for (size_t i = fits; i > 0; i--)
		if (text[i] == ' ')
			return i;
	return fits ? fits : 1;
}

static void put_last(struct out *out, const char *text, size_t indent)
{
	size_t cols = out->width > indent ? out->width - indent : 0;

	while (cols >= WRAP_MIN && words_width(text) > cols) {
		size_t len = line_len(text, cols);

		fwrite(text, 1, len, out->file);
		putc('\n', out->file);
		pad(out->file, indent);
		text += len;
		text += strspn(text, " ");
	}
	fputs(text, out->file);
}

static void put_line(struct out *out, const struct text *t,
		     char *const *cells)
{
	unsigned int last = out->nfields;
	size_t at = 0;

	while (last && out_hidden(out, out->fields[last - 1].flags))
		last--;
	for (unsigned int i = 0; i < last; i++) {
		const struct out_field *field = &out->fields[i];
		size_t width = words_width(cells[i]);
		size_t blank = t->width[i] > width ? t->width[i] - width : 0;

		if (out_hidden(out, field->flags))
			continue;
		if (!is_left(field))
			pad(out->file, blank);
		if (i == last - 1)
			put_last(out, cells[i], at);
		else
			fputs(cells[i], out->file);
		if (is_left(field) && i != last - 1)
			pad(out->file, blank);
		if (i != last - 1)
			pad(out->file, GAP);
		at += t->width[i] + GAP;
	}
	putc('\n', out->file);
}

static void free_cells(char **cells, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(cells[i]);
}

static void flow(struct out *out, struct text *t)
{
	char *labels[OUT_FIELDS_MAX];

	for (unsigned int i = 0; i < out->nfields; i++)
		labels[i] = (char *)(uintptr_t)label(&out->fields[i]);
	if (out->color)
		fputs(BOLD, out->file);
	put_line(out, t, labels);
	if (out->color)
		fputs(PLAIN, out->file);
	for (unsigned int r = 0; r < t->nheld; r++)
		put_line(out, t, t->held + r * out->nfields);
	free_cells(t->held, t->nheld * out->nfields);
	t->nheld = 0;
	t->flowing = true;
}

static int begin_text(struct out *out)
{
	struct text *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	for (unsigned int i = 0; i < out->nfields; i++)
		t->width[i] = words_width(label(&out->fields[i]));
	if (out->shape == OUT_LIST) {
		t->held = calloc(HOLD_ROWS * out->nfields, sizeof(char *));
		if (!t->held) {
			free(t);
			return -ENOMEM;
		}
	}
	if (out->nsections)
		putc('\n', out->file);
	out->priv = t;
	return 0;
}

static int put_record(struct out *out, const struct out_value *values)
{
	const struct text *t = out->priv;
	size_t widest = 0;

	for (unsigned int i = 0; i < out->nfields; i++)
		if (t->width[i] > widest &&
		    !out_hidden(out, out->fields[i].flags))
			widest = t->width[i];
	for (unsigned int i = 0; i < out->nfields; i++) {
		const struct out_field *field = &out->fields[i];
		char *text;

		/* What is not known here is left out, not shown as "-". */
		if (out_hidden(out, field->flags) ||
		    out_is_unknown(field, &values[i]))
			continue;
		text = cell(field, &values[i]);
		if (!text)
			return -ENOMEM;
		fprintf(out->file, "%s%s%s", out->color ? BOLD : "",
			label(field), out->color ? PLAIN : "");
		pad(out->file, widest - t->width[i] + GAP);
		put_last(out, text, widest + GAP);
		putc('\n', out->file);
		free(text);
	}
	return 0;
}

static int row_text(struct out *out, const struct out_value *values)
{
	struct text *t = out->priv;
	char *own[OUT_FIELDS_MAX] = { NULL };
	char **cells = t->flowing ? own : t->held + t->nheld * out->nfields;

	if (out->shape == OUT_RECORD)
		return put_record(out, values);
	for (unsigned int i = 0; i < out->nfields; i++) {
		size_t width;

		cells[i] = cell(&out->fields[i], &values[i]);
		if (!cells[i]) {
			free_cells(cells, i);
			memset(cells, 0, i * sizeof(cells[0]));
			return -ENOMEM;
		}
		width = words_width(cells[i]);
		if (!t->flowing && width > t->width[i])
			t->width[i] = width;
	}
	if (t->flowing) {
		put_line(out, t, cells);
		free_cells(cells, out->nfields);
	} else if (++t->nheld == HOLD_ROWS) {
		flow(out, t);
	}
	return 0;
}

static int end_text(struct out *out)
{
	struct text *t = out->priv;

	if (out->shape == OUT_LIST && !t->flowing)
		flow(out, t);
	free(t->held);
	free(t);
	out->priv = NULL;
	return 0;
}

static int note_text(struct out *out, const char *text)
{
	char *safe = words_safe(text, false);

	if (!safe)
		return -ENOMEM;
	put_last(out, safe, 0);
	putc('\n', out->file);
	free(safe);
	return 0;
}

const struct out_ops out_text = {
	.name = "text",
	.begin = begin_text,
	.row = row_text,
	.end = end_text,
	.note = note_text,
};
