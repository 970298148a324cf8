/* SPDX-License-Identifier: GPL-2.0 */
/* Columns of the history, as the command line names them. */
#ifndef DENSITY_CLI_COLUMNS_H
#define DENSITY_CLI_COLUMNS_H

#include "cli.h"

/* Behind query's table: what a row says in words. */
enum { COLUMNS_PHASE = QUERY_COLUMNS_MAX, COLUMNS_LAW };

struct columns {
	unsigned int n;
	int index[QUERY_COLUMNS_MAX];	/* for columns_at() */
};

/* The table of columns, phase and law at its end; NULL past it. */
const struct query_column *columns_at(int index);

/*
 * A list such as "saved_mib,ksmd_cpu_pct"; NULL means those that are shown by
 * default. CLI_OK or CLI_USAGE, told for @command.
 */
int columns_parse(const char *list, const char *command,
		  struct columns *ret_columns);
/* One of them, @len bytes of @name. Its index, or -1, told. */
int columns_find(const char *name, size_t len, const char *command);
/* Print the table of columns: name, unit, what it is. 0 or -errno. */
int columns_list(struct out *out);

/* "auto", "raw", "minute", "hour". 0 or -EINVAL. */
int columns_rollup(const char *name, enum query_rollup *ret_rollup);

/* The value of column @index in @row. */
struct out_value columns_value(const struct query_row *row, int index);

#endif
