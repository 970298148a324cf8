# SPDX-License-Identifier: GPL-2.0
# The simulator of hosts under shadow paging. Its pools are the eviction's.

$(BUILD)/bin/shadow-sim: $(call obj,$(wildcard policy/sim_shadow/*.c)) \
		$(EVICT_OBJ) $(LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ -lm
