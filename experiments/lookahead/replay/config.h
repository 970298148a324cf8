/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REPLAY_CONFIG_H
#define REPLAY_CONFIG_H

/* What is compared: which of the series' switches are on. */

#include <stdbool.h>

struct config {
	const char *name;
	bool lookahead, checksum_index;
};

/* off (6.12's ksmd), lookahead, index, both; the last has no name. */
extern const struct config configs[];

/** config_can - has this kernel the switches that @config turns on? */
bool config_can(const struct config *config);

int config_set(const struct config *config);

#endif
