# SPDX-License-Identifier: GPL-2.0
# make install, make uninstall: DESTDIR and PREFIX are honoured.
#
# Everything goes below PREFIX but the configuration: an example of the policy
# file is installed as /etc/densityd/densityd.conf.example and never read, so
# that defaults hold until the administrator writes a densityd.conf, which
# neither target touches. uninstall removes exactly what install put there.
# systemd reads /usr/local/lib and /usr/lib alike; enabling the service is left
# to the administrator.

BINDIR = $(PREFIX)/bin
SBINDIR = $(PREFIX)/sbin
DATADIR = $(PREFIX)/share/densityd
MANDIR = $(PREFIX)/share/man
COMPDIR = $(PREFIX)/share/bash-completion/completions
UNITDIR = $(PREFIX)/lib/systemd/system
SYSUSERSDIR = $(PREFIX)/lib/sysusers.d
TMPFILESDIR = $(PREFIX)/lib/tmpfiles.d
SYSCONFDIR = /etc/densityd

PRESETS := $(wildcard policy/*.conf)
COMPLETION := $(firstword $(wildcard packaging/*completion))
MAN_SECTIONS = $(sort $(subst .,,$(suffix $(MAN))))

define man_install
	install -d $(DESTDIR)$(MANDIR)/man$(1)
	install -m 644 $(filter %.$(1),$(MAN)) $(DESTDIR)$(MANDIR)/man$(1)/

endef

.PHONY: install-files
install: all-build man install-files
install-files:
	install -d $(addprefix $(DESTDIR),$(BINDIR) $(SBINDIR) $(DATADIR) \
		$(COMPDIR) $(UNITDIR) $(SYSUSERSDIR) $(TMPFILESDIR) \
		$(SYSCONFDIR))
	install -m 755 $(BUILD)/bin/densityd $(DESTDIR)$(SBINDIR)/
	install -m 755 $(BUILD)/bin/densityctl $(DESTDIR)$(BINDIR)/
	install -m 644 $(PRESETS) $(DESTDIR)$(DATADIR)/
	install -m 644 policy/balanced.conf \
		$(DESTDIR)$(SYSCONFDIR)/densityd.conf.example
	install -m 644 $(COMPLETION) $(DESTDIR)$(COMPDIR)/densityctl
	install -m 644 packaging/densityd.sysusers \
		$(DESTDIR)$(SYSUSERSDIR)/densityd.conf
	install -m 644 packaging/densityd.tmpfiles \
		$(DESTDIR)$(TMPFILESDIR)/densityd.conf
	sed 's|@SBINDIR@|$(SBINDIR)|g' packaging/densityd.service \
		> $(BUILD)/densityd.service
	install -m 644 $(BUILD)/densityd.service $(DESTDIR)$(UNITDIR)/
	$(foreach section,$(MAN_SECTIONS),$(call man_install,$(section)))

uninstall:
	rm -f $(DESTDIR)$(SBINDIR)/densityd $(DESTDIR)$(BINDIR)/densityctl \
		$(addprefix $(DESTDIR)$(DATADIR)/,$(notdir $(PRESETS))) \
		$(DESTDIR)$(SYSCONFDIR)/densityd.conf.example \
		$(DESTDIR)$(COMPDIR)/densityctl \
		$(DESTDIR)$(SYSUSERSDIR)/densityd.conf \
		$(DESTDIR)$(TMPFILESDIR)/densityd.conf \
		$(DESTDIR)$(UNITDIR)/densityd.service \
		$(foreach page,$(notdir $(MAN)),$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(page))
	@rmdir $(DESTDIR)$(DATADIR) $(DESTDIR)$(SYSCONFDIR) 2>/dev/null || true
