// SPDX-License-Identifier: GPL-2.0
/*
 * Setting limits of shadow pages, and giving them back. See limits.h.
 *
 * Invariant: a VM's limit is set only while its entry is in the file. Entries of
 * VMs that are gone go with the next VM that is saved.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"

/* A VM whose limit was set. */
struct entry {
	uint64_t id;
	uint32_t original;	/* somebody's limit, 0: it followed its memory */
	uint32_t set;		/* what we asked for last, 0: nothing yet */
	bool foreign;		/* somebody else sets it */
	bool refused;		/* and that was said */
};

struct act_limits {
	const struct act_limits_driver *driver;
	void *ctx;
	struct act_originals originals;
	uint32_t count, room;
	struct entry *entries;	/* ordered by id */
};

static int save(struct act_limits *limits)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < limits->count; i++) {
		const struct entry *entry = &limits->entries[i];

		if (!entry->foreign)
			json_array_append_new(list, json_pack("{sI sI}",
					      "id", (json_int_t)entry->id,
					      "original",
					      (json_int_t)entry->original));
	}
	return act_originals_save(&limits->originals,
				  json_pack("{so}", "limits", list));
}

/* Not there: the entry before which it would be. */
static uint32_t place_of(const struct act_limits *limits, uint64_t id)
{
	uint32_t low = 0, high = limits->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (limits->entries[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct entry *find(const struct act_limits *limits, uint64_t id)
{
	uint32_t at = place_of(limits, id);

	return at < limits->count && limits->entries[at].id == id ?
		       &limits->entries[at] : NULL;
}

static int add(struct act_limits *limits, uint64_t id, uint32_t original)
{
	uint32_t at = place_of(limits, id);
	struct entry *grown;

	if (limits->count == limits->room) {
		grown = reallocarray(limits->entries, limits->room + 64,
				     sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		limits->entries = grown;
		limits->room += 64;
	}
	memmove(&limits->entries[at + 1], &limits->entries[at],
		(limits->count - at) * sizeof(limits->entries[0]));
	limits->entries[at] = (struct entry){ .id = id, .original = original };
	limits->count++;
	return 0;
}

static const struct snap_shadow *vm_of(const struct snap *snap, uint64_t id)
{
	uint32_t low = 0, high = snap->nshadows;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (snap->shadows[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < snap->nshadows && snap->shadows[low].id == id ?
		       &snap->shadows[low] : NULL;
}

static void forget_gone(struct act_limits *limits, const struct snap *snap)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < limits->count; i++)
		if (vm_of(snap, limits->entries[i].id))
			limits->entries[kept++] = limits->entries[i];
	limits->count = kept;
}

static void look_for_others(struct act_limits *limits,
			    const struct snap *snap)
{
	for (uint32_t i = 0; i < limits->count; i++) {
		struct entry *entry = &limits->entries[i];
		const struct snap_shadow *vm = vm_of(snap, entry->id);

		if (!vm || !entry->set || entry->foreign ||
		    vm->requested == entry->set)
			continue;
		entry->foreign = true;
		act_say(&limits->originals.says, "limits-foreign",
		    "somebody else set the limit of VM %llu (pid %d) to %u shadow pages: it is left to them",
		    (unsigned long long)entry->id, vm->pid, vm->requested);
	}
}

/* Enter whom @decision is about into the file, before any of it is done. */
static int save_originals(struct act_limits *limits, const struct snap *snap,
			  const struct law_shadow_decision *decision)
{
	bool news = false;
	int r;

	for (uint32_t i = 0; i < decision->nlimits; i++) {
		uint64_t id = decision->limits[i].id;
		const struct snap_shadow *vm = vm_of(snap, id);

		if (!vm || find(limits, id))
			continue;
		r = add(limits, id, vm->requested);
		if (r < 0)
			return r;
		news = true;
	}
	return news || limits->originals.unsaved ? save(limits) : 0;
}

/* 1 when it is set, 0 when it is not. */
static int set(struct act_limits *limits, struct entry *entry, uint32_t pages)
{
	int r = limits->driver->set(limits->ctx, entry->id, pages);

	if (!r) {
		entry->set = pages;
		entry->refused = false;
		return 1;
	}
	if (r != -ESRCH && !entry->refused) {
		act_say(&limits->originals.says, "limits-refused",
		    "VM %llu: a limit of %u shadow pages was refused: %s",
		    (unsigned long long)entry->id, pages, strerror(-r));
		entry->refused = true;
	}
	return r == -ESRCH || r == -EINVAL ? 0 : r;
}

int act_limits_apply(struct act_limits *limits, const struct snap *snap,
		     const struct law_shadow_decision *decision)
{
	int r, count = 0;

	forget_gone(limits, snap);
	look_for_others(limits, snap);
	r = save_originals(limits, snap, decision);
	for (uint32_t i = 0; i < decision->nlimits && r >= 0; i++) {
		struct entry *entry = find(limits, decision->limits[i].id);

		if (!entry || entry->foreign)
			continue;
		r = set(limits, entry, decision->limits[i].limit);
		count += r > 0;
	}
	return r < 0 ? r : count;
}

bool act_limits_is_foreign(const struct act_limits *limits, uint64_t id)
{
	const struct entry *entry = find(limits, id);

	return entry && entry->foreign;
}

int act_limits_restore(struct act_limits *limits)
{
	uint32_t kept = 0;
	int first = 0;

	for (uint32_t i = 0; i < limits->count; i++) {
		struct entry *entry = &limits->entries[i];
		int r = entry->foreign ? 0 :
			limits->driver->set(limits->ctx, entry->id,
					    entry->original);

		if (!r || r == -ESRCH)
			continue;
		first = first ? : r;
		limits->entries[kept++] = *entry;
	}
	limits->count = kept;
	if (kept)
		save(limits);
	else
		first = act_originals_remove(&limits->originals);
	return first;
}

/* False when it is not what save() writes. */
static bool take(struct act_limits *limits, json_t *body)
{
	json_int_t id, original;
	json_t *list, *item;
	size_t i;

	if (json_unpack(body, "{so !}", "limits", &list) ||
	    !json_is_array(list))
		return false;
	json_array_foreach(list, i, item) {
		if (json_unpack(item, "{sI sI !}", "id", &id, "original",
				&original) ||
		    id <= 0 || original < 0 || original > UINT32_MAX ||
		    find(limits, (uint64_t)id) ||
		    add(limits, (uint64_t)id, (uint32_t)original))
			return false;
	}
	return true;
}

static int give_back(struct act_limits *limits)
{
	uint32_t count = limits->count;
	int r = act_limits_restore(limits);

	act_say(&limits->originals.says, "healed", r ?
		"limits of shadow pages of %u VMs could not all be given back from %s: %s" :
		"limits of shadow pages of %u VMs were given back from %s%s",
		count, limits->originals.path, r ? strerror(-r) : "");
	return r;
}

/* What a killed run left. */
static int heal(struct act_limits *limits)
{
	json_t *body;
	int r = act_originals_load(&limits->originals, &body);

	if (r <= 0)
		return r;
	if (take(limits, body)) {
		r = give_back(limits);
	} else {
		limits->count = 0;
		r = act_originals_refuse(&limits->originals,
					 "it is not what densityd writes there");
	}
	json_decref(body);
	return r;
}

int act_limits_open(const struct act_limits_driver *driver, void *ctx,
		    const char *saved_path, const char *boot_id,
		    const struct act_says *says,
		    struct act_limits **ret_limits)
{
	struct act_limits *limits = calloc(1, sizeof(*limits));
	int r;

	if (!limits) {
		driver->close(ctx);
		return -ENOMEM;
	}
	limits->driver = driver;
	limits->ctx = ctx;
	r = act_originals_init(&limits->originals, "limits-failed",
			       "no limit of shadow pages is set", saved_path,
			       boot_id, says);
	if (!r)
		r = heal(limits);
	/* A module that is not there now may be there the next time. */
	if (r < 0 && r != -ENOENT) {
		act_limits_close(limits);
		return r;
	}
	*ret_limits = limits;
	return 0;
}

void act_limits_close(struct act_limits *limits)
{
	if (!limits)
		return;
	limits->driver->close(limits->ctx);
	act_originals_done(&limits->originals);
	free(limits->entries);
	free(limits);
}
