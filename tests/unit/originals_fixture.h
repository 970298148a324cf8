/* SPDX-License-Identifier: GPL-2.0 */
/* A file of originals below /tmp, and what is said of it. */
#ifndef DENSITY_ORIGINALS_FIXTURE_H
#define DENSITY_ORIGINALS_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../daemon/act/originals.h"

#define BOOT "11111111-2222-3333-4444-555555555555"
#define OTHER_BOOT "21111111-2222-3333-4444-555555555555"

struct fx_file {
	char dir[32], path[64];
	unsigned int events;
	char kind[32], text[256];	/* of the last */
};

static inline void fx_on_event(void *arg, const char *kind, const char *text)
{
	struct fx_file *file = arg;

	file->events++;
	snprintf(file->kind, sizeof(file->kind), "%s", kind);
	snprintf(file->text, sizeof(file->text), "%s", text);
}

static inline struct act_says fx_says(struct fx_file *file)
{
	return (struct act_says){ fx_on_event, file };
}

static inline int fx_begin_file(struct fx_file *file, const char *name)
{
	strcpy(file->dir, "/tmp/density-test-XXXXXX");
	if (!mkdtemp(file->dir))
		return -1;
	snprintf(file->path, sizeof(file->path), "%s/%s", file->dir, name);
	return 0;
}

static inline void fx_end_file(struct fx_file *file)
{
	unlink(file->path);
	rmdir(file->dir);
}

#endif
