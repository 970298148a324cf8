// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../experiments/eviction/sim/policy.h"
#include "host.h"

#define PAGES_PER_MIB 256u
#define KVM_PERMILLE_MMU_PAGES 20u
#define KVM_MIN_ALLOC_MMU_PAGES 64u
#define NS_PER_S 1000000000ull
/* A step with its TLB misses and the work between: a VM that makes so many a
 * second uses a CPU. */
#define STEP_NS 500000ull
/* Ids begin somewhere. */
#define FIRST_ID 7

_Static_assert(POOL_REFAULT_BUCKETS == SNAP_REFAULT_BUCKETS, "one histogram");

static uint32_t given(const struct host_vm_spec *spec)
{
	uint32_t pages = spec->mem_mib * PAGES_PER_MIB / 1000 *
			 KVM_PERMILLE_MMU_PAGES;

	return pages > KVM_MIN_ALLOC_MMU_PAGES ? pages :
						 KVM_MIN_ALLOC_MMU_PAGES;
}

static uint32_t copies(const struct host_vm_spec *spec)
{
	return spec->copies ? spec->copies : 1;
}

int host_open(struct host *host, const struct host_vm_spec *specs,
	      uint64_t seed)
{
	uint32_t n = 0;

	memset(host, 0, sizeof(*host));
	for (const struct host_vm_spec *spec = specs; spec->mem_mib; spec++)
		n += copies(spec);
	if (n > HOST_VMS_MAX)
		return -EINVAL;
	host->vms = calloc(n + 1, sizeof(*host->vms));
	if (!host->vms)
		return -ENOMEM;
	for (; specs->mem_mib; specs++) {
		for (uint32_t i = 0; i < copies(specs); i++) {
			struct host_vm *vm = &host->vms[host->nvms];

			vm->spec = specs;
			vm->id = FIRST_ID + host->nvms;
			vm->seed = seed * 1000 + host->nvms++;
			vm->from_s = specs->from_s + i * specs->every_s;
			vm->to_s = specs->to_s ?
				   specs->to_s + i * specs->every_s :
				   UINT32_MAX;
			vm->given = given(specs);
		}
	}
	return 0;
}

static void leave(struct host_vm *vm)
{
	if (!vm->here)
		return;
	pool_close(&vm->pool);
	pool_close(&vm->unlimited);
	vm->here = false;
}

void host_close(struct host *host)
{
	for (uint32_t i = 0; i < host->nvms; i++)
		leave(&host->vms[i]);
	free(host->vms);
}

static int open_phase(struct host_vm *vm, const struct host_phase *phase)
{
	const struct trace_size size = {
		.items = phase->items, .steps = UINT64_MAX,
	};
	const struct trace_spec *spec = trace_find(phase->trace);

	return spec ? trace_open(spec, vm->seed + phase->at_s, &size,
				 &vm->trace) : -EINVAL;
}

/* Room for the largest phase. Each works where the ones before did. */
static int size_of(struct host_vm *vm, struct pool_size *ret_size)
{
	int ret;

	*ret_size = (struct pool_size){ .cr3s = 1, .regions = 1 };
	for (int i = 0; i < HOST_PHASES_MAX; i++) {
		const struct host_phase *phase = &vm->spec->phases[i];

		if (!phase->trace)
			continue;
		ret = open_phase(vm, phase);
		if (ret)
			return ret;
		if (trace_cr3s(&vm->trace) > ret_size->cr3s)
			ret_size->cr3s = trace_cr3s(&vm->trace);
		if (trace_regions(&vm->trace) > ret_size->regions)
			ret_size->regions = trace_regions(&vm->trace);
	}
	return 0;
}

static int arrive(struct host_vm *vm)
{
	struct pool_size size;
	int ret;

	ret = size_of(vm, &size);
	if (ret)
		return ret;
	size.limit = POOL_LIMIT_NONE;
	ret = pool_open(&vm->unlimited, &size, &policy_fifo);
	if (ret)
		return ret;
	/* Ghosts for the pool at its largest, as the kernel makes them. */
	size.limit = size.cr3s * (size.regions + 4);
	ret = pool_open(&vm->pool, &size, &policy_reuse);
	if (ret) {
		pool_close(&vm->unlimited);
		return ret;
	}
	pool_set_limit(&vm->pool, vm->given);
	vm->here = true;
	return 0;
}

