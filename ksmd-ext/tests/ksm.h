/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KSMD_EXT_TESTS_KSM_H
#define KSMD_EXT_TESTS_KSM_H

struct client;

/* Have ksmd go through all memory @nr times, then stop it. 0 or -errno. */
int ksm_pass(int nr);

/* Run the scrubber once and wait for its end: 0 or -errno. */
int scrub_once(struct client *client, int dry_run);

#endif /* KSMD_EXT_TESTS_KSM_H */
