// SPDX-License-Identifier: GPL-2.0
/*
 * One policy file: inih tells keys from values, everything else is here.
 *
 * inih is lenient where a mistake should be found: it joins indented lines to
 * the value above, cuts section names at 49 bytes and at the first ']', wraps
 * long lines, and takes any byte. How much of this can be switched off depends
 * on how the library was built. So each line is looked at before inih sees it:
 * its bytes, its length, comments and indentation are dealt with in read_line(),
 * which also counts lines and keeps the section. The first error ends the file.
 *
 * Invariant: p->result is set together with a message, and nothing is parsed
 * after that.
 */
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf_origin.h"
#include "conf_value.h"

#define BLANKS " \t"
#define QUOTE_LEN 64
#define NAME_LEN 200
/* What inih's buffer of 200 bytes takes, with a line's end and the NUL. */
#define LINE_LEN 197
#define LINE_END_LEN 3

struct parse {
	struct conf *conf;
	const char *name;
	unsigned int file;		/* as in struct conf_origin */
	const char *next;
	const char *end;
	unsigned int line;
	char section[16];
	struct conf_vm *vm;		/* of the section [vm GLOB] */
	struct conf_vm_origin *vm_origin;
	unsigned int nvms;		/* of this file */
	int result;
	char *error;
};

/* Printable and short; a byte that is no ASCII letter may be a terminal's. */
static const char *quote(const char *text, size_t len, char buf[QUOTE_LEN])
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (n > QUOTE_LEN - 8) {
			n += (size_t)sprintf(buf + n, "...");
			break;
		}
		if (c < ' ' || c > '~')
			n += (size_t)sprintf(buf + n, "\\x%02x", c);
		else
			buf[n++] = (char)c;
	}
	buf[n] = '\0';
	return buf;
}

/* The end of a name that would crowd out the message. */
static const char *tail(const char *name)
{
	size_t len = strlen(name);

	return len > NAME_LEN ? name + len - NAME_LEN : name;
}

__attribute__((format(printf, 4, 5)))
static void fail(struct parse *p, const char *found, size_t len,
		 const char *expected, ...)
{
	char quoted[QUOTE_LEN];
	va_list ap;
	size_t n;

	p->result = -EINVAL;
	n = (size_t)snprintf(p->error, CONF_ERROR_LEN,
			     "%s:%u: found \"%s\", expected ", tail(p->name),
			     p->line, quote(found, len, quoted));
	va_start(ap, expected);
	vsnprintf(p->error + n, CONF_ERROR_LEN - n, expected, ap);
	va_end(ap);
}

static void fail_memory(struct parse *p)
{
	p->result = -ENOMEM;
	snprintf(p->error, CONF_ERROR_LEN, "%s:%u: out of memory", tail(p->name),
		 p->line);
}

/* Length of the UTF-8 sequence at @s, 0 when it is none (RFC 3629). */
static size_t utf8_len(const unsigned char *s, size_t len)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 :
		   s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;

	if (!n || n > len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, beyond U+10FFFF. */
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

static bool check_bytes(struct parse *p, const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;

	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_len(s + i, len - i);
		if (n && (s[i] >= ' ' || s[i] == '\t') && s[i] != 0x7f)
			continue;
		fail(p, text + i, 1, n ? "text without control characters" :
		     "UTF-8");
		return false;
	}
	return true;
}

/* A comment begins the line or follows a blank. */
static size_t without_comment(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((text[i] == '#' || text[i] == ';') &&
		    (!i || strchr(BLANKS, text[i - 1])))
			return i;
	return len;
}

static void trim(const char **text, size_t *len)
{
	while (*len && strchr(BLANKS, **text)) {
		(*text)++;
		(*len)--;
	}
	while (*len && strchr(BLANKS, (*text)[*len - 1]))
		(*len)--;
}

static bool vm_is(const struct conf_vm *vm, const char *glob, size_t len)
{
	return strlen(vm->glob) == len && !memcmp(vm->glob, glob, len);
}

/* Make room at @at: after this file's sections, before those of others. */
static int insert_vm(struct conf *conf, unsigned int at, char *glob)
{
	struct conf_origins *origins = conf->origins;
	size_t after = conf->nvms - at;
	void *grown;

	grown = reallocarray(conf->vms, conf->nvms + 1, sizeof(*conf->vms));
	if (!grown)
		return -ENOMEM;
	conf->vms = grown;
	grown = reallocarray(origins->vms, conf->nvms + 1,
			     sizeof(*origins->vms));
	if (!grown)
		return -ENOMEM;
	origins->vms = grown;
	memmove(&conf->vms[at + 1], &conf->vms[at],
		after * sizeof(*conf->vms));
	memmove(&origins->vms[at + 1], &origins->vms[at],
		after * sizeof(*origins->vms));
	conf->nvms++;
	conf->vms[at] = (struct conf_vm){
		.glob = glob,
		.weight_permille = 1000,
		.expect_permille = 1000,
	};
	origins->vms[at] = (struct conf_vm_origin){ 0 };
	return 0;
}

