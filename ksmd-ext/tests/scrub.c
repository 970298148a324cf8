// SPDX-License-Identifier: GPL-2.0
/*
 *	scrub FILE
 *
 * Two guests and their image, FILE, which is made here, on a file system that
 * writes to a disk. Its pages are, in this order:
 *
 *	held by both guests	to be dropped
 *	mixed, in turns:
 *	 - was held, but written again since, and is clean	to stay
 *	 - held by both		to be dropped
 *	 - the same, but in use	to stay
 *	 - held by both		to be dropped
 *	held by both, but dirty	to stay
 *	held by one of them	to stay
 *	held by none		to stay
 *
 * A guest is a process with a mergeable copy of what it holds.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "client.h"
#include "guests.h"
#include "ksm.h"
#include "test.h"
#include "vm.h"

#define NR_HELD 4096
#define NR_MIXED 64
#define NR_DIRTY 64
#define NR_HALF 1024
#define NR_NOT 1024
#define FIRST_MIXED NR_HELD
#define FIRST_DIRTY (FIRST_MIXED + NR_MIXED)
#define FIRST_HALF (FIRST_DIRTY + NR_DIRTY)
#define FIRST_NOT (FIRST_HALF + NR_HALF)
#define NR_PAGES (FIRST_NOT + NR_NOT)

enum mixed { CHANGED, HELD, IN_USE, HELD_TOO, NR_KINDS };
#define NR_OF_KIND (NR_MIXED / NR_KINDS)

static int pipe_of_pages[2];

/* Pages in the page cache. Without touching them, none gets mapped. */
static uint64_t cached(int fd, uint64_t first, uint64_t nr)
{
	unsigned char there[NR_PAGES];
	uint64_t i, nr_there = 0;
	void *pages;

	pages = mmap(NULL, nr * PAGE, PROT_READ, MAP_SHARED, fd, first * PAGE);
	if (pages == MAP_FAILED || mincore(pages, nr * PAGE, there)) {
		note("mincore: %s", strerror(errno));
		return UINT64_MAX;
	}
	munmap(pages, nr * PAGE);
	for (i = 0; i < nr; i++)
		nr_there += there[i] & 1;
	return nr_there;
}

static bool is_changed(uint64_t i)
{
	return i >= FIRST_MIXED && i < FIRST_DIRTY &&
	       (i - FIRST_MIXED) % NR_KINDS == CHANGED;
}

static uint64_t count_wrong(int fd, uint64_t seed)
{
	uint64_t wanted[PAGE / sizeof(uint64_t)], found[PAGE / sizeof(uint64_t)];
	uint64_t i, nr_wrong = 0;

	for (i = 0; i < NR_PAGES; i++) {
		guests_make_page(wanted, i, is_changed(i) ? seed + 1 : seed);
		nr_wrong += pread(fd, found, PAGE, i * PAGE) != PAGE ||
			    memcmp(wanted, found, PAGE);
	}
	return nr_wrong;
}

static uint64_t last(struct client *client, int count)
{
	client_ask(client, KSMD_EXT_CMD_SCRUB_GET, 0);
	return client_tally(client, 0, KSMD_EXT_A_SCRUB_LAST, count);
}

static void note_last(struct client *client)
{
	static const char *const names[] = {
		"", "looked", "dropped", "not-held", "dirty", "writeback",
		"mapped", "locked", "active", "partial", "busy", "reread",
		"ghosts-lost", "checksums", "fingerprints", "blocked",
	};
	int i;

	client_ask(client, KSMD_EXT_CMD_SCRUB_GET, 0);
	for (i = 1; i <= KSMD_EXT_A_TALLY_MAX; i++)
		note("%s %llu", names[i],
		     (unsigned long long)client_tally(client, 0,
						      KSMD_EXT_A_SCRUB_LAST, i));
}

/* Written with what is there already: dirty, and held all the same. */
static bool make_dirty(int fd, uint64_t seed)
{
	uint64_t page[PAGE / sizeof(uint64_t)], i;

	for (i = FIRST_DIRTY; i < FIRST_HALF; i++) {
		guests_make_page(page, i, seed);
		if (pwrite(fd, page, PAGE, i * PAGE) != PAGE)
			return false;
	}
	return true;
}

