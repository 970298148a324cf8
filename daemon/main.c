// SPDX-License-Identifier: GPL-2.0
/*
 * densityd: opens the parts, wires them to one event loop, and gives the
 * host's knobs back on the way out.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "daemon.h"
#include "log.h"

/* Unmerging a TiB takes a good part of an hour. */
#define SLOW_WRITE_USEC 3600000000ull

static void on_write(void *arg, const struct act_write *write)
{
	struct daemon *d = arg;
	bool batch = write->knob == ACT_KNOB_SLEEP ||
		     write->knob == ACT_KNOB_PAGES;

	log_print(write->error ? LOG_WARNING : batch ? LOG_DEBUG : LOG_INFO,
		  "%s: %llu -> %llu%s%s (%s)", act_knob_name(write->knob),
		  (unsigned long long)write->old_value,
		  (unsigned long long)write->new_value,
		  write->error ? ": " : "",
		  write->error ? strerror(-write->error) : "", write->reason);
	if (d->store)
		store_append_write(d->store, write);
}

static void on_act_event(void *arg, enum act_event event, const char *text)
{
	static const char *const kinds[] = {
		[ACT_EVENT_FOREIGN] = "foreign",
		[ACT_EVENT_RESUME] = "resume",
		[ACT_EVENT_HEALED] = "healed",
		[ACT_EVENT_REFUSED] = "refused",
		[ACT_EVENT_FAILED] = "knobs-failed",
	};

	daemon_event(arg, kinds[event], text);
}

/*
 * While a write waits in the kernel nothing pings the watchdog, and a daemon
 * killed then leaves the host driven. So the manager gets another timeout for
 * as long as the write takes; EXTEND_TIMEOUT_USEC moves the timeouts of start
 * and stop only, and a thread that pings would keep a daemon alive that hangs.
 */
static void on_slow(void *arg, bool begins)
{
	uint64_t usec;

	(void)arg;
	if (sd_watchdog_enabled(0, &usec) > 0)
		sd_notifyf(0, "WATCHDOG_USEC=%llu\nWATCHDOG=1",
			   begins ? SLOW_WRITE_USEC : (unsigned long long)usec);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)source;
	(void)usec;
	return daemon_tick(arg);
}

static int on_reload(sd_event_source *source,
		     const struct signalfd_siginfo *info, void *arg)
{
	char error[CONF_ERROR_LEN];

	(void)source;
	(void)info;
	sd_notify(0, "RELOADING=1");
	daemon_reload(arg, error);
	sd_notify(0, "READY=1");
	return 0;
}

static int open_act(struct daemon *d)
{
	const struct act_driver *driver = d->options.dry_run ?
					  &act_driver_null : &act_driver_sysfs;
	struct act_hooks hooks = {
		.on_write = on_write, .on_event = on_act_event,
		.on_slow = on_slow, .arg = d,
	};
	void *ctx;
	int r;

	r = d->options.dry_run ? act_null_new(d->options.root, &ctx) :
				 act_sysfs_new(d->options.root, &ctx);
	if (!r)
		r = act_open(driver, ctx, d->options.dry_run ? NULL :
			     d->options.saved, &hooks, &d->act);
	if (r == -ENOENT) {
		log_print(LOG_WARNING,
			  "%s/sys/kernel/mm/ksm: this kernel has no KSM; watching only",
			  d->options.root);
		return 0;
	}
	if (r == -EBUSY)
		log_print(LOG_ERR,
			  "another densityd drives %s/sys/kernel/mm/ksm (it holds %s/run/densityd/knobs.lock)",
			  d->options.root, d->options.root);
	else if (r == -EACCES || r == -EPERM)
		log_print(LOG_ERR,
			  "cannot write %s/sys/kernel/mm/ksm: run as root, or use --dry-run",
			  d->options.root);
	else if (r)
		log_print(LOG_ERR, "cannot take over the knobs: %s",
			  strerror(-r));
	return r;
}

static void on_extension_event(void *arg, const char *kind, const char *text)
{
	daemon_event(arg, kind, text);
}

