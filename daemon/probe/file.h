/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files below the probe's root.
 *
 * Paths are relative to a directory descriptor, without a leading slash.
 * Nothing blocks: a FIFO or a device where a file should be reads as absent.
 */
#ifndef DENSITY_PROBE_FILE_H
#define DENSITY_PROBE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One buffer serves all small reads; a longer file is cut there. */
#define PROBE_BUF_SIZE 32768

/* A file that is read again and again; start with PROBE_FILE(path). */
struct probe_file {
	const char *path;
	int fd;
	/* Nothing is wanted from behind the first piece that has this; or NULL. */
	const char *last;
};

#define PROBE_FILE(path_) { .path = (path_), .fd = -1 }

/*
 * Read from the start, at most @size bytes. The descriptor stays open on
 * procfs and sysfs, where every read gives new contents; elsewhere the file
 * may be replaced by another one of its name and is opened anew each time.
 * A kept descriptor that fails is opened again once.
 * Returns the number of bytes or -errno.
 */
long probe_file_read(int dir_fd, struct probe_file *file, char *buf,
		     size_t size);
void probe_file_close(struct probe_file *file);

/*
 * The same for one file of many, @path, by the descriptor in *@fd: 0 when none
 * is open yet. It is kept on procfs, while few are: numbers from
 * PROBE_KEEP_BELOW on, and the upper half of what the process may open, are
 * left to others. There a kept descriptor stands for
 * one process, whoever gets its pid later; when it fails it is closed, *@fd is
 * 0 and the result -ESRCH, and no other file is opened in its place.
 */
#define PROBE_KEEP_BELOW 512
long probe_file_read_kept(int dir_fd, const char *path, int *fd, char *buf,
			  size_t size);

/* Open, read all of it up to @size bytes, close. Bytes or -errno. */
long probe_file_read_once(int dir_fd, const char *path, char *buf,
			  size_t size);

/* For a reader that streams. A descriptor or -errno. */
int probe_file_open(int dir_fd, const char *path);

/*
 * Read up to @size bytes at @offset; fewer only at the end of the file. A
 * seq_file hands out less than asked for in the middle of its contents.
 */
long probe_file_pread(int fd, char *buf, size_t size, size_t offset);

/* Call @fn for each name in directory @path but "." and ".."; 0 or -errno. */
typedef void (*probe_dir_fn)(void *arg, const char *name);
int probe_dir_each(int dir_fd, const char *path, probe_dir_fn fn, void *arg);

/* @name as a decimal number from 0 to INT32_MAX that ends at @stop. */
bool probe_name_to_id(const char *name, char stop, int32_t *ret_id);

#endif
