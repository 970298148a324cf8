// SPDX-License-Identifier: GPL-2.0
/*
 * ctl_feed(): the path of a peer's bytes without the socket, for the fuzzer
 * and for tests. It uses the same framing and dispatch, in chunks of an odd
 * size so that messages are cut everywhere.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dispatch.h"
#include "frame.h"

#define FEED_CHUNK 13u

/* Messages handled, or -errno. */
static int feed_messages(const struct dispatch *dispatch, bool privileged,
			 struct frame *frame)
{
	const char *text;
	int r, count = 0;
	char *reply;
	size_t len;

	while ((r = frame_next(frame, &text, &len)) > 0) {
		r = dispatch_message(dispatch, privileged, text, len, &reply);
		if (r < 0)
			return r;
		free(reply);
		if (r > 0)
			return -EPROTO;
		count++;
	}
	return r < 0 ? -EPROTO : count;
}

int ctl_feed(const struct ctl_method *methods, void *arg, bool privileged,
	     const char *bytes, unsigned long len)
{
	struct dispatch dispatch = { .methods = methods, .arg = arg };
	struct frame frame;
	int r = 0, count = 0;
	size_t room;
	char *space;

	frame_init(&frame, CTL_MESSAGE_MAX);
	while (len) {
		r = frame_space(&frame, &space, &room);
		if (r < 0)
			break;
		if (room > FEED_CHUNK)
			room = FEED_CHUNK;
		if (room > len)
			room = len;
		memcpy(space, bytes, room);
		frame_added(&frame, room);
		bytes += room;
		len -= room;
		r = feed_messages(&dispatch, privileged, &frame);
		if (r < 0)
			break;
		count += r;
	}
	frame_free(&frame);
	return r < 0 ? r : count;
}
