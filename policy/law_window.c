// SPDX-License-Identifier: GPL-2.0
#include "law_window.h"

void law_window_init(struct law_window *window, uint32_t span_ms)
{
	*window = (struct law_window){ .span_ns = span_ms * 1000000ull };
}

void law_window_resize(struct law_window *window, uint32_t span_ms,
		       uint64_t mono_ns, uint64_t cpu_ns)
{
	uint64_t used;

	if (window->span_ns == span_ms * 1000000ull)
		return;
	used = law_window_used_ns(window, mono_ns, cpu_ns);
	law_window_init(window, span_ms);
	window->count = 1;
	window->at[0].mono_ns = mono_ns;
	window->at[0].cpu_ns = cpu_ns - used;
}

void law_window_add(struct law_window *window, uint64_t mono_ns,
		    uint64_t cpu_ns)
{
	uint64_t gap = window->span_ns / (LAW_WINDOW_SLOTS - 8);

	if (window->count &&
	    mono_ns < window->at[window->newest].mono_ns + gap)
		return;
	window->newest = (window->newest + 1) % LAW_WINDOW_SLOTS;
	window->at[window->newest].mono_ns = mono_ns;
	window->at[window->newest].cpu_ns = cpu_ns;
	if (window->count < LAW_WINDOW_SLOTS)
		window->count++;
}

uint64_t law_window_used_ns(const struct law_window *window, uint64_t mono_ns,
			    uint64_t cpu_ns)
{
	uint64_t from = mono_ns > window->span_ns ?
			mono_ns - window->span_ns : 0;
	uint64_t base = cpu_ns;

	for (uint32_t i = 0; i < window->count; i++) {
		uint32_t slot = (window->newest + LAW_WINDOW_SLOTS - i) %
				LAW_WINDOW_SLOTS;

		base = window->at[slot].cpu_ns;
		if (window->at[slot].mono_ns <= from)
			break;
	}
	return cpu_ns > base ? cpu_ns - base : 0;
}
