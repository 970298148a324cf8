// SPDX-License-Identifier: GPL-2.0
/*
 * Preloaded into a program that makes VMs without a limit on shadow pages (all
 * of KVM's selftests): gives each VM a limit as soon as it exists, and adds up
 * what KVM evicted from them.
 *
 *	CAP_PAGES	the limit, a number (KVM itself takes no less than 64)
 *	CAP_LOG		a file: "RECYCLED" is appended for each VM
 *
 * A VM's counters go with it, so they are read when its descriptor is about to
 * be closed, and at exit for those that never were. KVM's debugfs directory of
 * a VM is called after the thread group and the descriptor that made it.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FD_MAX 1024

/* Set by whoever made a VM with that descriptor; tests close what they made. */
static bool is_vm[FD_MAX];

static void log_evictions(int fd)
{
	const char *log_path = getenv("CAP_LOG");
	char path[128], text[32], *end;
	unsigned long recycled;
	FILE *file;

	if (fd < 0 || fd >= FD_MAX || !is_vm[fd])
		return;
	is_vm[fd] = false;
	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d/mmu_recycled",
		 (int)getpid(), fd);
	file = fopen(path, "re");
	if (!file || !log_path)
		goto out;
	if (!fgets(text, sizeof(text), file))
		goto out;
	recycled = strtoul(text, &end, 10);
	if (end == text)
		goto out;
	fclose(file);
	file = fopen(log_path, "ae");
	if (file)
		fprintf(file, "%lu\n", recycled);
out:
	if (file)
		fclose(file);
}

int ioctl(int fd, unsigned long request, ...)
{
	static int (*next)(int fd, unsigned long request, void *arg);
	const char *pages = getenv("CAP_PAGES");
	va_list ap;
	void *arg;
	int ret;

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "ioctl");
	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	ret = next(fd, request, arg);
	if (request != KVM_CREATE_VM || ret < 0 || ret >= FD_MAX)
		return ret;
	is_vm[ret] = true;
	if (pages && next(ret, KVM_SET_NR_MMU_PAGES,
			  (void *)strtoul(pages, NULL, 10)))
		perror("cap: KVM_SET_NR_MMU_PAGES");
	return ret;
}

int close(int fd)
{
	static int (*next)(int fd);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "close");
	log_evictions(fd);
	return next(fd);
}

__attribute__((destructor))
static void log_the_rest(void)
{
	for (int fd = 0; fd < FD_MAX; fd++)
		log_evictions(fd);
}
