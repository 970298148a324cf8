// SPDX-License-Identifier: GPL-2.0
/*
 * A policy's life: defaults, the file, its drop-ins, the final check.
 *
 * The files are parsed one over the other into a struct conf that nobody else
 * has seen yet; the first error throws all of it away.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf_origin.h"
#include "conf_value.h"

/* A policy of a thousand VMs has some 60 KiB. */
#define FILE_MAX_BYTES (1024u * 1024)

#define DAY_S 86400u

static const struct conf_history history_default = {
	.enabled = true,
	.raw_s = 2 * DAY_S,
	.minute_s = 30 * DAY_S,
	.hour_s = 2 * 365 * DAY_S,
	.max_bytes = 512ull << 20,
	.vm_interval_s = 10,
	.flush_s = 5,
};

/* The first value of each pair must not exceed the second. */
static const struct {
	const char *section, *low, *high;
} ordered[] = {
	{ "ksmtuned", "npages_min", "npages_max" },
	{ "scan-time", "min_pages", "max_pages" },
	{ "history", "raw", "minute" },
	{ "history", "minute", "hour" },
};

struct conf *conf_new(void)
{
	struct conf *conf = calloc(1, sizeof(*conf));

	if (!conf)
		return NULL;
	conf->origins = calloc(1, sizeof(*conf->origins));
	if (!conf->origins) {
		free(conf);
		return NULL;
	}
	conf->law = law_at(0);
	law_params_default(&conf->params);
	conf->history = history_default;
	conf->shadow.divide = true;
	conf->scrub.drop = true;
	conf->metrics_s = 15;
	return conf;
}

void conf_free(struct conf *conf)
{
	if (!conf)
		return;
	for (unsigned int i = 0; i < conf->nvms; i++)
		free(conf->vms[i].glob);
	for (unsigned int i = 0; i < conf->origins->nfiles; i++)
		free(conf->origins->files[i]);
	free(conf->origins->files);
	free(conf->origins->vms);
	free(conf->origins);
	free(conf->metrics_path);
	free(conf->vms);
	free(conf);
}

static int64_t value_of(const struct conf *conf, const struct conf_key *key)
{
	/* Only pairs of unsigned 32-bit numbers are compared. */
	return *(const uint32_t *)((const char *)conf + key->offset);
}

/* Blame the value that was written last. */
static void blame(const struct conf *conf, unsigned int low, unsigned int high,
		  char ret_error[CONF_ERROR_LEN])
{
	const struct conf_origins *origins = conf->origins;
	const struct conf_origin *lo = &origins->key[low];
	const struct conf_origin *hi = &origins->key[high];
	bool low_last = lo->file != hi->file ? lo->file > hi->file :
					       lo->line > hi->line;
	const struct conf_key *key = conf_key_at(low_last ? low : high);
	const struct conf_key *other = conf_key_at(low_last ? high : low);
	const struct conf_origin *at = low_last ? lo : hi;
	char found[CONF_VALUE_LEN], limit[CONF_VALUE_LEN];

	snprintf(ret_error, CONF_ERROR_LEN,
		 "%s:%u: found \"%s = %s\", expected %s %s, which is %s",
		 at->file ? origins->files[at->file - 1] : "default", at->line,
		 key->name, conf_value_format(key, conf, found),
		 low_last ? "at most" : "at least", other->name,
		 conf_value_format(other, conf, limit));
}

int conf_check(const struct conf *conf, char ret_error[CONF_ERROR_LEN])
{
	for (size_t i = 0; i < sizeof(ordered) / sizeof(ordered[0]); i++) {
		int low = conf_key_find(ordered[i].section, ordered[i].low);
		int high = conf_key_find(ordered[i].section, ordered[i].high);
		const struct conf_key *a = conf_key_at((unsigned int)low);
		const struct conf_key *b = conf_key_at((unsigned int)high);

		if (value_of(conf, a) <= value_of(conf, b))
			continue;
		blame(conf, (unsigned int)low, (unsigned int)high, ret_error);
		return -EINVAL;
	}
	return 0;
}

/* A descriptor of a file that can be read to its end, or -errno. */
static int open_file(const char *path)
{
	struct stat st;
	int fd, r = 0;

	/* Never wait for a FIFO that somebody put there. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (S_ISDIR(st.st_mode))
		r = -EISDIR;
	else if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
		r = -ENODEV;	/* but a link to /dev/null masks a file */
	if (!r)
		return fd;
	close(fd);
	return r;
}

