/* SPDX-License-Identifier: GPL-2.0 */
/* What a scenario makes happen to the plant, in order of time. */
#ifndef DENSITY_SIM_AGENDA_H
#define DENSITY_SIM_AGENDA_H

#include "sim.h"

struct sim_agenda;

/*
 * Put @scenario's agenda together and the aged processes into @plant, which
 * must not have moved yet; both must outlive the agenda. 0 or -ENOMEM.
 */
int sim_agenda_new(const struct sim_scenario *scenario, struct plant *plant,
		   struct sim_agenda **ret_agenda);
void sim_agenda_free(struct sim_agenda *agenda);

/* Milliseconds from the start of what comes next; UINT64_MAX: nothing. */
uint64_t sim_agenda_next_ms(const struct sim_agenda *agenda);
/*
 * Do the next thing. What happens to the daemon (SIM_LAW, SIM_SET, SIM_HIDE)
 * is the caller's: it gets the event in *@ret_event, else NULL. 0 or -ENOMEM.
 */
int sim_agenda_step(struct sim_agenda *agenda,
		    const struct sim_event **ret_event);

#endif
