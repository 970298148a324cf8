// SPDX-License-Identifier: GPL-2.0
/*
 * A held-out trace that resembles a guest with an operating system: processes
 * take turns, some live long, most end soon; between turns the guest's kernel
 * uses its own tables, space 0. A process that ends takes most of its shadow
 * pages along, but not all. What is left looks like pages in use until somebody
 * notices that it is not, while there is room made by those that went: here a
 * policy has to find the dead quickly.
 */
#include <math.h>

#include "holdout.h"

enum {
	ALIVE_MAX = 32,
	KERNEL_REGIONS = 120, KERNEL_BLOCKS = 12,
	LONG_LIFE = 3000, LONG_SPREAD = 12000,	/* in steps */
	SHORT_LIFE = 30, SHORT_SPREAD = 200,
	SLICE_MIN = 10, SLICE_SPREAD = 60,
	KERNEL_MIN = 3, KERNEL_SPREAD = 6,
};

struct guest {
	const struct holdout_guest *spec;
	uint64_t *random;
	double share[KERNEL_REGIONS];	/* cumulated popularity */
	uint32_t space[ALIVE_MAX], left[ALIVE_MAX];	/* of each process */
	bool taken[TRACE_CR3S_MAX];
	uint32_t now;			/* the process whose turn it is */
	uint32_t slice, kernel_steps;	/* left of its turn, and before it */
};

/* In a space that nobody uses, which may be that of one that ended. */
static void start_process(struct guest *guest, uint32_t process)
{
	uint32_t space;

	do
		space = 1 + holdout_below(guest->random, guest->spec->cr3s - 1);
	while (guest->taken[space]);
	guest->taken[space] = true;
	guest->space[process] = space;
	guest->left[process] = process < guest->spec->live_long ?
		LONG_LIFE + holdout_below(guest->random, LONG_SPREAD) :
		SHORT_LIFE + holdout_below(guest->random, SHORT_SPREAD);
}

static struct trace_step kernel_step(struct guest *guest)
{
	double point = holdout_below(guest->random, UINT32_MAX) *
		guest->share[KERNEL_REGIONS - 1] / UINT32_MAX;
	uint32_t region = 0;

	while (region + 1 < KERNEL_REGIONS && guest->share[region] < point)
		region++;
	return (struct trace_step){
		0, region, holdout_below(guest->random, KERNEL_BLOCKS) *
		TRACE_PAGES_PER_BLOCK };
}

static struct trace_step next_step(struct guest *guest)
{
	uint32_t now;

	if (guest->kernel_steps) {
		guest->kernel_steps--;
		return kernel_step(guest);
	}
	if (!guest->slice) {
		guest->now = holdout_below(guest->random, guest->spec->alive);
		guest->slice = SLICE_MIN +
			holdout_below(guest->random, SLICE_SPREAD);
		guest->kernel_steps = KERNEL_MIN +
			holdout_below(guest->random, KERNEL_SPREAD);
	}
	now = guest->now;
	guest->slice--;
	if (!guest->left[now]--) {
		struct trace_step end = { guest->space[now], 0, POOL_SPACE_ENDS };

		guest->taken[guest->space[now]] = false;
		guest->slice = 0;
		start_process(guest, now);
		return end;
	}
	return holdout_process_step(guest->space[now], guest->random);
}

void holdout_guest_fill(const struct holdout_guest *spec, uint64_t *random,
			struct trace_step *steps, uint32_t nr_steps)
{
	struct guest guest = { .spec = spec, .random = random };
	double sum = 0;

	for (uint32_t i = 0; i < KERNEL_REGIONS; i++)
		guest.share[i] = sum += pow(i + 1, -spec->exponent);
	for (uint32_t i = 0; i < spec->alive; i++)
		start_process(&guest, i);
	for (uint32_t i = 0; i < nr_steps; i++)
		steps[i] = next_step(&guest);
}