/* A pipe uses the pages that were spliced into it, and is never emptied. */
static bool make_mixed(int fd, uint64_t seed)
{
	uint64_t page[PAGE / sizeof(uint64_t)], i;
	loff_t at;

	if (pipe(pipe_of_pages))
		return false;
	for (i = FIRST_MIXED; i < FIRST_DIRTY; i += NR_KINDS) {
		guests_make_page(page, i, seed + 1);
		at = (i + IN_USE) * PAGE;
		if (pwrite(fd, page, PAGE, (i + CHANGED) * PAGE) != PAGE ||
		    splice(fd, &at, pipe_of_pages[1], NULL, PAGE, 0) != PAGE)
			return false;
	}
	return !fsync(fd);
}

static uint64_t cached_mixed(int fd, enum mixed kind)
{
	uint64_t i, nr = 0;

	for (i = FIRST_MIXED; i < FIRST_DIRTY; i += NR_KINDS)
		nr += cached(fd, i + kind, 1);
	return nr;
}

static void test_dry_run(struct client *client, int fd)
{
	uint64_t before = cached(fd, 0, NR_PAGES);
	uint64_t dropped;

	claim(!scrub_once(client, 1), "a dry run ends");
	dropped = last(client, KSMD_EXT_A_TALLY_DROPPED);
	claim(dropped >= NR_HELD * 99 / 100,
	      "it would have dropped %llu pages of %d",
	      (unsigned long long)dropped, NR_HELD);
	claim(cached(fd, 0, NR_PAGES) == before, "and dropped none");
}

static void test_mixed(struct client *client, int fd)
{
	uint64_t changed = cached_mixed(fd, CHANGED);
	uint64_t in_use = cached_mixed(fd, IN_USE);
	uint64_t held = cached_mixed(fd, HELD) + cached_mixed(fd, HELD_TOO);

	claim(changed == NR_OF_KIND,
	      "of %d between these that none holds any more %llu", NR_OF_KIND,
	      (unsigned long long)changed);
	claim(in_use == NR_OF_KIND &&
		      last(client, KSMD_EXT_A_TALLY_BUSY) == NR_OF_KIND,
	      "of %d that somebody uses %llu", NR_OF_KIND,
	      (unsigned long long)in_use);
	claim(!held, "of %d beside them %llu", 2 * NR_OF_KIND,
	      (unsigned long long)held);
}

static void test_drop(struct client *client, int fd)
{
	uint64_t left;

	claim(!scrub_once(client, 0), "a run ends");
	note_last(client);
	left = NR_PAGES - cached(fd, 0, NR_PAGES);
	claim(last(client, KSMD_EXT_A_TALLY_DROPPED) == left,
	      "%llu pages went, as it says", (unsigned long long)left);
	test_mixed(client, fd);
	left = cached(fd, 0, NR_HELD);
	claim(left <= NR_HELD / 100,
	      "of %d clean pages that all guests hold %llu are left", NR_HELD,
	      (unsigned long long)left);
	left = cached(fd, FIRST_DIRTY, NR_DIRTY);
	claim(left == NR_DIRTY &&
		      last(client, KSMD_EXT_A_TALLY_DIRTY) == NR_DIRTY,
	      "of %d dirty ones %llu", NR_DIRTY, (unsigned long long)left);
	left = cached(fd, FIRST_HALF, NR_HALF);
	claim(left == NR_HALF, "of %d that one guest holds %llu", NR_HALF,
	      (unsigned long long)left);
	left = cached(fd, FIRST_NOT, NR_NOT);
	claim(left == NR_NOT, "of %d that none holds %llu", NR_NOT,
	      (unsigned long long)left);
}

static void test_reread(struct client *client, int fd)
{
	uint64_t reread, checksums, dropped;

	claim(!count_wrong(fd, 1), "the image reads as it was written");
	claim(!scrub_once(client, 0), "another run ends");
	note_last(client);
	reread = last(client, KSMD_EXT_A_TALLY_REREAD);
	checksums = last(client, KSMD_EXT_A_TALLY_CHECKSUMS);
	dropped = last(client, KSMD_EXT_A_TALLY_DROPPED);
	claim(reread >= NR_HELD * 99 / 100 &&
		      reread <= NR_HELD + 2 * NR_OF_KIND,
	      "%llu dropped pages were read again",
	      (unsigned long long)reread);
	claim(dropped >= NR_HELD * 99 / 100, "and are dropped again");
	claim(checksums < NR_PAGES / 100,
	      "no page's checksum was calculated twice (%llu)",
	      (unsigned long long)checksums);
}

