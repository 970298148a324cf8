// SPDX-License-Identifier: GPL-2.0
/*
 * Of 25 MiB KVM gives a VM 120 shadow pages: what counts is the ratio to what its
 * trace draws from. Some VMs are alike but for their random numbers.
 */
#include <stddef.h>

#include "scenario.h"

#define GUEST 25	/* MiB */
#define BIG 100

#define ALIKE(trace) { \
	.name = "alike-" trace, .about = "four VMs that need the same", \
	.seconds = 600, \
	.vms = { { .copies = 4, .mem_mib = GUEST, \
		   .phases = { { 0, trace, 256, 1000 } } } }, \
	.claims = { { METRIC_TOTAL, 1.02 }, { METRIC_BUDGET, 1.01 } }, \
}

static const struct scenario scenarios[] = {
	{
		.name = "unequal",
		.about = "four VMs of one size: large, small, looping, little used",
		.seconds = 600,
		.vms = {
			{ .mem_mib = GUEST, .phases = { { 0, "zipf", 256, 1000 } } },
			{ .mem_mib = GUEST, .phases = { { 0, "zipf", 40, 1000 } } },
			{ .mem_mib = GUEST, .phases = { { 0, "loop", 48, 1000 } } },
			{ .mem_mib = GUEST, .phases = { { 0, "hotscan", 64, 50 } } },
		},
		.claims = { { METRIC_TOTAL, .2 }, { METRIC_BUDGET, 1.01 } },
	}, {
		.name = "hot-among-idle",
		.about = "one VM works, seven rest after a start",
		.seconds = 600,
		.vms = {
			{ .mem_mib = GUEST, .phases = { { 0, "zipf8", 512, 1000 } } },
			{ .copies = 7, .mem_mib = GUEST,
			  .phases = { { 0, "zipf", 100, 300 },
				      { 30, NULL, 0, 0 } } },
		},
		.claims = { { METRIC_TOTAL, .3 }, { METRIC_BUDGET, 1.01 } },
	}, {
		.name = "phase-change",
		.about = "at 300 s the VM that needed pages rests, and another needs them",
		.seconds = 600, .at_s = 300,
		.vms = {
			{ .mem_mib = GUEST, .phases = { { 0, "zipf", 256, 1000 },
							{ 300, NULL, 0, 0 } } },
			{ .mem_mib = GUEST, .phases = { { 0, NULL, 0, 0 },
							{ 300, "zipf", 256, 1000 } } },
			{ .copies = 2, .mem_mib = GUEST,
			  .phases = { { 0, "zipf", 48, 500 } } },
		},
		.claims = { { METRIC_TOTAL, .3 }, { METRIC_SETTLED, 10 },
			    { METRIC_BUDGET, 1.01 } },
	}, {
		.name = "needs-swap",
		.about = "at 300 s the set of one VM shrinks and another's grows, both at work",
		.seconds = 600, .at_s = 300,
		.vms = {
			{ .mem_mib = GUEST, .phases = { { 0, "zipf", 256, 1000 },
							{ 300, "zipf", 40, 1000 } } },
			{ .mem_mib = GUEST, .phases = { { 0, "zipf", 40, 1000 },
							{ 300, "zipf", 256, 1000 } } },
			{ .copies = 2, .mem_mib = GUEST,
			  .phases = { { 0, "zipf", 48, 500 } } },
		},
		.claims = { { METRIC_TOTAL, .3 }, { METRIC_SETTLED, 10 },
			    { METRIC_BUDGET, 1.01 } },
	}, {
		.name = "hopeless-loop",
		.about = "a loop that no limit holds, beside three that fit if let",
		.seconds = 600,
		.vms = {
			{ .mem_mib = GUEST, .phases = { { 0, "loop", 2000, 1000 } } },
			{ .copies = 3, .mem_mib = GUEST,
			  .phases = { { 0, "hotscan", 160, 1000 } } },
		},
		.claims = { { METRIC_TOTAL, .98 }, { METRIC_WORST, 1.02 },
			    { METRIC_BUDGET, 1.01 } },
	}, {
		.name = "churn",
		.about = "every 40 s a VM comes and stays for two minutes, beside a big one",
		.seconds = 900,
		.vms = {
			{ .mem_mib = BIG, .phases = { { 0, "zipf", 1000, 1000 } } },
			{ .copies = 12, .mem_mib = GUEST, .every_s = 40,
			  .from_s = 20, .to_s = 140,
			  .phases = { { 0, "zipf", 100, 500 } } },
		},
		.claims = { { METRIC_TOTAL, 1.1 }, { METRIC_BUDGET, 1.01 } },
	}, {
		.name = "crowd",
		.about = "200 VMs, of which ten work hard",
		.seconds = 300,
		.vms = {
			{ .copies = 10, .mem_mib = GUEST,
			  .phases = { { 0, "zipf", 512, 500 } } },
			{ .copies = 190, .mem_mib = GUEST,
			  .phases = { { 0, "zipf", 64, 20 } } },
		},
		.claims = { { METRIC_TOTAL, .4 }, { METRIC_BUDGET, 1.01 } },
	},
	ALIKE("zipf"), ALIKE("zipf8"), ALIKE("scan"), ALIKE("loop"),
	ALIKE("hotscan"), ALIKE("movinghot"), ALIKE("mixedcost"),
	ALIKE("twophase"), ALIKE("twoloops"), ALIKE("slices"),
};

const struct scenario *scenario_at(unsigned int i)
{
	return i < sizeof(scenarios) / sizeof(scenarios[0]) ? &scenarios[i] :
							      NULL;
}
