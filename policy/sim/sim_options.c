// SPDX-License-Identifier: GPL-2.0
/* Controllers by name, and the parameters that --set can change. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

/*
 * Peers that a host can have without us: kernel defaults, the setting of the
 * paper on tuning, a common aggressive one, the kernel's advisor at a short
 * and at its default target. The oracle of memory saved is flat-out without
 * smart_scan, because passes that take milliseconds age newcomers so fast that
 * smart_scan parts them from their twins.
 */
static const struct sim_controller fixed[] = {
	{ .name = "stock", .summary = "kernel defaults 100/20",
	  .sleep_ms = 20, .scan_pages = 100 },
	{ .name = "paper", .summary = "the paper's 100/200",
	  .sleep_ms = 200, .scan_pages = 100 },
	{ .name = "aggressive", .summary = "2000/20",
	  .sleep_ms = 20, .scan_pages = 2000 },
	{ .name = "flat-out", .summary = "10000/0, all the CPU it can get",
	  .sleep_ms = 0, .scan_pages = 10000 },
	{ .name = SIM_ORACLE, .summary = "flat-out with smart_scan off",
	  .sleep_ms = 0, .scan_pages = 10000, .every_page = true },
	{ .name = "advisor-10", .summary = "kernel's advisor, target 10 s",
	  .sleep_ms = 20, .advisor_target_s = 10 },
	{ .name = "advisor-200", .summary = "kernel's advisor, default target",
	  .sleep_ms = 20, .advisor_target_s = 200 },
};

#define NFIXED (sizeof(fixed) / sizeof(fixed[0]))

bool sim_controller_at(unsigned int i, struct sim_controller *ret_controller)
{
	const struct law *law;

	if (i < NFIXED) {
		*ret_controller = fixed[i];
		return true;
	}
	law = law_at(i - NFIXED);
	if (!law)
		return false;
	*ret_controller = (struct sim_controller){
		.name = law->name, .summary = law->summary, .law = law,
	};
	return true;
}

bool sim_controller_find(const char *name,
			 struct sim_controller *ret_controller)
{
	struct sim_controller c;
	unsigned int i;

	for (i = 0; sim_controller_at(i, &c); i++) {
		if (!strcmp(c.name, name)) {
			*ret_controller = c;
			return true;
		}
	}
	return false;
}

enum owner { OWNER_CONF, OWNER_PARAMS };

static const struct param {
	const char *name;
	enum owner owner;
	size_t offset;
} params[] = {
#define CONF(field) { #field, OWNER_CONF, offsetof(struct plant_conf, field) }
#define COST(field) \
	{ #field, OWNER_CONF, offsetof(struct plant_conf, cost.field) }
#define LAW(field) { #field, OWNER_PARAMS, offsetof(struct law_params, field) }
	COST(visit_ns), COST(level_ns), COST(top_levels),
	COST(deep_stable_ns), COST(deep_unstable_ns), COST(merge_ns),
	COST(shootdown_ns), COST(ksm_ns), COST(skip_ns), COST(index_ns),
	COST(free_ns), COST(batch_ns), COST(pass_ns),
	COST(speed_permille),
	CONF(hz), CONF(share_permille), CONF(smart_scan),
	CONF(use_zero_pages), CONF(max_page_sharing), CONF(patched),
	LAW(interval_ms), LAW(cap_permille), LAW(cap_window_ms),
	LAW(price_mib_s), LAW(horizon_s), LAW(patrol_upermille),
	LAW(psi_cpu_permille), LAW(arrival_kib), LAW(arrival_permille),
	LAW(static_sleep_ms), LAW(static_scan_pages),
	LAW(ksmtuned_interval_s), LAW(ksmtuned_boost), LAW(ksmtuned_min),
	LAW(ksmtuned_max), LAW(ksmtuned_sleep_ms), LAW(ksmtuned_thres_coef),
	LAW(ksmtuned_thres_const_kib), LAW(scan_time_target_s),
	LAW(scan_time_min_pages), LAW(scan_time_max_pages),
};

#define NPARAMS (sizeof(params) / sizeof(params[0]))

/* Parameters that the plant divides by. */
static bool zero_allowed(const char *name)
{
	return strcmp(name, "hz") && strcmp(name, "speed_permille") &&
	       strcmp(name, "share_permille") &&
	       strcmp(name, "max_page_sharing") && strcmp(name, "interval_ms");
}

const char *sim_param_name(unsigned int i)
{
	return i < NPARAMS ? params[i].name : NULL;
}

static const struct param *param_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < NPARAMS; i++)
		if (!strcmp(params[i].name, name))
			return &params[i];
	return NULL;
}

static int setting_parse(const char *text, struct sim_setting *ret_setting)
{
	struct sim_setting s = { .value = 0 };
	const char *sep = strchr(text, '=');
	unsigned long value;
	char *end;

	if (!sep || sep == text || (size_t)(sep - text) >= sizeof(s.name))
		return -EINVAL;
	memcpy(s.name, text, (size_t)(sep - text));
	errno = 0;
	value = strtoul(sep + 1, &end, 10);
	if (errno || end == sep + 1 || *end || value > UINT32_MAX ||
	    sep[1] == '-' || !param_find(s.name) ||
	    (!value && !zero_allowed(s.name)))
		return -EINVAL;
	s.value = (uint32_t)value;
	*ret_setting = s;
	return 0;
}

int sim_option_set(struct sim_options *options, const char *text)
{
	struct sim_setting s;
	int ret = setting_parse(text, &s);

	if (ret)
		return ret;
	if (options->nsettings == SIM_SETTINGS_MAX)
		return -E2BIG;
	options->settings[options->nsettings++] = s;
	return 0;
}

int sim_params_set(struct law_params *law, const char *text)
{
	struct sim_setting s;
	const struct param *param;
	int ret = setting_parse(text, &s);

	if (ret)
		return ret;
	param = param_find(s.name);
	if (param->owner != OWNER_PARAMS)
		return -EINVAL;
	memcpy((char *)law + param->offset, &s.value, sizeof(s.value));
	return 0;
}

void sim_options_apply(const struct sim_options *options,
		       struct plant_conf *conf, struct law_params *law)
{
	const struct param *param;
	unsigned int i;
	char *base;

	for (i = 0; i < options->nsettings; i++) {
		param = param_find(options->settings[i].name);
		base = param->owner == OWNER_CONF ? (char *)conf : (char *)law;
		memcpy(base + param->offset, &options->settings[i].value,
		       sizeof(uint32_t));
	}
}
