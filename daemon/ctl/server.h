/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of the server need beyond ctl.h. */
#ifndef DENSITY_CTL_SERVER_H
#define DENSITY_CTL_SERVER_H

#include "ctl.h"

/* Longest time that a peer may let pass without a whole message. */
#define SERVER_IDLE_MS 30000u

/* Another time, for the peers that connect from now on. */
void server_set_idle_ms(struct ctl *ctl, uint32_t idle_ms);

#endif
