// SPDX-License-Identifier: GPL-2.0
/*
 * Setting the scrubber, and giving it back. See scrubber.h.
 *
 * Invariant: the scrubber is set only while the file says how it was, and a VMM
 * is registered only while its pid is in the file.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "scrubber.h"

/* A VMM that was registered, or was to be. */
struct entry {
	int32_t pid;
	bool added;
	bool refused;		/* and that was said */
};

struct setting {
	bool enabled;
	uint32_t budget_pages;
};

struct act_scrubber {
	const struct act_scrubber_driver *driver;
	void *ctx;
	struct act_originals originals;
	bool held;		/* @was is in the file */
	bool foreign;		/* somebody else sets it */
	int module;		/* that knows of what was set */
	struct setting was, set;
	uint64_t runs;		/* at the last call */
	size_t count, room;
	struct entry *entries;	/* in the order of the snapshot */
};

static bool alike(struct setting a, struct setting b)
{
	return a.enabled == b.enabled && a.budget_pages == b.budget_pages;
}

static int save(struct act_scrubber *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->count; i++)
		json_array_append_new(list, json_integer(s->entries[i].pid));
	return act_originals_save(&s->originals,
				  json_pack("{sb sI so}",
					    "enabled", s->was.enabled,
					    "budget_pages",
					    (json_int_t)s->was.budget_pages,
					    "vmms", list));
}

static struct entry *find(const struct act_scrubber *s, int32_t pid)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->entries[i].pid == pid)
			return &s->entries[i];
	return NULL;
}

