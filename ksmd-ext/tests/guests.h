/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KSMD_EXT_TESTS_GUESTS_H
#define KSMD_EXT_TESTS_GUESTS_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Guests and their image: processes that have a file open, and a mergeable copy
 * of its first pages.
 */
#define PAGE 4096

/* No two pages of an image are alike, and no two images have a page in common. */
void guests_make_page(uint64_t *page, uint64_t index, uint64_t seed);

/* A file of them on the disk and not in the cache. Its descriptor, or -1. */
int guests_make_image(const char *path, uint64_t nr_pages, uint64_t seed);

/* Returns when the guest has read its pages: its pid, or -1. */
pid_t guests_start(const char *path, uint64_t nr_pages);
void guests_stop(pid_t pid);

#endif /* KSMD_EXT_TESTS_GUESTS_H */
