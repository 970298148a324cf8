# SPDX-License-Identifier: GPL-2.0
# The replayer of guests' memory: static, for it runs in a lab kernel.

REPLAY := $(BUILD)/lab/ksm-replay
REPLAY_OBJ := $(call obj,$(wildcard experiments/lookahead/replay/*.c))

$(REPLAY): $(REPLAY_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -static -o $@ $^

.PHONY: bench-lookahead all-bench-lookahead
bench-lookahead: DEPS := build run kernel lab lookahead
bench-lookahead: deps
	@$(MAKE) --no-print-directory kernel
	@$(MAKE) --no-print-directory all-$@
all-bench-lookahead: $(REPLAY)
	experiments/lookahead/run
