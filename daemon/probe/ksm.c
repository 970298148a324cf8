// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/mm/ksm: one file, one value, one row of the table below.
 *
 * The directory grew over the years: what a row's capability names came with
 * some kernel and is missing before. A host "has KSM" when every file that
 * has been there since the first kernel with KSM can be read as its value;
 * a snapshot never mixes values with holes that look like zeros.
 *
 * Most counters move only when ksmd runs (ksmd_do_scan() and what it calls), or
 * when somebody unmerges: then run is 2. Only ksm_zero_pages moves by itself,
 * with every guest that writes to one, and general_profit along with it.
 */
#include <stdlib.h>
#include <string.h>

#include "sources.h"

#define KSM_DIR "sys/kernel/mm/ksm/"

enum ksm_type {
	KSM_U32,
	KSM_U64,
	KSM_I64,
	KSM_ADVISOR,
};

/* Several may hold. */
enum ksm_when {
	KSM_KNOBS = 1 << 0,	/* moves when somebody writes it, or by itself */
	KSM_RESTING = 1 << 1,	/* read at every tick, though ksmd rests */
	KSM_BY_KSMD = 1 << 2,	/* cannot move while ksmd does not run */
	KSM_FOLLOWED = 1 << 3,	/* read while ksmd is followed */
	KSM_SELDOM = 1 << 4,	/* read along with the table of processes */
	KSM_OURS = 1 << 5,	/* few kernels have it: looked for once */
};

struct ksm_row {
	const char *path;
	size_t offset;
	enum ksm_type type;
	uint32_t cap;	/* SNAP_CAP_KSM: must be there; 0: may be */
	unsigned int when;	/* enum ksm_when */
};

#define ROW(file, field, type, cap, when) \
	{ KSM_DIR file, offsetof(struct snap_ksm, field), type, cap, when }

