// SPDX-License-Identifier: GPL-2.0
/* Switches of KSM. See config.h. */
#include <stddef.h>

#include "config.h"
#include "sysfs.h"

const struct config configs[] = {
	{ "off", false, false },
	{ "lookahead", true, false },
	{ "index", false, true },
	{ "both", true, true },
	{ NULL, false, false }
};

bool config_can(const struct config *config)
{
	return (!config->lookahead || sysfs_exists("lookahead")) &&
		(!config->checksum_index || sysfs_exists("checksum_index"));
}

static int set(const char *name, bool on)
{
	/* A kernel without the switch is one where it is off. */
	if (!on && !sysfs_exists(name))
		return 0;
	return sysfs_write(name, on);
}

int config_set(const struct config *config)
{
	int ret = set("lookahead", config->lookahead);

	return ret ? ret : set("checksum_index", config->checksum_index);
}
