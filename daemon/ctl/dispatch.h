/* SPDX-License-Identifier: GPL-2.0 */
/* One message in, one reply out: between the framing and the methods. */
#ifndef DENSITY_CTL_DISPATCH_H
#define DENSITY_CTL_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "ctl.h"

/* The table that ctl_open() was given. */
struct dispatch {
	const struct ctl_method *methods;
	void *arg;
};

/*
 * Deepest nesting of a message. The methods take flat objects of strings and
 * numbers; the rest is for members that a later version may add.
 */
#define DISPATCH_DEPTH_MAX 16

/*
 * Check and carry out the message @text of @len bytes. *ret_reply is the
 * reply's JSON text without NUL but its own, to be freed, or NULL when the
 * caller wants none. Returns 0; 1 when the message was malformed: send the
 * reply, then hang up; or -ENOMEM.
 */
int dispatch_message(const struct dispatch *dispatch, bool privileged,
		     const char *text, size_t len, char **ret_reply);

/* The reply to something that is no message; NULL when out of memory. */
char *dispatch_malformed(const char *words);

#endif