/* Of our patches. */
#define COUNT(field) \
	ROW(#field, field, KSM_U64, SNAP_CAP_COUNTS, KSM_BY_KSMD | KSM_OURS)

static const struct ksm_row rows[] = {
	ROW("run", run, KSM_U32, SNAP_CAP_KSM,
	    KSM_KNOBS | KSM_RESTING | KSM_FOLLOWED),
	ROW("sleep_millisecs", sleep_ms, KSM_U32, SNAP_CAP_KSM,
	    KSM_KNOBS | KSM_FOLLOWED),
	ROW("pages_to_scan", scan_pages, KSM_U32, SNAP_CAP_KSM,
	    KSM_KNOBS | KSM_FOLLOWED),
	ROW("pages_shared", pages_shared, KSM_U64, SNAP_CAP_KSM, KSM_BY_KSMD),
	ROW("pages_sharing", pages_sharing, KSM_U64, SNAP_CAP_KSM, KSM_BY_KSMD),
	ROW("pages_unshared", pages_unshared, KSM_U64, SNAP_CAP_KSM,
	    KSM_BY_KSMD),
	ROW("pages_volatile", pages_volatile, KSM_U64, SNAP_CAP_KSM,
	    KSM_BY_KSMD),
	ROW("full_scans", full_scans, KSM_U64, SNAP_CAP_KSM,
	    KSM_BY_KSMD | KSM_FOLLOWED),
	ROW("pages_scanned", pages_scanned, KSM_U64, 0,
	    KSM_BY_KSMD | KSM_FOLLOWED),
	ROW("pages_skipped", pages_skipped, KSM_U64, SNAP_CAP_SKIPPED,
	    KSM_BY_KSMD | KSM_FOLLOWED),
	ROW("smart_scan", smart_scan, KSM_U32, SNAP_CAP_SKIPPED, KSM_KNOBS),
	ROW("ksm_zero_pages", zero_pages, KSM_U64, SNAP_CAP_ZERO,
	    KSM_KNOBS | KSM_RESTING),
	ROW("general_profit", profit_bytes, KSM_I64, SNAP_CAP_PROFIT,
	    KSM_BY_KSMD),
	ROW("advisor_mode", advisor, KSM_ADVISOR, SNAP_CAP_ADVISOR, KSM_KNOBS),
	ROW("lookahead", lookahead, KSM_U32, SNAP_CAP_INDEX,
	    KSM_KNOBS | KSM_OURS),
	ROW("checksum_index", checksum_index, KSM_U32, SNAP_CAP_INDEX,
	    KSM_KNOBS | KSM_OURS),
	ROW("first_sight_merges", first_sight_merges, KSM_U64, SNAP_CAP_COUNTS,
	    KSM_BY_KSMD | KSM_FOLLOWED | KSM_OURS),
	COUNT(tree_steps),
	COUNT(compares),
	COUNT(bytes_compared),
	COUNT(lookahead_tries),
	COUNT(lookahead_hits),
	COUNT(index_tries),
	COUNT(index_hits),
	COUNT(index_skips),
	COUNT(index_bytes),
	ROW("stable_node_chains", stable_node_chains, KSM_U64, 0, KSM_SELDOM),
	ROW("stable_node_dups", stable_node_dups, KSM_U64, 0, KSM_SELDOM),
	ROW("use_zero_pages", use_zero_pages, KSM_U32, 0, KSM_SELDOM),
	ROW("merge_across_nodes", merge_across_nodes, KSM_U32, 0, KSM_SELDOM),
	ROW("max_page_sharing", max_page_sharing, KSM_U32, 0, KSM_SELDOM),
};

#define NROWS (sizeof(rows) / sizeof(rows[0]))

struct probe_ksm {
	struct probe_file files[NROWS];
	uint32_t caps;		/* by the rows that ksmd moves, when last read */
	uint32_t missing;
	uint32_t knob_caps;	/* the same by the others */
	uint32_t knob_missing;
	bool not_ours;		/* a file of KSM_OURS was not there */
};

struct probe_ksm *probe_ksm_new(void)
{
	struct probe_ksm *ksm = calloc(1, sizeof(*ksm));
	size_t i;

	if (!ksm)
		return NULL;
	for (i = 0; i < NROWS; i++)
		ksm->files[i] = (struct probe_file)PROBE_FILE(rows[i].path);
	return ksm;
}

void probe_ksm_free(struct probe_ksm *ksm)
{
	size_t i;

	if (!ksm)
		return;
	for (i = 0; i < NROWS; i++)
		probe_file_close(&ksm->files[i]);
	free(ksm);
}

/* The choice in force stands in brackets: "none [scan-time]". */
static bool parse_advisor(struct probe_text text, uint32_t *ret_advisor)
{
	struct probe_text word;

	while (probe_text_word(&text, &word)) {
		if (probe_text_is(&word, "[none]"))
			*ret_advisor = SNAP_ADVISOR_NONE;
		else if (probe_text_is(&word, "[scan-time]"))
			*ret_advisor = SNAP_ADVISOR_SCAN_TIME;
		else
			continue;
		return true;
	}
	return false;
}

static bool parse_row(const struct ksm_row *row, struct probe_text text,
		      struct snap_ksm *ksm_fields)
{
	char *field = (char *)ksm_fields + row->offset;
	uint32_t u32 = 0;
	uint64_t u64 = 0;
	int64_t i64 = 0;
	bool ok = false;

	switch (row->type) {
	case KSM_U32:
		ok = probe_text_only_u64(text, &u64) && u64 <= UINT32_MAX;
		u32 = ok ? (uint32_t)u64 : 0;
		memcpy(field, &u32, sizeof(u32));
		break;
	case KSM_ADVISOR:
		ok = parse_advisor(text, &u32);
		memcpy(field, &u32, sizeof(u32));
		break;
	case KSM_U64:
		ok = probe_text_only_u64(text, &u64);
		memcpy(field, &u64, sizeof(u64));
		break;
	case KSM_I64:
		ok = probe_text_only_i64(text, &i64);
		memcpy(field, &i64, sizeof(i64));
		break;
	}
	return ok;
}

bool probe_ksm_parse(const char *name, struct probe_text text,
		     struct snap_ksm *ksm_fields, uint32_t *ret_cap)
{
	size_t i;

	for (i = 0; i < NROWS; i++) {
		if (strcmp(rows[i].path + strlen(KSM_DIR), name))
			continue;
		if (!parse_row(&rows[i], text, ksm_fields))
			return false;
		*ret_cap = rows[i].cap;
		return true;
	}
	return false;
}

static bool read_row(struct probe_ksm *ksm, size_t i, int root_fd,
		     struct snap_ksm *ksm_fields)
{
	char buf[256];
	long len = probe_file_read(root_fd, &ksm->files[i], buf, sizeof(buf));

	return parse_row(&rows[i], probe_text_of(buf, len < 0 ? 0 : (size_t)len),
			 ksm_fields);
}

/* One row that fails takes its capability away, whatever the others say. */
static void read_rows(struct probe_ksm *ksm, int root_fd, unsigned int when,
		      struct snap_ksm *ksm_fields, uint32_t *caps,
		      uint32_t *missing)
{
	size_t i;

	for (i = 0; i < NROWS; i++) {
		if (!(rows[i].when & when))
			continue;
		if (ksm->not_ours && rows[i].when & KSM_OURS)
			*missing |= rows[i].cap;
		else if (read_row(ksm, i, root_fd, ksm_fields))
			*caps |= rows[i].cap;
		else
			*missing |= rows[i].cap;
		/* Without the directory: do not try its every file. */
		if (*missing & SNAP_CAP_KSM)
			return;
	}
}

static void read_knobs(struct probe_ksm *ksm, int root_fd,
		       struct snap_ksm *ksm_fields)
{
	ksm->knob_caps = ksm->knob_missing = 0;
	read_rows(ksm, root_fd, KSM_KNOBS, ksm_fields, &ksm->knob_caps,
		  &ksm->knob_missing);
	ksm->not_ours = ksm->knob_missing & SNAP_CAP_INDEX &&
			ksm->knob_caps & SNAP_CAP_KSM;
}

static void read_moved(struct probe_ksm *ksm, int root_fd,
		       struct snap_ksm *ksm_fields)
{
	ksm->caps = 0;
	ksm->missing = ksm->knob_missing;
	if (!(ksm->missing & SNAP_CAP_KSM))
		read_rows(ksm, root_fd, KSM_BY_KSMD, ksm_fields, &ksm->caps,
			  &ksm->missing);
}

static uint32_t told(const struct probe_ksm *ksm, struct snap_ksm *ksm_fields)
{
	uint32_t caps = (ksm->caps | ksm->knob_caps) &
			~(ksm->missing | ksm->knob_missing);

	if (!(caps & SNAP_CAP_KSM))
		memset(ksm_fields, 0, sizeof(*ksm_fields));
	return caps & SNAP_CAP_KSM ? caps : 0;
}

uint32_t probe_ksm_read(struct probe_ksm *ksm, int root_fd,
			struct snap_ksm *ksm_fields)
{
	read_knobs(ksm, root_fd, ksm_fields);
	read_moved(ksm, root_fd, ksm_fields);
	return told(ksm, ksm_fields);
}

uint32_t probe_ksm_read_resting(struct probe_ksm *ksm, int root_fd, bool knobs,
				struct snap_ksm *ksm_fields)
{
	uint32_t run = ksm_fields->run;
	uint64_t zero_pages = ksm_fields->zero_pages;
	uint32_t caps = 0, missing = 0;

	if (knobs)
		read_knobs(ksm, root_fd, ksm_fields);
	else
		read_rows(ksm, root_fd, KSM_RESTING, ksm_fields, &caps,
			  &missing);
	if (ksm->missing & SNAP_CAP_KSM || missing & ~ksm->knob_missing ||
	    ksm_fields->run != run ||
	    ksm_fields->run & SNAP_RUN_UNMERGE ||
	    ksm_fields->zero_pages != zero_pages)
		return probe_ksm_read(ksm, root_fd, ksm_fields);
	return told(ksm, ksm_fields);
}

bool probe_ksm_read_progress(struct probe_ksm *ksm, int root_fd,
			     struct snap_ksm *ksm_fields)
{
	uint32_t caps = 0, missing = 0;

	read_rows(ksm, root_fd, KSM_FOLLOWED, ksm_fields, &caps, &missing);
	return !(missing & ~ksm->missing);
}

void probe_ksm_read_seldom(struct probe_ksm *ksm, int root_fd,
			   struct snap_ksm *ksm_fields)
{
	uint32_t caps = 0, missing = 0;

	read_rows(ksm, root_fd, KSM_SELDOM, ksm_fields, &caps, &missing);
}
