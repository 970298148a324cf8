/* SPDX-License-Identifier: GPL-2.0 */
#ifndef EVICT_VALIDATE_H
#define EVICT_VALIDATE_H

#include <stdio.h>

/*
 * Counts that a kernel gave, beside the simulator's. A line of the file is
 *	POLICY TRACE POOL STEPS SEED CR3S ITEMS PF_TAKEN MMU_RECYCLED
 * with a pool of 0 for none; empty lines and what follows a '#' are ignored.
 */

/**
 * validate_counts - play every line again; TAP to @out, a test for each line.
 *
 * FIFO has to agree exactly, in faults and in pages; other policies in faults
 * above the floor within 5 %. Returns the number of lines that do not, or -EINVAL
 * for bad text and -ENOMEM, then a message was printed to stderr.
 */
int validate_counts(FILE *stream, const char *name, FILE *out);

#endif
