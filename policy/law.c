// SPDX-License-Identifier: GPL-2.0
/* The table of laws, and the one place where the policy's defaults stand. */
#include <string.h>

#include "law.h"

static const struct law *const laws[] = {
	&law_yield,
	&law_static,
	&law_ksmtuned,
	&law_scan_time,
};

#define NLAWS (sizeof(laws) / sizeof(laws[0]))

const struct law *law_at(unsigned int i)
{
	return i < NLAWS ? laws[i] : NULL;
}

const struct law *law_find(const char *name)
{
	for (unsigned int i = 0; i < NLAWS; i++)
		if (!strcmp(laws[i]->name, name))
			return laws[i];
	return NULL;
}

void law_params_default(struct law_params *ret_params)
{
	*ret_params = (struct law_params){
		.interval_ms = 1000,
		.cap_permille = 200,
		.cap_window_ms = 5000,
		/*
		 * 7.5 GiB-s for a CPU-second: what a vCPU-second costs against
		 * a GiB-second in the price lists of the large clouds.
		 */
		.price_mib_s = 7680,
		.horizon_s = 600,
		.patrol_upermille = 2000,
		.psi_cpu_permille = 800,
		.arrival_kib = 8192,
		.arrival_permille = 50,
		/* mm/ksm.c: DEFAULT_PAGES_TO_SCAN, ksm_thread_sleep_millisecs */
		.static_sleep_ms = 20,
		.static_scan_pages = 100,
		/* /etc/ksmtuned.conf of Debian's ksmtuned 4.20150326 */
		.ksmtuned_interval_s = 60,
		.ksmtuned_boost = 300,
		.ksmtuned_decay = -50,
		.ksmtuned_min = 64,
		.ksmtuned_max = 1250,
		.ksmtuned_sleep_ms = 10,
		.ksmtuned_thres_coef = 20,
		.ksmtuned_thres_const_kib = 2048 * 1024,
		/* Documentation/admin-guide/mm/ksm.rst, advisor_* */
		.scan_time_target_s = 200,
		.scan_time_min_pages = 500,
		.scan_time_max_pages = 30000,
	};
}
