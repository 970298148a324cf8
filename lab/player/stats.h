/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PLAYER_STATS_H
#define PLAYER_STATS_H

/*
 * KVM's counters of the shadow MMU, through the binary statistics files of a VM
 * and its vCPUs (KVM_GET_STATS_FD). Which ones exist is the kernel's business:
 * every statistic whose name speaks of faults, the MMU, eviction or refaults is
 * taken. Equal names of several files are added up.
 */

#include <stdio.h>

struct stats;

/** stats_new - an empty set, NULL without memory. */
struct stats *stats_new(void);

/**
 * stats_attach - take the statistics behind a VM's or vCPU's descriptor.
 * -ENOTTY: the kernel has no binary statistics. -EPROTO: not as documented.
 */
int stats_attach(struct stats *stats, int kvm_fd);

/** stats_mark - read all; what is printed later counts from here. */
int stats_mark(struct stats *stats);

/**
 * stats_print - read all and print `, "name": value` each, no line end.
 * Cumulative values and histograms are differences from the mark, others are
 * as they stand. Histograms are arrays.
 */
int stats_print(struct stats *stats, FILE *stream);

void stats_free(struct stats *stats);

#endif
