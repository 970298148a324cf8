// SPDX-License-Identifier: GPL-2.0
/*
 * A scenario's tables spread out into single happenings, sorted by time; what
 * happens at the same instant keeps the order of the tables, starts first.
 */
#include <errno.h>
#include <stdlib.h>
#include <stdio.h>

#include "sim_agenda.h"

#define COPIES_MAX 64u

struct item {
	uint64_t ms;
	uint32_t order;
	const struct sim_procs *start;	/* or an event */
	const struct sim_event *event;
	uint32_t number;		/* which copy, which repetition */
};

struct sim_agenda {
	const struct sim_scenario *scenario;
	struct plant *plant;
	struct item *items;
	uint32_t nitems, room, done;
	uint32_t (*ids)[COPIES_MAX];	/* plant's number + 1, 0 = not started */
};

static int item_compare(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->ms != y->ms)
		return x->ms < y->ms ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static int item_add(struct sim_agenda *a, const struct item *item)
{
	struct item *bigger;

	if (a->nitems == a->room) {
		a->room = a->room ? a->room * 2 : 64;
		bigger = realloc(a->items, a->room * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		a->items = bigger;
	}
	a->items[a->nitems] = *item;
	a->items[a->nitems].order = a->nitems;
	a->nitems++;
	return 0;
}

static int start_copy(struct sim_agenda *a, const struct sim_procs *procs,
		      uint32_t copy)
{
	struct plant_proc proc = {
		.vmm = procs->vmm,
		.not_mergeable = procs->not_mergeable,
		.busy_ms = procs->busy_ms,
		.weight_permille = procs->ignored ? 0 : 1000,
		.expect_permille = 1000,
	};
	uint32_t i, id;
	int ret;

	snprintf(proc.name, sizeof(proc.name), "%s-%u", procs->name, copy);
	for (i = 0; i < PLANT_REGIONS_MAX; i++)
		proc.regions[i] = procs->regions[i];
	ret = plant_start(a->plant, &proc, &id);
	if (!ret)
		a->ids[procs - a->scenario->procs][copy] = id + 1;
	return ret;
}

/* Processes that were there before, oldest first, so that their ages differ. */
static int start_aged(struct sim_agenda *a)
{
	const struct sim_procs *procs;
	uint32_t level = 0, copy;
	int ret;

	for (procs = a->scenario->procs; procs->name; procs++)
		if (procs->aged_passes > level)
			level = procs->aged_passes;
	for (; level; level--) {
		for (procs = a->scenario->procs; procs->name; procs++) {
			if (procs->aged_passes != level)
				continue;
			for (copy = 0; copy < procs->copies; copy++) {
				ret = start_copy(a, procs, copy);
				if (ret)
					return ret;
			}
		}
		plant_age(a->plant, 1);
	}
	return 0;
}

static int agenda_fill(struct sim_agenda *a)
{
	const struct sim_procs *procs;
	const struct sim_event *e;
	uint32_t i;
	int ret = 0;

	for (procs = a->scenario->procs; procs->name; procs++) {
		if (procs->aged_passes)
			continue;
		for (i = 0; i < procs->copies && !ret; i++)
			ret = item_add(a, &(struct item){
				.ms = procs->at_s * 1000ull +
				      (uint64_t)i * procs->every_ms,
				.start = procs, .number = i });
	}
	for (e = a->scenario->events; e && e->at_ms; e++)
		for (i = 0; i < (e->times ? e->times : 1) && !ret; i++)
			ret = item_add(a, &(struct item){
				.ms = e->at_ms + (uint64_t)i * e->every_ms,
				.event = e, .number = i });
	if (!ret && a->nitems)
		qsort(a->items, a->nitems, sizeof(*a->items), item_compare);
	return ret;
}

int sim_agenda_new(const struct sim_scenario *scenario, struct plant *plant,
		   struct sim_agenda **ret_agenda)
{
	struct sim_agenda *a = calloc(1, sizeof(*a));
	uint32_t nprocs = 0;
	int ret = -ENOMEM;

	if (!a)
		return ret;
	a->scenario = scenario;
	a->plant = plant;
	while (scenario->procs[nprocs].name)
		nprocs++;
	a->ids = calloc(nprocs + 1, sizeof(*a->ids));
	if (!a->ids)
		goto err_free;
	ret = start_aged(a);
	if (ret)
		goto err_free;
	ret = agenda_fill(a);
	if (ret)
		goto err_free;
	*ret_agenda = a;
	return 0;

err_free:
	sim_agenda_free(a);
	return ret;
}

void sim_agenda_free(struct sim_agenda *a)
{
	if (!a)
		return;
	free(a->items);
	free(a->ids);
	free(a);
}

uint64_t sim_agenda_next_ms(const struct sim_agenda *a)
{
	return a->done < a->nitems ? a->items[a->done].ms : UINT64_MAX;
}

/* Each repetition of each event writes bytes that nobody had before. */
static uint32_t epoch_of(const struct sim_agenda *a, const struct item *item)
{
	return 1 + (uint32_t)(item->event - a->scenario->events) * 10000 +
	       item->number;
}

static int touch_copy(struct sim_agenda *a, const struct item *item,
		      uint32_t id)
{
	static const enum plant_write how[] = {
		[SIM_WRITE_SAME] = PLANT_WRITE_SAME,
		[SIM_WRITE_NEW] = PLANT_WRITE_NEW,
		[SIM_WRITE_UNIQUE] = PLANT_WRITE_UNIQUE,
	};
	const struct sim_event *e = item->event;

	if (e->kind == SIM_EXIT) {
		plant_exit(a->plant, id);
		return 0;
	}
	return plant_rewrite(a->plant, id, e->region, e->from_permille,
			     e->to_permille ? e->to_permille : 1000,
			     how[e->kind], epoch_of(a, item));
}

int sim_agenda_step(struct sim_agenda *a, const struct sim_event **ret_event)
{
	const struct item *item = &a->items[a->done++];
	const struct sim_event *e = item->event;
	uint32_t i, end;
	int ret = 0;

	*ret_event = NULL;
	if (item->start)
		return start_copy(a, item->start, item->number);
	switch (e->kind) {
	case SIM_PSI:
		plant_set_psi_cpu(a->plant, e->value);
		return 0;
	case SIM_SHARE:
		plant_set_share(a->plant, e->value);
		return 0;
	case SIM_FREEZE:
		plant_freeze(a->plant);
		return 0;
	case SIM_LAW:
	case SIM_SET:
	case SIM_HIDE:
		*ret_event = e;
		return 0;
	default:
		break;
	}
	end = e->copies ? e->first + e->copies :
	      a->scenario->procs[e->procs].copies;
	for (i = e->first; i < end && !ret; i++)
		if (a->ids[e->procs][i])
			ret = touch_copy(a, item, a->ids[e->procs][i] - 1);
	return ret;
}
