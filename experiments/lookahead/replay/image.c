// SPDX-License-Identifier: GPL-2.0
/* Images of guest memory. See image.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"
#include "noise.h"

#define FRAMES_MAX (1ull << 24)		/* 64 GiB: beyond is no image of ours */

static int read_exactly(int fd, uint8_t *buffer, size_t bytes, off_t offset)
{
	while (bytes) {
		ssize_t length = pread(fd, buffer, bytes, offset);

		if (length < 0)
			return -errno;
		if (!length)
			return -EPROTO;
		buffer += length;
		bytes -= (size_t)length;
		offset += length;
	}
	return 0;
}

static int add_extent(struct image *image, uint64_t first, uint64_t count)
{
	struct extent *grown;

	if (first < image->frames || !count || count > FRAMES_MAX ||
	    first > FRAMES_MAX)
		return -EPROTO;
	grown = reallocarray(image->extents, image->nextents + 1,
			     sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	grown[image->nextents] = (struct extent){ first, count };
	image->extents = grown;
	image->nextents++;
	image->frames = first + count;
	image->pages += count;
	return 0;
}

static int read_map(FILE *map, struct image *image)
{
	uint64_t first, count;
	int fields, ret = 0;

	while (!ret) {
		fields = fscanf(map, "%" SCNu64 " %" SCNu64, &first, &count);
		if (fields == EOF)
			return ferror(map) ? -EIO : 0;
		ret = fields == 2 ? add_extent(image, first, count) : -EPROTO;
	}
	return ret;
}

static int open_pages(const char *path, const struct image *image)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat stat;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &stat) ||
	    (uint64_t)stat.st_size != image->pages * PAGE_BYTES) {
		close(fd);
		return -EPROTO;
	}
	return fd;
}

int image_open(const char *directory, const char *name,
	       struct image *ret_image)
{
	struct image image = { .pages_fd = -1 };
	char path[PATH_MAX];
	FILE *map;
	int ret;

	snprintf(path, sizeof(path), "%s/%s.map", directory, name);
	map = fopen(path, "re");
	if (!map)
		return -errno;
	ret = read_map(map, &image);
	fclose(map);
	if (ret)
		goto err_free;
	snprintf(path, sizeof(path), "%s/%s.pages", directory, name);
	ret = open_pages(path, &image);
	if (ret < 0)
		goto err_free;
	image.pages_fd = ret;
	*ret_image = image;
	return 0;

err_free:
	free(image.extents);
	return ret;
}

int image_load(const struct image *image, uint8_t *memory)
{
	off_t offset = 0;
	int ret = 0;

	for (size_t i = 0; !ret && i < image->nextents; i++) {
		const struct extent *extent = &image->extents[i];
		size_t bytes = extent->count * PAGE_BYTES;

		ret = read_exactly(image->pages_fd,
				   memory + extent->first * PAGE_BYTES, bytes,
				   offset);
		offset += (off_t)bytes;
	}
	return ret;
}

int image_load_part(const struct image *image, uint64_t first, uint64_t pages,
		    uint8_t *memory)
{
	return read_exactly(image->pages_fd, memory, pages * PAGE_BYTES,
			    (off_t)(first * PAGE_BYTES));
}

/* Fisher and Yates, backwards: each order is as likely as any other. */
static void permute(uint64_t *order, uint64_t count, uint64_t seed)
{
	for (uint64_t i = 0; i < count; i++)
		order[i] = i;
	for (uint64_t i = count; i > 1; i--) {
		uint64_t j = noise(seed + i) % i, kept = order[i - 1];

		order[i - 1] = order[j];
		order[j] = kept;
	}
}

int image_load_permuted(const struct image *image, uint64_t pages,
			uint64_t seed, uint8_t *memory)
{
	uint64_t *order = calloc(pages, sizeof(*order));
	uint8_t *packed = malloc(pages * PAGE_BYTES);
	int ret = -ENOMEM;

	if (!order || !packed)
		goto out;
	ret = image_load_part(image, 0, pages, packed);
	if (ret)
		goto out;
	permute(order, pages, seed);
	for (uint64_t i = 0; i < pages; i++)
		memcpy(memory + i * PAGE_BYTES,
		       packed + order[i] * PAGE_BYTES, PAGE_BYTES);
out:
	free(packed);
	free(order);
	return ret;
}

void image_close(struct image *image)
{
	close(image->pages_fd);
	free(image->extents);
}
