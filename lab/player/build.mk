# SPDX-License-Identifier: GPL-2.0
# The trace player: static, for it runs in a lab kernel beside little else.

PLAYER := $(BUILD)/lab/trace-player
PLAYER_TRACE := $(call obj,lab/player/trace.c lab/player/trace_file.c)
PLAYER_OBJ := $(call obj,$(wildcard lab/player/*.c)) \
	$(BUILD)/obj/lab/player/guest.o

$(BUILD)/obj/lab/player/%.o: lab/player/%.S lab/player/guest.h
	@mkdir -p $(@D)
	$(call say,AS,$<)
	$(Q)$(CC) -c -o $@ $<

$(PLAYER): $(PLAYER_OBJ)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -static -o $@ $^

# Its trace and memory map are tested without a guest.
$(BUILD)/tests/trace_test: $(PLAYER_TRACE) $(call obj,lab/player/guest_map.c)
