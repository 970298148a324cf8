/* SPDX-License-Identifier: GPL-2.0 */
/* Names that people give: safe in a file's name, in JSON and on a terminal. */
#ifndef DENSITY_NAME_H
#define DENSITY_NAME_H

#include <stdbool.h>
#include <string.h>

#define NAME_MAX_LEN 32
#define NAME_EXPECTED \
	"a name of at most 32 letters, digits, \".\", \"_\" and \"-\""

static inline bool name_is_plain(const char *text)
{
	size_t len = text ? strlen(text) : 0;

	return len > 0 && len <= NAME_MAX_LEN &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW"
			    "XYZ0123456789._-") == len;
}

#endif
