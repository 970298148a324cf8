// SPDX-License-Identifier: GPL-2.0
/*
 * Names come from command lines, which any user may fill with any bytes, and
 * go to terminals, JSON and a database: only printable UTF-8 passes.
 */
#include <string.h>

#include "vm_name.h"

/*
 * Length of the well-formed sequence at @at, 0 when there is none. Overlong
 * forms, surrogates and what lies beyond U+10FFFF are not well-formed.
 */
static size_t sequence(const unsigned char *at, uint32_t *ret_point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t point;
	size_t len, i;

	if (at[0] < 0x80) {
		*ret_point = at[0];
		return 1;
	}
	if ((at[0] & 0xe0) == 0xc0)
		len = 2;
	else if ((at[0] & 0xf0) == 0xe0)
		len = 3;
	else if ((at[0] & 0xf8) == 0xf0)
		len = 4;
	else
		return 0;
	point = at[0] & (0x7fu >> len);
	for (i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (at[i] & 0x3f);
	}
	if (point < least[len] || point > 0x10ffff ||
	    (point >= 0xd800 && point <= 0xdfff))
		return 0;
	*ret_point = point;
	return len;
}

/* Controls, invisible marks, and what turns the direction of writing. */
static bool is_printable(uint32_t point)
{
	return point >= 0x20 && !(point >= 0x7f && point < 0xa0) &&
	       point != 0xad && point != 0x61c &&
	       !(point >= 0x200b && point <= 0x200f) &&
	       !(point >= 0x2028 && point <= 0x202e) &&
	       !(point >= 0x2060 && point <= 0x206f) &&
	       !(point >= 0xe000 && point <= 0xf8ff) &&
	       point != 0xfeff && !(point >= 0xfff9 && point <= 0xfffb) &&
	       (point & 0xfffe) != 0xfffe && point < 0xe0000;
}

/* A lead byte at the very end whose sequence is cut off by the NUL. */
static bool is_cut(const unsigned char *at)
{
	size_t want = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
	size_t have = 1;

	if (at[0] < 0xc2 || at[0] > 0xf4)
		return false;
	while (at[have] && (at[have] & 0xc0) == 0x80)
		have++;
	return !at[have] && have < want;
}

void probe_name_sanitise(char *name)
{
	const unsigned char *from = (const unsigned char *)name;
	char *to = name;
	uint32_t point;
	size_t len;

	while (*from) {
		len = sequence(from, &point);
		if (len == 0 && is_cut(from))
			break;
		if (len && is_printable(point)) {
			memmove(to, from, len);
			to += len;
		} else {
			*to++ = '?';
		}
		from += len ? len : 1;
	}
	*to = '\0';
}
