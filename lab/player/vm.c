// SPDX-License-Identifier: GPL-2.0
/* The VM. See vm.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest.h"
#include "vm.h"

enum { SLOT_MEMORY, SLOT_SPARE };

#define SPARE_GPA	(1ULL << 32)	/* above all memory that a map has */
#define SPARE_BYTES	(2UL << 20)
#define CPUID_MAX	256

#define CR0_PE		(1UL << 0)
#define CR0_ET		(1UL << 4)
#define CR0_NE		(1UL << 5)
#define CR0_WP		(1UL << 16)
#define CR0_PG		(1UL << 31)
#define CR4_PAE		(1UL << 5)
#define EFER_LME	(1UL << 8)
#define EFER_LMA	(1UL << 10)
#define RFLAGS_FIXED	(1UL << 1)

static int set_slot(struct vm *vm, unsigned int slot, uint64_t gpa,
		    uint64_t bytes, uint32_t flags)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.flags = flags,
		.guest_phys_addr = gpa,
		.memory_size = bytes,
		.userspace_addr = (uintptr_t)vm->memory,
	};

	return ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region) ? -errno : 0;
}

static int map_memory(struct vm *vm)
{
	size_t code_bytes = guest_code_end - guest_code;

	vm->memory = mmap(NULL, vm->map.bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (vm->memory == MAP_FAILED)
		return -errno;
	/* Fails where the kernel has no huge pages, hence none to fear. */
	madvise(vm->memory, vm->map.bytes, MADV_NOHUGEPAGE);
	guest_map_write(&vm->map, vm->memory);
	for (unsigned int vcpu = 0; vcpu < GUEST_VCPUS_MAX; vcpu++)
		memcpy(vm->memory + guest_map_code(vcpu), guest_code,
		       code_bytes);
	/* The rings too, and no hole that a prefetch would stop at. */
	for (uint64_t gpa = 0; gpa < guest_map_code(GUEST_VCPUS_MAX);
	     gpa += GUEST_PAGE_SIZE)
		vm_prefault(vm, gpa);
	return 0;
}

/* -1 stands for what is not there yet, so that any state can be destroyed. */
static int open_vm(struct vm *vm)
{
	vm->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm_fd < 0)
		return -errno;
	if (ioctl(vm->kvm_fd, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return -EPROTO;
	vm->run_bytes = ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (vm->run_bytes < 0)
		return -errno;
	vm->fd = ioctl(vm->kvm_fd, KVM_CREATE_VM, 0);
	return vm->fd < 0 ? -errno : 0;
}

int vm_create(const struct guest_map *map, struct vm *ret_vm)
{
	struct vm vm = {
		.kvm_fd = -1, .fd = -1, .map = *map, .memory = MAP_FAILED,
	};
	int ret;

	ret = open_vm(&vm);
	if (!ret)
		ret = map_memory(&vm);
	if (!ret)
		ret = set_slot(&vm, SLOT_MEMORY, 0, map->bytes, 0);
	if (ret)
		vm_destroy(&vm);
	else
		*ret_vm = vm;
	return ret;
}

void vm_destroy(struct vm *vm)
{
	if (vm->fd >= 0)
		close(vm->fd);
	if (vm->kvm_fd >= 0)
		close(vm->kvm_fd);
	if (vm->memory != MAP_FAILED)
		munmap(vm->memory, vm->map.bytes);
}

void vm_prefault(struct vm *vm, uint64_t gpa)
{
	volatile uint8_t *byte = vm->memory + gpa;

	*byte = *byte;
}

int vm_set_limit(struct vm *vm, unsigned long pages)
{
	return ioctl(vm->fd, KVM_SET_NR_MMU_PAGES, pages) ? -errno : 0;
}

int vm_log_dirty(struct vm *vm, bool on)
{
	return set_slot(vm, SLOT_MEMORY, 0, vm->map.bytes,
			on ? KVM_MEM_LOG_DIRTY_PAGES : 0);
}

int vm_fetch_dirty(struct vm *vm, uint64_t *bitmap)
{
	struct kvm_dirty_log log = {
		.slot = SLOT_MEMORY, .dirty_bitmap = bitmap,
	};

	return ioctl(vm->fd, KVM_GET_DIRTY_LOG, &log) ? -errno : 0;
}

int vm_set_spare_slot(struct vm *vm, bool present)
{
	return set_slot(vm, SLOT_SPARE, SPARE_GPA, present ? SPARE_BYTES : 0, 0);
}

/* The guest's CPU is the host's: KVM checks the mode below against it. */
static int set_cpuid(struct vm *vm, int vcpu_fd)
{
	struct kvm_cpuid2 *cpuid;
	int ret = 0;

	cpuid = calloc(1, sizeof(*cpuid) + CPUID_MAX * sizeof(*cpuid->entries));
	if (!cpuid)
		return -ENOMEM;
	cpuid->nent = CPUID_MAX;
	if (ioctl(vm->kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid) ||
	    ioctl(vcpu_fd, KVM_SET_CPUID2, cpuid))
		ret = -errno;
	free(cpuid);
	return ret;
}

static int enter_long_mode(struct vm *vm, int vcpu_fd)
{
	const struct kvm_segment code = {
		.limit = 0xffffffff, .selector = 8, .type = 11, .present = 1,
		.s = 1, .l = 1, .g = 1,
	};
	const struct kvm_segment data = {
		.limit = 0xffffffff, .selector = 16, .type = 3, .present = 1,
		.s = 1, .db = 1, .g = 1,
	};
	struct kvm_sregs sregs;

	if (ioctl(vcpu_fd, KVM_GET_SREGS, &sregs))
		return -errno;
	sregs.cs = code;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.cr0 = CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
	sregs.cr3 = guest_map_root(&vm->map, 0);
	sregs.cr4 = CR4_PAE;
	sregs.efer = EFER_LME | EFER_LMA;
	return ioctl(vcpu_fd, KVM_SET_SREGS, &sregs) ? -errno : 0;
}

static int set_registers(struct vm *vm, struct vcpu *vcpu)
{
	struct kvm_regs regs = {
		.rip = guest_map_code(vcpu->index),
		.rdi = guest_map_ring(vcpu->index),
		.r8 = guest_map_root(&vm->map, 0),
		.rflags = RFLAGS_FIXED,
	};

	return ioctl(vcpu->fd, KVM_SET_REGS, &regs) ? -errno : 0;
}

int vcpu_create(struct vm *vm, unsigned int index, struct vcpu *ret_vcpu)
{
	struct vcpu vcpu = {
		.index = index, .run_bytes = vm->run_bytes, .run = MAP_FAILED,
		.ring = (uint64_t *)(vm->memory + guest_map_ring(index)),
	};
	int ret;

	vcpu.fd = ioctl(vm->fd, KVM_CREATE_VCPU, (unsigned long)index);
	if (vcpu.fd < 0)
		return -errno;
	ret = set_cpuid(vm, vcpu.fd);
	if (!ret)
		ret = enter_long_mode(vm, vcpu.fd);
	if (!ret)
		ret = set_registers(vm, &vcpu);
	if (!ret) {
		vcpu.run = mmap(NULL, vcpu.run_bytes, PROT_READ | PROT_WRITE,
				MAP_SHARED, vcpu.fd, 0);
		ret = vcpu.run == MAP_FAILED ? -errno : 0;
	}
	if (ret)
		vcpu_destroy(&vcpu);
	else
		*ret_vcpu = vcpu;
	return ret;
}

void vcpu_destroy(struct vcpu *vcpu)
{
	if (vcpu->run != MAP_FAILED)
		munmap(vcpu->run, vcpu->run_bytes);
	close(vcpu->fd);
}

int vcpu_run(struct vcpu *vcpu)
{
	if (ioctl(vcpu->fd, KVM_RUN, 0))
		return -errno;
	if (vcpu->run->exit_reason == KVM_EXIT_IO &&
	    vcpu->run->io.port == GUEST_PORT_REFILL)
		return 0;
	return -EPROTO;
}

void vcpu_describe_exit(const struct vcpu *vcpu, char *text, int size)
{
	struct kvm_sregs sregs = { 0 };
	struct kvm_regs regs = { 0 };

	ioctl(vcpu->fd, KVM_GET_SREGS, &sregs);
	ioctl(vcpu->fd, KVM_GET_REGS, &regs);
	snprintf(text, size,
		 "exit %u (suberror %u) at rip %#llx, cr2 %#llx, cr3 %#llx",
		 vcpu->run->exit_reason,
		 vcpu->run->exit_reason == KVM_EXIT_INTERNAL_ERROR ?
		 vcpu->run->internal.suberror : 0,
		 regs.rip, sregs.cr2, sregs.cr3);
}
