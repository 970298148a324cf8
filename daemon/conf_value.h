/* SPDX-License-Identifier: GPL-2.0 */
/* From a value's text to its place in struct conf and back. Private to conf. */
#ifndef DENSITY_CONF_VALUE_H
#define DENSITY_CONF_VALUE_H

#include <stddef.h>

#include "conf_key.h"

#define CONF_VALUE_LEN 256

/*
 * Store what @text says at the key's offset from @base (a struct conf, or a
 * struct conf_vm for [vm]). 0, -EINVAL, or -ENOMEM; then nothing was stored.
 *
 * A number is decimal, up to six places, and may carry a unit. It is rounded
 * to the nearest step of the key, but what is not 0 never becomes 0, which
 * often means "off".
 */
int conf_value_parse(const struct conf_key *key, const char *text,
		     void *base);

/* The value at @base as conf_value_parse() takes it. Returns @buf. */
const char *conf_value_format(const struct conf_key *key, const void *base,
			      char buf[CONF_VALUE_LEN]);

/* What is allowed, for "expected ..": "a time from 100ms to 1min". */
const char *conf_value_expected(const struct conf_key *key,
				char buf[CONF_VALUE_LEN]);

#endif
