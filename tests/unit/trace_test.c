// SPDX-License-Identifier: GPL-2.0
/* Access traces: the named ones, recorded ones, and the guest's memory map. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../lab/player/guest_map.h"
#include "../../lab/player/trace.h"
#include "../../lab/player/trace_file.h"

static struct trace open_trace(const char *name, uint64_t seed,
			       struct trace_size size)
{
	struct trace trace;

	assert_non_null(trace_find(name));
	assert_int_equal(trace_open(trace_find(name), seed, &size, &trace), 0);
	return trace;
}

/* FNV-1a over all that a trace plays from here. */
static uint64_t digest(struct trace trace)
{
	uint64_t hash = 0xcbf29ce484222325;
	struct trace_step step;

	while (trace_next(&trace, &step)) {
		const uint16_t part[] = { step.cr3, step.region, step.page };

		for (size_t i = 0; i < 3; i++)
			hash = (hash ^ part[i]) * 0x100000001b3;
	}
	return hash;
}

/* How often each item was visited, and by how many visits in all. */
static uint64_t count_items(struct trace trace, uint32_t *counts)
{
	struct trace_step step;
	uint64_t n = 0;

	memset(counts, 0, TRACE_ITEMS_MAX * sizeof(*counts));
	while (trace_next(&trace, &step)) {
		if (step.page && !trace.spec->pick_blocks)
			continue;
		counts[step.region * trace.cr3s + step.cr3]++;
		n++;
	}
	return n;
}

static void a_name_and_a_seed_are_the_trace(void **state)
{
	const struct trace_spec *spec;

	(void)state;
	for (size_t i = 0; (spec = trace_at(i)); i++) {
		struct trace_size all = { 0 };
		uint64_t first = digest(open_trace(spec->name, 1, all));

		assert_true(digest(open_trace(spec->name, 1, all)) == first);
		if (strcmp(spec->name, "loop") && strcmp(spec->name, "scan"))
			assert_true(digest(open_trace(spec->name, 2, all)) !=
				    first);
	}
}

/* Published fault counts hang on these: a change of a trace must be meant. */
static void the_default_traces_are_what_they_were(void **state)
{
	static const struct {
		const char *name;
		uint64_t digest;
	} rows[] = {
		{ "zipf", 0x3b46dcde33a6e8c },
		{ "zipf8", 0x74ba4793ee2cb742 },
		{ "scan", 0xf60b544a75757185 },
		{ "loop", 0xaf21f89ed7055755 },
		{ "hotscan", 0x74716d658fb8069a },
		{ "movinghot", 0x4adfc4b2545e70cd },
		{ "mixedcost", 0xca53bc131323ec01 },
		{ "twophase", 0x8ab20b8bdeefa948 },
		{ "twoloops", 0x450ebf8296c1f6b4 },
		{ "slices", 0xd2432d9ee564748c },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct trace_size all = { 0 };
		uint64_t found = digest(open_trace(rows[i].name, 1, all));

		if (found != rows[i].digest)
			fail_msg("%s: %#llx", rows[i].name,
				 (unsigned long long)found);
	}
	assert_null(trace_at(sizeof(rows) / sizeof(rows[0])));
}

static void steps_stay_within_the_limits(void **state)
{
	const struct trace_spec *spec;

	(void)state;
	for (size_t i = 0; (spec = trace_at(i)); i++) {
		static const struct trace_size sizes[] = {
			{ 0 }, { .items = 1024 }, { .items = TRACE_ITEMS_MAX },
			{ .cr3s = 7, .items = 100 }, { .cr3s = 1, .items = 1 },
			{ .cr3s = TRACE_CR3S_MAX, .items = TRACE_CR3S_MAX },
		};

		for (size_t j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
			struct trace trace = open_trace(spec->name, j, sizes[j]);
			uint64_t steps = trace.steps, n = 0;
			struct trace_step step;

			while (trace_next(&trace, &step)) {
				assert_true(step.cr3 < trace_cr3s(&trace));
				assert_true(step.region < trace_regions(&trace));
				assert_true(step.page < TRACE_PAGES_PER_REGION);
				n++;
			}
			assert_int_equal(n, steps);
		}
	}
}

