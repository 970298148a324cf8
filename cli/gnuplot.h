/* SPDX-License-Identifier: GPL-2.0 */
/* gnuplot(1) as a filter: a script goes in, a picture comes out. */
#ifndef DENSITY_CLI_GNUPLOT_H
#define DENSITY_CLI_GNUPLOT_H

#include <stddef.h>

#define GNUPLOT_ERROR_LEN 256

/*
 * Run gnuplot without the user's own settings. On 0, *ret_picture is what it
 * wrote, NUL-terminated behind @ret_len bytes; free it. -ENOENT: gnuplot is
 * not installed; -EIO: it failed, with its words in @ret_error.
 */
int gnuplot_run(const char *script, char **ret_picture, size_t *ret_len,
		char ret_error[GNUPLOT_ERROR_LEN]);

#endif
