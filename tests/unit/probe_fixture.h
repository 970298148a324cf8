/* SPDX-License-Identifier: GPL-2.0 */
/* Texts for parsers, and a host below /tmp that a test may change. */
#ifndef DENSITY_PROBE_FIXTURE_H
#define DENSITY_PROBE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../daemon/probe/text.h"

/* A string literal as a text, NULs within it included. */
#define TEXT(literal) probe_text_of(literal, sizeof(literal) - 1)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline void fx_make_root(char root[32])
{
	strcpy(root, "/tmp/probe-test-XXXXXX");
	assert_non_null(mkdtemp(root));
}

static inline int fx_remove_one(const char *path, const struct stat *st,
				int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void fx_remove(const char *root, const char *path)
{
	char full[512];

	snprintf(full, sizeof(full), "%s/%s", root, path);
	nftw(full, fx_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Write a file and the directories above it. */
static inline void fx_put_bytes(const char *root, const char *path,
				const char *bytes, size_t len)
{
	char full[512];
	char *slash;
	FILE *file;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	for (slash = strchr(full + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0755);
		*slash = '/';
	}
	file = fopen(full, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

__attribute__((format(printf, 3, 4)))
static inline void fx_put(const char *root, const char *path,
			  const char *format, ...)
{
	char text[4096];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	assert_in_range(len, 0, sizeof(text) - 1);
	fx_put_bytes(root, path, text, (size_t)len);
}

/* A process: stat, statm, cmdline (NULs as '|'), ksm_stat unless NULL. */
static inline void fx_put_process(const char *root, int pid, const char *comm,
				  unsigned int start, unsigned int rss_pages,
				  const char *cmdline, const char *ksm_stat)
{
	char path[64];
	char args[512];
	size_t i;

	snprintf(path, sizeof(path), "proc/%d/stat", pid);
	fx_put(root, path, "%d (%s) S 1 %d %d 0 -1 4194304 1 0 0 0 0 0 0 0 20 0"
	       " 1 0 %u 0 %u 18446744073709551615 0 0\n", pid, comm, pid, pid,
	       start, rss_pages);
	snprintf(path, sizeof(path), "proc/%d/statm", pid);
	fx_put(root, path, "%u %u 100 1 0 %u 0\n", 2 * rss_pages, rss_pages,
	       rss_pages);
	snprintf(path, sizeof(path), "proc/%d/cmdline", pid);
	snprintf(args, sizeof(args), "%s|", cmdline);
	for (i = 0; i < strlen(cmdline) + 1; i++)
		if (args[i] == '|')
			args[i] = '\0';
	fx_put_bytes(root, path, args, strlen(cmdline) + 1);
	snprintf(path, sizeof(path), "proc/%d/ksm_stat", pid);
	if (ksm_stat)
		fx_put(root, path, "%s", ksm_stat);
}

#endif
