// SPDX-License-Identifier: GPL-2.0
/* Output: what all formats share. See out.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"

static const struct out_ops *const formats[] = {
	&out_text, &out_json, &out_csv,
};

const struct out_ops *out_find(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!strcmp(formats[i]->name, name))
			return formats[i];
	return NULL;
}

bool out_hidden(const struct out *out, unsigned int flags)
{
	bool human = out->ops == &out_text;

	return flags & (human ? OUT_MACHINE : OUT_HUMAN);
}

bool out_is_unknown(const struct out_field *field,
		    const struct out_value *value)
{
	return field->type == OUT_TEXT ? !value->text : !isfinite(value->number);
}

static int check_file(const struct out *out)
{
	return ferror(out->file) ? -EPIPE : 0;
}

int out_begin(struct out *out, const char *section, enum out_shape shape,
	      const struct out_field *fields, unsigned int nfields,
	      unsigned int flags)
{
	out->section = section;
	out->shape = shape;
	out->fields = fields;
	out->nfields = nfields;
	out->flags = flags;
	out->nrows = 0;
	if (out_hidden(out, flags))
		return 0;
	return out->ops->begin(out);
}

int out_row(struct out *out, const struct out_value *values)
{
	int err;

	if (out_hidden(out, out->flags))
		return 0;
	err = out->ops->row(out, values);
	out->nrows++;
	return err ? err : check_file(out);
}

int out_end(struct out *out)
{
	int err;

	if (out_hidden(out, out->flags))
		return 0;
	err = out->ops->end(out);
	out->nsections++;
	return err ? err : check_file(out);
}

int out_finish(struct out *out)
{
	int err = out->ops->finish ? out->ops->finish(out) : 0;

	if (fflush(out->file) && !err)
		err = -errno;
	return err;
}

int out_note(struct out *out, const char *format, ...)
{
	va_list args;
	char *text;
	int len, err;

	if (!out->ops->note)
		return 0;
	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		return -ENOMEM;
	err = out->ops->note(out, text);
	free(text);
	return err;
}