static void begin_vm(struct parse *p, const char *glob, size_t len)
{
	struct conf *conf = p->conf;
	unsigned int i;
	char *copy;

	if (!len) {
		fail(p, "[vm]", 4, "a pattern of names, such as [vm web-*]");
		return;
	}
	for (i = 0; i < p->nvms; i++)
		if (vm_is(&conf->vms[i], glob, len))
			break;
	if (i == p->nvms) {
		if (conf->nvms == CONF_VMS_MAX) {
			fail(p, glob, len, "at most %u sections [vm GLOB]",
			     CONF_VMS_MAX);
			return;
		}
		copy = strndup(glob, len);
		if (!copy || insert_vm(conf, i, copy) < 0) {
			free(copy);
			fail_memory(p);
			return;
		}
		p->nvms++;
		conf->origins->vms[i].section = (struct conf_origin){
			p->file, p->line,
		};
	}
	p->vm = &conf->vms[i];
	p->vm_origin = &conf->origins->vms[i];
}

/* @text begins with '['. */
static void begin_section(struct parse *p, const char *text, size_t len)
{
	char suggestion[CONF_VALUE_LEN];
	size_t word;

	if (text[len - 1] != ']') {
		fail(p, text, len, "\"]\" at the end of a section's name");
		return;
	}
	text++;
	len -= 2;
	trim(&text, &len);
	for (word = 0; word < len && !strchr(BLANKS, text[word]); word++)
		;
	snprintf(p->section, sizeof(p->section), "%.*s", (int)word, text);
	p->vm = NULL;
	if (word == 2 && !strcmp(p->section, CONF_SECTION_VM)) {
		text += word;
		len -= word;
		trim(&text, &len);
		begin_vm(p, text, len);
	} else if (word != len || word >= sizeof(p->section) ||
		   !conf_section_exists(p->section)) {
		conf_section_suggest(p->section, suggestion,
				     sizeof(suggestion));
		fail(p, text, len, "%s", suggestion);
	}
}

/* What of the line is for inih; an empty one for what was dealt with here. */
static size_t look_at_line(struct parse *p, const char **text, size_t len,
			   size_t max)
{
	if (len && (*text)[len - 1] == '\r')
		len--;
	if (!check_bytes(p, *text, len))
		return 0;
	len = without_comment(*text, len);
	trim(text, &len);
	if (!len)
		return 0;
	if (len > max) {
		fail(p, *text, len, "a line of at most %zu bytes", max);
		return 0;
	}
	if (**text == '[') {
		begin_section(p, *text, len);
		return 0;
	}
	if (!*p->section)
		fail(p, *text, len, "a section such as [control] before it");
	else if (!memchr(*text, '=', len))
		fail(p, *text, len, "KEY = VALUE or [SECTION]");
	return p->result ? 0 : len;
}

/* ini_reader: the next line into the @num bytes at @str. */
static char *read_line(char *str, int num, void *stream)
{
	struct parse *p = stream;
	const char *text = p->next, *newline;
	size_t len, max;

	if (p->result || p->next == p->end || num <= LINE_END_LEN)
		return NULL;
	newline = memchr(text, '\n', (size_t)(p->end - text));
	p->next = newline ? newline + 1 : p->end;
	len = (size_t)((newline ? newline : p->end) - text);
	p->line++;
	if (p->line == 1 && len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		len -= 3;
	}
	max = (size_t)num - LINE_END_LEN;
	len = look_at_line(p, &text, len, max < LINE_LEN ? max : LINE_LEN);
	if (p->result)
		return NULL;
	memcpy(str, text, len);
	str[len] = '\0';
	return str;
}

/* ini_handler; the section is the one that read_line() has seen. */
static int take_value(void *user, const char *section, const char *name,
		      const char *value)
{
	struct parse *p = user;
	int i = conf_key_find(p->section, name);
	const struct conf_key *key = conf_key_at((unsigned int)i);
	struct conf_origin *origin;
	char words[CONF_VALUE_LEN];

	(void)section;
	if (p->result)
		return 0;
	if (!key) {
		conf_key_suggest(p->section, name, words, sizeof(words));
		fail(p, name, strlen(name), "%s", words);
		return 0;
	}
	origin = p->vm ? &p->vm_origin->key[i] : &p->conf->origins->key[i];
	if (origin->file == p->file) {
		fail(p, name, strlen(name),
		     "it once in a file, and it is in line %u",
		     origin->line);
		return 0;
	}
	switch (conf_value_parse(key, value, p->vm ? (void *)p->vm :
				 (void *)p->conf)) {
	case 0:
		*origin = (struct conf_origin){ p->file, p->line };
		return 1;
	case -ENOMEM:
		fail_memory(p);
		return 0;
	default:
		fail(p, value, strlen(value), "for %s %s", name,
		     conf_value_expected(key, words));
		return 0;
	}
}

static int add_file(struct conf_origins *origins, const char *name)
{
	char **files = reallocarray(origins->files, origins->nfiles + 1,
				    sizeof(*files));

	if (!files)
		return -ENOMEM;
	origins->files = files;
	files[origins->nfiles] = strdup(name);
	if (!files[origins->nfiles])
		return -ENOMEM;
	origins->nfiles++;
	return 0;
}

int conf_parse_file(struct conf *conf, const char *text, size_t len,
		    const char *name, char ret_error[CONF_ERROR_LEN])
{
	struct parse p = {
		.conf = conf,
		.name = name,
		.next = text,
		.end = text + len,
		.error = ret_error,
	};
	int r;

	if (add_file(conf->origins, name) < 0) {
		fail_memory(&p);
		return p.result;
	}
	p.file = conf->origins->nfiles;
	r = ini_parse_stream(read_line, &p, take_value, &p);
	if (r && !p.result) {
		/* Nothing that read_line() lets through, as far as is known. */
		p.line = r > 0 ? (unsigned int)r : p.line;
		fail(&p, "", 0, "KEY = VALUE or [SECTION]");
	}
	return p.result;
}
