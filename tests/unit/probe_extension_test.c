// SPDX-License-Identifier: GPL-2.0
/*
 * Answers of modules that are older or newer than the spec: what is not known is
 * ignored, what is missing is nothing, or a missing capability.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../daemon/probe/scrub.h"
#include "../../daemon/probe/shadow.h"

#define UNKNOWN 1000

/* An answer of one part. */
struct answer {
	struct nl_msg *msg;
	struct nlmsghdr *header;
	struct client client;
};

static struct answer answer_new(int command)
{
	struct answer a = { .msg = nlmsg_alloc() };

	assert_non_null(a.msg);
	assert_non_null(genlmsg_put(a.msg, 0, 0, 31, 0, 0, (uint8_t)command, 1));
	return a;
}

static const struct client *client_of(struct answer *a)
{
	a->header = nlmsg_hdr(a->msg);
	a->client.replies = &a->header;
	a->client.nr_replies = 1;
	return &a->client;
}

static void an_older_module_tells_less_of_a_vm(void **state)
{
	struct answer a = answer_new(KSMD_EXT_CMD_VM_GET);
	struct snap_shadow vm;

	(void)state;
	nla_put_u32(a.msg, KSMD_EXT_A_VM_ID, 7);
	nla_put_u32(a.msg, KSMD_EXT_A_VM_LIMIT, 128);
	vm = probe_shadow_parse(client_of(&a), 0);
	assert_int_equal(vm.id, 7);
	assert_int_equal(vm.limit, 128);
	assert_int_equal(vm.pid, 0);
	assert_int_equal(vm.refaults, 0);
	for (int i = 0; i < SNAP_REFAULT_BUCKETS; i++)
		assert_int_equal(vm.refault_distance[i], 0);
	nlmsg_free(a.msg);
}

static void a_newer_module_tells_more_of_a_vm(void **state)
{
	struct answer a = answer_new(KSMD_EXT_CMD_VM_GET);
	struct snap_shadow vm;
	int i;

	(void)state;
	nla_put_string(a.msg, UNKNOWN, "what nobody knows yet");
	nla_put_u64(a.msg, KSMD_EXT_A_VM_ID, 1ull << 40);
	for (i = 0; i < 2 * SNAP_REFAULT_BUCKETS; i++)
		nla_put_u32(a.msg, KSMD_EXT_A_VM_REFAULT_DISTANCE, 1);
	nla_put_u64(a.msg, KSMD_EXT_A_VM_REFAULTS, 1ull << 33);
	nla_put_u8(a.msg, KSMD_EXT_A_VM_EVICTIONS, 3);
	vm = probe_shadow_parse(client_of(&a), 0);
	assert_int_equal(vm.id, 1ull << 40);
	assert_int_equal(vm.refaults, 1ull << 33);
	assert_int_equal(vm.evictions, 3);
	for (i = 0; i < SNAP_REFAULT_BUCKETS - 1; i++)
		assert_int_equal(vm.refault_distance[i], 1);
	assert_int_equal(vm.refault_distance[i], SNAP_REFAULT_BUCKETS + 1);
	nlmsg_free(a.msg);
}

static void a_scrubber_tells_what_it_did(void **state)
{
	struct answer a = answer_new(KSMD_EXT_CMD_SCRUB_GET);
	struct snap_scrub scrub;
	struct nlattr *total;

	(void)state;
	nla_put_u8(a.msg, KSMD_EXT_A_SCRUB_ENABLED, 1);
	nla_put_u32(a.msg, KSMD_EXT_A_SCRUB_BUDGET_PAGES, 4096);
	nla_put_u32(a.msg, KSMD_EXT_A_SCRUB_RUNS, 5);
	nla_put_u32(a.msg, UNKNOWN, 1);
	total = nla_nest_start(a.msg, KSMD_EXT_A_SCRUB_TOTAL);
	nla_put_u32(a.msg, UNKNOWN, 99);
	nla_put_u64(a.msg, KSMD_EXT_A_TALLY_DROPPED, 1ull << 35);
	nla_put_u32(a.msg, KSMD_EXT_A_TALLY_LOOKED, 80);
	nla_nest_end(a.msg, total);
	assert_true(probe_scrub_parse(client_of(&a), &scrub));
	assert_true(scrub.enabled);
	assert_false(scrub.dry_run);
	assert_int_equal(scrub.budget_pages, 4096);
	assert_int_equal(scrub.runs, 5);
	assert_int_equal(scrub.dropped, 1ull << 35);
	assert_int_equal(scrub.looked, 80);
	assert_int_equal(scrub.reread, 0);
	nlmsg_free(a.msg);
}

static void a_scrubber_that_cannot_be_given_back_is_none(void **state)
{
	struct answer a = answer_new(KSMD_EXT_CMD_SCRUB_GET);
	struct snap_scrub scrub = { .runs = 77 };

	(void)state;
	nla_put_u8(a.msg, KSMD_EXT_A_SCRUB_ENABLED, 1);
	assert_false(probe_scrub_parse(client_of(&a), &scrub));
	assert_int_equal(scrub.runs, 77);
	nlmsg_free(a.msg);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_older_module_tells_less_of_a_vm),
		cmocka_unit_test(a_newer_module_tells_more_of_a_vm),
		cmocka_unit_test(a_scrubber_tells_what_it_did),
		cmocka_unit_test(a_scrubber_that_cannot_be_given_back_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
