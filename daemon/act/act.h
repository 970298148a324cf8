/* SPDX-License-Identifier: GPL-2.0 */
/*
 * act: from struct decision to the host's knobs, and back again.
 *
 * The only code that writes a knob. Before its first write it saves every
 * original value in memory and, atomically, in the saved-knobs file; on
 * act_restore() and on the next start after a crash it gives them all back.
 * Each write is clamped, read back, and reported OLD -> NEW with its reason
 * through a callback. When a knob is found to hold what nobody here wrote,
 * someone else writes it: act takes the foreign value as the new original,
 * gives all others back, keeps its hands off for a while, and says so.
 *
 * The knobs are reached through a driver: sysfs (the host or a fake root),
 * null (dry run: nothing is written), record (tests: writes kept in memory).
 */
#ifndef DENSITY_ACT_H
#define DENSITY_ACT_H

#include <stdbool.h>
#include <stdint.h>

#include "../../policy/law.h"
#include "../../policy/snap.h"

enum act_knob {
	ACT_KNOB_ADVISOR,	/* advisor_mode: 0 none, 1 scan-time */
	ACT_KNOB_SLEEP,		/* sleep_millisecs */
	ACT_KNOB_PAGES,		/* pages_to_scan */
	ACT_KNOB_SMART_SCAN,	/* smart_scan */
	ACT_KNOB_RUN,		/* run */
	ACT_KNOB_LOOKAHEAD,	/* lookahead, checksum_index: our patches */
	ACT_KNOB_INDEX,
	ACT_KNOB_EVICT,		/* kvm.shadow_evict: enum law_evict - 1 */
	ACT_KNOB_COUNT,
};

/* The kernel's file name of the knob, such as "pages_to_scan". */
const char *act_knob_name(enum act_knob knob);

/* "fifo" of LAW_EVICT_FIFO; NULL for what is none. */
const char *act_evict_name(enum law_evict evict);

/* A boot's identity as text, with its NUL. */
#define ACT_BOOT_ID_LEN 40

struct act_driver {
	const char *name;
	/*
	 * Become the one that writes, until close. 0, -EBUSY when somebody else
	 * is, -EACCES when the knobs cannot be written, -ENOENT when there is
	 * no KSM, or -errno. No function: nobody can be in the way.
	 */
	int (*claim)(void *ctx);
	/* 0, -ENOENT when this kernel has no such knob, or -errno. */
	int (*read)(void *ctx, enum act_knob knob, uint64_t *ret_value);
	int (*write)(void *ctx, enum act_knob knob, uint64_t value);
	void (*close)(void *ctx);
	/* Which boot the knobs belong to; "" or no function: not known. */
	void (*boot_id)(void *ctx, char ret_id[ACT_BOOT_ID_LEN]);
	/*
	 * Writes reach nothing: act then leaves the saved-knobs file alone and
	 * does not take the host's unchanged knobs for a foreign write.
	 */
	bool dry_run;
};

/*
 * Each sets *ret_ctx; 0 or -errno. @root as for probe_open(). A host without
 * KSM, or with knobs that cannot be written, is act_open()'s error, not one
 * here: a dry run has no need to write.
 *
 * The record driver obeys the kernel's rules (mm/ksm.c): while advisor_mode is
 * not none, pages_to_scan gives -EINVAL; switching modes resets pages_to_scan.
 */
extern const struct act_driver act_driver_sysfs;
extern const struct act_driver act_driver_null;
extern const struct act_driver act_driver_record;
int act_sysfs_new(const char *root, void **ret_ctx);
int act_null_new(const char *root, void **ret_ctx);
/* In @originals: this kernel has no such knob. */
#define ACT_RECORD_ABSENT UINT64_MAX
int act_record_new(const uint64_t originals[ACT_KNOB_COUNT], void **ret_ctx);
/* What the record driver now holds, and how often each knob was written. */
uint64_t act_record_value(const void *ctx, enum act_knob knob);
unsigned int act_record_writes(const void *ctx, enum act_knob knob);
/* Tests: somebody else writes the knob. */
void act_record_poke(void *ctx, enum act_knob knob, uint64_t value);
/* Tests: from now on writes of the knob fail with @error; 0: they work. */
void act_record_fail(void *ctx, enum act_knob knob, int error);
/* Tests: the knobs written so far, oldest first, as "run sleep_millisecs". */
const char *act_record_order(const void *ctx);

