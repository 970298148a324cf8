/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REPLAY_SYSFS_H
#define REPLAY_SYSFS_H

/* Numbers in files of /sys/kernel/mm/ksm, by name. */

#include <stdbool.h>
#include <stdint.h>

/** sysfs_open - for reading; a descriptor that stays good, or -errno. */
int sysfs_open(const char *name);

/** sysfs_read_fd - the number behind sysfs_open()'s descriptor, as it is now. */
int sysfs_read_fd(int fd, uint64_t *ret_value);

int sysfs_read(const char *name, uint64_t *ret_value);

/** sysfs_write - 0 or the kernel's -errno. */
int sysfs_write(const char *name, uint64_t value);

/** sysfs_exists - does this kernel have the file? */
bool sysfs_exists(const char *name);

#endif
