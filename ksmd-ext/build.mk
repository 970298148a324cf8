# SPDX-License-Identifier: GPL-2.0
# The module's targets of the Makefile above; ksmd-ext/Makefile has the rest.

.PHONY: ksmd-ext ksmd-ext-debug

## ksmd-ext     the module for that kernel: build/kernel/ksmd_ext.ko
ksmd-ext:
	@$(MAKE) --no-print-directory -C ksmd-ext BUILD=$(abspath $(BUILD))

ksmd-ext-debug:
	@$(MAKE) --no-print-directory -C kernel BUILD=$(abspath $(BUILD)) debug
	@$(MAKE) --no-print-directory -C ksmd-ext BUILD=$(abspath $(BUILD)) debug

all-check-debug: ksmd-ext-debug
