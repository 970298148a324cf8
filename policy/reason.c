// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>

#include "reason.h"

static const char *const phase_names[LAW_PHASE_COUNT] = {
	[LAW_PHASE_OFF] = "off",
	[LAW_PHASE_IDLE] = "idle",
	[LAW_PHASE_HUNT] = "hunt",
	[LAW_PHASE_PATROL] = "patrol",
	[LAW_PHASE_BRAKE] = "brake",
	[LAW_PHASE_FIXED] = "fixed",
};

static const char *const reason_names[LAW_REASON_COUNT] = {
	[LAW_REASON_NONE] = "none",
	[LAW_REASON_START] = "start",
	[LAW_REASON_NO_KSM] = "no-ksm",
	[LAW_REASON_NOTHING_MERGEABLE] = "nothing-mergeable",
	[LAW_REASON_ARRIVAL] = "arrival",
	[LAW_REASON_REWRITE] = "rewrite",
	[LAW_REASON_HUNTING] = "hunting",
	[LAW_REASON_YIELD_GOOD] = "yield-good",
	[LAW_REASON_CALM] = "calm",
	[LAW_REASON_CAP] = "cap",
	[LAW_REASON_SETTLED] = "settled",
	[LAW_REASON_PROOF] = "proof",
	[LAW_REASON_PATROL] = "patrol",
	[LAW_REASON_PSI] = "psi",
	[LAW_REASON_COW_STORM] = "cow-storm",
	[LAW_REASON_NOT_WORTH] = "not-worth",
	[LAW_REASON_STATIC] = "static",
	[LAW_REASON_KSMTUNED_STOP] = "ksmtuned-stop",
	[LAW_REASON_KSMTUNED_BOOST] = "ksmtuned-boost",
	[LAW_REASON_KSMTUNED_DECAY] = "ksmtuned-decay",
	[LAW_REASON_SCAN_TIME] = "scan-time",
	[LAW_REASON_OVERRIDE] = "override",
};

const char *law_phase_name(enum law_phase phase)
{
	return (unsigned int)phase < LAW_PHASE_COUNT ? phase_names[phase] : "?";
}

const char *law_reason_name(enum law_reason reason)
{
	return (unsigned int)reason < LAW_REASON_COUNT ? reason_names[reason] :
							 "?";
}

/* A number of base pages as "12.3 MiB"; four rotating buffers. */
static const char *mib(int64_t pages)
{
	static _Thread_local char bufs[4][32];
	static _Thread_local unsigned int turn;
	char *buf = bufs[turn++ % 4];
	double m = (double)pages / 256.0;

	if (m >= 10240)
		snprintf(buf, sizeof(bufs[0]), "%.1f GiB", m / 1024);
	else
		snprintf(buf, sizeof(bufs[0]), m >= 100 ? "%.0f MiB" : "%.1f MiB",
			 m);
	return buf;
}

static double gib(int64_t mib_count)
{
	return (double)mib_count / 1024.0;
}