/* Pages that only one guest holds go as soon as it is the only one. */
static void test_budget(struct client *client, int fd)
{
	uint64_t dropped = 0, looked;
	int i;

	client_ask_u32(client, KSMD_EXT_CMD_SCRUB_SET,
		       KSMD_EXT_A_SCRUB_BUDGET_PAGES, 256);
	for (i = 0; i < 12; i++) {
		scrub_once(client, 0);
		looked = last(client, KSMD_EXT_A_TALLY_LOOKED);
		if (looked > 512)
			break;
		dropped += last(client, KSMD_EXT_A_TALLY_DROPPED);
	}
	claim(i == 12, "a run keeps to its budget");
	claim(dropped >= NR_HALF * 99 / 100 &&
		      dropped <= NR_HALF + NR_MIXED + NR_DIRTY &&
		      cached(fd, FIRST_HALF, NR_HALF) <= NR_HALF / 100,
	      "and the next goes on: %llu pages in twelve",
	      (unsigned long long)dropped);
	client_ask_u32(client, KSMD_EXT_CMD_SCRUB_SET,
		       KSMD_EXT_A_SCRUB_BUDGET_PAGES, 1 << 18);
}

static size_t nr_listed(struct client *client, int command)
{
	client_ask(client, command, NLM_F_DUMP);
	return client->nr_replies;
}

/* What no guest has read. */
static void read_rest(int fd)
{
	char page[PAGE];
	int i;

	for (i = FIRST_NOT; i < NR_PAGES; i++)
		if (pread(fd, page, PAGE, (off_t)i * PAGE) != PAGE)
			note("read: %s", strerror(errno));
}

static void test_registration(struct client *client, pid_t guest, int fd)
{
	claim(!client_ask_u32(client, KSMD_EXT_CMD_IMAGE_ADD,
			      KSMD_EXT_A_IMAGE_PID, guest) &&
		      client_uint(client, 0, KSMD_EXT_A_IMAGE_ADDED) >= 1,
	      "a guest's images are registered");
	claim(!client_ask_u32(client, KSMD_EXT_CMD_IMAGE_ADD,
			      KSMD_EXT_A_IMAGE_FD, fd) &&
		      client_uint(client, 0, KSMD_EXT_A_IMAGE_ADDED) == 0,
	      "the same one by descriptor is known already");
}

/* What it holds is not known, and it has every image of its process open. */
static void test_new_vm(struct client *client)
{
	int vm = vm_create();

	claim(!scrub_once(client, 0) &&
		      last(client, KSMD_EXT_A_TALLY_BLOCKED) &&
		      !last(client, KSMD_EXT_A_TALLY_DROPPED),
	      "a VM that was started just now has a say");
	close(vm);
}

void test_scrub(int argc, char **argv)
{
	struct client client;
	pid_t first, second;
	int fd;

	if (!claim(argc == 1 && !client_open(&client, NULL),
		   "the family is there"))
		return;
	client_ask_u32(&client, KSMD_EXT_CMD_SCRUB_SET,
		       KSMD_EXT_A_SCRUB_BUDGET_MS, 60000);
	fd = guests_make_image(argv[0], NR_PAGES, 1);
	first = guests_start(argv[0], NR_PAGES - NR_NOT);
	second = guests_start(argv[0], FIRST_HALF);
	if (!claim(fd >= 0 && first > 0 && second > 0,
		   "two guests have an image open"))
		return;

	claim(!ksm_pass(3), "ksmd has been through their memory");
	test_registration(&client, first, fd);
	read_rest(fd);
	claim(make_mixed(fd, 1) && make_dirty(fd, 1) &&
		      cached(fd, 0, NR_PAGES) == NR_PAGES,
	      "all of it is cached");
	test_new_vm(&client);
	test_dry_run(&client, fd);
	test_drop(&client, fd);
	if (fsync(fd))
		note("fsync: %s", strerror(errno));
	test_reread(&client, fd);
	guests_stop(second);
	test_budget(&client, fd);
	guests_stop(first);
	claim(!scrub_once(&client, 0) &&
		      !nr_listed(&client, KSMD_EXT_CMD_IMAGE_GET) &&
		      !nr_listed(&client, KSMD_EXT_CMD_VMM_GET),
	      "nothing is listed when the guests are gone");
	claim(!count_wrong(fd, 1), "and the image is as it was written");
	test_owners(&client, argv[0], NR_PAGES);
	client_close(&client);
	close(fd);
}
