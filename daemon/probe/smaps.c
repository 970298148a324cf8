// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/PID/smaps and smaps_rollup, streamed: a guest's smaps may have a
 * megabyte, while four sums are wanted of it. A line longer than the window
 * (a mapping's path) is passed over in pieces; no key line is that long.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "proc.h"

#define WINDOW 8192

static void add_kib(struct probe_text rest, uint64_t *sum_kib)
{
	uint64_t kib;

	if (probe_text_u64(&rest, &kib) &&
	    __builtin_add_overflow(*sum_kib, kib, sum_kib))
		*sum_kib = UINT64_MAX;
}

void probe_smaps_line(struct probe_text line, struct probe_smaps *smaps)
{
	struct probe_text flag;

	if (probe_text_skip(&line, "AnonHugePages:")) {
		add_kib(line, &smaps->thp_kib);
	} else if (probe_text_skip(&line, "Private_Hugetlb:") ||
		   probe_text_skip(&line, "Shared_Hugetlb:")) {
		add_kib(line, &smaps->hugetlb_kib);
	} else if (probe_text_skip(&line, "VmFlags:")) {
		smaps->has_flags = true;
		while (probe_text_word(&line, &flag))
			smaps->mergeable |= probe_text_is(&flag, "mg");
	}
}

/* Feed the whole lines of @buf; returns the bytes of the line left over. */
static size_t feed(char *buf, size_t len, struct probe_smaps *smaps)
{
	struct probe_text text = probe_text_of(buf, len);
	struct probe_text line;
	size_t left;

	while (probe_text_line(&text, &line))
		probe_smaps_line(line, smaps);
	left = probe_text_len(&text);
	if (left == WINDOW)
		return 0;
	memmove(buf, text.at, left);
	return left;
}

int probe_smaps_read(int dir_fd, const char *path,
		     struct probe_smaps *ret_smaps)
{
	struct probe_smaps smaps = { 0 };
	char buf[WINDOW];
	size_t offset = 0;
	size_t left = 0;
	ssize_t n;
	int ret = 0;
	int fd;

	fd = probe_file_open(dir_fd, path);
	if (fd < 0)
		return fd;
	for (;;) {
		n = pread(fd, buf + left, sizeof(buf) - left, (off_t)offset);
		if (n <= 0)
			break;
		offset += (size_t)n;
		left = feed(buf, left + (size_t)n, &smaps);
	}
	if (n < 0 && offset == 0)
		ret = -errno;
	else if (offset == 0)
		ret = -ESRCH;
	close(fd);
	if (!ret)
		*ret_smaps = smaps;
	return ret;
}