const char *law_reason_text(const struct decision *decision, char *buf,
			    size_t size)
{
	const int64_t *a = decision->arg;

	switch (decision->reason) {
	case LAW_REASON_START:
		snprintf(buf, size, "starting: taking stock of the host");
		break;
	case LAW_REASON_NO_KSM:
		snprintf(buf, size, "this kernel has no KSM");
		break;
	case LAW_REASON_NOTHING_MERGEABLE:
		snprintf(buf, size, "no process has mergeable memory");
		break;
	case LAW_REASON_ARRIVAL:
		snprintf(buf, size,
			 "%s of mergeable memory arrived, %s in all; looking for twins, about %" PRId64 " ms of CPU",
			 mib(a[0]), mib(a[1]), a[2]);
		break;
	case LAW_REASON_REWRITE:
		snprintf(buf, size,
			 "%s of merged memory was rewritten, %s is still merged; looking for twins again",
			 mib(a[0]), mib(a[1]));
		break;
	case LAW_REASON_HUNTING:
		snprintf(buf, size,
			 "hunting: pass %" PRId64 " of %" PRId64 ", %" PRId64 " ms of CPU so far",
			 a[0] + 1, a[1], a[2]);
		break;
	case LAW_REASON_YIELD_GOOD:
		snprintf(buf, size,
			 "the last pass earned %.1f GiB-s per CPU-s at a price of %.1f; %s saved, a pass to see whether more is to be had follows",
			 gib(a[0]), gib(a[1]), mib(a[2]));
		break;
	case LAW_REASON_CALM:
		snprintf(buf, size,
			 "waiting for calm: %" PRId64 " newcomer%s at work on %.0f %% of a core, and merging would interrupt %s",
			 a[0], a[0] == 1 ? " is" : "s are",
			 (double)a[1] / 10.0, a[0] == 1 ? "it" : "them");
		break;
	case LAW_REASON_CAP:
		snprintf(buf, size,
			 "waiting for the CPU cap: %" PRId64 " ms used of %" PRId64 " ms",
			 a[0], a[1]);
		break;
	case LAW_REASON_SETTLED:
		snprintf(buf, size,
			 "settled: the last pass earned %.1f GiB-s per CPU-s, below the price of %.1f; %s saved",
			 gib(a[0]), gib(a[1]), mib(a[2]));
		break;
	case LAW_REASON_PROOF:
		snprintf(buf, size,
			 "a proof pass: the one before earned %.1f GiB-s per CPU-s at a price of %.1f; is there more?",
			 gib(a[0]), gib(a[1]));
		break;
	case LAW_REASON_PATROL:
		snprintf(buf, size,
			 "patrol: a look around within %.2f %% of a core, the next in %.0f s",
			 (double)a[0] / 10000.0, (double)a[1] / 1000.0);
		break;
	case LAW_REASON_PSI:
		snprintf(buf, size,
			 "the host waits for CPU (pressure %.1f %%, limit %.1f %%): a quarter of the cap until it eases",
			 (double)a[0] / 10.0, (double)a[1] / 10.0);
		break;
	case LAW_REASON_COW_STORM:
		snprintf(buf, size,
			 "%s was rewritten, but merges last only about %" PRId64 " s here: not worth merging again",
			 mib(a[0]), a[1]);
		break;
	case LAW_REASON_NOT_WORTH:
		snprintf(buf, size,
			 "a hunt would earn %.2f GiB-s and cost the worth of %.2f GiB-s: left to patrol",
			 gib(a[0]), gib(a[1]));
		break;
	case LAW_REASON_STATIC:
		snprintf(buf, size, "fixed by the policy file");
		break;
	case LAW_REASON_KSMTUNED_STOP:
	case LAW_REASON_KSMTUNED_BOOST:
	case LAW_REASON_KSMTUNED_DECAY:
		snprintf(buf, size,
			 "guests hold %.1f GiB, %.1f GiB is free, threshold %.1f GiB: %s",
			 gib(a[0] / 1024), gib(a[1] / 1024), gib(a[2] / 1024),
			 decision->reason == LAW_REASON_KSMTUNED_STOP ?
			 "no need to merge" :
			 decision->reason == LAW_REASON_KSMTUNED_BOOST ?
			 "faster" : "slower");
		break;
	case LAW_REASON_SCAN_TIME:
		snprintf(buf, size,
			 "the last pass took %.1f s of a target of %.1f s: %" PRId64 " pages a batch",
			 (double)a[0] / 1000.0, (double)a[1] / 1000.0, a[2]);
		break;
	case LAW_REASON_OVERRIDE:
		snprintf(buf, size, "set by hand");
		break;
	default:
		snprintf(buf, size, "%s", law_reason_name(decision->reason));
		break;
	}
	return buf;
}

const char *law_finding_text(const struct decision *decision, char *buf,
			     size_t size)
{
	const int64_t *a = decision->finding_arg;

	switch (decision->finding) {
	case LAW_FINDING_INDEX:
		snprintf(buf, size,
			 "the checksum index pays: %" PRId64 " ns less for a page without an equal, for %" PRId64 " bytes; lookahead spares nothing beside it",
			 a[0], a[1]);
		break;
	case LAW_FINDING_CHEAP:
		snprintf(buf, size,
			 "lookahead pays, which takes no memory; at this price of CPU time %" PRId64 " ns less for a page are not worth %" PRId64 " bytes for the checksum index",
			 a[0], a[1]);
		break;
	case LAW_FINDING_REFUSED:
		snprintf(buf, size,
			 "lookahead pays while there is no checksum index: that was asked for, and is off");
		break;
	default:
		snprintf(buf, size, "%s", "");
		break;
	}
	return buf;
}
