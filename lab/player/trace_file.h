/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PLAYER_TRACE_FILE_H
#define PLAYER_TRACE_FILE_H

/*
 * Recorded traces: text, one step a line, "cr3 region page" in decimal; empty
 * lines and what follows a '#' are ignored.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "trace.h"

#define TRACE_FILE_ERROR_SIZE 160

struct trace_file {
	struct trace_step *steps;
	size_t nsteps;
};

/**
 * trace_file_read - read all of a stream.
 * @name: for messages. @error: TRACE_FILE_ERROR_SIZE bytes, on failure set to
 * "name:line: what is wrong". -EINVAL for bad text (no step at all included),
 * -EIO, -ENOMEM. The caller frees with trace_file_free().
 */
int trace_file_read(FILE *stream, const char *name, char *error,
		    struct trace_file *ret_file);

/** trace_file_load - the same for a path; also open()'s errors. */
int trace_file_load(const char *path, char *error, struct trace_file *ret_file);

void trace_file_free(struct trace_file *file);

#endif
