// SPDX-License-Identifier: GPL-2.0
#include "law_calm.h"

#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull
#define NS_PER_TICK (NS_PER_S / SNAP_TICKS_PER_S)

/* At work: more than a guest's timers and daemons take. */
#define BUSY_PERMILLE 250u
/* Ticks are 10 ms: over less than this a share of a core means nothing. */
#define SPAN_NS (150 * NS_PER_MS)
/* At first soon: whose work was to begin rests by then. */
#define LOOK_FIRST_MS 160u
#define LOOK_MS 600u
/*
 * A page that waits loses 4 KiB-s a second; a merge that is 20 us cheaper is
 * worth 150 KiB-s at the default price. So waiting pays for half a minute; it
 * ends earlier because whoever starts a guest looks soon after.
 */
#define PATIENCE_NS (4 * NS_PER_S)

static bool is_newcomer(const struct law_calm *calm, const struct snap_vm *vm)
{
	return vm->mergeable && vm->weight_permille &&
	       vm->start_ticks > calm->settled_start;
}

/* Of a core, since it began: of what it has had, or of SPAN_NS. */
static uint32_t life_permille(const struct snap *snap, const struct snap_vm *vm)
{
	uint64_t now = snap->mono_ns / NS_PER_TICK, age = SPAN_NS / NS_PER_TICK;

	if (now > vm->start_ticks + age)
		age = now - vm->start_ticks;
	return (uint32_t)(vm->cpu_ticks * 1000 / age);
}

static void look(struct law_calm *calm, const struct snap *snap)
{
	uint64_t ticks = 0, span_ns = snap->mono_ns - calm->look_ns;
	uint32_t count = 0, life = 0;

	for (uint32_t i = 0; i < snap->nvms; i++) {
		const struct snap_vm *vm = &snap->vms[i];

		if (vm->start_ticks > calm->newest_start)
			calm->newest_start = vm->start_ticks;
		if (calm->primed && is_newcomer(calm, vm)) {
			ticks += vm->cpu_ticks;
			life += life_permille(snap, vm);
			count++;
		}
	}
	if (count == calm->count && span_ns < SPAN_NS)
		return;
	if (count != calm->count)	/* nothing to compare with yet */
		calm->busy_permille = count > calm->count ? life : 0;
	else
		calm->busy_permille = ticks < calm->cpu_ticks ? 0 :
			(uint32_t)((ticks - calm->cpu_ticks) * 1000 *
				   NS_PER_TICK / span_ns);
	calm->count = count;
	calm->cpu_ticks = ticks;
	calm->look_ns = snap->mono_ns;
}

void law_calm_update(struct law_calm *calm, const struct snap *snap)
{
	if (!snap->vms_seq || snap->vms_seq == calm->vms_seq)
		return;
	calm->vms_seq = snap->vms_seq;
	look(calm, snap);
	if (!calm->primed)
		law_calm_settle(calm);
	calm->primed = true;
}

bool law_calm_waits(const struct law_calm *calm, uint64_t began_ns,
		    uint64_t now_ns)
{
	return calm->count && calm->busy_permille > BUSY_PERMILLE &&
	       now_ns - began_ns < PATIENCE_NS;
}

uint32_t law_calm_look_ms(uint64_t began_ns, uint64_t now_ns)
{
	return now_ns - began_ns < LOOK_MS * NS_PER_MS ? LOOK_FIRST_MS :
							 LOOK_MS;
}

void law_calm_settle(struct law_calm *calm)
{
	calm->settled_start = calm->newest_start;
	calm->count = 0;
	calm->busy_permille = 0;
}