/* A copied host has no kernel extension, and a dry run sets nothing. */
static struct extension_paths extension_paths(const struct options *o)
{
	if (*o->root || o->dry_run)
		return (struct extension_paths){ NULL, NULL };
	return (struct extension_paths){ o->limits, o->scrubber };
}

static int open_extension(struct daemon *d)
{
	const struct extension_paths paths = extension_paths(&d->options);
	const struct act_says says = {
		.on_event = on_extension_event, .arg = d,
	};

	return extension_open(&paths, &says, &d->extension);
}

static void on_vm(void *arg)
{
	daemon_expect_vms(arg);
}

static void on_pass(void *arg)
{
	daemon_end_pass(arg);
}

/* A copied host has no VMs that come, and no ksmd. */
static int open_events(struct daemon *d)
{
	int r;

	if (*d->options.root)
		return 0;
	r = events_open(d->event, on_vm, d, &d->events);
	if (r)
		log_print(LOG_WARNING, "KVM's events: %s; VMs are looked for",
			  strerror(-r));
	return passes_new(d->event, on_pass, d, &d->passes);
}

static int open_ctl(struct daemon *d)
{
	int r = ctl_open(d->event, d->options.sock, daemon_methods, d, &d->ctl);

	if (r == -EBUSY) {
		log_print(LOG_ERR, "another densityd answers at %s",
			  d->options.sock);
		return r;
	}
	if (r)
		log_print(LOG_WARNING,
			  "%s: %s; control goes on without the socket",
			  d->options.sock, strerror(-r));
	return 0;
}

