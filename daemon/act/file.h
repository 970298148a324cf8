/* SPDX-License-Identifier: GPL-2.0 */
/* Files that a killed run leaves behind whole. Private to act/. */
#ifndef DENSITY_ACT_FILE_H
#define DENSITY_ACT_FILE_H

#include <stddef.h>

/*
 * Write @path anew: a temporary name beside it, fsync, rename, fsync of the
 * directory, which is made when it is missing. 0 or -errno; then the old file
 * is still there.
 */
int act_file_replace(const char *path, const char *text, size_t len);

/* 0, also when there is none, or -errno. */
int act_file_remove(const char *path);

/* Rename to PATH.bad, over an older one. 0 or -errno. */
int act_file_set_aside(const char *path);

#endif
