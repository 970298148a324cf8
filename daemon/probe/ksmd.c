// SPDX-License-Identifier: GPL-2.0
/* /proc/PID/schedstat of ksmd: "ns on a CPU, ns waiting, times switched in". */
#include "sources.h"

bool probe_schedstat_parse(struct probe_text text, uint64_t *ret_cpu_ns)
{
	uint64_t cpu_ns, wait_ns;

	/* The second number proves that the first was not cut off. */
	if (!probe_text_u64(&text, &cpu_ns) ||
	    !probe_text_u64(&text, &wait_ns))
		return false;
	*ret_cpu_ns = cpu_ns;
	return true;
}
