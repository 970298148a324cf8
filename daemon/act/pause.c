// SPDX-License-Identifier: GPL-2.0
/*
 * The length of a hold: ACT_FOREIGN_HOLD_S at first, twice the last one when
 * another foreign write follows a resume, half for each quiet stretch as long
 * as the hold itself. Two daemons that fight end up an hour apart; an admin
 * who tries a value once a day finds the minute again.
 */
#include "act.h"
#include "pause.h"

#define NSEC_PER_SEC 1000000000ull
#define NSEC_PER_MSEC 1000000ull

/* The last length, after the quiet time up to now. */
static uint64_t decayed_s(const struct act_pause *pause, uint64_t mono_ns)
{
	uint64_t length_s = pause->length_s;
	uint64_t quiet_s = 0;

	if (mono_ns > pause->quiet_ns)
		quiet_s = (mono_ns - pause->quiet_ns) / NSEC_PER_SEC;
	while (length_s >= ACT_FOREIGN_HOLD_S && quiet_s >= length_s) {
		quiet_s -= length_s;
		length_s /= 2;
	}
	return length_s;
}

static uint64_t next_length_s(const struct act_pause *pause, uint64_t mono_ns)
{
	uint64_t length_s = pause->length_s;

	if (!pause->on)
		length_s = 2 * decayed_s(pause, mono_ns);
	if (length_s < ACT_FOREIGN_HOLD_S)
		return ACT_FOREIGN_HOLD_S;
	if (length_s > ACT_FOREIGN_HOLD_MAX_S)
		return ACT_FOREIGN_HOLD_MAX_S;
	return length_s;
}

static void renew(struct act_pause *pause, uint64_t mono_ns)
{
	uint64_t hold_s = pause->stopped ? ACT_FOREIGN_HOLD_MAX_S :
					   pause->length_s;

	pause->until_ns = mono_ns + hold_s * NSEC_PER_SEC;
}

void act_pause_foreign(struct act_pause *pause, uint64_t mono_ns,
		       bool stopped)
{
	pause->length_s = next_length_s(pause, mono_ns);
	pause->on = true;
	pause->stopped = stopped;
	renew(pause, mono_ns);
}

bool act_pause_tick(struct act_pause *pause, uint64_t mono_ns)
{
	if (!pause->on)
		return false;
	if (pause->stopped)
		renew(pause, mono_ns);
	if (mono_ns < pause->until_ns)
		return false;
	pause->on = false;
	pause->quiet_ns = mono_ns;
	return true;
}

void act_pause_end(struct act_pause *pause)
{
	*pause = (struct act_pause){ 0 };
}

uint64_t act_pause_left_ms(const struct act_pause *pause, uint64_t mono_ns)
{
	if (!pause->on || mono_ns >= pause->until_ns)
		return 0;
	return (pause->until_ns - mono_ns + NSEC_PER_MSEC - 1) /
	       NSEC_PER_MSEC;
}