static void sizes_beyond_the_limits_are_refused(void **state)
{
	static const struct trace_size sizes[] = {
		{ .items = TRACE_ITEMS_MAX + 1 },
		{ .cr3s = TRACE_CR3S_MAX + 1 },
		{ .cr3s = 8, .items = 7 },
		{ .items = UINT32_MAX, .cr3s = UINT32_MAX },
	};
	struct trace trace = { .steps = 42 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_int_equal(trace_open(trace_find("zipf"), 1, &sizes[i],
					    &trace), -EINVAL);
	assert_int_equal(trace.steps, 42);
	assert_null(trace_find("no such trace"));
	assert_null(trace_find(""));
}

static void a_visit_touches_the_first_page_of_each_of_its_blocks(void **state)
{
	struct trace trace = open_trace("scan", 1, (struct trace_size){ 0 });
	struct trace_step step;

	(void)state;
	for (unsigned int i = 0; i < 300 * 8; i++) {
		assert_true(trace_next(&trace, &step));
		assert_int_equal(step.region, i / 8 % 256);
		assert_int_equal(step.page, i % 8 * TRACE_PAGES_PER_BLOCK);
	}
}

static void items_are_dealt_to_address_spaces_in_turn(void **state)
{
	struct trace_size size = { .cr3s = 3, .items = 10, .steps = 20 };
	struct trace trace = open_trace("loop", 1, size);
	struct trace_step step;

	(void)state;
	assert_int_equal(trace_regions(&trace), 4);
	for (unsigned int i = 0; trace_next(&trace, &step); i++) {
		assert_int_equal(step.cr3, i % 10 % 3);
		assert_int_equal(step.region, i % 10 / 3);
	}
}

/* Rank r of zipf 0.9 over 256 has a share of r^-0.9 / 8.10 or so. */
static void zipf_has_the_shares_of_its_exponent(void **state)
{
	struct trace_size size = { .steps = 1000000 };
	static uint32_t counts[TRACE_ITEMS_MAX];

	(void)state;
	count_items(open_trace("zipf", 3, size), counts);
	assert_in_range(counts[0] * 1000ULL / counts[1], 1866 - 30, 1866 + 30);
	assert_in_range(counts[0] * 1000ULL / counts[9], 7943 - 300, 7943 + 300);
	assert_in_range(counts[0], 120000, 128000);
	for (unsigned int i = 0; i < 256; i++)
		assert_true(counts[i] > 0);
	assert_int_equal(counts[256], 0);
}

static void a_hot_set_grows_with_the_trace(void **state)
{
	static uint32_t counts[TRACE_ITEMS_MAX];
	struct trace_size size = { .items = 1024 };
	uint64_t hot = 0, n;

	(void)state;
	n = count_items(open_trace("hotscan", 1, size), counts);
	for (unsigned int i = 0; i < 256; i++)
		hot += counts[i];
	assert_in_range(hot * 1000 / n, 890, 910);
}

static void only_hot_items_of_mixedcost_are_heavy(void **state)
{
	struct trace trace = open_trace("mixedcost", 1, (struct trace_size){ 0 });

	(void)state;
	assert_int_equal(trace_blocks(&trace, 0), 8);
	assert_int_equal(trace_blocks(&trace, 15), 8);
	assert_int_equal(trace_blocks(&trace, 16), 1);
	assert_int_equal(trace_blocks(&trace, 255), 1);
}

/* The text as a file; the error is "" when it was taken. */
static int read_text(const char *text, size_t size, char *error,
		     struct trace_file *ret_file)
{
	FILE *stream = fmemopen((void *)text, size, "r");
	int ret;

	assert_non_null(stream);
	error[0] = '\0';
	ret = trace_file_read(stream, "t", error, ret_file);
	fclose(stream);
	return ret;
}

static void a_recorded_trace_plays_its_steps_once(void **state)
{
	static const char text[] = "# cr3 region page\n0 0 0\n\n 2\t300 511 # x\n"
				   "1 7 8\r\n0 1 2";
	static const struct trace_step expected[] = {
		{ 0, 0, 0 }, { 2, 300, 511 }, { 1, 7, 8 }, { 0, 1, 2 },
	};
	char error[TRACE_FILE_ERROR_SIZE];
	struct trace_file file;
	struct trace_step step;
	struct trace trace;

	(void)state;
	assert_int_equal(read_text(text, strlen(text), error, &file), 0);
	assert_int_equal(file.nsteps, 4);
	trace_open_recorded(file.steps, file.nsteps, &trace);
	assert_int_equal(trace_cr3s(&trace), 3);
	assert_int_equal(trace_regions(&trace), 301);
	assert_int_equal(trace_blocks(&trace, 0), 1);
	for (size_t i = 0; i < 4; i++) {
		assert_true(trace_next(&trace, &step));
		assert_memory_equal(&step, &expected[i], sizeof(step));
	}
	assert_false(trace_next(&trace, &step));
	assert_memory_equal(&step, &expected[3], sizeof(step));
	trace_file_free(&file);
}

static void bad_text_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "0 0 0\n0 0\n", "t:2: page is not a number from 0 to 511" },
		{ "0 0 512\n", "t:1: page is not a number from 0 to 511" },
		{ "0 2048 0\n", "t:1: region is not a number from 0 to 2047" },
		{ "64 0 0\n",
		  "t:1: address space is not a number from 0 to 63" },
		{ "-1 0 0\n",
		  "t:1: address space is not a number from 0 to 63" },
		{ "0 0x1 0\n", "t:1: region is not a number from 0 to 2047" },
		{ "0 99999999999999999999999 0\n",
		  "t:1: region is not a number from 0 to 2047" },
		{ "0 0 0 0\n", "t:1: more than three numbers" },
		{ "# nothing\n\n", "t: no step in it" },
	};
	struct trace_file file = { .nsteps = 42 };
	char error[TRACE_FILE_ERROR_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(read_text(rows[i].text, strlen(rows[i].text),
					   error, &file), -EINVAL);
		assert_string_equal(error, rows[i].error);
	}
	assert_int_equal(read_text("0 0 0\0 0\n", 9, error, &file), -EINVAL);
	assert_string_equal(error, "t:1: not text");
	assert_int_equal(file.nsteps, 42);
	assert_int_equal(trace_file_load("/no/such/trace", error, &file),
			 -ENOENT);
	assert_int_equal(trace_file_load("/", error, &file), -EIO);
	assert_int_equal(file.nsteps, 42);
}

