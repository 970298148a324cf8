// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "turns.h"

/* A plan has no more; what is older is not worth a look. */
#define EVENTS_MAX (PLAN_ROUNDS_MAX * PLAN_SIDES_MAX)

struct load {
	const char *name;
	struct turns *turns;
	size_t room;
};

/* False for the turn of another experiment, or for other people's words. */
static bool parse(const char *text, const char *name, struct turn *ret_turn)
{
	json_t *object = json_loads(text, 0, NULL);
	const char *experiment, *plan, *side;
	json_int_t round, from_ms, to_ms;
	bool ok;

	ok = !json_unpack(object, "{ss ss ss sI sI sI}", "experiment",
			  &experiment, "plan", &plan, "configuration", &side,
			  "round", &round, "from_ms", &from_ms, "to_ms",
			  &to_ms) &&
	     !strcmp(experiment, name) && strlen(plan) < PLAN_DIGEST_LEN &&
	     name_is_plain(side) && round > 0 && round <= PLAN_ROUNDS_MAX &&
	     from_ms < to_ms;
	if (ok) {
		*ret_turn = (struct turn){
			.round = (unsigned int)round,
			.from_ms = from_ms,
			.to_ms = to_ms,
		};
		strcpy(ret_turn->plan, plan);
		strcpy(ret_turn->side, side);
	}
	json_decref(object);
	return ok;
}

static int add(void *arg, const struct query_note *note)
{
	struct load *load = arg;
	struct turns *turns = load->turns;
	struct turn turn, *grown;

	if (strcmp(note->name, "turn") ||
	    !parse(note->text, load->name, &turn))
		return 0;
	if (turns->n == load->room) {
		load->room = load->room ? 2 * load->room : 64;
		grown = reallocarray(turns->items, load->room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		turns->items = grown;
	}
	turns->items[turns->n++] = turn;
	return 0;
}

static bool is_again(const struct turns *turns, size_t i)
{
	for (size_t k = i + 1; k < turns->n; k++)
		if (turns->items[k].round == turns->items[i].round &&
		    !strcmp(turns->items[k].plan, turns->items[i].plan) &&
		    !strcmp(turns->items[k].side, turns->items[i].side))
			return true;
	return false;
}

/* Those of @digest, the last one of each. */
static void select_turns(struct turns *turns, const char *digest)
{
	char plan[PLAN_DIGEST_LEN];
	size_t to = 0;

	if (!turns->n)
		return;
	strcpy(plan, digest ? digest : turns->items[turns->n - 1].plan);
	for (size_t i = 0; i < turns->n; i++)
		if (!strcmp(turns->items[i].plan, plan) && !is_again(turns, i))
			turns->items[to++] = turns->items[i];
	turns->n = to;
}

int turns_load(struct query *query, const char *name, const char *digest,
	       struct turns *ret_turns)
{
	struct load load = { .name = name, .turns = ret_turns };
	int err;

	*ret_turns = (struct turns){ 0 };
	err = query_notes(query, INT64_MIN, INT64_MAX, QUERY_EVENTS,
			  EVENTS_MAX, add, &load);
	select_turns(ret_turns, digest);
	return err;
}

void turns_free(struct turns *turns)
{
	free(turns->items);
	*turns = (struct turns){ 0 };
}

bool turns_has(const struct turns *turns, const char *side, unsigned int round)
{
	for (size_t i = 0; i < turns->n; i++)
		if (turns->items[i].round == round &&
		    !strcmp(turns->items[i].side, side))
			return true;
	return false;
}
