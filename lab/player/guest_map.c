// SPDX-License-Identifier: GPL-2.0
/* The guest's memory map and page tables. See guest_map.h. */
#include <errno.h>
#include <stddef.h>

#include "guest_map.h"
#include "trace.h"

#define PAGE		4096ULL
#define REGION		(PAGE * TRACE_PAGES_PER_REGION)
#define ENTRIES		512
#define TABLES_GPA	REGION

/*
 * Enough frames for every trace at its default size. Beyond that regions share
 * them, which keeps the guest small; few share one, for KVM's reverse maps are
 * lists that it walks, and prunes when they grow past 1000.
 */
#define FRAME_REGIONS	256

/* Present, writable, accessed, dirty. Accessed matters for prefetch too. */
#define PTE_FLAGS	0x63ULL

int guest_map_plan(uint32_t cr3s, uint32_t regions, struct guest_map *ret_map)
{
	struct guest_map map = { .cr3s = cr3s, .regions = regions };
	uint64_t tables;

	if ((uint64_t)cr3s * regions > GUEST_TABLES_MAX)
		return -E2BIG;
	map.pds = (regions + 1 + ENTRIES - 1) / ENTRIES;
	map.frame_regions = cr3s * regions;
	if (map.frame_regions > FRAME_REGIONS)
		map.frame_regions = FRAME_REGIONS;
	tables = cr3s * (2 + map.pds + regions) + 1;
	map.data_gpa = TABLES_GPA + (tables * PAGE + REGION - 1) /
		       REGION * REGION;
	map.bytes = map.data_gpa + map.frame_regions * REGION;
	*ret_map = map;
	return 0;
}

/* Index of a page table's page, in the order that guest_map.h gives. */
static uint32_t pdpt_index(const struct guest_map *map, uint32_t cr3)
{
	return map->cr3s + cr3;
}

static uint32_t pd_index(const struct guest_map *map, uint32_t cr3, uint32_t pd)
{
	return 2 * map->cr3s + cr3 * map->pds + pd;
}

static uint32_t system_index(const struct guest_map *map)
{
	return pd_index(map, map->cr3s, 0);
}

static uint32_t region_index(const struct guest_map *map, uint32_t cr3,
			     uint32_t region)
{
	return system_index(map) + 1 + cr3 * map->regions + region;
}

static uint64_t table_gpa(uint32_t index)
{
	return TABLES_GPA + index * PAGE;
}

uint64_t guest_map_root(const struct guest_map *map, uint32_t cr3)
{
	(void)map;
	return table_gpa(cr3);
}

uint64_t guest_map_va(uint32_t region, uint32_t page)
{
	return (region + 1) * REGION + page * PAGE;
}

uint64_t guest_map_gpa(const struct guest_map *map, uint32_t cr3,
		       uint32_t region, uint32_t page)
{
	uint32_t frame = (cr3 * map->regions + region) % map->frame_regions;

	return map->data_gpa + frame * REGION + page * PAGE;
}

uint64_t guest_map_code(uint32_t vcpu)
{
	return vcpu * TRACE_PAGES_PER_BLOCK * PAGE;
}

uint64_t guest_map_ring(uint32_t vcpu)
{
	return guest_map_code(vcpu) + PAGE;
}

static void set_entry(void *memory, uint32_t table, uint32_t entry,
		      uint64_t gpa)
{
	uint64_t *entries = (uint64_t *)((char *)memory + table_gpa(table));

	entries[entry] = gpa | PTE_FLAGS;
}

static void write_space(const struct guest_map *map, void *memory, uint32_t cr3)
{
	set_entry(memory, cr3, 0, table_gpa(pdpt_index(map, cr3)));
	for (uint32_t pd = 0; pd < map->pds; pd++)
		set_entry(memory, pdpt_index(map, cr3), pd,
			  table_gpa(pd_index(map, cr3, pd)));
	set_entry(memory, pd_index(map, cr3, 0), 0,
		  table_gpa(system_index(map)));
	for (uint32_t region = 0; region < map->regions; region++) {
		uint32_t table = region_index(map, cr3, region);

		set_entry(memory, pd_index(map, cr3, (region + 1) / ENTRIES),
			  (region + 1) % ENTRIES, table_gpa(table));
		for (uint32_t page = 0; page < ENTRIES; page++)
			set_entry(memory, table, page,
				  guest_map_gpa(map, cr3, region, page));
	}
}

void guest_map_write(const struct guest_map *map, void *memory)
{
	for (uint32_t page = 0; page < ENTRIES; page++)
		set_entry(memory, system_index(map), page, page * PAGE);
	for (uint32_t cr3 = 0; cr3 < map->cr3s; cr3++)
		write_space(map, memory, cr3);
}