static int open_loop(struct daemon *d)
{
	uint64_t now;
	int r;

	r = sd_event_default(&d->event);
	if (r < 0)
		return r;
	r = sd_event_add_signal(d->event, NULL, SIGTERM | SD_EVENT_SIGNAL_PROCMASK,
				NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(d->event, NULL,
					SIGINT | SD_EVENT_SIGNAL_PROCMASK,
					NULL, NULL);
	if (r >= 0)
		r = sd_event_add_signal(d->event, NULL,
					SIGHUP | SD_EVENT_SIGNAL_PROCMASK,
					on_reload, d);
	if (r >= 0)
		r = sd_event_set_watchdog(d->event, true);
	if (r >= 0)
		r = sd_event_now(d->event, CLOCK_BOOTTIME, &now);
	if (r >= 0)
		r = sd_event_add_time(d->event, &d->timer, CLOCK_BOOTTIME, now,
				      1000, on_timer, d);
	return r < 0 ? r : 0;
}

static int load_conf(const struct options *o, struct conf **ret_conf)
{
	char error[CONF_ERROR_LEN];
	int r = conf_load(o->conf_given ? "" : o->root, o->conf, o->conf_given,
			  ret_conf, error);

	if (r)
		fprintf(stderr, "densityd: %s\n", error);
	return r;
}

/* 0, or -errno when a knob could not be given back. */
static int close_all(struct daemon *d)
{
	int r = d->act ? act_restore(d->act, "densityd stops") : 0;

	if (d->extension)
		r = extension_restore(d->extension) ? : r;
	if (r)
		log_print(LOG_ERR, "not every knob could be given back: %s",
			  strerror(-r));
	events_close(d->events);
	passes_free(d->passes);
	extension_close(d->extension);
	act_close(d->act);
	ctl_close(d->ctl);
	store_close(d->store);
	probe_close(d->probe);
	conf_free(d->conf);
	sd_event_source_unref(d->timer);
	sd_event_unref(d->event);
	return r;
}

static int open_all(struct daemon *d)
{
	int r;

	r = load_conf(&d->options, &d->conf);
	if (r)
		return r;
	r = probe_open(d->options.root, &d->probe);
	if (r) {
		fprintf(stderr, "densityd: --root %s: %s\n", d->options.root,
			strerror(-r));
		return r;
	}
	r = open_loop(d);
	if (r) {
		log_print(LOG_ERR, "event loop: %s", strerror(-r));
		return r;
	}
	r = open_ctl(d);
	if (r)
		return r;
	r = daemon_configure(d);
	if (!r)
		r = open_act(d);
	/* Only who holds the knobs may give back what a killed run left. */
	if (!r)
		r = open_extension(d);
	if (!r)
		r = open_events(d);
	return r;
}

static int run(const struct options *options)
{
	struct daemon *d = calloc(1, sizeof(*d));
	struct timespec t;
	char text[64];
	int r, restored;

	if (!d)
		return EXIT_FAIL;
	d->options = *options;
	clock_gettime(CLOCK_REALTIME, &t);
	d->started_ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
	r = open_all(d);
	if (!r) {
		snprintf(text, sizeof(text), "densityd %s%s", DENSITY_VERSION,
			 options->dry_run ? ", dry run" : "");
		daemon_event(d, "start", text);
		sd_notify(0, "READY=1");
		r = sd_event_loop(d->event);
		sd_notify(0, "STOPPING=1");
		daemon_event(d, "stop", r < 0 ? strerror(-r) : "asked to");
	}
	restored = close_all(d);
	free(d);
	if (r == -EACCES || r == -EPERM)
		return EXIT_PERMISSION;
	return r < 0 || restored < 0 ? EXIT_FAIL : EXIT_OK;
}

static int show_conf(const struct options *o)
{
	struct conf *conf;
	int r = load_conf(o, &conf);

	if (r)
		return EXIT_FAIL;
	if (o->mode == MODE_DUMP_CONFIG)
		r = conf_dump(conf, stdout);
	conf_free(conf);
	return r || fflush(stdout) ? EXIT_FAIL : EXIT_OK;
}

static void print_write(void *arg, const struct act_write *write)
{
	(void)arg;
	printf("%s: %llu -> %llu\n", act_knob_name(write->knob),
	       (unsigned long long)write->old_value,
	       (unsigned long long)write->new_value);
}

static void print_event(void *arg, enum act_event event, const char *text)
{
	(void)arg;
	(void)event;
	fprintf(stderr, "densityd: %s\n", text);
}

static void print_extension_event(void *arg, const char *kind, const char *text)
{
	(void)arg;
	(void)kind;
	fprintf(stderr, "densityd: %s\n", text);
}

static int heal_extension(const struct options *o)
{
	const struct extension_paths paths = extension_paths(o);
	const struct act_says says = {
		.on_event = print_extension_event,
	};

	return extension_heal(&paths, &says);
}

static int heal(const struct options *o)
{
	struct act_hooks hooks = { .on_write = print_write,
				   .on_event = print_event };
	int r = act_heal(o->root, o->saved, &hooks);
	/* A running densityd holds the knobs, and what it set elsewhere. */
	int extension = r == -EBUSY ? 0 : heal_extension(o);

	if (r == -EBUSY)
		fputs("densityd: a running densityd drives the knobs: nothing to heal\n",
		      stderr);
	if (r == -ENOENT)
		fputs("densityd: this kernel has no KSM: nothing to heal\n",
		      stderr);
	if (extension)
		fprintf(stderr, "densityd: %s, %s: %s\n", o->limits,
			o->scrubber, strerror(-extension));
	if (r >= 0 || r == -EBUSY || r == -ENOENT)
		r = extension;
	else
		fprintf(stderr, "densityd: %s: %s\n", o->saved, strerror(-r));
	if (!r)
		return EXIT_OK;
	return r == -EACCES || r == -EPERM ? EXIT_PERMISSION : EXIT_FAIL;
}

int main(int argc, char **argv)
{
	struct options options;

	if (options_parse(argc, argv, &options))
		return EXIT_USAGE;
	log_open(options.verbose);
	switch (options.mode) {
	case MODE_CHECK_CONFIG:
	case MODE_DUMP_CONFIG:
		return show_conf(&options);
	case MODE_HEAL:
		return heal(&options);
	case MODE_HELP:
		options_usage();
		return EXIT_OK;
	case MODE_VERSION:
		puts("densityd " DENSITY_VERSION);
		return EXIT_OK;
	default:
		return run(&options);
	}
}
