// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>

#include "law_patrol.h"

#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull

/* Less than LAW_SLEEP_MS_MAX, after which ksmd would wake by itself. */
#define GAP_MAX_NS (540 * NS_PER_S)
#define GAP_MIN_NS NS_PER_S
/* Between the passes of a detour. */
#define DETOUR_GAP_NS (50 * NS_PER_MS)
/* Passes of a hunt and its quick proof, which should meet no turn. */
#define HUNT_PASSES 3u

uint64_t law_patrol_purse_ns(const struct law_params *params)
{
	return GAP_MAX_NS / 1000000 * params->patrol_upermille;
}

/* What is left of the credit when all is spent that @paid_ns stands for. */
static uint64_t credit_ns(const struct law_params *params, uint64_t now_ns,
			  uint64_t paid_ns)
{
	uint64_t longest = now_ns + GAP_MAX_NS;

	if (paid_ns < now_ns)
		paid_ns = now_ns;
	return (longest - paid_ns) / 1000000 * params->patrol_upermille;
}

bool law_patrol_affords(const struct law_patrol *patrol,
			const struct law_params *params, uint64_t now_ns,
			uint64_t late_ns)
{
	return law_turns_ahead(&patrol->turns, 1) * late_ns <
	       credit_ns(params, now_ns, patrol->paid_ns);
}

/* To go on, past the turn: if that is worth a quarter of the cap. */
static bool on_detour(const struct law_turns *turns,
		      const struct law_params *params, uint64_t purse_ns,
		      uint64_t late_ns)
{
	uint64_t cap = (uint64_t)params->cap_permille * params->cap_window_ms *
		       1000;
	uint64_t avoided = law_turns_ahead(turns, HUNT_PASSES) * late_ns;
	uint32_t passes = law_turns_detour(turns, HUNT_PASSES);

	return passes && avoided > cap / 4 &&
	       law_turns_ahead(turns, passes) * late_ns < purse_ns;
}

uint64_t law_patrol_next_ns(struct law_patrol *patrol,
			    const struct law_params *params, uint64_t now_ns,
			    uint64_t spent_ns, uint64_t late_ns)
{
	uint64_t longest = now_ns + GAP_MAX_NS, paid = patrol->paid_ns;

	if (!params->patrol_upermille)
		return LAW_PATROL_NEVER_NS;
	if (paid < now_ns)
		paid = now_ns;
	paid += spent_ns * 1000000 / params->patrol_upermille;
	if (paid > longest)
		paid = longest;
	patrol->paid_ns = paid;
	if (on_detour(&patrol->turns, params, credit_ns(params, now_ns, paid),
		      late_ns))
		return now_ns + DETOUR_GAP_NS;
	return paid < now_ns + GAP_MIN_NS ? now_ns + GAP_MIN_NS : paid;
}
