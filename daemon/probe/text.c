// SPDX-License-Identifier: GPL-2.0
/* Words, lines and numbers of the kernel's text files. See text.h. */
#include <string.h>

#include "text.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

struct probe_text probe_text_of(const char *bytes, size_t len)
{
	return (struct probe_text){ bytes, bytes + len };
}

size_t probe_text_len(const struct probe_text *text)
{
	return (size_t)(text->end - text->at);
}

bool probe_text_line(struct probe_text *text, struct probe_text *ret_line)
{
	const char *newline = memchr(text->at, '\n', probe_text_len(text));

	if (!newline)
		return false;
	*ret_line = (struct probe_text){ text->at, newline };
	text->at = newline + 1;
	return true;
}

bool probe_text_word(struct probe_text *text, struct probe_text *ret_word)
{
	const char *at = text->at;
	const char *start;

	while (at < text->end && is_blank(*at))
		at++;
	start = at;
	while (at < text->end && !is_blank(*at))
		at++;
	if (at == start)
		return false;
	*ret_word = (struct probe_text){ start, at };
	text->at = at;
	return true;
}

static bool digits_to_u64(const struct probe_text *digits, uint64_t *ret_value)
{
	uint64_t value = 0;
	const char *at;

	if (digits->at == digits->end)
		return false;
	for (at = digits->at; at < digits->end; at++) {
		if (*at < '0' || *at > '9')
			return false;
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (unsigned int)(*at - '0'),
					   &value))
			return false;
	}
	*ret_value = value;
	return true;
}

bool probe_text_u64(struct probe_text *text, uint64_t *ret_value)
{
	struct probe_text rest = *text;
	struct probe_text word;

	if (!probe_text_word(&rest, &word) ||
	    !digits_to_u64(&word, ret_value))
		return false;
	*text = rest;
	return true;
}

bool probe_text_i64(struct probe_text *text, int64_t *ret_value)
{
	struct probe_text rest = *text;
	struct probe_text word;
	uint64_t magnitude;
	bool negative;

	if (!probe_text_word(&rest, &word))
		return false;
	negative = probe_text_skip(&word, "-");
	if (!digits_to_u64(&word, &magnitude) ||
	    magnitude > (uint64_t)INT64_MAX + negative)
		return false;
	/* Unsigned negation: INT64_MIN has no positive counterpart. */
	*ret_value = (int64_t)(negative ? -magnitude : magnitude);
	*text = rest;
	return true;
}

bool probe_text_starts(const struct probe_text *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return probe_text_len(text) >= len && !memcmp(text->at, prefix, len);
}

bool probe_text_skip(struct probe_text *text, const char *prefix)
{
	if (!probe_text_starts(text, prefix))
		return false;
	text->at += strlen(prefix);
	return true;
}

bool probe_text_is(const struct probe_text *text, const char *word)
{
	return probe_text_len(text) == strlen(word) &&
	       probe_text_starts(text, word);
}

/* memmem() finds a key in a 4 KiB file far faster than a walk of its lines. */
bool probe_text_find(const struct probe_text *text, const char *key,
		     struct probe_text *ret_rest)
{
	size_t key_len = strlen(key);
	const char *from = text->at;

	for (;;) {
		const char *hit, *after, *newline;

		hit = memmem(from, (size_t)(text->end - from), key, key_len);
		if (!hit)
			return false;
		after = hit + key_len;
		from = hit + 1;
		if ((hit != text->at && hit[-1] != '\n') ||
		    after == text->end ||
		    (*after != ' ' && *after != ':' && *after != '\t'))
			continue;
		newline = memchr(after, '\n', (size_t)(text->end - after));
		if (!newline)
			return false;
		*ret_rest = (struct probe_text){ after + 1, newline };
		return true;
	}
}

static bool is_spent(struct probe_text text)
{
	struct probe_text word;

	return !probe_text_word(&text, &word);
}

bool probe_text_only_u64(struct probe_text text, uint64_t *ret_value)
{
	uint64_t value;

	if (!probe_text_u64(&text, &value) || !is_spent(text))
		return false;
	*ret_value = value;
	return true;
}

bool probe_text_only_i64(struct probe_text text, int64_t *ret_value)
{
	int64_t value;

	if (!probe_text_i64(&text, &value) || !is_spent(text))
		return false;
	*ret_value = value;
	return true;
}
