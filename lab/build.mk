# SPDX-License-Identifier: GPL-2.0
# The lab's targets of the Makefile above. The kernels are made by kernel/, what
# L1 needs beside them by lab/Makefile and lab/l2/make-image.

.PHONY: all-lab lab-ready all-lab-quick all-check-debug

all-lab: lab-ready
	lab/shell

lab-ready: all-build $(PLAYER)
	@$(MAKE) --no-print-directory -s -C lab BUILD=$(abspath $(BUILD)) \
		all selftests
	@lab/l2/make-image

all-lab-quick: lab-ready
	TEST_TIMEOUT_S=3600 tests/run "lab/run --class quick"

# Not by tests/run: hours of it should be seen as they go. Of the quick tests
# those are left out on the debug kernel which its own are longer versions of.
all-check-debug: lab-ready
	$(MAKE) -C kernel BUILD=$(abspath $(BUILD)) debug
	@status=0; \
	lab/run --class quick --class long || status=1; \
	lab/run --flavour debug --class debug boot kunit || status=1; \
	exit $$status
