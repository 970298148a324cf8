// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the loaded module, through its netlink family
 *
 *	ksmd-ext-test PART [ARGUMENT...]
 *
 * TAP on standard output. Needs root, and a kernel that nothing else uses.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "test.h"

static int number;
static int failed;

bool claim(bool good, const char *what, ...)
{
	va_list args;

	printf("%s %d - ", good ? "ok" : "not ok", ++number);
	va_start(args, what);
	vprintf(what, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	failed += !good;
	return good;
}

void note(const char *what, ...)
{
	va_list args;

	fputs("# ", stdout);
	va_start(args, what);
	vprintf(what, args);
	va_end(args);
	putchar('\n');
}

static const struct {
	const char *name;
	void (*run)(int argc, char **argv);
} parts[] = {
	{ "requests", test_requests },
	{ "bad-input", test_bad_input },
	{ "fuzz", test_fuzz },
	{ "events", test_events },
	{ "dumps", test_dumps },
	{ "scrub", test_scrub },
	{ "working-set", test_working_set },
	{ "storm", test_storm },
};

int main(int argc, char **argv)
{
	size_t i;

	for (i = 0; argc > 1 && i < sizeof(parts) / sizeof(*parts); i++) {
		if (strcmp(argv[1], parts[i].name))
			continue;
		parts[i].run(argc - 2, argv + 2);
		printf("1..%d\n", number);
		return failed ? 1 : 0;
	}
	fputs("usage: ksmd-ext-test PART [ARGUMENT...]\nparts:", stderr);
	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		fprintf(stderr, " %s", parts[i].name);
	fputc('\n', stderr);
	return 2;
}
