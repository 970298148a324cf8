// SPDX-License-Identifier: GPL-2.0
/* VMs as the daemon tells them: see vms.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "vms.h"

struct key {
	json_t *vm;
	double number;
	const char *text;
};

static const struct {
	const char *name;
	const char *member;
	bool ascending;
} orders[VMS_ORDERS] = {
	[VMS_BY_SAVED] = { "saved", "saved_kib", false },
	[VMS_BY_RSS] = { "rss", "rss_kib", false },
	[VMS_BY_PROFIT] = { "profit", "profit_kib", false },
	[VMS_BY_NAME] = { "name", NULL, true },
	[VMS_BY_PID] = { "pid", "pid", true },
};

/* Identifiers of docs/control.md; one that is new shows as it is. */
static const struct {
	const char *id;
	const char *brief;
	const char *words;
} whys[] = {
	{ "not-madvised", "not madvised",
	  "not madvised (start QEMU with mem-merge=on)" },
	{ "shared", "shared memory", "guest RAM is shared memory" },
	{ "hugetlb", "hugetlb", "hugetlb pages never merge" },
	{ "thp", "huge pages", "huge pages (merging splits them first)" },
	{ "opted-out", "opted out", "opted out by policy" },
	{ "unreadable", "unreadable", "no permission to look" },
};

const char *vms_order_name(enum vms_order order)
{
	return orders[order].name;
}

int vms_order_find(const char *name, enum vms_order *ret_order)
{
	for (int i = 0; i < VMS_ORDERS; i++) {
		if (!strcmp(orders[i].name, name)) {
			*ret_order = (enum vms_order)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int compare_keys(const struct key *x, const struct key *y)
{
	if (x->text && y->text)
		return strcmp(x->text, y->text);
	/* What is not known comes last in either direction's start. */
	if (isnan(x->number) || isnan(y->number))
		return isnan(x->number) - isnan(y->number);
	return (x->number > y->number) - (x->number < y->number);
}

static int compare(const void *a, const void *b, void *arg)
{
	const struct key *x = a, *y = b;
	const int *sign = arg;
	int res = compare_keys(x, y) * *sign;

	/* PIDs settle a tie, so that lines of `top` do not dance. */
	if (!res)
		res = (cli_number(x->vm, "pid") > cli_number(y->vm, "pid")) -
		      (cli_number(x->vm, "pid") < cli_number(y->vm, "pid"));
	return res;
}

json_t *vms_sorted(const json_t *reply, enum vms_order order, bool reverse)
{
	const json_t *vms = json_object_get(reply, "vms");
	int sign = orders[order].ascending != reverse ? 1 : -1;
	size_t n = json_array_size(vms), i;
	struct key *keys = calloc(n + 1, sizeof(*keys));
	json_t *sorted = json_array();
	json_t *vm;

	if (!keys || !sorted)
		goto err;
	json_array_foreach((json_t *)vms, i, vm) {
		keys[i].vm = vm;
		if (orders[order].member)
			keys[i].number = cli_number(vm, orders[order].member);
		else
			keys[i].text = cli_string(vm, "name") ? : "";
	}
	qsort_r(keys, n, sizeof(*keys), compare, &sign);
	for (i = 0; i < n; i++)
		if (json_array_append(sorted, keys[i].vm))
			goto err;
	free(keys);
	return sorted;
err:
	free(keys);
	json_decref(sorted);
	return NULL;
}

static const char *why_words(const char *id, bool brief)
{
	for (size_t i = 0; i < sizeof(whys) / sizeof(whys[0]); i++)
		if (!strcmp(whys[i].id, id))
			return brief ? whys[i].brief : whys[i].words;
	return id;
}

char *vms_why(const json_t *vm, bool brief)
{
	const json_t *item;
	char *text = NULL;
	size_t size, i;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return NULL;
	json_array_foreach(json_object_get(vm, "why"), i, item) {
		const char *id = json_string_value(item);

		if (id)
			fprintf(file, "%s%s", ftell(file) ? ", " : "",
				why_words(id, brief));
	}
	if (fclose(file)) {
		free(text);
		return NULL;
	}
	return text;
}
