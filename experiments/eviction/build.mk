# SPDX-License-Identifier: GPL-2.0
# The offline simulator of shadow-page eviction. Its traces are the player's.

EVICT_OBJ := $(call obj,$(filter-out %/main.c,$(wildcard \
	experiments/eviction/sim/*.c)) lab/player/trace.c lab/player/trace_file.c)

$(BUILD)/bin/evict-sim: $(call obj,experiments/eviction/sim/main.c) $(EVICT_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ -lm

$(BUILD)/tests/evict_sim_test: $(EVICT_OBJ)

.PHONY: all-bench-eviction
all-bench-eviction: $(PLAYER) $(BUILD)/bin/evict-sim
	@lab/l2/make-image
	experiments/eviction/run
