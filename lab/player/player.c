// SPDX-License-Identifier: GPL-2.0
/*
 * One playback. See player.h.
 *
 * Everything that could differ between two runs happens before the first step
 * or not at all: frames are backed by a dry run over the same trace, the limit
 * is set before there is a shadow page, and nothing else touches the memory.
 */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "guest.h"
#include "player.h"
#include "stats.h"
#include "stress.h"
#include "vm.h"

struct session;

/* A vCPU, its thread and how far it is. */
struct track {
	struct session *session;
	pthread_t thread;
	struct vcpu vcpu;
	struct trace trace;
	uint64_t played;
	uint64_t run_tsc;
};

struct session {
	const struct playback *playback;
	struct vm vm;
	struct stats *stats;
	struct track tracks[GUEST_VCPUS_MAX];
	unsigned int ntracks;
	pthread_barrier_t warmed_up;
	struct timespec end;
};

_Noreturn void player_die(int error, const char *format, ...)
{
	char what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	fprintf(stderr, "trace-player: %s%s%s\n", what, error ? ": " : "",
		error ? strerror(-error) : "");
	/* Not exit(): other threads still use what it would tear down. */
	_exit(1);
}

static uint64_t encode(const struct track *track, const struct trace_step *step)
{
	uint32_t cr3 = (step->cr3 + track->vcpu.index) % trace_cr3s(&track->trace);

	return guest_map_va(step->region, step->page) | cr3 |
	       (track->session->playback->write ? GUEST_ENTRY_WRITE : 0);
}

/* Up to @most steps into the ring, the zero that ends it behind them. */
static uint64_t fill_ring(struct track *track, uint64_t most)
{
	struct trace_step step;
	uint64_t n = 0;

	if (most > GUEST_RING_ENTRIES - 1)
		most = GUEST_RING_ENTRIES - 1;
	while (n < most && trace_next(&track->trace, &step))
		track->vcpu.ring[n++] = encode(track, &step);
	track->vcpu.ring[n] = 0;
	return n;
}

static void run_ring(struct track *track)
{
	uint64_t begin = __rdtsc();
	int ret = vcpu_run(&track->vcpu);
	char text[128];

	track->run_tsc += __rdtsc() - begin;
	if (ret == -EPROTO) {
		vcpu_describe_exit(&track->vcpu, text, sizeof(text));
		player_die(0, "vCPU %u: %s", track->vcpu.index, text);
	}
	if (ret)
		player_die(ret, "vCPU %u: KVM_RUN", track->vcpu.index);
}

/* Play @most steps, or to the end of the trace. */
static void play(struct track *track, uint64_t most)
{
	uint64_t n;

	while (most && (n = fill_ring(track, most))) {
		run_ring(track);
		track->played += n;
		most -= n;
	}
}

static bool is_over(const struct timespec *end)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > end->tv_sec ||
	       (now.tv_sec == end->tv_sec && now.tv_nsec >= end->tv_nsec);
}

/* Play the trace again and again, looking at the clock once a ring. */
static void play_until(struct track *track, const struct timespec *end)
{
	uint64_t n;

	while (!is_over(end)) {
		n = fill_ring(track, UINT64_MAX);
		if (!n) {
			track->trace = track->session->playback->
				       traces[track->vcpu.index];
			continue;
		}
		run_ring(track);
		track->played += n;
	}
}

static void start_counting(struct track *track)
{
	struct session *session = track->session;
	int ret;

	pthread_barrier_wait(&session->warmed_up);
	if (track->vcpu.index == 0) {
		ret = stats_mark(session->stats);
		if (ret)
			player_die(ret, "reading KVM's statistics");
	}
	track->run_tsc = 0;
	track->played = 0;
	pthread_barrier_wait(&session->warmed_up);
}

static void *play_track(void *arg)
{
	struct track *track = arg;
	const struct session *session = track->session;
	const struct playback *playback = session->playback;

	play(track, playback->warm);
	start_counting(track);
	if (playback->seconds)
		play_until(track, &session->end);
	else
		play(track, UINT64_MAX);
	return NULL;
}

/* Whole blocks: KVM's prefetch must find all that it looks for. */
static void prefault(struct vm *vm, struct trace trace, unsigned int rotation)
{
	struct trace_step step;

	while (trace_next(&trace, &step)) {
		uint32_t cr3 = (step.cr3 + rotation) % trace_cr3s(&trace);
		uint32_t first = step.page & ~(TRACE_PAGES_PER_BLOCK - 1U);

		for (uint32_t i = 0; i < TRACE_PAGES_PER_BLOCK; i++)
			vm_prefault(vm, guest_map_gpa(&vm->map, cr3, step.region,
						      first + i));
	}
}

