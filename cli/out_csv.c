// SPDX-License-Identifier: GPL-2.0
/*
 * CSV for spreadsheets: a line of keys, then one line per row.
 *
 * Fields with a comma, a quote or a line break are quoted as RFC 4180 says.
 * Breaks within a name are kept in a file and replaced on a terminal, other
 * control characters are always replaced. Several sections are kept apart by
 * an empty line. A time is ISO 8601 with its offset, under the key "time".
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "words.h"

static int put_text(struct out *out, const char *text)
{
	char *safe = words_safe(text, !out->width);

	if (!safe)
		return -ENOMEM;
	if (strpbrk(safe, ",\"\r\n")) {
		putc('"', out->file);
		for (const char *c = safe; *c; c++) {
			if (*c == '"')
				putc('"', out->file);
			putc(*c, out->file);
		}
		putc('"', out->file);
	} else {
		fputs(safe, out->file);
	}
	free(safe);
	return 0;
}

static int put_value(struct out *out, const struct out_field *field,
		     const struct out_value *value)
{
	char buf[WORDS_NUMBER_LEN];

	if (out_is_unknown(field, value))
		return 0;
	switch (field->type) {
	case OUT_TEXT:
		return put_text(out, value->text);
	case OUT_TIME:
		fputs(words_iso((int64_t)value->number, buf), out->file);
		break;
	case OUT_BOOL:
		fputs(value->number != 0 ? "true" : "false", out->file);
		break;
	default:
		fprintf(out->file, "%.12g", value->number);
	}
	return 0;
}

static int begin_csv(struct out *out)
{
	unsigned int shown = 0;

	if (out->nsections)
		putc('\n', out->file);
	for (unsigned int i = 0; i < out->nfields; i++) {
		const struct out_field *field = &out->fields[i];

		if (out_hidden(out, field->flags))
			continue;
		fprintf(out->file, "%s%s", shown++ ? "," : "",
			field->type == OUT_TIME ? "time" : field->key);
	}
	putc('\n', out->file);
	return 0;
}

static int row_csv(struct out *out, const struct out_value *values)
{
	unsigned int shown = 0;

	for (unsigned int i = 0; i < out->nfields; i++) {
		int err;

		if (out_hidden(out, out->fields[i].flags))
			continue;
		if (shown++)
			putc(',', out->file);
		err = put_value(out, &out->fields[i], &values[i]);
		if (err)
			return err;
	}
	putc('\n', out->file);
	return 0;
}

static int end_csv(struct out *out)
{
	(void)out;
	return 0;
}

const struct out_ops out_csv = {
	.name = "csv",
	.begin = begin_csv,
	.row = row_csv,
	.end = end_csv,
};
