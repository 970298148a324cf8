# SPDX-License-Identifier: GPL-2.0
.PHONY: all-bench-exclusive-cache
all-bench-exclusive-cache: $(BUILD)/bin/densityctl
	@lab/l2/make-image
	experiments/exclusive-cache/run