struct act_write {
	int64_t real_ms;
	enum act_knob knob;
	uint64_t old_value;
	uint64_t new_value;
	int error;			/* 0, or -errno: the write failed */
	const char *reason;		/* words; valid during the callback */
};

enum act_event {
	ACT_EVENT_FOREIGN,	/* somebody else wrote a knob: hands off */
	ACT_EVENT_RESUME,	/* quiet for long enough: at it again */
	ACT_EVENT_HEALED,	/* knobs of a killed run were given back */
	ACT_EVENT_REFUSED,	/* unmerge refused: not enough memory */
	ACT_EVENT_FAILED,	/* knobs cannot be written (permission) */
};

struct act_hooks {
	void (*on_write)(void *arg, const struct act_write *write);
	void (*on_event)(void *arg, enum act_event event, const char *text);
	/*
	 * A write that may take long begins or is over: run waits for ksmd's
	 * batch in progress, and run = 2 for every merged page to be copied.
	 */
	void (*on_slow)(void *arg, bool begins);
	void *arg;
};

struct act;

/*
 * How long act stays away after a foreign write; doubles up to the maximum
 * with each one that follows a resume, and halves with each quiet stretch as
 * long as itself. Somebody else's run = 0 means that KSM shall stand still:
 * the longest hold, renewed for as long as nobody else sets run again.
 */
#define ACT_FOREIGN_HOLD_S 60
#define ACT_FOREIGN_HOLD_MAX_S 3600

/*
 * @saved_path: the saved-knobs file; when it exists, a run was killed: its
 * originals are written back at once (ACT_EVENT_HEALED). A file of an earlier
 * boot is deleted; one that cannot be understood is moved aside as PATH.bad,
 * with an ACT_EVENT_FAILED that says why, and nothing of it is used. Missing
 * directories of the path are made. Takes over @ctx, also on failure. NULL
 * @saved_path keeps the originals in memory only. @hooks is copied and may be
 * NULL, as may each of its functions.
 * Returns 0, -ENOENT when there is no KSM, -EBUSY when another process drives
 * the knobs of the same host, -EACCES, -ENOMEM, or -errno.
 */
int act_open(const struct act_driver *driver, void *ctx,
	     const char *saved_path, const struct act_hooks *hooks,
	     struct act **ret_act);

/*
 * Make the knobs say what @decision says. @snap is the snapshot that it was
 * decided from: its knob values reveal a foreign writer, its MemAvailable
 * guards an unmerge (run = 2 is refused unless MemAvailable exceeds the
 * memory that unmerging takes by 10 % and 256 MiB). @text: the reason.
 *
 * The first call saves the originals, even when no knob needs a write. When
 * they cannot be saved no knob is written. advisor_mode is driven to none.
 * A failure is reported once (ACT_EVENT_FAILED) and tried again each time.
 * Returns 0, -EBUSY while hands are off, -EPERM when the unmerge is refused
 * (then nothing is written), -ENOENT when the snapshot knows no KSM, -EINVAL
 * for a run above 2, or -errno of the first write that failed.
 */
int act_apply(struct act *act, const struct snap *snap,
	      const struct decision *decision, const char *text);

/*
 * Give every knob back and forget the saved-knobs file. What somebody else
 * has written meanwhile stays. An original run = 2 comes back as 0 unless the
 * last snapshot left room to unmerge. On a failure the others are still given
 * back and the file stays for the next heal. The next act_apply() takes over
 * anew. 0 or -errno of the first failure.
 */
int act_restore(struct act *act, const char *text);

/* Milliseconds until hands are on again; 0 when they are. */
uint64_t act_hold_ms(const struct act *act, uint64_t mono_ns);
/* Stop waiting now: the user said so (densityctl set). */
void act_resume(struct act *act);
/* As the host had it. False when the kernel has no such knob. */
bool act_original(const struct act *act, enum act_knob knob,
		  uint64_t *ret_value);

/* Does not restore. NULL is fine. */
void act_close(struct act *act);

/*
 * Heal from @saved_path, the same that act_open() was given, without a daemon
 * (ExecStopPost, `densityd --heal`). Never unmerges. Returns 1 when something
 * was restored, 0 when there was nothing to do, or -errno: -EBADMSG for a file
 * that is moved aside as PATH.bad, -EBUSY when a daemon drives the knobs, whose
 * originals these are, -ENOENT when there is no KSM.
 */
int act_heal(const char *root, const char *saved_path,
	     const struct act_hooks *hooks);

#endif
