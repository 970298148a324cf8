/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A law decides, once per tick, how ksmd shall run.
 *
 * It is a pure function of the snapshot, its own state and the policy's
 * numbers: no clock, no file, no log, no allocation, no global. The daemon,
 * the plant simulator and the replay of recorded hosts call the same code.
 * `nm -u` on the objects of policy/law*.c proves it in `make check`.
 *
 * To add a law: write policy/law_NAME.c with one `const struct law`, name it
 * in the table of law.c, and its numbers in struct law_params.
 */
#ifndef DENSITY_LAW_H
#define DENSITY_LAW_H

#include <stdbool.h>
#include <stdint.h>

#include "snap.h"

/* Bounds of every knob that a decision may ask for; act clamps to the same. */
#define LAW_SLEEP_MS_MIN 1u
#define LAW_SLEEP_MS_MAX 600000u
#define LAW_SCAN_PAGES_MIN 1u
#define LAW_SCAN_PAGES_MAX 200000u

/* What a law is doing, for people and for the history. */
enum law_phase {
	LAW_PHASE_OFF = 0,	/* no KSM, or told to stand aside */
	LAW_PHASE_IDLE,		/* nothing mergeable: ksmd does not run */
	LAW_PHASE_HUNT,		/* new memory arrived: merge it quickly */
	LAW_PHASE_PATROL,	/* settled: look around at a small cost */
	LAW_PHASE_BRAKE,	/* the host needs its CPU, or copies storm */
	LAW_PHASE_FIXED,	/* laws without phases */
	LAW_PHASE_COUNT,
};

/* Why; law_reason_text() in reason.h turns it into words with @arg. */
enum law_reason {
	LAW_REASON_NONE = 0,
	LAW_REASON_START,	/* first decision after start or law change */
	LAW_REASON_NO_KSM,
	LAW_REASON_NOTHING_MERGEABLE,
	LAW_REASON_ARRIVAL,	/* arg: pages arrived, population pages, hunt budget ms */
	LAW_REASON_REWRITE,	/* arg: pages copied on write, pages shared */
	LAW_REASON_HUNTING,	/* arg: passes done, passes wanted, CPU spent ms */
	LAW_REASON_YIELD_GOOD,	/* arg: net MiB-s per CPU-s earned, price, saved pages */
	LAW_REASON_CALM,	/* arg: newcomers, permille of a core they use */
	LAW_REASON_CAP,		/* arg: CPU spent in the window ms, allowed ms */
	LAW_REASON_SETTLED,	/* arg: net MiB-s per CPU-s earned, price, saved pages */
	LAW_REASON_PROOF,	/* arg: net MiB-s per CPU-s earned before, price */
	LAW_REASON_PATROL,	/* arg: patrol millionths of a core, ms to the next */
	LAW_REASON_PSI,		/* arg: PSI cpu some permille, limit */
	LAW_REASON_COW_STORM,	/* arg: pages rewritten, life of a merge in s */
	LAW_REASON_NOT_WORTH,	/* arg: expected MiB-s, cost MiB-s */
	LAW_REASON_STATIC,
	LAW_REASON_KSMTUNED_STOP,	/* arg: committed KiB, free KiB, threshold KiB */
	LAW_REASON_KSMTUNED_BOOST,	/* same */
	LAW_REASON_KSMTUNED_DECAY,	/* same */
	LAW_REASON_SCAN_TIME,	/* arg: last pass ms, target ms, pages */
	LAW_REASON_OVERRIDE,	/* set by the daemon: densityctl set */
	LAW_REASON_COUNT,
};

/* A switch of ksmd that only some kernels have. */
enum law_switch {
	LAW_SWITCH_KEEP,	/* as the host had it */
	LAW_SWITCH_OFF,
	LAW_SWITCH_ON,
};

/* By which means ksmd finds pages, and why; law_finding_text() has the words. */
enum law_finding {
	LAW_FINDING_NONE,	/* no choice on this kernel, or none of this law */
	LAW_FINDING_INDEX,	/* arg: ns that a page's search takes, bytes of its place */
	LAW_FINDING_CHEAP,	/* CPU is too cheap for the index: lookahead. arg: same */
	LAW_FINDING_REFUSED,	/* the index was asked for in vain: lookahead */
};

