// SPDX-License-Identifier: GPL-2.0
/* What processes are and what people call them. */
#include "probe_fixture.h"

#include "../../daemon/probe/vm_name.h"

static void a_vmm_is_told_by_its_program(void **state)
{
	static const struct {
		const char *program, *comm;
		enum snap_vmm vmm;
	} rows[] = {
		{ "/usr/bin/qemu-system-x86_64", "qemu-system-x86",
		  SNAP_VMM_QEMU },
		{ "/usr/libexec/qemu-kvm", "qemu-kvm", SNAP_VMM_QEMU },
		{ "/usr/bin/kvm", "kvm", SNAP_VMM_QEMU },
		{ "/nix/store/x/bin/.qemu-system-x86_64-wrapped", "x",
		  SNAP_VMM_QEMU },
		/* -name process=NAME renames the process, not the argument */
		{ "qemu-system-x86_64", "renamed", SNAP_VMM_QEMU },
		{ "", "qemu-system-x86", SNAP_VMM_QEMU },
		{ "/firecracker", "firecracker", SNAP_VMM_FIRECRACKER },
		{ "firecracker-v1.7.0", "fc", SNAP_VMM_FIRECRACKER },
		{ "/x/cloud-hypervisor", "cloud-hyperviso",
		  SNAP_VMM_CLOUD_HYPERVISOR },
		{ "vmm", "cloud-hyperviso", SNAP_VMM_CLOUD_HYPERVISOR },
		{ "crosvm", "crosvm", SNAP_VMM_CROSVM },
		{ "qemu-img", "qemu-img", SNAP_VMM_NONE },
		{ "qemu-x86_64", "qemu-x86_64", SNAP_VMM_NONE },
		{ "kvmtool-helper", "kvmtool-helper", SNAP_VMM_NONE },
		{ "/qemu-system-x86_64/bin/sh", "sh", SNAP_VMM_NONE },
		{ "bash", "bash", SNAP_VMM_NONE },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (probe_vmm_of(probe_text_of(rows[i].program,
					       strlen(rows[i].program)),
				 rows[i].comm) != rows[i].vmm)
			fail_msg("'%s' '%s'", rows[i].program, rows[i].comm);
}

static void an_argument_that_mentions_a_vmm_makes_none(void **state)
{
	(void)state;
	assert_int_equal(probe_vmm_of(TEXT("vim\0qemu-system-x86_64\0"), "vim"),
			 SNAP_VMM_NONE);
}

#define ROW(vmm, args, name) { vmm, args, sizeof(args) - 1, name }

static void the_name_is_found_on_the_command_line(void **state)
{
	static const struct {
		enum snap_vmm vmm;
		const char *args;
		size_t len;
		const char *name;	/* NULL: none */
	} rows[] = {
		ROW(SNAP_VMM_QEMU, "q\0-name\0web\0-S\0", "web"),
		ROW(SNAP_VMM_QEMU, "q\0--name\0web\0", "web"),
		ROW(SNAP_VMM_QEMU, "q\0-name\0guest=web 1,debug-threads=on\0",
		    "web 1"),
		ROW(SNAP_VMM_QEMU, "q\0-name\0debug-threads=on,guest=web\0",
		    "web"),
		ROW(SNAP_VMM_QEMU, "q\0-name\0web,process=x\0", "web"),
		ROW(SNAP_VMM_QEMU, "q\0-name\0guest=a,,b,process=x\0", "a,b"),
		ROW(SNAP_VMM_QEMU, "q\0-name\0a,,b\0", "a,b"),
		ROW(SNAP_VMM_QEMU, "q\0-name\0last", "last"),
		ROW(SNAP_VMM_QEMU, "q\0-name\0guest=\0", NULL),
		ROW(SNAP_VMM_QEMU, "q\0-name\0process=x\0", NULL),
		ROW(SNAP_VMM_QEMU, "q\0-name\0\0", NULL),
		ROW(SNAP_VMM_QEMU, "q\0-name\0", NULL),
		ROW(SNAP_VMM_QEMU, "q\0-name", NULL),
		ROW(SNAP_VMM_QEMU, "-name\0q\0", NULL),
		ROW(SNAP_VMM_QEMU, "", NULL),
		ROW(SNAP_VMM_QEMU, "q\0--id\0x\0", NULL),
		ROW(SNAP_VMM_FIRECRACKER, "f\0--id\0fn-1\0", "fn-1"),
		ROW(SNAP_VMM_FIRECRACKER, "f\0--id=fn-1\0", "fn-1"),
		ROW(SNAP_VMM_FIRECRACKER, "f\0--idx\0fn-1\0", NULL),
		ROW(SNAP_VMM_FIRECRACKER, "f\0--id=\0", NULL),
		ROW(SNAP_VMM_CLOUD_HYPERVISOR, "c\0--api-socket\0/r/db.sock\0",
		    "db"),
		ROW(SNAP_VMM_CLOUD_HYPERVISOR, "c\0--api-socket=path=/r/db.socket",
		    "db"),
		ROW(SNAP_VMM_CLOUD_HYPERVISOR, "c\0--api-socket\0/r/.sock\0",
		    ".sock"),
		ROW(SNAP_VMM_CLOUD_HYPERVISOR, "c\0--api-socket\0/\0", NULL),
		ROW(SNAP_VMM_CROSVM, "c\0run\0-s\0/run/arc.sock\0", "arc"),
		ROW(SNAP_VMM_NONE, "c\0--id\0x\0", NULL),
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		char name[SNAP_NAME_LEN] = "untouched";
		bool ok = probe_name_from_cmdline(
			rows[i].vmm, probe_text_of(rows[i].args, rows[i].len),
			name);

		if (ok != !!rows[i].name)
			fail_msg("row %zu", i);
		assert_string_equal(name, ok ? rows[i].name : "untouched");
	}
}

static void long_names_are_cut_to_fit(void **state)
{
	static char args[10 + 300];
	char name[SNAP_NAME_LEN];

	(void)state;
	memcpy(args, "q\0-name\0", 8);
	memset(args + 8, 'x', 300);
	assert_true(probe_name_from_cmdline(SNAP_VMM_QEMU,
					    probe_text_of(args, 308), name));
	assert_int_equal(strlen(name), SNAP_NAME_LEN - 1);
	memcpy(args + 8, "guest=", 6);
	assert_true(probe_name_from_cmdline(SNAP_VMM_QEMU,
					    probe_text_of(args, 308), name));
	assert_int_equal(strlen(name), SNAP_NAME_LEN - 1);
	assert_int_equal(name[0], 'x');
}

static void a_scope_is_unescaped(void **state)
{
	static const struct {
		const char *cgroup, *name;
	} rows[] = {
		{ "0::/machine.slice/machine-qemu\\x2d1\\x2dweb.scope\n",
		  "web" },
		{ "0::/machine.slice/machine-qemu\\x2d12\\x2dmail\\x2dserver"
		  ".scope/libvirt/emulator\n", "mail-server" },
		{ "9:cpu:/x\n1:name=systemd:/machine.slice/"
		  "machine-qemu\\x2d1\\x2dold.scope\n0::/\n", "old" },
		{ "0::/machine.slice/machine-qemu\\x2d1\\x2da\\xzz.scope\n",
		  "a\\xzz" },
		{ "0::/machine.slice/machine-qemu\\x2d1\\x2da\\x00b.scope\n",
		  "a\\x00b" },
		{ "0::/machine.slice/machine-lxc\\x2d1\\x2dweb.scope\n", NULL },
		{ "0::/machine.slice/machine-qemu\\x2d1.scope\n", NULL },
		{ "0::/machine.slice/machine-qemu\\x2dx\\x2dweb.scope\n", NULL },
		{ "0::/machine.slice/machine-qemu\\x2d1\\x2d.scope\n", NULL },
		{ "0::/machine.slice/machine-qemu\\x2d1\\x2dcut", NULL },
		{ "", NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		char name[SNAP_NAME_LEN] = "untouched";
		bool ok = probe_name_from_cgroup(
			probe_text_of(rows[i].cgroup, strlen(rows[i].cgroup)),
			name);

		if (ok != !!rows[i].name)
			fail_msg("'%s'", rows[i].cgroup);
		assert_string_equal(name, ok ? rows[i].name : "untouched");
	}
}

static void a_scope_vouches_for_the_same_name_only(void **state)
{
	(void)state;
	assert_true(probe_name_is_scope("web_01", "web01"));
	assert_true(probe_name_is_scope("web-01", "web-01"));
	assert_true(probe_name_is_scope("a.b c", "a.bc"));
	assert_false(probe_name_is_scope("web_01", "web"));
	assert_false(probe_name_is_scope("web", "web01"));
	assert_false(probe_name_is_scope("prod", "dev"));
	assert_true(probe_name_is_scope(
		"a23456789b23456789c23456789d23456789e23456789f23456789g",
		"a23456789b23456789c23456789d23456789e23456789f2345"));
}

static void only_printable_utf8_remains(void **state)
{
	static const struct {
		const char *raw, *clean;
	} rows[] = {
		{ "plain", "plain" },
		{ "", "" },
		{ "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "\xe2\x82\xac\xf0\x9f\x90\xa7", "\xe2\x82\xac\xf0\x9f\x90\xa7" },
		{ "a\nb\tc\x7f", "a?b?c?" },
		{ "\x1b[31m", "?[31m" },
		{ "\xff\xfe", "??" },
		{ "\xc0\xaf", "??" },			/* overlong '/' */
		{ "\xe0\x80\xaf.", "???." },		/* overlong */
		{ "\xed\xa0\x80.", "???." },		/* surrogate */
		{ "\xf4\x90\x80\x80.", "????." },	/* beyond U+10FFFF */
		{ "\xc2\x9b", "?" },			/* C1 control */
		{ "a\xe2\x80\xae""b", "a?b" },		/* right to left */
		{ "\xe2\x81\xa9\xef\xbb\xbf", "??" },
		{ "cut\xc3", "cut" },			/* half a character */
		{ "cut\xf0\x9f\x90", "cut" },
		{ "\x80", "?" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		char name[SNAP_NAME_LEN];

		strcpy(name, rows[i].raw);
		probe_name_sanitise(name);
		assert_string_equal(name, rows[i].clean);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vmm_is_told_by_its_program),
		cmocka_unit_test(an_argument_that_mentions_a_vmm_makes_none),
		cmocka_unit_test(the_name_is_found_on_the_command_line),
		cmocka_unit_test(long_names_are_cut_to_fit),
		cmocka_unit_test(a_scope_is_unescaped),
		cmocka_unit_test(a_scope_vouches_for_the_same_name_only),
		cmocka_unit_test(only_printable_utf8_remains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
