// SPDX-License-Identifier: GPL-2.0
/* The policy as a policy file, each value with its origin as a comment. */
#include <errno.h>
#include <string.h>

#include "conf_origin.h"
#include "conf_value.h"

/* Where the comments begin, when the values leave room. */
#define COMMENT_COLUMN 32

static void put(const struct conf *conf, const char *text,
		const struct conf_origin *origin, FILE *out)
{
	fprintf(out, "%-*s  # ", COMMENT_COLUMN, text);
	if (origin->file)
		fprintf(out, "%s:%u\n", conf->origins->files[origin->file - 1],
			origin->line);
	else
		fprintf(out, "default\n");
}

static void put_key(const struct conf *conf, const struct conf_key *key,
		    const void *base, const struct conf_origin *origin,
		    FILE *out)
{
	char value[CONF_VALUE_LEN], text[CONF_VALUE_LEN + 64];

	snprintf(text, sizeof(text), "%s = %s", key->name,
		 conf_value_format(key, base, value));
	put(conf, text, origin, out);
}

/* The same pattern in a file of more weight: this section never matches. */
static bool hidden(const struct conf *conf, unsigned int i)
{
	for (unsigned int j = 0; j < i; j++)
		if (!strcmp(conf->vms[j].glob, conf->vms[i].glob))
			return true;
	return false;
}

static void put_vm(const struct conf *conf, unsigned int i, FILE *out)
{
	const struct conf_vm_origin *origin = &conf->origins->vms[i];
	const struct conf_vm *vm = &conf->vms[i];
	const struct conf_key *key;
	char text[512];

	snprintf(text, sizeof(text), "[" CONF_SECTION_VM " %s]", vm->glob);
	fputc('\n', out);
	if (hidden(conf, i))
		fputs("# hidden by the one above: ", out);
	put(conf, text, &origin->section, out);
	if (hidden(conf, i))
		return;
	for (unsigned int k = 0; (key = conf_key_at(k)); k++)
		if (!strcmp(key->section, CONF_SECTION_VM))
			put_key(conf, key, vm, &origin->key[k], out);
}

int conf_dump(const struct conf *conf, FILE *out)
{
	const char *section = "";
	const struct conf_key *key;

	for (unsigned int k = 0; (key = conf_key_at(k)); k++) {
		if (!strcmp(key->section, CONF_SECTION_VM))
			continue;
		if (strcmp(section, key->section))
			fprintf(out, "%s[%s]\n", *section ? "\n" : "",
				key->section);
		section = key->section;
		put_key(conf, key, conf, &conf->origins->key[k], out);
	}
	for (unsigned int i = 0; i < conf->nvms; i++)
		put_vm(conf, i, out);
	return ferror(out) || fflush(out) ? -EIO : 0;
}