/* How KVM chooses shadow pages to evict, in the order of kernel/patches. */
enum law_evict {
	LAW_EVICT_KEEP,		/* as the host had it */
	LAW_EVICT_FIFO,
	LAW_EVICT_CLOCK,
	LAW_EVICT_SIEVE,
	LAW_EVICT_REUSE,
	LAW_EVICT_COUNT,
};

struct decision {
	enum law_phase phase;
	enum law_reason reason;
	int64_t arg[3];
	uint32_t run;		/* enum snap_run; never SNAP_RUN_UNMERGE from a law */
	uint32_t sleep_ms;
	uint32_t scan_pages;
	uint32_t smart_scan;	/* 0, 1, or LAW_KEEP */
	enum law_switch lookahead;
	enum law_switch checksum_index;
	enum law_finding finding;
	int64_t finding_arg[2];
	enum law_evict evict;	/* no law's: densityctl set */
	uint32_t next_ms;	/* ask again after so long; 0 = policy interval */
	bool look;		/* read snap.vms again for the next tick */
	bool ends_pass;		/* what ksmd does now will end its pass */
};

#define LAW_KEEP UINT32_MAX	/* leave this knob as the host had it */

/*
 * The policy file's numbers, validated by the parser. Every law reads the
 * common ones; the rest belong to the law in the name.
 */
struct law_params {
	uint32_t interval_ms;		/* tick; default 1000 */
	uint32_t cap_permille;		/* ksmd CPU of one core, default 200 */
	uint32_t cap_window_ms;		/* over which the cap holds, default 5000 */
	/* yield */
	uint32_t price_mib_s;		/* MiB-s that one CPU-second must earn, default 7680 */
	uint32_t horizon_s;		/* how long a merge is taken to last, default 600 */
	uint32_t patrol_upermille;	/* millionths of a core while settled, default 2000 */
	uint32_t psi_cpu_permille;	/* brake above; 1000 = never */
	uint32_t arrival_kib;		/* smallest growth that counts, default 8192 */
	uint32_t arrival_permille;	/* and relative to the population, default 50 */
	/* static */
	uint32_t static_sleep_ms;	/* default 20 */
	uint32_t static_scan_pages;	/* default 100 */
	/* ksmtuned: names of /etc/ksmtuned.conf */
	uint32_t ksmtuned_interval_s;	/* default 60 */
	uint32_t ksmtuned_boost;	/* default 300 */
	int32_t ksmtuned_decay;		/* default -50 */
	uint32_t ksmtuned_min;		/* default 64 */
	uint32_t ksmtuned_max;		/* default 1250 */
	uint32_t ksmtuned_sleep_ms;	/* default 10, for a 16 GiB host */
	uint32_t ksmtuned_thres_coef;	/* default 20 % */
	uint32_t ksmtuned_thres_const_kib; /* default 2048 MiB */
	/* scan-time: names of the kernel's advisor, ksm.rst */
	uint32_t scan_time_target_s;	/* default 200 */
	uint32_t scan_time_min_pages;	/* default 500 */
	uint32_t scan_time_max_pages;	/* default 30000 */
};

/* Fill with the defaults above. The one place where they stand. */
void law_params_default(struct law_params *ret_params);

/* Room for the state of any law; a law asserts at compile time that it fits. */
struct law_state {
	uint64_t room[256];
};

struct law {
	const char *name;
	const char *summary;	/* one line for --help and status */
	/* Begin afresh; also when the law is switched to. */
	void (*init)(struct law_state *state, const struct law_params *params);
	/* Snapshots come in order of @mono_ns. Fills every field. */
	void (*decide)(struct law_state *state, const struct law_params *params,
		       const struct snap *snap, struct decision *ret_decision);
};

extern const struct law law_yield;
extern const struct law law_static;
extern const struct law law_ksmtuned;
extern const struct law law_scan_time;

/* NULL when there is no law of that name. */
const struct law *law_find(const char *name);
/* The @i-th law, NULL past the end; the first is the default. */
const struct law *law_at(unsigned int i);

#endif