static int add_track(struct session *session, unsigned int index)
{
	struct track *track = &session->tracks[index];
	int ret;

	track->session = session;
	track->trace = session->playback->traces[index];
	ret = vcpu_create(&session->vm, index, &track->vcpu);
	if (ret)
		return ret;
	session->ntracks++;
	prefault(&session->vm, track->trace, index);
	return stats_attach(session->stats, track->vcpu.fd);
}

static void close_session(struct session *session)
{
	for (unsigned int i = 0; i < session->ntracks; i++)
		vcpu_destroy(&session->tracks[i].vcpu);
	stats_free(session->stats);
	vm_destroy(&session->vm);
}

/* Address spaces and regions that hold every track. */
static int plan(const struct playback *playback, struct guest_map *ret_map)
{
	uint32_t cr3s = 1, regions = 1;

	for (unsigned int i = 0; i < playback->vcpus; i++) {
		const struct trace *trace = &playback->traces[i];

		if (trace_cr3s(trace) > cr3s)
			cr3s = trace_cr3s(trace);
		if (trace_regions(trace) > regions)
			regions = trace_regions(trace);
	}
	return guest_map_plan(cr3s, regions, ret_map);
}

static int open_session(const struct playback *playback,
			struct session *session, const char **ret_what)
{
	struct guest_map map;
	int ret;

	memset(session, 0, sizeof(*session));
	session->playback = playback;
	*ret_what = "the trace needs more page tables than the guest has";
	ret = plan(playback, &map);
	if (ret)
		return ret;
	*ret_what = "/dev/kvm";
	ret = vm_create(&map, &session->vm);
	if (ret)
		return ret;
	*ret_what = "setting the limit of shadow pages";
	ret = vm_set_limit(&session->vm, playback->limit_pages);
	if (ret)
		goto err_close;
	*ret_what = "reading KVM's statistics";
	session->stats = stats_new();
	ret = session->stats ? stats_attach(session->stats, session->vm.fd) :
			       -ENOMEM;
	*ret_what = ret ? *ret_what : "creating a vCPU";
	for (unsigned int i = 0; !ret && i < playback->vcpus; i++)
		ret = add_track(session, i);
	if (!ret)
		return 0;
err_close:
	close_session(session);
	return ret;
}

static void play_tracks(struct session *session)
{
	int error;

	pthread_barrier_init(&session->warmed_up, NULL, session->ntracks);
	clock_gettime(CLOCK_MONOTONIC, &session->end);
	session->end.tv_sec += session->playback->seconds;
	for (unsigned int i = 0; i < session->ntracks; i++) {
		error = pthread_create(&session->tracks[i].thread, NULL,
				       play_track, &session->tracks[i]);
		if (error)
			player_die(-error, "starting a thread");
	}
	for (unsigned int i = 0; i < session->ntracks; i++)
		pthread_join(session->tracks[i].thread, NULL);
	pthread_barrier_destroy(&session->warmed_up);
}

static int collect(struct session *session, struct playback_result *ret_result)
{
	struct playback_result result = { 0 };
	FILE *stream;
	size_t size;
	int ret;

	for (unsigned int i = 0; i < session->ntracks; i++) {
		result.steps += session->tracks[i].played;
		result.run_tsc += session->tracks[i].run_tsc;
	}
	stream = open_memstream(&result.counters, &size);
	if (!stream)
		return -errno;
	ret = stats_print(session->stats, stream);
	if (fclose(stream) && !ret)
		ret = -ENOMEM;
	if (ret)
		free(result.counters);
	else
		*ret_result = result;
	return ret;
}

int playback_run(const struct playback *playback,
		 struct playback_result *ret_result)
{
	/* Too large for a thread's stack, and one playback runs at a time. */
	static struct session session;
	struct stress stress;
	const char *what;
	int ret;

	ret = open_session(playback, &session, &what);
	if (ret)
		goto err_say;
	stress_start(&session.vm, playback->churn, playback->limit_walk,
		     &stress);
	play_tracks(&session);
	stress_stop(&stress);
	what = "reading KVM's statistics";
	ret = collect(&session, ret_result);
	close_session(&session);
	if (!ret)
		return 0;
err_say:
	fprintf(stderr, "trace-player: %s: %s\n", what, strerror(-ret));
	return ret;
}
