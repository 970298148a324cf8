// SPDX-License-Identifier: GPL-2.0
/* A table searched in a row: it holds some twenty words. See words.h. */
#include <stdio.h>
#include <string.h>

#include "words.h"

int words_intern(struct words *words, const char *text)
{
	char cut[WORD_LEN];

	snprintf(cut, sizeof(cut), "%s", text ? text : "");
	for (int i = 0; i < words->count; i++) {
		if (!strcmp(words->text[i], cut))
			return i;
	}
	if (words->count == WORDS_MAX)
		return WORDS_MAX - 1;
	if (words->count == WORDS_MAX - 1)
		strcpy(cut, "other");
	memcpy(words->text[words->count], cut, sizeof(cut));
	words->id[words->count] = 0;
	return words->count++;
}

void words_forget_ids(struct words *words)
{
	memset(words->id, 0, sizeof(words->id));
}
