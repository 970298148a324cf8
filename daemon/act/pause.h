/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long to keep hands off after a foreign write: arithmetic without I/O.
 * Private to act/. Times are struct snap's mono_ns. All zero is the beginning.
 */
#ifndef DENSITY_ACT_PAUSE_H
#define DENSITY_ACT_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

struct act_pause {
	bool on;		/* hands are off */
	bool stopped;		/* because KSM shall stand still */
	uint64_t until_ns;
	uint64_t length_s;	/* of the last hold; 0: none so far */
	uint64_t quiet_ns;	/* since when nobody else wrote */
};

/*
 * Somebody else wrote. During a hold the same length starts over, so that a
 * rival which writes now and then keeps act away for as long as it lives.
 */
void act_pause_foreign(struct act_pause *pause, uint64_t mono_ns,
		       bool stopped);

/* Time passes. True when a hold has just ended. */
bool act_pause_tick(struct act_pause *pause, uint64_t mono_ns);

/* End the hold, because a person said so: the next one is short again. */
void act_pause_end(struct act_pause *pause);

uint64_t act_pause_left_ms(const struct act_pause *pause, uint64_t mono_ns);

#endif
