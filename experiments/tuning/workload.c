// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a few guests without the guests: N processes, each with four
 * regions of MADV_MERGEABLE anonymous memory.
 *
 *   same      page i has the same content in every process
 *   unique    no two pages are equal, in or across processes
 *   volatile  unique, and rewritten all the time at a fixed, counted rate
 *   zero      written, but full of zeros
 *
 * The line "rewrite" on standard input makes every process give the first
 * --rewrite-mib of its same region new content, again the same in all; end of
 * file ends everybody, so that nothing outlives the one who started this.
 *
 * Standard output, one event a line: "pid PID" per process, "filled PID",
 * "rewritten PID", and "writes PID PAGES" at the end. A line is one write(),
 * so the lines of several processes do not mix.
 *
 * Regions are MADV_NOHUGEPAGE: what is measured is merging base pages, not
 * splitting huge ones.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCS_MAX 64
#define MIB_MAX (64ul * 1024)
#define TICK_MS 50

struct sizes {
	unsigned long procs;
	unsigned long same_mib;
	unsigned long unique_mib;
	unsigned long volatile_mib;
	unsigned long zero_mib;
	unsigned long rewrite_mib;
	unsigned long volatile_rate;	/* pages a second and process */
	unsigned long seed;
};

struct region {
	uint8_t *base;
	unsigned long pages;
};

static unsigned long page_size;
static volatile sig_atomic_t rewrite_wanted;
static volatile sig_atomic_t end_wanted;

static void on_rewrite(int sig)
{
	(void)sig;
	rewrite_wanted = 1;
}

static void on_end(int sig)
{
	(void)sig;
	end_wanted = 1;
}

static void say(const char *what, unsigned long long count, bool counted)
{
	char line[80];
	int len;

	if (counted)
		len = snprintf(line, sizeof(line), "%s %d %llu\n", what,
			       (int)getpid(), count);
	else
		len = snprintf(line, sizeof(line), "%s %d\n", what,
			       (int)getpid());
	if (write(STDOUT_FILENO, line, (size_t)len) != len)
		_exit(1);	/* nobody listens any more */
}

/* splitmix64: neighbouring inputs give unrelated outputs. */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

static void fill_page(uint8_t *page, uint64_t seed)
{
	uint64_t *word = (uint64_t *)page;
	unsigned long i;

	for (i = 0; i < page_size / sizeof(*word); i++)
		word[i] = mix(seed + i);
}

static void fill(const struct region *r, unsigned long pages, uint64_t seed)
{
	unsigned long i;

	for (i = 0; i < pages && i < r->pages; i++)
		fill_page(r->base + i * page_size, mix(seed ^ mix(i)));
}

static int map_region(unsigned long mib, struct region *ret_region)
{
	size_t bytes = mib << 20;
	void *base;

	if (!bytes) {
		*ret_region = (struct region){ NULL, 0 };
		return 0;
	}
	base = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED)
		return -errno;
	/* A kernel without huge pages refuses the first; that is as good. */
	if (madvise(base, bytes, MADV_NOHUGEPAGE) && errno != EINVAL)
		goto err_unmap;
	if (madvise(base, bytes, MADV_MERGEABLE))
		goto err_unmap;
	*ret_region = (struct region){ base, bytes / page_size };
	return 0;

err_unmap:
	munmap(base, bytes);
	return errno ? -errno : -EINVAL;
}

/* One word per page: ksmd's checksum sees the page change. */
static unsigned long churn(const struct region *r, unsigned long count,
			   unsigned long *cursor, uint64_t stamp)
{
	unsigned long i;

	if (!r->pages)
		return 0;
	for (i = 0; i < count; i++) {
		memcpy(r->base + *cursor * page_size, &stamp, sizeof(stamp));
		*cursor = (*cursor + 1) % r->pages;
	}
	return count;
}

static void live(const struct sizes *s, const struct region *same,
		 const struct region *vol)
{
	const struct timespec tick = { .tv_nsec = TICK_MS * 1000000l };
	unsigned long per_tick = s->volatile_rate * TICK_MS / 1000;
	unsigned long long writes = 0;
	unsigned long cursor = 0;
	uint64_t round = 0, rewrites = 0;

	while (!end_wanted) {
		nanosleep(&tick, NULL);
		writes += churn(vol, per_tick, &cursor, mix(++round));
		if (!rewrite_wanted)
			continue;
		rewrite_wanted = 0;
		fill(same, (s->rewrite_mib << 20) / page_size,
		     mix(s->seed + 0x10000 + rewrites++));
		say("rewritten", 0, false);
	}
	say("writes", writes, true);
}

