// SPDX-License-Identifier: GPL-2.0
/* Framing, see frame.h. Invariant: start <= scanned <= end <= room. */
#include "frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Most messages are shorter than this; the buffer doubles from here. */
#define FRAME_ROOM_MIN 1024u

void frame_init(struct frame *frame, size_t max)
{
	*frame = (struct frame){ .max = max };
}

void frame_free(struct frame *frame)
{
	free(frame->buf);
	frame_init(frame, frame->max);
}

static void frame_compact(struct frame *frame)
{
	if (!frame->start)
		return;
	memmove(frame->buf, frame->buf + frame->start,
		frame->end - frame->start);
	frame->scanned -= frame->start;
	frame->end -= frame->start;
	frame->start = 0;
}

static int frame_grow(struct frame *frame)
{
	size_t room = frame->room ? frame->room * 2 : FRAME_ROOM_MIN;
	char *buf;

	if (room > frame->max + 1)
		room = frame->max + 1;
	if (room <= frame->end)
		return -ENOMEM;
	buf = realloc(frame->buf, room);
	if (!buf)
		return -ENOMEM;
	frame->buf = buf;
	frame->room = room;
	return 0;
}

int frame_space(struct frame *frame, char **ret_space, size_t *ret_len)
{
	int r;

	frame_compact(frame);
	if (frame->end == frame->room) {
		r = frame_grow(frame);
		if (r < 0)
			return r;
	}
	*ret_space = frame->buf + frame->end;
	*ret_len = frame->room - frame->end;
	return 0;
}

void frame_added(struct frame *frame, size_t len)
{
	frame->end += len;
}

int frame_next(struct frame *frame, const char **ret_text, size_t *ret_len)
{
	size_t unseen = frame->end - frame->scanned;
	const char *text, *nul;
	size_t len;

	nul = unseen ? memchr(frame->buf + frame->scanned, '\0', unseen) : NULL;
	if (!nul) {
		frame->scanned = frame->end;
		return frame_pending(frame) > frame->max ? -EMSGSIZE : 0;
	}
	text = frame->buf + frame->start;
	len = nul - text;
	if (len > frame->max)
		return -EMSGSIZE;
	frame->start += len + 1;
	frame->scanned = frame->start;
	*ret_text = text;
	*ret_len = len;
	return 1;
}

size_t frame_pending(const struct frame *frame)
{
	return frame->end - frame->start;
}
