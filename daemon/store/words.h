/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Words that come again and again (laws, phases, reasons, knobs, kinds of
 * events): a small number in the batch, an id in the file.
 */
#ifndef DENSITY_WORDS_H
#define DENSITY_WORDS_H

#include <stdint.h>

#define WORDS_MAX 128
#define WORD_LEN 48

struct words {
	int count;
	char text[WORDS_MAX][WORD_LEN];
	int64_t id[WORDS_MAX];	/* in the open file, 0 = not known yet */
};

/*
 * The number of @text (NULL is ""), cut to WORD_LEN - 1 bytes; a table that
 * is full answers with its last word, "other".
 */
int words_intern(struct words *words, const char *text);
/* Another file, or a transaction that was rolled back: ask again. */
void words_forget_ids(struct words *words);

#endif
