/* SPDX-License-Identifier: GPL-2.0 */
/* What an experiment has shown: medians and spread by configuration. */
#ifndef DENSITY_CLI_OUTCOME_H
#define DENSITY_CLI_OUTCOME_H

#include "cli.h"

/*
 * Tell the outcome of the experiment @name, as far as it went: the plan of
 * @digest, or NULL for the one run last. @svg: also draw it, or NULL. CLI_OK
 * or an exit code, told.
 */
int outcome_show(struct cli *cli, struct query *query, const char *name,
		 const char *digest, const char *svg);

#endif
