// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "extension.h"
#include "log.h"
#include "scrub.h"
#include "shadow.h"

#define NS_PER_S 1000000000ull

struct extension {
	uint64_t tick_ns;	/* the last one, 0: none */
	bool seen;		/* the extension, at the last tick */
	struct act_says says;
	struct shadow *shadow;
	struct scrub *scrub;
};

static int open_shadow(const char *path, const struct act_says *says,
		       struct shadow **ret_shadow)
{
	int r = shadow_open(path, says, ret_shadow);

	if (!r || r == -ENOMEM)
		return r;
	log_print(LOG_WARNING, "%s: %s; shadow pages are watched only", path,
		  strerror(-r));
	return shadow_open(NULL, says, ret_shadow);
}

static int open_scrub(const char *path, const struct act_says *says,
		      struct scrub **ret_scrub)
{
	int r = scrub_open(path, says, ret_scrub);

	if (!r || r == -ENOMEM)
		return r;
	log_print(LOG_WARNING, "%s: %s; the scrubber is watched only", path,
		  strerror(-r));
	return scrub_open(NULL, says, ret_scrub);
}

int extension_open(const struct extension_paths *paths,
		   const struct act_says *says,
		   struct extension **ret_extension)
{
	struct extension *extension = calloc(1, sizeof(*extension));
	int r;

	if (!extension)
		return -ENOMEM;
	extension->says = *says;
	r = open_shadow(paths->limits, says, &extension->shadow);
	if (!r)
		r = open_scrub(paths->scrubber, says, &extension->scrub);
	if (r) {
		extension_close(extension);
		return r;
	}
	*ret_extension = extension;
	return 0;
}

int extension_heal(const struct extension_paths *paths,
		   const struct act_says *says)
{
	struct shadow *shadow = NULL;
	struct scrub *scrub = NULL;
	int limits = shadow_open(paths->limits, says, &shadow);
	int scrubber = scrub_open(paths->scrubber, says, &scrub);

	shadow_close(shadow);
	scrub_close(scrub);
	return limits ? limits : scrubber;
}

static void follow(struct extension *extension, bool seen)
{
	if (seen == extension->seen)
		return;
	extension->seen = seen;
	act_say(&extension->says, "extension", seen ?
		"the kernel extension answers" :
		"the kernel extension is gone");
}

void extension_tick(struct extension *extension, struct probe *probe,
		    const struct snap *snap, const struct conf *conf)
{
	if (extension->tick_ns && snap->mono_ns - extension->tick_ns <
	    EXTENSION_INTERVAL_S * NS_PER_S)
		return;
	extension->tick_ns = snap->mono_ns;
	follow(extension, probe_extension(probe));
	shadow_tick(extension->shadow, snap, &conf->shadow);
	scrub_tick(extension->scrub, snap, &conf->scrub, &conf->params);
}

bool extension_seen(const struct extension *extension)
{
	return extension->seen;
}

int extension_restore(struct extension *extension)
{
	int limits = shadow_restore(extension->shadow);
	int scrubber = scrub_restore(extension->scrub);

	return limits ? limits : scrubber;
}

void extension_close(struct extension *extension)
{
	if (!extension)
		return;
	shadow_close(extension->shadow);
	scrub_close(extension->scrub);
	free(extension);
}

void extension_objects(const struct extension *extension,
		       const struct snap *snap, json_t **ret_shadow,
		       json_t **ret_scrub)
{
	*ret_shadow = shadow_object(extension->shadow, snap);
	*ret_scrub = scrub_object(extension->scrub, snap);
}