/* An allocated copy of the file's bytes, or NULL with errno set. */
static char *read_file(const char *path, size_t *ret_len)
{
	char *text = malloc(FILE_MAX_BYTES + 1);
	int fd = open_file(path), error = 0;
	size_t len = 0;
	ssize_t n;

	if (!text || fd < 0) {
		error = text ? -fd : ENOMEM;
		goto out;
	}
	do {
		n = read(fd, text + len, FILE_MAX_BYTES + 1 - len);
		if (n > 0)
			len += (size_t)n;
	} while ((n > 0 && len <= FILE_MAX_BYTES) ||
		 (n < 0 && errno == EINTR));
	if (n < 0)
		error = errno;
	else if (len > FILE_MAX_BYTES)
		error = EFBIG;
out:
	if (fd >= 0)
		close(fd);
	if (error) {
		free(text);
		errno = error;
		return NULL;
	}
	*ret_len = len;
	return text;
}

static int load_file(struct conf *conf, const char *path, bool must,
		     char ret_error[CONF_ERROR_LEN])
{
	size_t len;
	char *text;
	int r;

	text = read_file(path, &len);
	if (!text) {
		r = -errno;
		if (!must && (r == -ENOENT || r == -ENOTDIR))
			return 0;
		snprintf(ret_error, CONF_ERROR_LEN,
			 "%s: cannot be read: %s", path, strerror(-r));
		return r;
	}
	r = conf_parse_file(conf, text, len, path, ret_error);
	free(text);
	return r;
}

static int is_drop_in(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 &&
	       !strcmp(entry->d_name + len - 5, ".conf");
}

/* By bytes: the order must not depend on the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int load_drop_ins(struct conf *conf, const char *dir,
			 char ret_error[CONF_ERROR_LEN])
{
	struct dirent **entries;
	int n = scandir(dir, &entries, is_drop_in, by_name);
	int r = 0;

	if (n < 0) {
		if (errno == ENOENT)
			return 0;
		r = -errno;
		snprintf(ret_error, CONF_ERROR_LEN,
			 "%s: cannot be read: %s", dir, strerror(-r));
		return r;
	}
	for (int i = 0; i < n; i++) {
		char *path = NULL;

		if (!r && asprintf(&path, "%s/%s", dir,
				   entries[i]->d_name) < 0) {
			path = NULL;
			r = -ENOMEM;
			snprintf(ret_error, CONF_ERROR_LEN,
				 "%s: out of memory", dir);
		}
		/* Gone since it was listed, or a dangling link: no matter. */
		if (!r)
			r = load_file(conf, path, false, ret_error);
		free(path);
		free(entries[i]);
	}
	free(entries);
	return r;
}

int conf_load(const char *root, const char *path, bool must,
	      struct conf **ret_conf, char ret_error[CONF_ERROR_LEN])
{
	size_t root_len = root ? strlen(root) : 0;
	struct conf *conf = conf_new();
	char *file = NULL, *dir = NULL;
	int r = -ENOMEM;

	while (root_len && root[root_len - 1] == '/')
		root_len--;
	snprintf(ret_error, CONF_ERROR_LEN, "%s: out of memory", path);
	if (!conf)
		return r;
	if (asprintf(&file, "%.*s%s", (int)root_len, root_len ? root : "",
		     path) < 0) {
		file = NULL;
		goto out;
	}
	if (asprintf(&dir, "%s.d", file) < 0) {
		dir = NULL;
		goto out;
	}
	r = load_file(conf, file, must, ret_error);
	if (!r)
		r = load_drop_ins(conf, dir, ret_error);
	if (!r)
		r = conf_check(conf, ret_error);
	if (!r) {
		*ret_conf = conf;
		conf = NULL;
		ret_error[0] = '\0';
	}
out:
	free(file);
	free(dir);
	conf_free(conf);
	return r;
}

int conf_parse(const char *text, const char *name, struct conf **ret_conf,
	       char ret_error[CONF_ERROR_LEN])
{
	struct conf *conf = conf_new();
	int r;

	if (!conf) {
		snprintf(ret_error, CONF_ERROR_LEN, "%s: out of memory", name);
		return -ENOMEM;
	}
	r = conf_parse_file(conf, text, strlen(text), name, ret_error);
	if (!r)
		r = conf_check(conf, ret_error);
	if (r < 0) {
		conf_free(conf);
		return r;
	}
	*ret_conf = conf;
	return 0;
}
