// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scrub.h"

#define TEXT_LEN 160

struct scrub {
	bool driving;			/* the law is asked */
	int error;			/* at the last beat; -EBUSY: foreign */
	struct act_scrubber *scrubber;	/* NULL: a dry run of densityd */
	struct act_says says;
	struct law_scrub law;
	struct law_scrub_decision decision;
	enum law_scrub_reason said;	/* the last that was worth an event */
};

static int open_scrubber(const char *saved_path, const struct act_says *says,
			 struct act_scrubber **ret_scrubber)
{
	char boot_id[ACT_BOOT_ID_LEN];
	void *ctx;
	int r;

	r = act_scrubber_netlink_new(&ctx);
	if (r)
		return r;
	act_this_boot(boot_id);
	return act_scrubber_open(&act_scrubber_netlink, ctx, saved_path,
				 boot_id, says, ret_scrubber);
}

int scrub_open(const char *saved_path, const struct act_says *says,
	       struct scrub **ret_scrub)
{
	struct scrub *scrub = calloc(1, sizeof(*scrub));
	int r;

	if (!scrub)
		return -ENOMEM;
	scrub->says = *says;
	law_scrub_init(&scrub->law);
	r = saved_path ? open_scrubber(saved_path, says, &scrub->scrubber) : 0;
	if (r) {
		free(scrub);
		return r;
	}
	*ret_scrub = scrub;
	return 0;
}

static void put_reason(const struct scrub *scrub, char *buf, size_t size)
{
	const struct law_scrub_decision *d = &scrub->decision;

	switch (d->reason) {
	case LAW_SCRUB_FREE:
		snprintf(buf, size, "memory is not short: %" PRId64
			 " MiB are free", d->arg[0] / 1024);
		break;
	case LAW_SCRUB_TRIAL:
		snprintf(buf, size, "a trial");
		break;
	case LAW_SCRUB_PAYS:
		snprintf(buf, size, "it pays: %" PRId64 " MiB-s for %" PRId64,
			 d->arg[0], d->arg[1]);
		break;
	case LAW_SCRUB_LITTLE:
		snprintf(buf, size, "it gains little: %" PRId64
			 " MiB-s for %" PRId64, d->arg[0], d->arg[1]);
		break;
	case LAW_SCRUB_BACK:
		snprintf(buf, size, "guests read again what was dropped: %"
			 PRId64 " pages of %" PRId64, d->arg[1], d->arg[0]);
		break;
	case LAW_SCRUB_PAUSE:
		snprintf(buf, size, "paused for %" PRId64 " s more", d->arg[0]);
		break;
	default:
		snprintf(buf, size, "the last run is not over");
	}
}

/* Runs that pay one after the other are no news, nor is a pause that goes on. */
static void tell(struct scrub *scrub)
{
	enum law_scrub_reason reason = scrub->decision.reason;
	char text[TEXT_LEN];

	if (!reason || reason == scrub->said || reason == LAW_SCRUB_PAUSE)
		return;
	scrub->said = reason;
	put_reason(scrub, text, sizeof(text));
	act_say(&scrub->says, "scrub", "%s: the scrubber is %s", text,
		scrub->decision.enabled ? "on" : "off");
}

static void drive(struct scrub *scrub, const struct snap *snap,
		  const struct law_params *params)
{
	int before = scrub->error;

	if (!scrub->driving)
		law_scrub_init(&scrub->law);
	scrub->driving = true;
	law_scrub_decide(&scrub->law, params, snap, &scrub->decision);
	scrub->error = !scrub->scrubber ? 0 :
		       act_scrubber_apply(scrub->scrubber, snap,
					  &scrub->decision);
	if (!scrub->error)
		tell(scrub);
	else if (scrub->error != before && scrub->error != -EBUSY)
		act_say(&scrub->says, "scrubber-failed",
			"the scrubber cannot be driven: %s",
			strerror(-scrub->error));
}

void scrub_tick(struct scrub *scrub, const struct snap *snap,
		const struct conf_scrub *conf, const struct law_params *params)
{
	if (!snap_has(snap, SNAP_CAP_SCRUB))
		scrub->driving = false;
	else if (conf->drop && !snap->scrub.dry_run)
		drive(scrub, snap, params);
	else if (scrub->driving)
		scrub_restore(scrub);
}

int scrub_restore(struct scrub *scrub)
{
	scrub->driving = false;
	scrub->error = 0;
	scrub->said = LAW_SCRUB_NONE;
	return scrub->scrubber ? act_scrubber_restore(scrub->scrubber) : 0;
}

void scrub_close(struct scrub *scrub)
{
	if (!scrub)
		return;
	act_scrubber_close(scrub->scrubber);
	free(scrub);
}

json_t *scrub_object(const struct scrub *scrub, const struct snap *snap)
{
	const struct snap_scrub *s = &snap->scrub;
	char text[TEXT_LEN] = "not driven: as somebody set it";

	if (!snap_has(snap, SNAP_CAP_SCRUB))
		return NULL;
	if (scrub->driving && scrub->error)
		snprintf(text, sizeof(text), "not driven: %s",
			 scrub->error == -EBUSY ? "somebody else sets it" :
						  strerror(-scrub->error));
	else if (scrub->driving)
		put_reason(scrub, text, sizeof(text));
	return json_pack("{sb sb sI sI sI sI sI ss}",
			 "driven", scrub->driving && !scrub->error,
			 "enabled", s->enabled,
			 "budget_pages", (json_int_t)s->budget_pages,
			 "runs", (json_int_t)s->runs,
			 "looked_pages", (json_int_t)s->looked,
			 "dropped_pages", (json_int_t)s->dropped,
			 "reread_pages", (json_int_t)s->reread,
			 "text", text);
}
