// SPDX-License-Identifier: GPL-2.0
/*
 * Guests' memory in child processes. See guest.h.
 *
 * Parent and child talk over a socket pair of sequenced packets: a request,
 * then its 0 or -errno. The child never answers before the memory is as it was
 * asked to be, so ksmd, which rests meanwhile, never sees half of it.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"
#include "image.h"
#include "noise.h"

enum request_kind { LOAD, LOAD_PART, LOAD_PERMUTED, FILL, ZERO };

struct request {
	enum request_kind kind;
	char name[64];
	uint64_t first, pages, seed;
};

struct guest {
	pid_t pid;
	int socket;
	uint64_t frames;
};

static uint8_t *map_mergeable(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	/* A kernel without huge pages refuses the first; as good. */
	if ((madvise(memory, bytes, MADV_NOHUGEPAGE) && errno != EINVAL) ||
	    madvise(memory, bytes, MADV_MERGEABLE)) {
		munmap(memory, bytes);
		return NULL;
	}
	return memory;
}

static void fill(uint8_t *memory, uint64_t pages, uint64_t seed)
{
	uint64_t *word = (uint64_t *)memory;
	uint64_t words = pages * PAGE_BYTES / sizeof(*word);

	for (uint64_t i = 0; i < words; i++)
		word[i] = noise(noise(seed) + i);
}

static int load(const struct request *request, const char *directory,
		uint64_t frames, uint8_t *memory)
{
	struct image image;
	int ret = image_open(directory, request->name, &image);

	if (ret)
		return ret;
	if (request->kind == LOAD)
		ret = image.frames > frames ? -E2BIG :
			image_load(&image, memory);
	else if (request->first + request->pages > image.pages)
		ret = -ERANGE;
	else if (request->kind == LOAD_PART)
		ret = image_load_part(&image, request->first, request->pages,
				      memory);
	else
		ret = image_load_permuted(&image, request->pages,
					  request->seed, memory);
	image_close(&image);
	return ret;
}

static int serve(const struct request *request, const char *directory,
		 uint64_t frames, uint8_t *memory)
{
	if (request->pages > frames)
		return -E2BIG;
	switch (request->kind) {
	case FILL:
		fill(memory, request->pages, request->seed);
		return 0;
	case ZERO:
		memset(memory, 0, request->pages * PAGE_BYTES);
		return 0;
	default:
		return load(request, directory, frames, memory);
	}
}

static void child(int socket, const char *directory, uint64_t frames)
{
	uint8_t *memory = map_mergeable(frames * PAGE_BYTES);
	struct request request;
	int answer = memory ? 0 : -ENOMEM;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (send(socket, &answer, sizeof(answer), 0) < 0 || answer)
		_exit(1);
	while (recv(socket, &request, sizeof(request), 0) ==
	       (ssize_t)sizeof(request)) {
		answer = serve(&request, directory, frames, memory);
		if (send(socket, &answer, sizeof(answer), 0) < 0)
			break;
	}
	_exit(0);
}

static int receive_answer(const struct guest *guest)
{
	int answer;
	ssize_t length = recv(guest->socket, &answer, sizeof(answer), 0);

	if (length < 0)
		return -errno;
	return length == (ssize_t)sizeof(answer) ? answer : -EPIPE;
}

int guest_new(const char *directory, uint64_t frames, struct guest **ret_guest)
{
	struct guest *guest = calloc(1, sizeof(*guest));
	int pair[2], ret;

	if (!guest)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		ret = -errno;
		goto err_free;
	}
	fflush(stdout);		/* or the child would print it again */
	guest->pid = fork();
	if (guest->pid < 0) {
		ret = -errno;
		close(pair[0]);
		close(pair[1]);
		goto err_free;
	}
	if (!guest->pid) {
		close(pair[0]);
		child(pair[1], directory, frames);
	}
	close(pair[1]);
	guest->socket = pair[0];
	guest->frames = frames;
	ret = receive_answer(guest);
	if (ret) {
		guest_free(guest);
		return ret;
	}
	*ret_guest = guest;
	return 0;

err_free:
	free(guest);
	return ret;
}

static int ask(struct guest *guest, const struct request *request)
{
	if (send(guest->socket, request, sizeof(*request), MSG_NOSIGNAL) < 0)
		return -errno;
	return receive_answer(guest);
}

static int ask_load(struct guest *guest, struct request *request,
		    const char *name)
{
	if (strlen(name) >= sizeof(request->name))
		return -ENAMETOOLONG;
	strcpy(request->name, name);
	return ask(guest, request);
}

int guest_load(struct guest *guest, const char *name)
{
	struct request request = { .kind = LOAD };

	return ask_load(guest, &request, name);
}

int guest_load_part(struct guest *guest, const char *name, uint64_t first,
		    uint64_t pages)
{
	struct request request = { .kind = LOAD_PART, .first = first,
				   .pages = pages };

	return ask_load(guest, &request, name);
}

int guest_load_permuted(struct guest *guest, const char *name, uint64_t pages,
			uint64_t seed)
{
	struct request request = { .kind = LOAD_PERMUTED, .pages = pages,
				   .seed = seed };

	return ask_load(guest, &request, name);
}

int guest_fill(struct guest *guest, uint64_t pages, uint64_t seed)
{
	return ask(guest, &(struct request){ .kind = FILL, .pages = pages,
					     .seed = seed });
}

int guest_zero(struct guest *guest, uint64_t pages)
{
	return ask(guest, &(struct request){ .kind = ZERO, .pages = pages });
}

int guest_merging(const struct guest *guest, uint64_t *ret_pages)
{
	unsigned long long pages;
	char path[64];
	FILE *file;
	int fields;

	snprintf(path, sizeof(path), "/proc/%d/ksm_merging_pages",
		 (int)guest->pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	fields = fscanf(file, "%llu", &pages);
	fclose(file);
	if (fields != 1)
		return -EPROTO;
	*ret_pages = pages;
	return 0;
}

void guest_free(struct guest *guest)
{
	if (!guest)
		return;
	close(guest->socket);
	kill(guest->pid, SIGKILL);
	waitpid(guest->pid, NULL, 0);
	free(guest);
}
