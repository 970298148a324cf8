/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PLAYER_VM_H
#define PLAYER_VM_H

/*
 * A VM on the raw KVM interface: one memory slot, vCPUs that start in long mode
 * at guest.S, no devices, no interrupts.
 */

#include <stdbool.h>
#include <stdint.h>

#include "guest_map.h"

struct kvm_run;

struct vm {
	int kvm_fd, fd;
	int run_bytes;
	struct guest_map map;
	uint8_t *memory;		/* map.bytes, the guest's */
};

struct vcpu {
	int fd;
	unsigned int index;
	int run_bytes;
	struct kvm_run *run;
	uint64_t *ring;			/* GUEST_RING_ENTRIES, the guest's */
};

/**
 * vm_create - a VM with its memory and page tables, without vCPUs.
 * Memory is small pages that nothing merges or collapses, so that KVM sees no
 * invalidation but those it is asked for. Not pre-faulted: see vm_prefault().
 */
int vm_create(const struct guest_map *map, struct vm *ret_vm);

/** vm_prefault - back a page of the guest with a page of the host. */
void vm_prefault(struct vm *vm, uint64_t gpa);

/** vm_set_limit - KVM_SET_NR_MMU_PAGES; KVM's least is 64. */
int vm_set_limit(struct vm *vm, unsigned long pages);

/** vm_log_dirty - switch dirty logging of the guest's memory on or off. */
int vm_log_dirty(struct vm *vm, bool on);

/** vm_fetch_dirty - fetch, hence clear, the dirty log. -ENOENT while off. */
int vm_fetch_dirty(struct vm *vm, uint64_t *bitmap);

/** vm_set_spare_slot - create or delete a slot that the guest never uses. */
int vm_set_spare_slot(struct vm *vm, bool present);

void vm_destroy(struct vm *vm);

/** vcpu_create - vCPU @index, 0..GUEST_VCPUS_MAX - 1, at the guest's start. */
int vcpu_create(struct vm *vm, unsigned int index, struct vcpu *ret_vcpu);

/**
 * vcpu_run - run until the guest has used up its ring.
 * 0, -errno of KVM_RUN, or -EPROTO for an exit that the guest never makes;
 * vcpu_describe_exit() puts that into words.
 */
int vcpu_run(struct vcpu *vcpu);

void vcpu_describe_exit(const struct vcpu *vcpu, char *text, int size);

void vcpu_destroy(struct vcpu *vcpu);

#endif