static int add(struct act_scrubber *s, int32_t pid)
{
	struct entry *grown;

	if (s->count == s->room) {
		grown = reallocarray(s->entries, s->room + 64, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		s->entries = grown;
		s->room += 64;
	}
	s->entries[s->count++] = (struct entry){ .pid = pid };
	return 0;
}

static bool is_image_user(const struct snap_vm *vm)
{
	return vm->vmm != SNAP_VMM_NONE && vm->mergeable;
}

static bool forget_gone(struct act_scrubber *s, const struct snap *snap)
{
	size_t kept = 0, count = s->count;

	for (size_t i = 0; i < count; i++)
		for (uint32_t j = 0; j < snap->nvms; j++)
			if (snap->vms[j].pid == s->entries[i].pid) {
				s->entries[kept++] = s->entries[i];
				break;
			}
	s->count = kept;
	return kept != count;
}

static bool is_listed(const int32_t *pids, int npids, int32_t pid)
{
	for (int i = 0; i < npids; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* 1 when there are some that were not there before. */
static int find_newcomers(struct act_scrubber *s, const struct snap *snap,
			  const int32_t *pids, int npids)
{
	int r, news = 0;

	for (uint32_t i = 0; i < snap->nvms; i++) {
		const struct snap_vm *vm = &snap->vms[i];

		if (!is_image_user(vm) || find(s, vm->pid) ||
		    is_listed(pids, npids, vm->pid))
			continue;
		r = add(s, vm->pid);
		if (r < 0)
			return r;
		news = 1;
	}
	return news;
}

/* Who is gone meanwhile is forgotten at the next beat. */
static int register_all(struct act_scrubber *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct entry *entry = &s->entries[i];
		int r;

		if (entry->added)
			continue;
		r = s->driver->add(s->ctx, entry->pid);
		if (r == -ENOENT)
			return r;
		entry->added = !r;
		if (r && r != -ESRCH && !entry->refused) {
			act_say(&s->originals.says, "scrubber-refused",
				"images of process %d are not scrubbed: %s",
				entry->pid, strerror(-r));
			entry->refused = true;
		}
	}
	return 0;
}

/* Of a module that has never heard of us: whatever was set went with the other. */
static void begin_anew(struct act_scrubber *s)
{
	s->count = 0;
	s->held = false;
	s->foreign = false;
}

static bool is_foreign(struct act_scrubber *s, struct setting now)
{
	if (s->held && !s->foreign && !alike(now, s->set)) {
		s->foreign = true;
		act_say(&s->originals.says, "scrubber-foreign",
			"somebody else switched the scrubber %s, with a budget of %u pages: it is left to them",
			now.enabled ? "on" : "off", now.budget_pages);
	}
	return s->foreign;
}

static int set(struct act_scrubber *s, struct setting wanted)
{
	int r = 0;

	if (!alike(wanted, s->set))
		r = s->driver->set(s->ctx, wanted.enabled,
				   wanted.budget_pages);
	if (!r)
		s->set = wanted;
	return r;
}

/* It is on, and ksmd came to no end since the last call. */
static int run_between_passes(struct act_scrubber *s, uint64_t runs)
{
	bool waited = runs == s->runs;
	int r = 0;

	s->runs = runs;
	if (waited && s->set.enabled)
		r = s->driver->run(s->ctx);
	return r == -EBUSY ? 0 : r;
}

int act_scrubber_apply(struct act_scrubber *s, const struct snap *snap,
		       const struct law_scrub_decision *decision)
{
	const struct setting now = {
		snap->scrub.enabled, snap->scrub.budget_pages,
	};
	const int32_t *pids;
	int r, npids = s->driver->list(s->ctx, &pids);
	bool news;

	if (npids < 0)
		return npids;
	if (s->held && s->driver->module(s->ctx) != s->module)
		begin_anew(s);
	s->module = s->driver->module(s->ctx);
	if (is_foreign(s, now))
		return -EBUSY;
	news = !s->held;
	if (!s->held) {
		s->was = s->set = now;
		s->runs = UINT64_MAX;
	}
	news |= forget_gone(s, snap);
	r = find_newcomers(s, snap, pids, npids);
	if (r >= 0 && (news || r || s->originals.unsaved))
		r = save(s);
	if (r < 0)
		return r;
	s->held = true;
	r = register_all(s);
	if (!r)
		r = set(s, (struct setting){ decision->enabled,
					     decision->budget_pages });
	return r ? r : run_between_passes(s, snap->scrub.runs);
}

bool act_scrubber_holds(const struct act_scrubber *s)
{
	return s->held;
}

static int forget_all(struct act_scrubber *s)
{
	size_t kept = 0;
	int first = 0;

	for (size_t i = 0; i < s->count; i++) {
		int r = s->driver->forget(s->ctx, s->entries[i].pid);

		if (!r || r == -ENOENT || r == -ESRCH)
			continue;
		first = first ? : r;
		s->entries[kept++] = s->entries[i];
	}
	s->count = kept;
	return first;
}

int act_scrubber_restore(struct act_scrubber *s)
{
	int first, r = 0;

	if (!s->held)
		return 0;
	first = forget_all(s);
	if (!s->foreign)
		r = s->driver->set(s->ctx, s->was.enabled,
				   s->was.budget_pages);
	/* The settings went with the module. */
	if (r == -ENOENT)
		r = 0;
	if (first || r) {
		save(s);
		return first ? first : r;
	}
	begin_anew(s);
	return act_originals_remove(&s->originals);
}

/* False when it is not what save() writes. */
static bool take(struct act_scrubber *s, json_t *body)
{
	json_int_t budget;
	json_t *list, *item;
	int enabled;
	size_t i;

	if (json_unpack(body, "{sb sI so !}", "enabled", &enabled,
			"budget_pages", &budget, "vmms", &list) ||
	    budget <= 0 || budget > UINT32_MAX || !json_is_array(list))
		return false;
	json_array_foreach(list, i, item) {
		json_int_t pid = json_integer_value(item);

		if (pid <= 0 || pid > INT32_MAX || find(s, (int32_t)pid) ||
		    add(s, (int32_t)pid))
			return false;
	}
	s->was = (struct setting){ enabled, (uint32_t)budget };
	s->held = true;
	return true;
}

/* What a killed run left. */
static int heal(struct act_scrubber *s)
{
	json_t *body;
	int r = act_originals_load(&s->originals, &body);

	if (r <= 0)
		return r;
	if (take(s, body)) {
		r = act_scrubber_restore(s);
		act_say(&s->originals.says, "healed", r ?
			"the scrubber could not be given back from %s: %s" :
			"the scrubber was given back from %s%s",
			s->originals.path, r ? strerror(-r) : "");
	} else {
		begin_anew(s);
		r = act_originals_refuse(&s->originals,
					 "it is not what densityd writes there");
	}
	json_decref(body);
	return r;
}

int act_scrubber_open(const struct act_scrubber_driver *driver, void *ctx,
		      const char *saved_path, const char *boot_id,
		      const struct act_says *says,
		      struct act_scrubber **ret_scrubber)
{
	struct act_scrubber *s = calloc(1, sizeof(*s));
	int r;

	if (!s) {
		driver->close(ctx);
		return -ENOMEM;
	}
	s->driver = driver;
	s->ctx = ctx;
	r = act_originals_init(&s->originals, "scrubber-failed",
			       "the scrubber is left alone", saved_path,
			       boot_id, says);
	if (!r)
		r = heal(s);
	if (r < 0) {
		act_scrubber_close(s);
		return r;
	}
	*ret_scrubber = s;
	return 0;
}

void act_scrubber_close(struct act_scrubber *s)
{
	if (!s)
		return;
	s->driver->close(s->ctx);
	act_originals_done(&s->originals);
	free(s->entries);
	free(s);
}
