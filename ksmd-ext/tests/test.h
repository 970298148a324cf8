/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KSMD_EXT_TESTS_TEST_H
#define KSMD_EXT_TESTS_TEST_H

#include <stdbool.h>
#include <stdint.h>

struct client;

/* One line of TAP. Returns @good. */
bool claim(bool good, const char *what, ...)
	__attribute__((format(printf, 2, 3)));

/* A diagnostic line. */
void note(const char *what, ...) __attribute__((format(printf, 1, 2)));

/* A part of the tests; the arguments are what follows its name. */
void test_requests(int argc, char **argv);
void test_bad_input(int argc, char **argv);
void test_fuzz(int argc, char **argv);
void test_events(int argc, char **argv);
void test_dumps(int argc, char **argv);
void test_scrub(int argc, char **argv);
void test_storm(int argc, char **argv);
void test_working_set(int argc, char **argv);

/* A part of the scrubber's: nobody but this program uses the image at @path. */
void test_owners(struct client *client, const char *path, uint64_t nr_pages);

#endif /* KSMD_EXT_TESTS_TEST_H */
