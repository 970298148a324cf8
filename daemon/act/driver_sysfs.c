// SPDX-License-Identifier: GPL-2.0
/*
 * The host's knobs: ROOT/sys/kernel/mm/ksm.
 *
 * Files are opened anew for each access: a write happens a few times a minute,
 * and a fake root may replace its files meanwhile.
 *
 * Who drives the knobs holds an flock() on ROOT/run/densityd/knobs.lock. It is
 * where any two daemons of a host meet, whatever their directories for state
 * are, and the kernel drops the lock however its holder ends. Nobody but root
 * can open the file: whoever can open a file can lock it. It is advisory: an
 * administrator's echo works.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "act.h"

#define KSM_DIR "/sys/kernel/mm/ksm"
#define KVM_DIR "/sys/module/kvm/parameters"
#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define RUN_DIR "/run/densityd"
#define LOCK_FILE RUN_DIR "/knobs.lock"
#define KNOB_LEN 64
/* How often a lock is tried whose file goes away meanwhile. */
#define LOCK_TRIES 10

/* While memory goes offline, run shows this flag besides its value. */
#define KSM_RUN_OFFLINE 4u

static const char *const advisor_modes[] = {
	[SNAP_ADVISOR_NONE] = "none",
	[SNAP_ADVISOR_SCAN_TIME] = "scan-time",
};

static const char *const evict_policies[] = {
	[LAW_EVICT_FIFO - 1] = "fifo",
	[LAW_EVICT_CLOCK - 1] = "clock",
	[LAW_EVICT_SIEVE - 1] = "sieve",
	[LAW_EVICT_REUSE - 1] = "reuse",
};

#define WORDS(list) list, sizeof(list) / sizeof(list[0])

/* Knobs that are words, not numbers. */
static const struct {
	const char *const *words;
	size_t count;
} worded[ACT_KNOB_COUNT] = {
	[ACT_KNOB_ADVISOR] = { WORDS(advisor_modes) },
	[ACT_KNOB_EVICT] = { WORDS(evict_policies) },
};

const char *act_evict_name(enum law_evict evict)
{
	return evict > LAW_EVICT_KEEP && evict < LAW_EVICT_COUNT ?
		       evict_policies[evict - 1] : NULL;
}

static const char *dir_of(enum act_knob knob)
{
	return knob == ACT_KNOB_EVICT ? KVM_DIR : KSM_DIR;
}

struct sysfs {
	int lock_fd;		/* -1 unless claimed */
	char root[];
};

int act_sysfs_new(const char *root, void **ret_ctx)
{
	size_t len = root ? strlen(root) : 0;
	struct sysfs *sysfs;

	while (len && root[len - 1] == '/')
		len--;
	if (len + sizeof(BOOT_ID) + sizeof(KSM_DIR) + KNOB_LEN > PATH_MAX)
		return -ENAMETOOLONG;
	sysfs = calloc(1, sizeof(*sysfs) + len + 1);
	if (!sysfs)
		return -ENOMEM;
	sysfs->lock_fd = -1;
	if (len)
		memcpy(sysfs->root, root, len);
	*ret_ctx = sysfs;
	return 0;
}

static int open_below(const char *root, const char *dir, const char *name,
		      int flags)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s%s%s%s", root, dir,
		 *name ? "/" : "", name);
	fd = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOTDIR ? -ENOENT : -errno;
	return fd;
}

/* The first line, without its newline. */
static int read_line(const char *root, const char *dir, const char *name,
		     char *buf, size_t size)
{
	int fd = open_below(root, dir, name, O_RDONLY);
	ssize_t n;
	int r = 0;

	if (fd < 0)
		return fd;
	n = read(fd, buf, size - 1);
	if (n < 0)
		r = -errno;
	close(fd);
	if (r < 0)
		return r;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

static int parse_number(const char *text, uint64_t *ret_value)
{
	unsigned long long value;
	char *end;

	if (*text < '0' || *text > '9')
		return -EBADMSG;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end)
		return -EBADMSG;
	*ret_value = value;
	return 0;
}

/* "[none] scan-time", or one bare word as it was written to a fake root. */
static int parse_word(enum act_knob knob, char *text, uint64_t *ret_value)
{
	char *open = strchr(text, '[');

	if (open) {
		text = open + 1;
		open = strchr(text, ']');
		if (!open)
			return -EBADMSG;
		*open = '\0';
	}
	for (size_t i = 0; i < worded[knob].count; i++) {
		if (strcmp(text, worded[knob].words[i]))
			continue;
		*ret_value = i;
		return 0;
	}
	return -EBADMSG;
}

