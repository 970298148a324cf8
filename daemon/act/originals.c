// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "originals.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define VERSION 1
#define TEXT_LEN 256

void act_say(const struct act_says *says, const char *kind,
	     const char *format, ...)
{
	char text[TEXT_LEN];
	va_list ap;

	if (!says->on_event)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	says->on_event(says->arg, kind, text);
}

void act_this_boot(char ret_id[ACT_BOOT_ID_LEN])
{
	FILE *f = fopen(BOOT_ID, "re");

	ret_id[0] = '\0';
	if (!f)
		return;
	if (!fgets(ret_id, ACT_BOOT_ID_LEN, f))
		ret_id[0] = '\0';
	ret_id[strcspn(ret_id, "\n")] = '\0';
	fclose(f);
}

int act_originals_init(struct act_originals *originals, const char *failed,
		       const char *unset, const char *path,
		       const char *boot_id, const struct act_says *says)
{
	*originals = (struct act_originals){ .failed = failed, .unset = unset };
	if (says)
		originals->says = *says;
	snprintf(originals->boot_id, sizeof(originals->boot_id), "%s", boot_id);
	if (path) {
		originals->path = strdup(path);
		if (!originals->path)
			return -ENOMEM;
	}
	return 0;
}

void act_originals_done(struct act_originals *originals)
{
	free(originals->path);
	originals->path = NULL;
}

int act_originals_save(struct act_originals *originals, json_t *body)
{
	char *text = NULL;
	int r = 0;

	if (!originals->path)
		goto out;
	if (!body ||
	    json_object_set_new(body, "version", json_integer(VERSION)) ||
	    json_object_set_new(body, "boot_id",
				json_string(originals->boot_id)) ||
	    !(text = json_dumps(body, JSON_INDENT(1))))
		r = -ENOMEM;
	else
		r = act_file_replace(originals->path, text, strlen(text));
	free(text);
	if (r < 0 && !originals->unsaved)
		act_say(&originals->says, originals->failed,
			"%s cannot be written: %s; without it %s",
			originals->path, strerror(-r), originals->unset);
	originals->unsaved = r < 0;
out:
	json_decref(body);
	return r;
}

int act_originals_refuse(struct act_originals *originals, const char *why)
{
	int r = act_file_set_aside(originals->path);

	act_say(&originals->says, originals->failed,
		"%s refused: %s; nothing was given back, %s",
		originals->path, why, r < 0 ? strerror(-r) :
		"the file is now beside it as .bad");
	return r;
}

int act_originals_load(struct act_originals *originals, json_t **ret_body)
{
	json_int_t version;
	const char *boot_id;
	json_error_t error;
	json_t *body;
	int r;

	if (!originals->path)
		return 0;
	body = json_load_file(originals->path, JSON_REJECT_DUPLICATES, &error);
	if (!body && json_error_code(&error) == json_error_cannot_open_file)
		return 0;
	if (!body)
		return act_originals_refuse(originals, error.text);
	if (json_unpack(body, "{sI ss}", "version", &version, "boot_id",
			&boot_id) || version != VERSION) {
		r = act_originals_refuse(originals,
					 "it is not what densityd writes there");
	} else if (strcmp(boot_id, originals->boot_id)) {
		r = act_file_remove(originals->path);
	} else {
		json_object_del(body, "version");
		json_object_del(body, "boot_id");
		*ret_body = body;
		return 1;
	}
	json_decref(body);
	return r;
}

int act_originals_remove(const struct act_originals *originals)
{
	return originals->path ? act_file_remove(originals->path) : 0;
}
