/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PLAYER_GUEST_MAP_H
#define PLAYER_GUEST_MAP_H

/*
 * The guest's memory: where things lie, and its page tables. Pure.
 *
 * Guest-physical:
 *   0       system region: vCPU v has its code in page 8v, its ring in the
 *           seven pages behind it. One prefetch block: one fault brings it all
 *   2 MiB   page tables: PML4s, PDPTs, PDs, the system region's one page table,
 *           then one page table for each region of each address space
 *   data    2 MiB aligned, the frames that the regions map
 *
 * Guest-virtual, the same in each address space: the system region at 0, region
 * r at (r + 1) * 2 MiB. All of it is mapped with 4 KiB entries that are
 * present, writable, accessed and dirty: each region costs exactly one shadow
 * page table, and no fault is ever the guest's own. The page tables themselves
 * are mapped nowhere, thus never written and their shadows never out of sync.
 */

#include <stdint.h>

#define GUEST_VCPUS_MAX		16
#define GUEST_RING_ENTRIES	(7 * 4096 / 8)
#define GUEST_TABLES_MAX	16384	/* page tables of regions: 64 MiB */

struct guest_map {
	uint32_t cr3s, regions;
	uint32_t pds;			/* page directories of an address space */
	uint32_t frame_regions;		/* data frames, in regions */
	uint64_t data_gpa;
	uint64_t bytes;			/* of guest memory */
};

/** guest_map_plan - lay out memory. -E2BIG: more than GUEST_TABLES_MAX. */
int guest_map_plan(uint32_t cr3s, uint32_t regions, struct guest_map *ret_map);

/** guest_map_write - write page tables into @memory, map->bytes of zeroes. */
void guest_map_write(const struct guest_map *map, void *memory);

/** guest_map_root - guest-physical address of an address space's PML4. */
uint64_t guest_map_root(const struct guest_map *map, uint32_t cr3);

/** guest_map_va - virtual address of a page of a region. */
uint64_t guest_map_va(uint32_t region, uint32_t page);

/**
 * guest_map_gpa - guest-physical address of a page of a region.
 * Regions share frames once there are more than frame_regions of them.
 */
uint64_t guest_map_gpa(const struct guest_map *map, uint32_t cr3,
		       uint32_t region, uint32_t page);

/** guest_map_code, guest_map_ring - of a vCPU, virtual and physical alike. */
uint64_t guest_map_code(uint32_t vcpu);
uint64_t guest_map_ring(uint32_t vcpu);

#endif
