/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Output: a command says what it knows, a format says how it looks.
 *
 * A document is a row of sections; a section is one record or a list of rows
 * with the same fields. One vtable per format, one file per vtable: text for
 * people, JSON with raw numbers, CSV (RFC 4180's quoting, lines end in LF).
 * Keys are stable and carry their unit; labels may change.
 *
 * To add a format: write out_NAME.c with one `const struct out_ops`, and name
 * it in the table of out.c.
 */
#ifndef DENSITY_CLI_OUT_H
#define DENSITY_CLI_OUT_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <jansson.h>

enum out_type {
	OUT_TEXT,
	OUT_COUNT,	/* whole number, with separators for people */
	OUT_PLAIN,	/* whole number as it is: a PID, a knob's value */
	OUT_REAL,
	OUT_KIB,
	OUT_SPAN,	/* seconds */
	OUT_TIME,	/* milliseconds since 1970 */
	OUT_BOOL,
};

enum {
	OUT_MACHINE = 1,	/* not shown to people */
	OUT_HUMAN = 2,		/* shown to people alone */
};

struct out_field {
	const char *key;
	const char *label;	/* for people; NULL = key */
	enum out_type type;
	unsigned int flags;
};

/* @text is used for OUT_TEXT, else @number; NULL and NAN mean unknown. */
struct out_value {
	double number;
	const char *text;
};

#define OUT_NUMBER(n) ((struct out_value){ .number = (double)(n) })
#define OUT_STRING(s) ((struct out_value){ .number = NAN, .text = (s) })
#define OUT_NOTHING ((struct out_value){ .number = NAN })
#define OUT_FIELDS_MAX 64

enum out_shape { OUT_LIST, OUT_RECORD };

struct out;

struct out_ops {
	const char *name;
	int (*begin)(struct out *out);
	int (*row)(struct out *out, const struct out_value *values);
	int (*end)(struct out *out);
	/* Only once, at the end of the document; then @priv is gone. */
	int (*finish)(struct out *out);
	/* A sentence for people; NULL = this format has none. */
	int (*note)(struct out *out, const char *text);
};

extern const struct out_ops out_text;
extern const struct out_ops out_json;
extern const struct out_ops out_csv;

struct out {
	const struct out_ops *ops;
	FILE *file;
	bool color;
	unsigned int width;	/* of the terminal; 0 = none */
	/* the open section */
	const char *section;
	enum out_shape shape;
	const struct out_field *fields;
	unsigned int nfields;
	unsigned int flags;	/* of the section: OUT_MACHINE, OUT_HUMAN */
	unsigned int nsections;
	uint64_t nrows;
	void *priv;		/* the format's */
};

/* NULL when there is no such format. */
const struct out_ops *out_find(const char *name);

/*
 * A section: out_begin(), then rows, then out_end(). A section for the other
 * audience (@flags) is swallowed whole. @fields must outlive the section.
 * Each returns 0 or -errno (-EPIPE when the reader has gone).
 */
int out_begin(struct out *out, const char *section, enum out_shape shape,
	      const struct out_field *fields, unsigned int nfields,
	      unsigned int flags);
int out_row(struct out *out, const struct out_value *values);
int out_end(struct out *out);
int out_finish(struct out *out);
int out_note(struct out *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* True when @flags keep a field or a section from this format. */
bool out_hidden(const struct out *out, unsigned int flags);
bool out_is_unknown(const struct out_field *field,
		    const struct out_value *value);

/* @json as it is, for answers of the daemon; on one line when @compact. */
int out_dump_json(FILE *file, const json_t *json, bool compact);
/* The value as JSON gives it; NULL for want of memory. */
json_t *out_value_json(const struct out_field *field,
		       const struct out_value *value);

#endif
