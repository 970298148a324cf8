// SPDX-License-Identifier: GPL-2.0
/*
 * JSON for programs: {"section": [{..}, ..], "other": {..}}.
 *
 * Rows are written as they come, so that a long history needs no memory; each
 * row is jansson's. Everything but ASCII is escaped, DEL too, which jansson
 * leaves alone: the output is safe on a terminal.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"

#define DUMP_FLAGS (JSON_ENSURE_ASCII | JSON_REAL_PRECISION(12))
/* Beyond this a double no longer holds every whole number. */
#define WHOLE_MAX 9007199254740992.0

static int put_ascii(const char *bytes, size_t len, void *arg)
{
	FILE *file = arg;

	for (size_t i = 0; i < len; i++) {
		int res = bytes[i] == 0x7f ? fputs("\\u007f", file) :
					     putc(bytes[i], file);

		if (res == EOF)
			return -1;
	}
	return 0;
}

int out_dump_json(FILE *file, const json_t *json, bool compact)
{
	size_t flags = DUMP_FLAGS | (compact ? 0 : JSON_INDENT(2));

	if (json_dump_callback(json, put_ascii, file, flags) ||
	    putc('\n', file) == EOF)
		return ferror(file) ? -EPIPE : -ENOMEM;
	return fflush(file) ? -errno : 0;
}

json_t *out_value_json(const struct out_field *field,
		       const struct out_value *value)
{
	double n = value->number;

	if (out_is_unknown(field, value))
		return json_null();
	switch (field->type) {
	case OUT_TEXT:
		return json_string(value->text) ? : json_null();
	case OUT_BOOL:
		return json_boolean(n != 0);
	default:
		if (n == trunc(n) && fabs(n) < WHOLE_MAX)
			return json_integer((json_int_t)n);
		return json_real(n);
	}
}

static int begin_json(struct out *out)
{
	fprintf(out->file, "%s\n  \"%s\": %s", out->nsections ? "," : "{",
		out->section, out->shape == OUT_LIST ? "[" : "");
	return 0;
}

static int row_json(struct out *out, const struct out_value *values)
{
	json_t *object = json_object();
	int err = -ENOMEM;

	if (!object)
		return -ENOMEM;
	for (unsigned int i = 0; i < out->nfields; i++) {
		const struct out_field *field = &out->fields[i];

		if (out_hidden(out, field->flags))
			continue;
		if (json_object_set_new_nocheck(object, field->key,
						out_value_json(field,
							       &values[i])))
			goto out;
	}
	if (out->shape == OUT_LIST)
		fputs(out->nrows ? ",\n    " : "\n    ", out->file);
	err = json_dump_callback(object, put_ascii, out->file, DUMP_FLAGS) ?
		      -EPIPE : 0;
out:
	json_decref(object);
	return err;
}

static int end_json(struct out *out)
{
	if (out->shape == OUT_LIST)
		fputs(out->nrows ? "\n  ]" : "]", out->file);
	else if (!out->nrows)
		fputs("null", out->file);
	return 0;
}

static int finish_json(struct out *out)
{
	fputs(out->nsections ? "\n}\n" : "{}\n", out->file);
	return 0;
}

const struct out_ops out_json = {
	.name = "json",
	.begin = begin_json,
	.row = row_json,
	.end = end_json,
	.finish = finish_json,
};
