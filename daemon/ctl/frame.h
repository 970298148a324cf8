/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Framing: from a stream of bytes to messages that a NUL byte ends.
 *
 * Bytes go in where frame_space() says, whole messages come out of
 * frame_next(). The buffer grows to one message of @max bytes and its NUL,
 * never further. Every byte is searched for the NUL once, so that a peer that
 * sends single bytes costs no more than one that does not.
 *
 * Both ends use it: the daemon with CTL_MESSAGE_MAX, the client with the size
 * of the largest reply that it is ready to hold.
 */
#ifndef DENSITY_CTL_FRAME_H
#define DENSITY_CTL_FRAME_H

#include <stddef.h>

struct frame {
	char *buf;
	size_t room;		/* bytes allocated */
	size_t start;		/* first byte not yet given out */
	size_t scanned;		/* no NUL between @start and here */
	size_t end;		/* first free byte */
	size_t max;		/* longest message, its NUL not counted */
};

void frame_init(struct frame *frame, size_t max);
void frame_free(struct frame *frame);

/*
 * Room for at least one more byte. Call it only after frame_next() returned 0;
 * it invalidates every message given out before. Returns 0 or -ENOMEM.
 */
int frame_space(struct frame *frame, char **ret_space, size_t *ret_len);
/* @len bytes were put where frame_space() said. */
void frame_added(struct frame *frame, size_t len);

/*
 * Take out the next whole message. Returns 1; 0 when it has not arrived yet;
 * -EMSGSIZE when it is longer than @max, after which the stream is lost.
 * The text ends with its NUL and stays valid until the next frame_space().
 */
int frame_next(struct frame *frame, const char **ret_text, size_t *ret_len);

/* Bytes that are here and were not given out yet. */
size_t frame_pending(const struct frame *frame);

#endif