static const struct host_phase *phase_now(const struct host_vm *vm)
{
	return vm->phase ? &vm->spec->phases[vm->phase - 1] : NULL;
}

static int turn_phase(struct host_vm *vm, uint32_t now_s)
{
	unsigned int next = vm->phase;

	while (next < HOST_PHASES_MAX &&
	       (next == 0 || vm->spec->phases[next].at_s) &&
	       now_s >= vm->from_s + vm->spec->phases[next].at_s)
		next++;
	if (next == vm->phase)
		return 0;
	vm->phase = next;
	return phase_now(vm)->trace ? open_phase(vm, phase_now(vm)) : 0;
}

static void work(struct host_vm *vm)
{
	const struct host_phase *phase = phase_now(vm);
	struct trace_step step;

	if (!phase || !phase->trace)
		return;
	for (uint32_t i = 0; i < phase->steps_per_s; i++) {
		trace_next(&vm->trace, &step);
		pool_touch(&vm->pool, &step);
		pool_touch(&vm->unlimited, &step);
	}
	vm->busy_ns += phase->steps_per_s * STEP_NS;
}

static int live(struct host_vm *vm, uint32_t now_s)
{
	int ret = 0;

	if (now_s == vm->from_s)
		ret = arrive(vm);
	if (ret || !vm->here || now_s >= vm->to_s)
		return ret;
	ret = turn_phase(vm, now_s);
	if (!ret)
		work(vm);
	return ret;
}

int host_run(struct host *host, uint32_t seconds)
{
	int ret = 0;

	for (; seconds && !ret; seconds--, host->now_s++)
		for (uint32_t i = 0; i < host->nvms && !ret; i++)
			ret = live(&host->vms[i], host->now_s);
	return ret;
}

static bool is_here(const struct host *host, const struct host_vm *vm)
{
	return vm->here && host->now_s < vm->to_s;
}

const struct snap *host_look(struct host *host)
{
	struct snap *snap = &host->snap;

	snap->seq++;
	snap->mono_ns = (host->now_s + 1) * NS_PER_S;
	snap->caps = SNAP_CAP_SHADOW;
	snap->shadows_seq = snap->seq;
	snap->shadows = host->shadows;
	snap->nshadows = 0;
	for (uint32_t i = 0; i < host->nvms; i++) {
		const struct host_vm *vm = &host->vms[i];
		struct snap_shadow *shadow = &host->shadows[snap->nshadows];

		if (!is_here(host, vm))
			continue;
		*shadow = (struct snap_shadow){
			.id = vm->id, .pid = (int32_t)vm->id,
			.weight_permille = vm->spec->weight_permille ?
					   vm->spec->weight_permille : 1000,
			.limit = vm->pool.limit, .pages = vm->pool.used,
			.cpu_ns = vm->busy_ns,
			.evictions = vm->pool.stats.evicted,
		};
		memcpy(shadow->refault_distance,
		       vm->pool.stats.refault_distance,
		       sizeof(shadow->refault_distance));
		for (int j = 0; j < SNAP_REFAULT_BUCKETS; j++)
			shadow->refaults += shadow->refault_distance[j];
		snap->nshadows++;
	}
	return snap;
}

void host_set_limit(struct host *host, uint64_t id, uint32_t limit)
{
	for (uint32_t i = 0; i < host->nvms; i++)
		if (host->vms[i].id == id && is_here(host, &host->vms[i]))
			pool_set_limit(&host->vms[i].pool, limit);
}

uint64_t host_vm_avoidable(const struct host_vm *vm)
{
	uint64_t floor = vm->unlimited.stats.faults;
	uint64_t faults = vm->pool.stats.faults;

	return faults > floor ? faults - floor : 0;
}
