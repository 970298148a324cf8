/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The policy file: densityd.conf and its drop-ins, parsed with inih.
 *
 * Values come from, in rising order: built-in defaults, the file, drop-ins
 * densityd.conf.d/NAME.conf in order of name. A parse never half-applies: it
 * yields a whole new struct conf or an error that names FILE:LINE, what was
 * found and what was expected. See densityd.conf(5).
 *
 * One table, conf_key.c, drives parsing, dumping and the tests of the manual.
 */
#ifndef DENSITY_CONF_H
#define DENSITY_CONF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "../policy/law.h"

struct conf_vm {
	char *glob;
	uint32_t weight_permille;
	uint32_t expect_permille;
};

struct conf_history {
	bool enabled;
	uint32_t raw_s;			/* keep raw rows so long; default 2 days */
	uint32_t minute_s;		/* 1-minute rollups; default 30 days */
	uint32_t hour_s;		/* 1-hour rollups; default 2 years */
	uint64_t max_bytes;		/* whole file; default 512 MiB */
	uint32_t vm_interval_s;		/* per-VM samples; default 10 */
	uint32_t flush_s;		/* longest a note waits; samples 4 x; default 5 */
};

struct conf_shadow {
	bool divide;			/* shadow pages, by use; default yes */
	uint64_t budget_kib;		/* for all VMs; 0: what KVM gives them */
};

struct conf_scrub {
	bool drop;			/* what guests hold too; default yes */
};

struct conf_origins;

struct conf {
	const struct law *law;
	struct law_params params;
	struct conf_history history;
	struct conf_shadow shadow;
	struct conf_scrub scrub;
	uint32_t metrics_s;		/* textfile period; 0 = off; default 15 */
	char *metrics_path;		/* default: none */
	/*
	 * The first match wins: sections of the last drop-in first, those of
	 * the file last, within each in the order written.
	 */
	struct conf_vm *vms;
	unsigned int nvms;
	struct conf_origins *origins;	/* private: FILE:LINE of each value */
};

#define CONF_ERROR_LEN 512

/*
 * @root: prefix of @path. A missing file is fine (defaults), unless @must
 * exist. On failure returns -EINVAL, -ENOENT or -errno and a message in
 * @ret_error; nothing is allocated. Free with conf_free(); NULL is fine.
 */
int conf_load(const char *root, const char *path, bool must,
	      struct conf **ret_conf, char ret_error[CONF_ERROR_LEN]);
void conf_free(struct conf *conf);

/*
 * Each key, its value in the file's own syntax, and where it came from, as a
 * comment: what is printed is again a policy file. 0, or -EIO.
 */
int conf_dump(const struct conf *conf, FILE *out);

/* Parse one file's text (fuzzing, tests). @name stands in messages. */
int conf_parse(const char *text, const char *name, struct conf **ret_conf,
	       char ret_error[CONF_ERROR_LEN]);

#endif