static int sysfs_read(void *ctx, enum act_knob knob, uint64_t *ret_value)
{
	const struct sysfs *sysfs = ctx;
	char text[KNOB_LEN];
	uint64_t value;
	int r;

	r = read_line(sysfs->root, dir_of(knob), act_knob_name(knob), text,
		      sizeof(text));
	if (r < 0)
		return r;
	r = worded[knob].words ? parse_word(knob, text, &value) :
				 parse_number(text, &value);
	if (r < 0)
		return r;
	if (knob == ACT_KNOB_RUN)
		value &= ~(uint64_t)KSM_RUN_OFFLINE;
	*ret_value = value;
	return 0;
}

static int sysfs_write(void *ctx, enum act_knob knob, uint64_t value)
{
	const struct sysfs *sysfs = ctx;
	char text[KNOB_LEN];
	int fd, len, r = 0;
	ssize_t n;

	if (worded[knob].words && value >= worded[knob].count)
		return -EINVAL;
	len = worded[knob].words ?
		snprintf(text, sizeof(text), "%s\n",
			 worded[knob].words[value]) :
		snprintf(text, sizeof(text), "%" PRIu64 "\n", value);

	/* sysfs ignores O_TRUNC; the files of a fake root need it. */
	fd = open_below(sysfs->root, dir_of(knob), act_knob_name(knob),
			O_WRONLY | O_TRUNC);
	if (fd < 0)
		return fd;
	/* In one go: sysfs takes each write() as a whole value. */
	n = write(fd, text, (size_t)len);
	if (n < 0)
		r = -errno;
	else if (n != len)
		r = -EIO;
	if (close(fd) < 0 && !r)
		r = -errno;
	return r;
}

static void sysfs_boot_id(void *ctx, char ret_id[ACT_BOOT_ID_LEN])
{
	const struct sysfs *sysfs = ctx;
	char id[ACT_BOOT_ID_LEN];
	int r = read_line(sysfs->root, BOOT_ID, "", id, sizeof(id));

	/* What is no UUID could not be read back from the saved-knobs file. */
	if (r < 0 || strspn(id, "0123456789abcdef-") != strlen(id))
		id[0] = '\0';
	strcpy(ret_id, id);
}

/* A descriptor that holds the lock on @path, or -errno. */
static int lock_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK |
		      O_CLOEXEC, 0600);
	int r;

	if (fd < 0)
		return -errno;
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return fd;
	r = errno == EWOULDBLOCK ? -EBUSY : -errno;
	close(fd);
	return r;
}

/* The lock of a file that was removed keeps nobody away. */
static bool is_in_place(int fd, const char *path)
{
	struct stat held, there;

	return !fstat(fd, &held) && !lstat(path, &there) &&
	       held.st_dev == there.st_dev && held.st_ino == there.st_ino;
}

static int make_run_dir(const char *root)
{
	static const char *const dirs[] = { "/run", RUN_DIR };
	char path[PATH_MAX];

	for (unsigned int i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", root, dirs[i]);
		if (mkdir(path, 0755) && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int sysfs_claim(void *ctx)
{
	struct sysfs *sysfs = ctx;
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s" KSM_DIR "/run", sysfs->root);
	if (access(path, W_OK))
		return errno == EROFS ? -EACCES :
		       errno == ENOTDIR ? -ENOENT : -errno;
	fd = make_run_dir(sysfs->root);
	snprintf(path, sizeof(path), "%s" LOCK_FILE, sysfs->root);
	for (int tries = 0; fd >= 0 && tries < LOCK_TRIES; tries++) {
		fd = lock_file(path);
		if (fd < 0)
			break;
		if (is_in_place(fd, path)) {
			sysfs->lock_fd = fd;
			return 0;
		}
		close(fd);
		fd = 0;
	}
	/* -ENOENT is for a host without KSM. */
	return fd == -ENOENT ? -ENOTDIR : fd < 0 ? fd : -EBUSY;
}

static void sysfs_close(void *ctx)
{
	struct sysfs *sysfs = ctx;

	if (sysfs->lock_fd >= 0)
		close(sysfs->lock_fd);
	free(sysfs);
}

const struct act_driver act_driver_sysfs = {
	.name = "sysfs",
	.claim = sysfs_claim,
	.read = sysfs_read,
	.write = sysfs_write,
	.close = sysfs_close,
	.boot_id = sysfs_boot_id,
};
