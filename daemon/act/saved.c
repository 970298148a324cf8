// SPDX-License-Identifier: GPL-2.0
/*
 * The saved-knobs file: reading it strictly, writing it.
 *
 * What is read here is written to the kernel by root, so nothing but exactly
 * what act_saved_store() writes is accepted: known keys, each once, values
 * that the kernel would take, and the closing line with the right count.
 * Numbers are the driver's: advisor_mode is 0 or 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "saved.h"

#define VERSION "1"
#define UNKNOWN_BOOT "-"
#define LINE_LEN 128

/* The largest value that the kernel takes, per knob. */
static const uint64_t value_max[ACT_KNOB_COUNT] = {
	[ACT_KNOB_ADVISOR] = SNAP_ADVISOR_SCAN_TIME,
	[ACT_KNOB_SLEEP] = UINT32_MAX,
	[ACT_KNOB_PAGES] = UINT32_MAX,
	[ACT_KNOB_SMART_SCAN] = 1,
	[ACT_KNOB_RUN] = SNAP_RUN_UNMERGE,
	[ACT_KNOB_LOOKAHEAD] = 1,
	[ACT_KNOB_INDEX] = 1,
	[ACT_KNOB_EVICT] = LAW_EVICT_COUNT - 2,
};

/* Where the parser stands. */
struct parser {
	struct act_values values;
	char boot_id[ACT_BOOT_ID_LEN];
	unsigned int line;
	unsigned int nknobs;
	bool ended;
};

static bool parse_number(const char *text, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (!*text || strlen(text) > 10)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
	}
	if (value > max)
		return false;
	*ret_value = value;
	return true;
}

static bool parse_boot_id(struct parser *p, const char *text)
{
	size_t len = strlen(text);

	if (!len || len >= sizeof(p->boot_id) ||
	    strspn(text, "0123456789abcdef-") != len)
		return false;
	memcpy(p->boot_id, text, len + 1);
	return true;
}

static bool parse_knob(struct parser *p, const char *key, const char *text)
{
	for (int i = 0; i < ACT_KNOB_COUNT; i++) {
		if (strcmp(key, act_knob_name(i)))
			continue;
		if (p->values.has[i] ||
		    !parse_number(text, value_max[i], &p->values.value[i]))
			return false;
		p->values.has[i] = true;
		p->nknobs++;
		return true;
	}
	return false;
}

/* The first two lines have their place, the rest any order. */
static bool parse_line(struct parser *p, char *line)
{
	char *text = strchr(line, '=');
	uint64_t count;

	if (!text || p->ended)
		return false;
	*text++ = '\0';
	if (p->line == 1)
		return !strcmp(line, "version") && !strcmp(text, VERSION);
	if (p->line == 2)
		return !strcmp(line, "boot_id") && parse_boot_id(p, text);
	if (strcmp(line, "end"))
		return parse_knob(p, line, text);
	p->ended = true;
	return parse_number(text, ACT_KNOB_COUNT, &count) &&
	       count == p->nknobs;
}

static int malformed(unsigned int line, char ret_why[ACT_SAVED_WHY_LEN])
{
	snprintf(ret_why, ACT_SAVED_WHY_LEN,
		 "line %u is not what densityd writes there", line);
	return -EBADMSG;
}

int act_saved_parse(const char *text, size_t len, const char *boot_id,
		    struct act_values *ret_values,
		    char ret_why[ACT_SAVED_WHY_LEN])
{
	struct parser p = { 0 };
	char line[LINE_LEN];

	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		p.line++;
		if (!end || n >= sizeof(line) || memchr(text, '\0', n))
			return malformed(p.line, ret_why);
		memcpy(line, text, n);
		line[n] = '\0';
		if (!parse_line(&p, line))
			return malformed(p.line, ret_why);
		text += n + 1;
		len -= n + 1;
	}
	if (!p.ended || !p.values.has[ACT_KNOB_RUN]) {
		snprintf(ret_why, ACT_SAVED_WHY_LEN, p.ended ?
			 "the value of run is missing" :
			 "the file ends after line %u, before its end= line",
			 p.line);
		return -EBADMSG;
	}
	/* Not known, here or there: a fake root. Giving back is the safe side. */
	if (*boot_id && strcmp(p.boot_id, UNKNOWN_BOOT) &&
	    strcmp(p.boot_id, boot_id))
		return -ESTALE;
	*ret_values = p.values;
	return 0;
}

int act_saved_load(const char *path, const char *boot_id,
		   struct act_values *ret_values,
		   char ret_why[ACT_SAVED_WHY_LEN])
{
	char text[ACT_SAVED_MAX + 1];
	size_t len = 0;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) {
		if (errno != ELOOP)
			return errno == ENOTDIR ? -ENOENT : -errno;
		snprintf(ret_why, ACT_SAVED_WHY_LEN, "it is a symbolic link");
		return -EBADMSG;
	}
	do {
		n = read(fd, text + len, sizeof(text) - len);
		if (n > 0)
			len += (size_t)n;
	} while ((n > 0 && len < sizeof(text)) || (n < 0 && errno == EINTR));
	if (n < 0) {
		n = -errno;
		close(fd);
		return (int)n;
	}
	close(fd);
	if (len > ACT_SAVED_MAX) {
		snprintf(ret_why, ACT_SAVED_WHY_LEN,
			 "it is longer than %d bytes", ACT_SAVED_MAX);
		return -EBADMSG;
	}
	return act_saved_parse(text, len, boot_id, ret_values, ret_why);
}

static int format(const struct act_values *values, const char *boot_id,
		  char *buf, size_t size)
{
	FILE *f = fmemopen(buf, size, "w");
	unsigned int n = 0;
	int len;

	if (!f)
		return -errno;
	fprintf(f, "version=" VERSION "\nboot_id=%s\n",
		*boot_id ? boot_id : UNKNOWN_BOOT);
	for (int i = 0; i < ACT_KNOB_COUNT; i++) {
		if (!values->has[i])
			continue;
		fprintf(f, "%s=%" PRIu64 "\n", act_knob_name(i),
			values->value[i]);
		n++;
	}
	fprintf(f, "end=%u\n", n);
	len = (int)ftell(f);
	return fclose(f) == 0 ? len : -EIO;
}

int act_saved_store(const char *path, const struct act_values *values,
		    const char *boot_id)
{
	char text[ACT_SAVED_MAX];
	int len = format(values, boot_id, text, sizeof(text));

	return len < 0 ? len : act_file_replace(path, text, (size_t)len);
}
