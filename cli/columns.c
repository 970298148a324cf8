// SPDX-License-Identifier: GPL-2.0
/* Columns of the history, as the command line names them: see columns.h. */
#include <errno.h>
#include <string.h>

#include "columns.h"
#include "words.h"

static const char *const rollups[] = {
	[QUERY_AUTO] = "auto",
	[QUERY_RAW] = "raw",
	[QUERY_MINUTE] = "minute",
	[QUERY_HOUR] = "hour",
};

static const struct query_column words_of_rows[] = {
	{ "phase", "", "what the law was doing", QUERY_TEXT, true },
	{ "law", "", "the law in force", QUERY_TEXT, true },
};

const struct query_column *columns_at(int index)
{
	if (index < COLUMNS_PHASE)
		return query_column_at((unsigned int)index);
	return index <= COLUMNS_LAW ? &words_of_rows[index - COLUMNS_PHASE] :
				      NULL;
}

/* The index after @index, over the gap between the two tables. */
static int next(int index)
{
	return columns_at(index + 1) ? index + 1 :
	       index < COLUMNS_PHASE ? COLUMNS_PHASE : index + 1;
}

int columns_rollup(const char *name, enum query_rollup *ret_rollup)
{
	for (size_t i = 0; i < sizeof(rollups) / sizeof(rollups[0]); i++) {
		if (!strcmp(rollups[i], name)) {
			*ret_rollup = (enum query_rollup)i;
			return 0;
		}
	}
	return -EINVAL;
}

int columns_find(const char *name, size_t len, const char *command)
{
	const char *names[QUERY_COLUMNS_MAX + 3];
	const struct query_column *column;
	const char *nearest;
	char copy[64];
	unsigned int n = 0;

	for (int i = 0; (column = columns_at(i)); i = next(i)) {
		if (strlen(column->name) == len &&
		    !strncmp(column->name, name, len))
			return i;
		names[n++] = column->name;
	}
	names[n] = NULL;
	snprintf(copy, sizeof(copy), "%.*s", (int)(len < 60 ? len : 60), name);
	nearest = words_nearest(copy, names);
	if (nearest)
		cli_error("%s: no column '%s'; do you mean %s?", command, copy,
			  nearest);
	else
		cli_error("%s: no column '%s'; `densityctl history --columns "
			  "help` lists them", command, copy);
	return -1;
}

static void add(struct columns *columns, int index)
{
	if (columns->n < QUERY_COLUMNS_MAX)
		columns->index[columns->n++] = index;
}

int columns_parse(const char *list, const char *command,
		  struct columns *ret_columns)
{
	struct columns columns = { .n = 0 };
	const struct query_column *column;

	for (int i = 0; !list && (column = columns_at(i)); i = next(i))
		if (column->shown)
			add(&columns, i);
	while (list && *list) {
		size_t len = strcspn(list, ",");
		int index = columns_find(list, len, command);

		if (index < 0)
			return CLI_USAGE;
		add(&columns, index);
		list += len + (list[len] == ',');
	}
	if (!columns.n) {
		cli_error("%s: --columns is empty; expected names with commas "
			  "between them", command);
		return CLI_USAGE;
	}
	*ret_columns = columns;
	return CLI_OK;
}

int columns_list(struct out *out)
{
	static const struct out_field fields[] = {
		{ "name", "COLUMN", OUT_TEXT, 0 },
		{ "unit", "UNIT", OUT_TEXT, 0 },
		{ "default", "DEFAULT", OUT_BOOL, 0 },
		{ "help", "WHAT IT IS", OUT_TEXT, 0 },
	};
	const struct query_column *column;
	int err = out_begin(out, "columns", OUT_LIST, fields, 4, 0);

	for (int i = 0; !err && (column = columns_at(i)); i = next(i)) {
		const struct out_value values[] = {
			OUT_STRING(column->name),
			OUT_STRING(column->unit ? column->unit : ""),
			OUT_NUMBER(column->shown),
			OUT_STRING(column->help ? column->help : ""),
		};

		err = out_row(out, values);
	}
	err = out_end(out) ? : err;
	return err ? err : out_finish(out);
}

struct out_value columns_value(const struct query_row *row, int index)
{
	if (index == COLUMNS_PHASE)
		return OUT_STRING(row->phase);
	if (index == COLUMNS_LAW)
		return OUT_STRING(row->law);
	return OUT_NUMBER(row->value[index]);
}
