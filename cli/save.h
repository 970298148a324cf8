/* SPDX-License-Identifier: GPL-2.0 */
/* Files that a command leaves behind: whole, or as they were. */
#ifndef DENSITY_CLI_SAVE_H
#define DENSITY_CLI_SAVE_H

#include <stddef.h>

/*
 * Write @bytes to @path by way of a temporary file beside it; a path that
 * exists and is no regular file is written to as it is. 0 or -errno.
 */
int save_file(const char *path, const char *bytes, size_t len);

#endif
