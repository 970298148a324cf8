// SPDX-License-Identifier: GPL-2.0
/* What a process is and what people call it. See vm_name.h. */
#include <string.h>

#include "vm_name.h"

/* A machine's name has at most 64 bytes, "qemu-ID-" included. */
#define SCOPE_CUT_LEN 50

/* The next NUL-terminated argument; the last may lack its NUL. */
static bool next_arg(struct probe_text *cmdline, struct probe_text *ret_arg)
{
	const char *nul;

	if (cmdline->at == cmdline->end)
		return false;
	nul = memchr(cmdline->at, '\0', probe_text_len(cmdline));
	*ret_arg = (struct probe_text){ cmdline->at,
					nul ? nul : cmdline->end };
	cmdline->at = nul ? nul + 1 : cmdline->end;
	return true;
}

static struct probe_text base_name(struct probe_text path)
{
	const char *slash = memrchr(path.at, '/', probe_text_len(&path));

	if (slash)
		path.at = slash + 1;
	return path;
}

/* @program is how the file is called, possibly cut to 15 bytes as comm is. */
static enum snap_vmm vmm_by_program(struct probe_text program)
{
	/* A wrapper of some distributions renames PROGRAM to .PROGRAM. */
	probe_text_skip(&program, ".");
	if (probe_text_starts(&program, "qemu-system-") ||
	    probe_text_starts(&program, "qemu-kvm") ||
	    probe_text_is(&program, "kvm"))
		return SNAP_VMM_QEMU;
	if (probe_text_starts(&program, "firecracker"))
		return SNAP_VMM_FIRECRACKER;
	if (probe_text_starts(&program, "cloud-hyperviso"))
		return SNAP_VMM_CLOUD_HYPERVISOR;
	if (probe_text_is(&program, "crosvm"))
		return SNAP_VMM_CROSVM;
	return SNAP_VMM_NONE;
}

enum snap_vmm probe_vmm_of(struct probe_text cmdline, const char *comm)
{
	enum snap_vmm vmm = SNAP_VMM_NONE;
	struct probe_text arg;

	if (next_arg(&cmdline, &arg))
		vmm = vmm_by_program(base_name(arg));
	if (vmm == SNAP_VMM_NONE)
		vmm = vmm_by_program(probe_text_of(comm, strlen(comm)));
	return vmm;
}

static bool copy_name(const struct probe_text *name,
		      char ret_name[SNAP_NAME_LEN])
{
	size_t len = probe_text_len(name);

	if (len == 0)
		return false;
	if (len > SNAP_NAME_LEN - 1)
		len = SNAP_NAME_LEN - 1;
	memcpy(ret_name, name->at, len);
	ret_name[len] = '\0';
	return true;
}

/*
 * QEMU's option list: "NAME", "NAME,key=value" or "key=value,guest=NAME",
 * with a comma within a value doubled. Takes the next piece up to a single
 * comma, commas halved, cut to fit.
 */
static bool next_option(struct probe_text *list, char ret_piece[SNAP_NAME_LEN])
{
	size_t len = 0;

	if (list->at == list->end)
		return false;
	for (; list->at < list->end; list->at++) {
		if (*list->at == ',') {
			list->at++;
			if (list->at == list->end || *list->at != ',')
				break;
		}
		if (len < SNAP_NAME_LEN - 1)
			ret_piece[len++] = *list->at;
	}
	ret_piece[len] = '\0';
	return true;
}

static bool qemu_name(struct probe_text list, char ret_name[SNAP_NAME_LEN])
{
	char piece[SNAP_NAME_LEN];
	struct probe_text whole = list;
	bool first = true;

	for (;;) {
		struct probe_text value = whole;

		if (!next_option(&whole, piece))
			return false;
		if (probe_text_skip(&value, "guest="))
			return next_option(&value, ret_name) && ret_name[0];
		if (first && !strchr(piece, '=') && piece[0]) {
			strcpy(ret_name, piece);
			return true;
		}
		first = false;
	}
}

/* A control socket names a VM that has no other name: DIR/NAME.sock. */
static bool socket_name(struct probe_text value, char ret_name[SNAP_NAME_LEN])
{
	static const char *const suffixes[] = { ".socket", ".sock", ".api" };
	size_t i;

	probe_text_skip(&value, "path=");
	value = base_name(value);
	for (i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t len = strlen(suffixes[i]);

		if (probe_text_len(&value) > len &&
		    !memcmp(value.end - len, suffixes[i], len)) {
			value.end -= len;
			break;
		}
	}
	return copy_name(&value, ret_name);
}

static bool plain_name(struct probe_text value, char ret_name[SNAP_NAME_LEN])
{
	return copy_name(&value, ret_name);
}

