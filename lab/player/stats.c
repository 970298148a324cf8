// SPDX-License-Identifier: GPL-2.0
/*
 * Binary statistics of KVM. See stats.h.
 *
 * A statistics file is a header, an id, an array of descriptors and a block of
 * 64-bit values that the kernel keeps current (Documentation/virt/kvm/api.rst,
 * 4.134); pread() of the block is all that a later reading costs.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "stats.h"

#define DESCRIPTORS_MAX	1024
#define BUCKETS_MAX	1024
#define NAME_MAX_LENGTH	127
#define FILES_MAX	32

struct counter {
	char name[NAME_MAX_LENGTH + 1];
	bool running;			/* a count that only grows */
	size_t nvalues;
	uint64_t *values, *base;
};

/* Where one file keeps a statistic. */
struct place {
	size_t stat;			/* index in stats::stats */
	off_t offset;
};

struct source {
	int fd;
	struct place *places;
	size_t nplaces;
};

struct stats {
	struct counter *stats;
	size_t nstats;
	struct source sources[FILES_MAX];
	size_t nsources;
};

struct stats *stats_new(void)
{
	return calloc(1, sizeof(struct stats));
}

static bool is_wanted(const char *name)
{
	static const char *const parts[] = {
		"pf_", "mmu_", "evict", "refault", "remote_tlb_flush",
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strstr(name, parts[i]))
			return true;
	return false;
}

static bool is_running(uint32_t flags)
{
	uint32_t type = flags & KVM_STATS_TYPE_MASK;

	return type != KVM_STATS_TYPE_INSTANT && type != KVM_STATS_TYPE_PEAK;
}

static int add_stat(struct stats *stats, const struct kvm_stats_desc *desc,
		    size_t *ret_index)
{
	struct counter *grown, *stat;

	grown = reallocarray(stats->stats, stats->nstats + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	stats->stats = grown;
	stat = &grown[stats->nstats];
	memset(stat, 0, sizeof(*stat));
	strcpy(stat->name, desc->name);
	stat->running = is_running(desc->flags);
	stat->nvalues = desc->size;
	stat->values = calloc(desc->size, sizeof(uint64_t));
	stat->base = calloc(desc->size, sizeof(uint64_t));
	if (!stat->values || !stat->base) {
		free(stat->values);
		free(stat->base);
		return -ENOMEM;
	}
	*ret_index = stats->nstats++;
	return 0;
}

static int find_or_add_stat(struct stats *stats,
			    const struct kvm_stats_desc *desc,
			    size_t *ret_index)
{
	for (size_t i = 0; i < stats->nstats; i++) {
		if (strcmp(stats->stats[i].name, desc->name))
			continue;
		if (stats->stats[i].nvalues != desc->size)
			return -EPROTO;
		*ret_index = i;
		return 0;
	}
	return add_stat(stats, desc, ret_index);
}

static int take_descriptor(struct stats *stats, struct source *source,
			   const struct kvm_stats_header *header,
			   const struct kvm_stats_desc *desc)
{
	struct place *place = &source->places[source->nplaces];
	int ret;

	if (!memchr(desc->name, '\0', header->name_size) || !desc->size ||
	    desc->size > BUCKETS_MAX)
		return -EPROTO;
	if (!is_wanted(desc->name))
		return 0;
	ret = find_or_add_stat(stats, desc, &place->stat);
	if (ret)
		return ret;
	place->offset = header->data_offset + desc->offset;
	source->nplaces++;
	return 0;
}

static int read_exactly(int fd, void *buffer, size_t size, off_t offset)
{
	ssize_t length = pread(fd, buffer, size, offset);

	if (length < 0)
		return -errno;
	return (size_t)length == size ? 0 : -EPROTO;
}

static int read_descriptors(struct stats *stats, struct source *source)
{
	struct kvm_stats_header header;
	size_t size;
	char *block;
	int ret;

	ret = read_exactly(source->fd, &header, sizeof(header), 0);
	if (ret)
		return ret;
	if (!header.name_size || header.name_size > NAME_MAX_LENGTH ||
	    header.num_desc > DESCRIPTORS_MAX)
		return -EPROTO;
	size = sizeof(struct kvm_stats_desc) + header.name_size;
	block = malloc(size * header.num_desc);
	source->places = calloc(header.num_desc, sizeof(*source->places));
	ret = -ENOMEM;
	if (block && source->places)
		ret = read_exactly(source->fd, block, size * header.num_desc,
				   header.desc_offset);
	for (size_t i = 0; !ret && i < header.num_desc; i++)
		ret = take_descriptor(stats, source, &header,
				      (void *)(block + i * size));
	free(block);
	return ret;
}

int stats_attach(struct stats *stats, int kvm_fd)
{
	struct source *source = &stats->sources[stats->nsources];
	int ret;

	if (stats->nsources == FILES_MAX)
		return -E2BIG;
	source->fd = ioctl(kvm_fd, KVM_GET_STATS_FD, NULL);
	if (source->fd < 0)
		return -errno;
	ret = read_descriptors(stats, source);
	if (ret) {
		free(source->places);
		close(source->fd);
		*source = (struct source){ 0 };
		return ret;
	}
	stats->nsources++;
	return 0;
}

static int add_place(struct stats *stats, int fd, const struct place *place)
{
	struct counter *stat = &stats->stats[place->stat];
	uint64_t values[BUCKETS_MAX];
	int ret;

	ret = read_exactly(fd, values, stat->nvalues * sizeof(*values),
			   place->offset);
	if (ret)
		return ret;
	for (size_t i = 0; i < stat->nvalues; i++)
		stat->values[i] += values[i];
	return 0;
}

static int read_all(struct stats *stats)
{
	int ret;

	for (size_t i = 0; i < stats->nstats; i++)
		memset(stats->stats[i].values, 0,
		       stats->stats[i].nvalues * sizeof(uint64_t));
	for (size_t i = 0; i < stats->nsources; i++) {
		const struct source *source = &stats->sources[i];

		for (size_t j = 0; j < source->nplaces; j++) {
			ret = add_place(stats, source->fd, &source->places[j]);
			if (ret)
				return ret;
		}
	}
	return 0;
}

int stats_mark(struct stats *stats)
{
	int ret = read_all(stats);

	if (ret)
		return ret;
	for (size_t i = 0; i < stats->nstats; i++)
		memcpy(stats->stats[i].base, stats->stats[i].values,
		       stats->stats[i].nvalues * sizeof(uint64_t));
	return 0;
}

static void print_stat(const struct counter *stat, FILE *stream)
{
	const char *separator = "";

	fprintf(stream, ", \"%s\": %s", stat->name, stat->nvalues > 1 ? "[" : "");
	for (size_t i = 0; i < stat->nvalues; i++) {
		fprintf(stream, "%s%lld", separator, (long long)
			(stat->values[i] - (stat->running ? stat->base[i] : 0)));
		separator = ", ";
	}
	if (stat->nvalues > 1)
		fputc(']', stream);
}

int stats_print(struct stats *stats, FILE *stream)
{
	int ret = read_all(stats);

	if (ret)
		return ret;
	for (size_t i = 0; i < stats->nstats; i++)
		print_stat(&stats->stats[i], stream);
	return 0;
}

void stats_free(struct stats *stats)
{
	if (!stats)
		return;
	for (size_t i = 0; i < stats->nsources; i++) {
		close(stats->sources[i].fd);
		free(stats->sources[i].places);
	}
	for (size_t i = 0; i < stats->nstats; i++) {
		free(stats->stats[i].values);
		free(stats->stats[i].base);
	}
	free(stats->stats);
	free(stats);
}
