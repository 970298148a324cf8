/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A host of VMs under shadow paging, in simulated time.
 *
 * Each VM plays a trace of lab/player to a pool of experiments/eviction/sim,
 * under the policy `reuse`, at so many steps a second: a model that counts as
 * the kernel does (exactly, for FIFO; within 3 % for `reuse`). Beside it runs a
 * pool without limit, whose faults no division can spare.
 */
#ifndef DENSITY_SIM_SHADOW_HOST_H
#define DENSITY_SIM_SHADOW_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "../../experiments/eviction/sim/pool.h"
#include "../snap.h"

#define HOST_VMS_MAX 256
#define HOST_PHASES_MAX 4

/* What a VM does from some second on. */
struct host_phase {
	uint32_t at_s;
	const char *trace;	/* NULL: it rests */
	uint32_t items;
	uint32_t steps_per_s;
};

struct host_vm_spec {
	uint32_t copies;	/* alike but for their random numbers; 0: 1 */
	uint32_t mem_mib;	/* KVM gives a limit of 2 % of its pages */
	uint32_t from_s, to_s;	/* to 0: stays to the end */
	uint32_t every_s;	/* between one copy's coming and the next */
	uint32_t weight_permille;	/* 0: 1000 */
	struct host_phase phases[HOST_PHASES_MAX];
};

struct host_vm {
	const struct host_vm_spec *spec;
	uint64_t id, seed;
	uint32_t from_s, to_s;
	uint32_t given;		/* pages */
	bool here;
	unsigned int phase;	/* the one under way, from 1; 0: none */
	struct trace trace;
	struct pool pool, unlimited;
	uint64_t busy_ns;
};

struct host {
	uint32_t now_s;
	uint32_t nvms;
	struct host_vm *vms;
	struct snap snap;
	struct snap_shadow shadows[HOST_VMS_MAX];
};

/** host_open - @specs end with mem_mib 0. 0, -EINVAL or -ENOMEM. */
int host_open(struct host *host, const struct host_vm_spec *specs,
	      uint64_t seed);
void host_close(struct host *host);

/** host_run - let VMs come, work for @seconds, and go. 0, -EINVAL, -ENOMEM. */
int host_run(struct host *host, uint32_t seconds);

/** host_look - what the kernel extension would tell; valid until the next. */
const struct snap *host_look(struct host *host);

/** host_set_limit - of the VM with this id, if it is still there. */
void host_set_limit(struct host *host, uint64_t id, uint32_t limit);

/** host_vm_avoidable - faults of a VM that a pool without limit had not. */
uint64_t host_vm_avoidable(const struct host_vm *vm);

#endif
