// SPDX-License-Identifier: GPL-2.0
/* Stress from userspace. See stress.h. */
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "player.h"
#include "stress.h"

#define LIMIT_LEAST	64u	/* KVM_MIN_ALLOC_MMU_PAGES */
#define LIMIT_MOST	(1u << 20)

static void must(int ret, const char *what)
{
	if (ret)
		player_die(ret, "%s", what);
}

static void *churn(void *arg)
{
	struct stress *stress = arg;
	struct vm *vm = stress->vm;
	uint64_t *bitmap = calloc(vm->map.bytes / 4096 / 64 + 1,
				  sizeof(*bitmap));

	if (!bitmap)
		player_die(0, "out of memory");
	while (!atomic_load(&stress->stop)) {
		must(vm_log_dirty(vm, true), "dirty logging on");
		must(vm_fetch_dirty(vm, bitmap), "fetching the dirty log");
		must(vm_set_spare_slot(vm, true), "creating a slot");
		must(vm_log_dirty(vm, false), "dirty logging off");
		must(vm_set_spare_slot(vm, false), "deleting a slot");
	}
	free(bitmap);
	return NULL;
}

/* The pause lets the pool fill to a new limit before it moves on. */
static void *walk_limit(void *arg)
{
	const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
	struct stress *stress = arg;
	unsigned int limit = LIMIT_LEAST;

	while (!atomic_load(&stress->stop)) {
		must(vm_set_limit(stress->vm, limit), "setting the limit");
		limit = limit < LIMIT_MOST ? limit * 2 : LIMIT_LEAST;
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static void start(struct stress *stress, void *(*routine)(void *))
{
	int error = pthread_create(&stress->threads[stress->nthreads], NULL,
				   routine, stress);

	must(-error, "starting a thread");
	stress->nthreads++;
}

void stress_start(struct vm *vm, bool with_churn, bool with_limit_walk,
		  struct stress *ret_stress)
{
	ret_stress->vm = vm;
	ret_stress->nthreads = 0;
	atomic_init(&ret_stress->stop, false);
	if (with_churn)
		start(ret_stress, churn);
	if (with_limit_walk)
		start(ret_stress, walk_limit);
}

void stress_stop(struct stress *stress)
{
	atomic_store(&stress->stop, true);
	while (stress->nthreads)
		pthread_join(stress->threads[--stress->nthreads], NULL);
}

static void *kill_later(void *arg)
{
	unsigned int delay_ms = (uintptr_t)arg;
	const struct timespec delay = {
		.tv_sec = delay_ms / 1000,
		.tv_nsec = delay_ms % 1000 * 1000000L,
	};

	nanosleep(&delay, NULL);
	kill(getpid(), SIGKILL);
	return NULL;
}

void stress_kill_after(unsigned int delay_ms)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, kill_later,
				   (void *)(uintptr_t)delay_ms);

	must(-error, "starting a thread");
	pthread_detach(thread);
}
