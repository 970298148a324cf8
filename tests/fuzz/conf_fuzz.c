// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as a policy file: refused with FILE:LINE, or a policy whose dump
 * is a policy file again, with the same dump but for the origins.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../daemon/conf_origin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The dump without its comments. */
static char *dump(const struct conf *conf)
{
	char *text = NULL, *to, *from;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f || conf_dump(conf, f) < 0 || fclose(f))
		abort();
	for (to = from = text; *from; from++) {
		if (!strncmp(from, "  # fuzz:", 9) ||
		    !strncmp(from, "  # default\n", 12))
			from = strchr(from, '\n');
		*to++ = *from;
	}
	*to = '\0';
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[CONF_ERROR_LEN] = "";
	struct conf *conf = conf_new(), *again = NULL;
	char *first, *second;

	if (!conf)
		return 0;
	if (conf_parse_file(conf, (const char *)data, size, "fuzz",
			    error) < 0 || conf_check(conf, error) < 0) {
		if (strncmp(error, "fuzz:", 5) ||
		    !strstr(error, "expected "))
			abort();
		conf_free(conf);
		return 0;
	}
	first = dump(conf);
	if (conf_parse(first, "fuzz", &again, error) < 0) {
		fprintf(stderr, "%s\n%s", error, first);
		abort();
	}
	second = dump(again);
	if (strcmp(first, second))
		abort();
	free(first);
	free(second);
	conf_free(conf);
	conf_free(again);
	return 0;
}