/* What the CPU would find at a virtual address; 0: not mapped. */
static uint64_t translate(const char *memory, uint64_t root, uint64_t va)
{
	uint64_t table = root;

	for (int shift = 39; shift >= 12; shift -= 9) {
		uint64_t entry;

		memcpy(&entry, memory + table + (va >> shift & 511) * 8, 8);
		if ((entry & 0x63) != 0x63)
			return 0;
		table = entry & ~0xfffULL;
	}
	return table;
}

static void check_space(const struct guest_map *map, const char *memory,
			uint32_t cr3)
{
	uint64_t root = guest_map_root(map, cr3);

	assert_true(translate(memory, root, 0x3000) == 0x3000);
	for (uint32_t region = 0; region < map->regions; region++) {
		for (uint32_t page = 0; page < 512; page += 73) {
			uint64_t gpa = guest_map_gpa(map, cr3, region, page);
			uint64_t va = guest_map_va(region, page);

			assert_true(gpa >= map->data_gpa &&
				    gpa + 4096 <= map->bytes);
			assert_true(translate(memory, root, va) == gpa);
		}
	}
	assert_true(!translate(memory, root, guest_map_va(map->regions, 0)));
}

static void every_address_space_maps_every_region(void **state)
{
	static const uint32_t rows[][2] = {
		{ 1, 256 }, { 8, 32 }, { 1, 511 }, { 2, 512 }, { 3, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct guest_map map;
		char *memory;

		assert_int_equal(guest_map_plan(rows[i][0], rows[i][1], &map),
				 0);
		/* Page tables lie below the data: no need for the latter. */
		memory = calloc(1, map.data_gpa);
		assert_non_null(memory);
		guest_map_write(&map, memory);
		for (uint32_t cr3 = 0; cr3 < map.cr3s; cr3++)
			check_space(&map, memory, cr3);
		free(memory);
	}
}

static void default_traces_share_no_frame(void **state)
{
	struct guest_map map;

	(void)state;
	assert_int_equal(guest_map_plan(8, 32, &map), 0);
	for (uint32_t i = 0; i < 256; i++)
		assert_true(guest_map_gpa(&map, i / 32, i % 32, 0) ==
			    map.data_gpa + i * 0x200000ULL);
}

static void a_map_too_large_is_refused(void **state)
{
	struct guest_map map = { .cr3s = 42 };

	(void)state;
	assert_int_equal(guest_map_plan(64, 2048, &map), -E2BIG);
	assert_int_equal(guest_map_plan(UINT32_MAX, UINT32_MAX, &map), -E2BIG);
	assert_int_equal(map.cr3s, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_and_a_seed_are_the_trace),
		cmocka_unit_test(the_default_traces_are_what_they_were),
		cmocka_unit_test(steps_stay_within_the_limits),
		cmocka_unit_test(sizes_beyond_the_limits_are_refused),
		cmocka_unit_test(
			a_visit_touches_the_first_page_of_each_of_its_blocks),
		cmocka_unit_test(items_are_dealt_to_address_spaces_in_turn),
		cmocka_unit_test(zipf_has_the_shares_of_its_exponent),
		cmocka_unit_test(a_hot_set_grows_with_the_trace),
		cmocka_unit_test(only_hot_items_of_mixedcost_are_heavy),
		cmocka_unit_test(a_recorded_trace_plays_its_steps_once),
		cmocka_unit_test(bad_text_is_refused_with_its_line),
		cmocka_unit_test(every_address_space_maps_every_region),
		cmocka_unit_test(default_traces_share_no_frame),
		cmocka_unit_test(a_map_too_large_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
