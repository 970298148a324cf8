/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where each value came from, and a policy under construction. Private to conf.
 */
#ifndef DENSITY_CONF_ORIGIN_H
#define DENSITY_CONF_ORIGIN_H

#include "conf.h"
#include "conf_key.h"

/* Sections [vm GLOB] in all files together; each is tried on each VM. */
#define CONF_VMS_MAX 1000

struct conf_origin {
	unsigned int file;	/* 0: built in; n: files[n - 1] */
	unsigned int line;
};

struct conf_vm_origin {
	struct conf_origin section;
	struct conf_origin key[CONF_KEYS_MAX];	/* only those of [vm] */
};

struct conf_origins {
	char **files;
	unsigned int nfiles;
	struct conf_origin key[CONF_KEYS_MAX];	/* by index of conf_key_at() */
	struct conf_vm_origin *vms;		/* beside conf->vms */
};

/* A policy of nothing but defaults, or NULL. */
struct conf *conf_new(void);

/*
 * Parse the @len bytes of one more file over @conf. @name stands in messages
 * and origins. On failure @conf is fit for nothing but conf_free().
 */
int conf_parse_file(struct conf *conf, const char *text, size_t len,
		    const char *name, char ret_error[CONF_ERROR_LEN]);

/* After all files: values that must fit each other. */
int conf_check(const struct conf *conf, char ret_error[CONF_ERROR_LEN]);

#endif
