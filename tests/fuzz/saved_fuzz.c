// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes as a saved-knobs file: refused with a reason, or read as values
 * that the kernel takes.
 */
#include <stdint.h>
#include <stdlib.h>

#include "../../daemon/act/saved.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct act_values values;
	char why[ACT_SAVED_WHY_LEN] = "";
	int r;

	r = act_saved_parse((const char *)data, size, "", &values, why);
	if (r < 0) {
		if (!why[0])
			abort();
		return 0;
	}
	if (!values.has[ACT_KNOB_RUN] || values.value[ACT_KNOB_RUN] > 2)
		abort();
	for (int i = 0; i < ACT_KNOB_COUNT; i++)
		if (values.has[i] && values.value[i] > UINT32_MAX)
			abort();
	return 0;
}