struct name_option {
	enum snap_vmm vmm;
	const char *option;
	bool (*parse)(struct probe_text value, char ret_name[SNAP_NAME_LEN]);
};

static const struct name_option name_options[] = {
	{ SNAP_VMM_QEMU, "-name", qemu_name },
	{ SNAP_VMM_QEMU, "--name", qemu_name },
	{ SNAP_VMM_FIRECRACKER, "--id", plain_name },
	{ SNAP_VMM_CLOUD_HYPERVISOR, "--api-socket", socket_name },
	{ SNAP_VMM_CROSVM, "--name", plain_name },
	{ SNAP_VMM_CROSVM, "--socket", socket_name },
	{ SNAP_VMM_CROSVM, "-s", socket_name },
};

/* "OPTION VALUE" or, with two dashes, "OPTION=VALUE". */
static bool option_value(const char *option, struct probe_text arg,
			 struct probe_text rest, struct probe_text *ret_value)
{
	if (probe_text_is(&arg, option))
		return next_arg(&rest, ret_value);
	if (!strncmp(option, "--", 2) && probe_text_skip(&arg, option) &&
	    probe_text_skip(&arg, "=")) {
		*ret_value = arg;
		return true;
	}
	return false;
}

bool probe_name_from_cmdline(enum snap_vmm vmm, struct probe_text cmdline,
			     char ret_name[SNAP_NAME_LEN])
{
	struct probe_text arg, value;
	char name[SNAP_NAME_LEN];
	size_t i;

	if (!next_arg(&cmdline, &arg))
		return false;
	while (next_arg(&cmdline, &arg)) {
		for (i = 0; i < sizeof(name_options) / sizeof(name_options[0]);
		     i++) {
			const struct name_option *row = &name_options[i];

			if (row->vmm != vmm ||
			    !option_value(row->option, arg, cmdline, &value) ||
			    !row->parse(value, name))
				continue;
			memcpy(ret_name, name, sizeof(name));
			return true;
		}
	}
	return false;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* systemd writes a byte that a unit name may not hold as \xHH. */
static void unescape(struct probe_text text, char *ret_text, size_t size)
{
	size_t len = 0;

	while (text.at < text.end && len + 1 < size) {
		int high = -1, low = -1;

		if (probe_text_len(&text) >= 4 && text.at[0] == '\\' &&
		    text.at[1] == 'x') {
			high = hex_digit(text.at[2]);
			low = hex_digit(text.at[3]);
		}
		/* An escaped NUL would end the name: leave it as it is. */
		if (high >= 0 && low >= 0 && high + low > 0) {
			ret_text[len++] = (char)(high * 16 + low);
			text.at += 4;
		} else {
			ret_text[len++] = *text.at++;
		}
	}
	ret_text[len] = '\0';
}

/* "qemu-12-NAME" -> "NAME" */
static bool strip_machine(const char *machine, char ret_name[SNAP_NAME_LEN])
{
	struct probe_text rest = probe_text_of(machine, strlen(machine));
	const char *digits;

	if (!probe_text_skip(&rest, "qemu-"))
		return false;
	digits = rest.at;
	while (rest.at < rest.end && *rest.at >= '0' && *rest.at <= '9')
		rest.at++;
	if (rest.at == digits || !probe_text_skip(&rest, "-"))
		return false;
	return copy_name(&rest, ret_name);
}

bool probe_name_from_cgroup(struct probe_text cgroup,
			    char ret_name[SNAP_NAME_LEN])
{
	char machine[2 * SNAP_NAME_LEN];
	struct probe_text line;

	while (probe_text_line(&cgroup, &line)) {
		struct probe_text scope = line;
		const char *start, *stop;

		start = memmem(line.at, probe_text_len(&line), "/machine-", 9);
		if (!start)
			continue;
		scope.at = start + 9;
		stop = memmem(scope.at, probe_text_len(&scope), ".scope", 6);
		if (!stop)
			continue;
		scope.end = stop;
		unescape(scope, machine, sizeof(machine));
		if (strip_machine(machine, ret_name))
			return true;
	}
	return false;
}

/*
 * What survives in a host name for sure. Dots and dashes do or do not by
 * their neighbours, so they are not compared.
 */
static bool is_kept(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

/* The next byte that both spellings share; NUL at the end. */
static char next_kept(const char **text)
{
	while (**text && !is_kept(**text))
		(*text)++;
	return **text ? *(*text)++ : '\0';
}

bool probe_name_is_scope(const char *name, const char *scope)
{
	bool cut = strlen(scope) >= SCOPE_CUT_LEN;
	char in_name, in_scope;

	do {
		in_name = next_kept(&name);
		in_scope = next_kept(&scope);
	} while (in_name == in_scope && in_scope);
	return !in_scope && (!in_name || cut);
}
