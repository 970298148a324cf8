/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REPLAY_BENCH_H
#define REPLAY_BENCH_H

/*
 * A bench: the guests of one run, and what scenarios do with them. Whoever runs
 * a scenario resets ksmd and ends the guests afterwards, however it ended.
 */

#include <stdint.h>

#include "guest.h"

#define GUESTS_MAX 32

struct bench {
	const char *images;		/* directory */
	uint64_t moment_pages;		/* ksmd's budget between two moments */
	uint64_t moment_us;		/* the same in CPU time; 0: in pages */
	struct guest *guests[GUESTS_MAX];
	unsigned int nguests;
};

struct scenario {
	const char *name;
	const char *about;
	int (*run)(struct bench *bench);
};

/* All of them, the last without a name. */
extern const struct scenario scenarios[];

/** bench_add - one more guest, empty, with room for @frames pages. */
int bench_add(struct bench *bench, uint64_t frames, struct guest **ret_guest);

/** bench_add_image - one more guest with the memory of image @name. */
int bench_add_image(struct bench *bench, const char *name);

/** bench_passes - @count passes, sampled. */
int bench_passes(unsigned int count);

/**
 * bench_converge - passes until one adds less than a thousandth of what is
 * saved, between 3 (the first only takes checksums) and 12.
 */
int bench_converge(void);

/** bench_clear - ksmd forgets everything, all guests end. */
int bench_clear(struct bench *bench);

/* Scenarios: a file each. */
int run_two(struct bench *bench);
int run_mixed(struct bench *bench);
int run_third(struct bench *bench);
int run_clones(struct bench *bench);
int run_permuted(struct bench *bench);
int run_unique(struct bench *bench);
int run_twins(struct bench *bench);
int run_zero(struct bench *bench);
int run_zero_mapped(struct bench *bench);
int run_boot(struct bench *bench);
int run_compile(struct bench *bench);
int run_desktop(struct bench *bench);

#endif