static int child(const struct sizes *s, unsigned long index)
{
	struct region same, unique, vol, zero;
	uint64_t own = mix(s->seed + 1 + index);

	if (map_region(s->same_mib, &same) ||
	    map_region(s->unique_mib, &unique) ||
	    map_region(s->volatile_mib, &vol) ||
	    map_region(s->zero_mib, &zero)) {
		perror("workload: cannot map mergeable memory");
		return 1;
	}
	fill(&same, same.pages, mix(s->seed));
	fill(&unique, unique.pages, mix(own + 1));
	fill(&vol, vol.pages, mix(own + 2));
	if (zero.pages)
		memset(zero.base, 0, zero.pages * page_size);
	say("filled", 0, false);
	live(s, &same, &vol);
	return 0;
}

static int parse_count(const char *text, unsigned long max,
		       unsigned long *ret_count)
{
	unsigned long count;
	char *end;

	errno = 0;
	count = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || count > max)
		return -EINVAL;
	*ret_count = count;
	return 0;
}

static int parse_options(int argc, char **argv, struct sizes *s)
{
	struct {
		const char *name;
		unsigned long max;
		unsigned long *count;
	} table[] = {
		{ "procs", PROCS_MAX, &s->procs },
		{ "same-mib", MIB_MAX, &s->same_mib },
		{ "unique-mib", MIB_MAX, &s->unique_mib },
		{ "volatile-mib", MIB_MAX, &s->volatile_mib },
		{ "zero-mib", MIB_MAX, &s->zero_mib },
		{ "rewrite-mib", MIB_MAX, &s->rewrite_mib },
		{ "volatile-rate", 10000000, &s->volatile_rate },
		{ "seed", UINT32_MAX, &s->seed },
	};
	enum { NOPT = sizeof(table) / sizeof(table[0]) };
	struct option opts[NOPT + 2] = { 0 };
	int i, opt;

	for (i = 0; i < NOPT; i++)
		opts[i] = (struct option){ table[i].name, required_argument,
					   NULL, i };
	/* Means nothing here; see "ksmtuned" in the README. */
	opts[NOPT] = (struct option){ "enable-kvm", no_argument, NULL, NOPT };

	while ((opt = getopt_long_only(argc, argv, "", opts, NULL)) != -1) {
		if (opt == NOPT)
			continue;
		if (opt < 0 || opt > NOPT)
			return -EINVAL;
		if (parse_count(optarg, table[opt].max, table[opt].count)) {
			fprintf(stderr, "workload: --%s %s: a number up to %lu is expected\n",
				table[opt].name, optarg, table[opt].max);
			return -EINVAL;
		}
	}
	return optind == argc && s->procs ? 0 : -EINVAL;
}

static int start(const struct sizes *s, pid_t *pids)
{
	unsigned long i;
	int failed = 0;

	/* Inherited, so that no signal can come too early for a child. */
	signal(SIGUSR1, on_rewrite);
	signal(SIGTERM, on_end);
	signal(SIGINT, SIG_IGN);	/* the terminal's ^C: the starter's job */
	for (i = 0; i < s->procs; i++) {
		pids[i] = fork();
		if (pids[i] < 0) {
			failed = -errno;
			break;
		}
		if (pids[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		say("pid", 0, false);
		_exit(child(s, i));
	}
	signal(SIGTERM, SIG_DFL);
	return failed;
}

static void tell(const pid_t *pids, unsigned long n, int sig)
{
	unsigned long i;

	for (i = 0; i < n; i++)
		if (pids[i] > 0)
			kill(pids[i], sig);
}

int main(int argc, char **argv)
{
	struct sizes s = {
		.procs = 4, .same_mib = 48, .unique_mib = 24,
		.volatile_mib = 12, .zero_mib = 8, .rewrite_mib = 24,
		.volatile_rate = 1000, .seed = 1,
	};
	pid_t pids[PROCS_MAX] = { 0 };
	char line[64];
	int failed = 0, status;

	page_size = (unsigned long)sysconf(_SC_PAGESIZE);
	if (parse_options(argc, argv, &s)) {
		fputs("usage: workload [--procs N] [--same-mib N]\n"
		      "\t[--unique-mib N] [--volatile-mib N]\n"
		      "\t[--zero-mib N] [--rewrite-mib N]\n"
		      "\t[--volatile-rate PAGES_PER_S] [--seed N]\n", stderr);
		return 2;
	}
	if (start(&s, pids)) {
		perror("workload: fork");
		failed = 1;
	}
	while (!failed && fgets(line, sizeof(line), stdin))
		if (!strcmp(line, "rewrite\n"))
			tell(pids, s.procs, SIGUSR1);
	tell(pids, s.procs, SIGTERM);
	while (wait(&status) > 0)
		failed |= !WIFEXITED(status) || WEXITSTATUS(status);
	return failed;
}
