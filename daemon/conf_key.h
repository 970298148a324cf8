/* SPDX-License-Identifier: GPL-2.0 */
/* The table of keys. Private to conf. */
#ifndef DENSITY_CONF_KEY_H
#define DENSITY_CONF_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a value is written; conf_value.c has each one's units. */
enum conf_type {
	CONF_LAW,
	CONF_YESNO,
	CONF_PATH,
	/* the rest are numbers */
	CONF_TIME,
	CONF_SHARE,
	CONF_FACTOR,
	CONF_SIZE,
	CONF_PRICE,
	CONF_COUNT,
};

struct conf_key {
	const char *section;
	const char *name;
	enum conf_type type;
	size_t offset;		/* in struct conf; [vm]: in struct conf_vm */
	size_t width;		/* bytes of the number: 4 or 8 */
	/* in base units of the type: ms, millionths, bytes, MiB-s, ones */
	uint64_t step;		/* what the stored number counts */
	uint64_t plain;		/* what a number without a unit counts */
	/* in steps */
	int64_t min;
	int64_t max;
};

/* More than the table has, for arrays by index. */
#define CONF_KEYS_MAX 64

/* The section whose keys belong to struct conf_vm. */
#define CONF_SECTION_VM "vm"

/* In order of section; NULL past the end. */
const struct conf_key *conf_key_at(unsigned int i);

/* Index in the table, or -1. */
int conf_key_find(const char *section, const char *name);

bool conf_section_exists(const char *section);

/*
 * Words for a user who wrote a key or section that does not exist: the
 * nearest one by edit distance, or all when none is near.
 */
void conf_key_suggest(const char *section, const char *name, char *buf,
		      size_t size);
void conf_section_suggest(const char *section, char *buf, size_t size);

#endif
