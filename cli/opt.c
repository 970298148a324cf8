// SPDX-License-Identifier: GPL-2.0
/* Command line options, from tables: see opt.h. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "opt.h"
#include "when.h"
#include "words.h"

#define OPT_NAMES_MAX 32

struct parser {
	const struct opt *const *tables;
	int64_t now_ms;
	int argc;
	char **argv;
	int at;			/* next word */
	char *error;
};

static const struct opt *find_name(const struct parser *p, const char *name,
				   size_t len)
{
	for (const struct opt *const *table = p->tables; *table; table++)
		for (const struct opt *o = *table; o->name; o++)
			if (strlen(o->name) == len &&
			    !strncmp(o->name, name, len))
				return o;
	return NULL;
}

static const struct opt *find_letter(const struct parser *p, char letter)
{
	for (const struct opt *const *table = p->tables; *table; table++)
		for (const struct opt *o = *table; o->name; o++)
			if (o->letter == letter)
				return o;
	return NULL;
}

static int fail_unknown(struct parser *p, const char *word)
{
	const char *names[OPT_NAMES_MAX];
	const char *nearest;
	size_t n = 0;

	for (const struct opt *const *table = p->tables; *table; table++)
		for (const struct opt *o = *table; o->name; o++)
			if (n < OPT_NAMES_MAX - 1)
				names[n++] = o->name;
	names[n] = NULL;
	nearest = word[1] == '-' ? words_nearest(word + 2, names) : NULL;
	snprintf(p->error, OPT_ERROR_LEN, "no option %s%s%s%s", word,
		 nearest ? "; do you mean --" : "", nearest ? nearest : "",
		 nearest ? "?" : "");
	return -EINVAL;
}

static int fail_value(struct parser *p, const struct opt *o, const char *value,
		      const char *expected)
{
	snprintf(p->error, OPT_ERROR_LEN, "--%s: '%s' is not %s", o->name,
		 value, expected);
	return -EINVAL;
}

static int parse_uint(const char *value, uint32_t *ret_number)
{
	unsigned long long number;
	char *end;

	if (!isdigit((unsigned char)*value))
		return -EINVAL;
	errno = 0;
	number = strtoull(value, &end, 10);
	if (errno || *end || !number || number > UINT32_MAX)
		return -EINVAL;
	*ret_number = (uint32_t)number;
	return 0;
}

static int assign(struct parser *p, const struct opt *o, const char *value)
{
	switch (o->type) {
	case OPT_FLAG:
		*(bool *)o->to = true;
		break;
	case OPT_TEXT:
		*(const char **)o->to = value;
		break;
	case OPT_UINT:
		if (parse_uint(value, o->to))
			return fail_value(p, o, value,
					  "a whole number from 1");
		break;
	case OPT_WHEN:
		if (when_parse(value, p->now_ms, o->to))
			return fail_value(p, o, value,
					  "a time (" WHEN_EXPECTED ")");
		break;
	case OPT_DURATION:
		if (when_parse_duration(value, o->to))
			return fail_value(p, o, value,
					  WHEN_DURATION_EXPECTED);
		break;
	}
	return 0;
}

/* @value: what stands in the same word, or NULL: then the next word. */
static int take(struct parser *p, const struct opt *o, const char *value)
{
	if (!value && p->at < p->argc)
		value = p->argv[p->at++];
	if (!value) {
		snprintf(p->error, OPT_ERROR_LEN, "--%s needs %s", o->name,
			 o->arg);
		return -EINVAL;
	}
	return assign(p, o, value);
}

static int parse_long(struct parser *p, const char *word)
{
	const char *name = word + 2;
	const char *equal = strchrnul(name, '=');
	const struct opt *o = find_name(p, name, (size_t)(equal - name));

	if (!o)
		return fail_unknown(p, word);
	if (o->type != OPT_FLAG)
		return take(p, o, *equal ? equal + 1 : NULL);
	if (*equal) {
		snprintf(p->error, OPT_ERROR_LEN, "--%s takes no value",
			 o->name);
		return -EINVAL;
	}
	return assign(p, o, NULL);
}

static int parse_letters(struct parser *p, const char *word)
{
	for (const char *c = word + 1; *c; c++) {
		const struct opt *o = find_letter(p, *c);
		int err;

		if (!o)
			return fail_unknown(p, word);
		if (o->type != OPT_FLAG)
			return take(p, o, c[1] ? c + 1 : NULL);
		err = assign(p, o, NULL);
		if (err)
			return err;
	}
	return 0;
}

static bool is_argument(const char *word)
{
	return word[0] != '-' || word[1] == '\0' ||
	       isdigit((unsigned char)word[1]);
}

int opt_parse(const struct opt *const tables[], int64_t now_ms, int argc,
	      char **argv, bool stop_at_arg, char *ret_error)
{
	struct parser p = { tables, now_ms, argc, argv, 0, ret_error };
	int nargs = 0, err;

	while (p.at < argc) {
		char *word = argv[p.at];

		if (is_argument(word)) {
			if (stop_at_arg)
				return p.at;
			argv[nargs++] = word;
			p.at++;
			continue;
		}
		p.at++;
		if (!strcmp(word, "--")) {
			if (stop_at_arg)
				return p.at;
			while (p.at < argc)
				argv[nargs++] = argv[p.at++];
			break;
		}
		err = word[1] == '-' ? parse_long(&p, word) :
				       parse_letters(&p, word);
		if (err)
			return err;
	}
	if (stop_at_arg)
		return argc;
	argv[nargs] = NULL;
	return nargs;
}

void opt_help(const struct opt *table, FILE *out)
{
	for (const struct opt *o = table; o->name; o++) {
		char left[64];

		snprintf(left, sizeof(left), "%c%c%s --%s%s%s",
			 o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
			 o->letter ? "," : " ", o->name, o->arg ? " " : "",
			 o->arg ? o->arg : "");
		fprintf(out, "  %-26s %s\n", left, o->help);
	}
}
