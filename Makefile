# SPDX-License-Identifier: GPL-2.0
# Density: see README.md. `make help` lists the targets.
#
# Two layers: the targets that a user types install what they need and then
# call this file again, so that pkg-config answers for what was just installed.

BUILD ?= build
CC ?= gcc
CLANG ?= clang
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
VERSION := $(shell cat VERSION)

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wpointer-arith -Wwrite-strings -Wvla -Wformat=2 -Werror
PKGS := inih libsystemd sqlite3 jansson libnl-genl-3.0
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -DDENSITY_VERSION='"$(VERSION)"' \
	$(WARN) -Wno-format-nonliteral -fno-common $(CFLAGS) $(SAN_FLAGS) \
	-Iksmd-ext/uapi $(PKG_CFLAGS)
ifdef SAN
SAN_FLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
endif

LAW_SRC := $(wildcard policy/law*.c)
POLICY_SRC := $(wildcard policy/*.c)
SIM_SRC := $(filter-out policy/sim/main.c,$(wildcard policy/sim/*.c))
LIB_SRC := $(filter-out daemon/main.c,$(wildcard daemon/*.c daemon/*/*.c)) \
	ksmd-ext/client/client.c
CLI_SRC := $(wildcard cli/*.c)
UNIT_SRC := $(wildcard tests/unit/*_test.c)
FUZZ_SRC := $(wildcard tests/fuzz/*_fuzz.c)

# One word a file; V=1 shows the whole command.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-4s %s\n' $(1) $(2))

.SECONDARY:

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
LIB := $(BUILD)/libdensity.a
UNIT_BIN := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(UNIT_SRC))
FUZZ_BIN := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZ_SRC))

.PHONY: help build run check check-quick deps install uninstall clean \
	man kernel bench-tuning bench-eviction bench-exclusive-cache \
	all-build all-run all-check \
	all-check-quick \
	unit san fuzz purity sim system harness lab lab-quick check-debug

help:
	@sed -n 's/^## //p' $(firstword $(MAKEFILE_LIST))

## build        userspace into build/bin
## run          boot GUESTS=N guests if asked, tune them with a live view
## check        every test (apt-get installs what is missing, as root)
## check-quick  userspace tests only, under two minutes
## bench-tuning the tuning laws against their peers (experiments/tuning)
## bench-eviction  policies of shadow-page eviction (experiments/eviction)
## bench-exclusive-cache  the scrubber and real guests (experiments/exclusive-cache)
## bench-lookahead  KSM's patches on real guests' memory (experiments/lookahead)
## kernel       the patched kernel: build/kernel/bzImage (kernel/), and the
##              module for it: build/kernel/ksmd_ext.ko (ksmd-ext/)
## lab          a shell on a KVM host under emulation (lab/README.md)
## lab-quick    quick tests of the patched kernel in the lab
## check-debug  the lab's long tests, and its debug kernel: hours
## install      into PREFIX (default /usr/local), DESTDIR honoured
## deps         install the Debian packages that all of this needs
build run check check-quick bench-tuning: deps
	@$(MAKE) --no-print-directory all-$@

bench-tuning: DEPS := build test run bench
kernel: DEPS := kernel
kernel: deps
	@$(MAKE) --no-print-directory -C $@ BUILD=$(abspath $(BUILD))
	@$(MAKE) --no-print-directory -C ksmd-ext BUILD=$(abspath $(BUILD))
bench-eviction bench-exclusive-cache: DEPS := build run kernel lab
lab lab-quick check-debug: DEPS := build test run kernel lab
lab lab-quick check-debug bench-eviction bench-exclusive-cache: deps
	@$(MAKE) --no-print-directory kernel
	@$(MAKE) --no-print-directory all-$@
deps:
	@packaging/install-deps $(DEPS)

# Tests and benches find the build, one tally of results for all of a check,
# and tools that were unpacked because installing them would start a service.
export DENSITY_BUILD := $(abspath $(BUILD))
DENSITY_TALLY ?= $(DENSITY_BUILD)/tests.tally
export DENSITY_TALLY
export PATH := $(PATH):$(CURDIR)/build/unpacked/usr/bin:$(CURDIR)/build/unpacked/usr/sbin

ifneq ($(filter all-%,$(MAKECMDGOALS))$(filter unit san fuzz purity sim system man install install-files $(BUILD)/%,$(MAKECMDGOALS)),)
PKG_CFLAGS := $(shell pkg-config --cflags $(PKGS))
PKG_LIBS := $(shell pkg-config --libs $(PKGS))
endif

all-build: $(BUILD)/bin/densityd $(BUILD)/bin/densityctl \
	$(BUILD)/bin/plant-sim $(BUILD)/bin/evict-sim $(BUILD)/bin/shadow-sim

$(BUILD)/obj/%.o: %.c VERSION Makefile
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(call obj,$(LIB_SRC) $(POLICY_SRC))
	@mkdir -p $(@D)
	@rm -f $@
	$(call say,AR,$@)
	$(Q)$(AR) rcs $@ $^

$(BUILD)/bin/densityd: $(call obj,daemon/main.c) $(LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(PKG_LIBS) -lm

$(BUILD)/bin/densityctl: $(call obj,$(CLI_SRC)) $(LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(PKG_LIBS) -lm

$(BUILD)/bin/plant-sim: $(call obj,policy/sim/main.c $(SIM_SRC)) $(LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ -lm

$(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(call obj,$(SIM_SRC)) $(LIB)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(PKG_LIBS) -lcmocka -lm

# The fuzzers are built from source with clang, all of the library included.
$(BUILD)/fuzz/%: tests/fuzz/%.c $(LIB_SRC) $(POLICY_SRC)
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)
	$(Q)$(CLANG) $(filter-out -fsanitize%,$(ALL_CFLAGS)) -Wno-unknown-warning-option \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o $@ $^ $(PKG_LIBS) -lm

## harness      the harness's own test; all else relies on it
harness:
	tests/selftest

## unit         table tests, one TAP program each
unit: all-build $(UNIT_BIN)
	tests/run $(UNIT_BIN)

## san          the same under ASan and UBSan
san:
	@$(MAKE) --no-print-directory unit SAN=1 BUILD=$(BUILD)/san CFLAGS="-O1 -g"

## fuzz         each parser of outside input, FUZZ_RUNS inputs
fuzz: $(FUZZ_BIN)
	tests/run "tests/fuzz/run $(FUZZ_BIN)"

## purity       laws call nothing: no clock, file, log, allocation
purity: $(call obj,$(LAW_SRC))
	tests/run "tests/purity $^"

## sim          what the simulators show of laws and of eviction policies
sim: $(BUILD)/bin/plant-sim $(BUILD)/bin/evict-sim $(BUILD)/bin/shadow-sim
	tests/run "$(BUILD)/bin/plant-sim --check" \
		"$(BUILD)/bin/evict-sim --check" "$(BUILD)/bin/shadow-sim --check"

## system       the daemon against fake roots and this host's own ksmd
SYSTEM ?= $(wildcard tests/system/*_test.py)
system: all-build
	tests/run $(SYSTEM)

# One after the other, also under -j: some tests use this host's one ksmd.
# Each runs whatever became of the one before; the summary judges them all.
QUICK := harness purity unit sim
all-check-quick: CHECKS := $(QUICK)
all-check: CHECKS := $(QUICK) san fuzz lab-quick system
all-check: man
all-check-quick all-check: all-build
	@tests/run --begin
	@status=0; for check in $(CHECKS); do \
		$(MAKE) --no-print-directory $$check || status=1; \
	done; tests/run --summary $$status

all-run: all-build
	packaging/run-demo

all-bench-tuning: all-build
	experiments/tuning/run

MAN := $(patsubst man/%.scd,$(BUILD)/man/%,$(wildcard man/*.scd))
## man          manual pages
man: $(MAN)
$(BUILD)/man/%: man/%.scd
	@mkdir -p $(@D)
	scdoc < $< > $@

include packaging/install.mk
include lab/player/build.mk
include experiments/eviction/build.mk
include experiments/exclusive-cache/build.mk
include policy/sim_shadow/build.mk
include lab/build.mk
include ksmd-ext/build.mk
include experiments/lookahead/build.mk

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
