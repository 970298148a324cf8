/* SPDX-License-Identifier: GPL-2.0 */
/* What spans of the history are compared by. */
#ifndef DENSITY_CLI_MEASURE_H
#define DENSITY_CLI_MEASURE_H

#include "../daemon/store/query.h"

struct measure {
	const char *key;	/* stable, with the unit */
	const char *label;	/* for people */
};

#define MEASURES_MAX 20

/* The table of measures; NULL past its end. */
const struct measure *measure_at(unsigned int i);
unsigned int measure_count(void);
/* NAN where unknown. */
double measure_value(unsigned int i, const struct query_sum *sum);

#endif
