// SPDX-License-Identifier: GPL-2.0
/*
 * PID 1 of the lab's machine L1: a KVM host whose userland is that of the
 * computer which emulates it.
 *
 *	/	overlay: the host's root over 9p below, a tmpfs above
 *	/host	the host's root alone, read-only
 *	/run/lab	9p, writable: `command` (what to run), `out` (files it leaves)
 *
 * Everything else (/proc, /sys, /dev, debugfs, tracefs, /run) is L1's own.
 *
 * As `init`, it runs /run/lab/command with no input. What that writes passes
 * through a pipe into the virtio port "output", so that /dev/stdout may be
 * opened again (a port cannot) and the kernel's console stays apart. When it
 * ends, every other process is killed and reaped first, and the one line
 *
 *	exit N | signal N | error TEXT
 *
 * is written to the port "status" last: a kernel that dies while VMs are torn
 * down never says "exit 0". Before that, a kernel that has kmemleak searches for
 * what all of them left behind, and tells the console, on which a leak is a
 * failure. As `init console`, the command gets the console.
 *
 * The machine is left by a reset; QEMU is started with -no-reboot.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT_PREFIX "org.density.lab."
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define OUTPUT_FD_MAX 8
/* Killed processes that the kernel cannot end are its fault: say so. */
#define REAP_MS 30000
#define KMEMLEAK "/sys/kernel/debug/kmemleak"
/* kmemleak says nothing of what is younger than 5 s. */
#define LEAK_AGE_MS 6000

#define P9 "trans=virtio,version=9p2000.L,msize=262144"

struct fs {
	const char *source, *target, *type;
	unsigned long flags;
	const char *data;
	bool optional;		/* a kernel without it still makes an L1 */
};

/* Mounted on the initramfs, before there is a root; ports need the first 3. */
static const struct fs first_fs[] = {
	{ .source = "proc", .target = "/proc", .type = "proc" },
	{ .source = "sys", .target = "/sys", .type = "sysfs" },
	{ .source = "dev", .target = "/dev", .type = "devtmpfs" },
	{ .source = "host", .target = "/host", .type = "9p",
	  .flags = MS_RDONLY, .data = P9 ",cache=loose" },
	{ .source = "upper", .target = "/upper", .type = "tmpfs" },
};
#define FIRST_FOR_PORTS 3

/* Mounted once / is the overlay; the order matters. */
static const struct fs root_fs[] = {
	{ .source = "proc", .target = "/proc", .type = "proc" },
	{ .source = "sys", .target = "/sys", .type = "sysfs" },
	{ .source = "dev", .target = "/dev", .type = "devtmpfs" },
	{ .source = "pts", .target = "/dev/pts", .type = "devpts",
	  .data = "ptmxmode=0666", .optional = true },
	{ .source = "shm", .target = "/dev/shm", .type = "tmpfs" },
	{ .source = "run", .target = "/run", .type = "tmpfs" },
	{ .source = "debug", .target = "/sys/kernel/debug", .type = "debugfs",
	  .optional = true },
	{ .source = "trace", .target = "/sys/kernel/tracing",
	  .type = "tracefs", .optional = true },
	{ .source = "lab", .target = "/run/lab", .type = "9p", .data = P9 },
};

static int output_fd = -1, status_fd = -1;

static void leave(void)
{
	sync();
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

__attribute__((format(printf, 1, 2)))
static void say_status(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vdprintf(status_fd >= 0 ? status_fd : STDERR_FILENO, fmt, ap);
	va_end(ap);
}

static void die(const char *what, const char *which)
{
	say_status("error %s %s: %s\n", what, which, strerror(errno));
	leave();
}

static void mount_one(const struct fs *fs)
{
	if (mkdir(fs->target, 0755) && errno != EEXIST && !fs->optional)
		die("mkdir", fs->target);
	if (mount(fs->source, fs->target, fs->type, fs->flags, fs->data) &&
	    !fs->optional)
		die("mount", fs->target);
}

static void mount_all(const struct fs *fs, size_t count)
{
	while (count--)
		mount_one(fs++);
}

/* The device file of the virtio port called PORT_PREFIX @name, or -1. */
static int open_port(const char *name)
{
	const char *class = "/sys/class/virtio-ports";
	char path[512], line[64] = "";
	struct dirent *entry;
	FILE *file;
	DIR *dir;
	int fd = -1;

	dir = opendir(class);
	if (!dir)
		return -1;
	while (fd < 0 && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s/name", class, entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		if (fgets(line, sizeof(line), file)) {
			line[strcspn(line, "\n")] = '\0';
			snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
			if (!strncmp(line, PORT_PREFIX, strlen(PORT_PREFIX)) &&
			    !strcmp(line + strlen(PORT_PREFIX), name))
				fd = open(path, O_WRONLY | O_CLOEXEC);
		}
		fclose(file);
	}
	closedir(dir);
	return fd;
}

/* An initramfs cannot be pivoted away from: the new root is moved over it. */
static void enter_root(void)
{
	static const struct fs root = {
		.source = "root", .target = "/root", .type = "overlay",
		.data = "lowerdir=/host,upperdir=/upper/files,"
			"workdir=/upper/work",
	};

	mkdir("/upper/files", 0755);
	mkdir("/upper/work", 0755);
	mount_one(&root);
	mkdir("/root/host", 0755);
	if (mount("/host", "/root/host", NULL, MS_MOVE, NULL))
		die("move", "/host");
	if (chdir("/root") || mount(".", "/", NULL, MS_MOVE, NULL) ||
	    chroot(".") || chdir("/"))
		die("enter", "/root");
	mount_all(root_fs, ARRAY_SIZE(root_fs));
}

/* What the host's distribution would have done by now. */
static void be_a_host(void)
{
	static const char name[] = "lab";
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (sock >= 0) {
		ioctl(sock, SIOCSIFFLAGS, &lo);
		close(sock);
	}
	sethostname(name, strlen(name));
	symlink("/proc/self/fd", "/dev/fd");
	symlink("/proc/self/fd/0", "/dev/stdin");
	symlink("/proc/self/fd/1", "/dev/stdout");
	symlink("/proc/self/fd/2", "/dev/stderr");
	mkdir("/run/lock", 01777);
	setenv("PATH", "/usr/local/sbin:/usr/local/bin:"
	       "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("HOME", "/root", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
}

/* In the child: @fd is where it writes; a console is also where it reads. */
static void run_command(int fd, bool console)
{
	int in = console ? fd : open("/dev/null", O_RDONLY);

	setsid();
	if (console)
		ioctl(fd, TIOCSCTTY, 0);
	dup2(in, STDIN_FILENO);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	for (int other = STDERR_FILENO + 1; other < OUTPUT_FD_MAX; other++)
		close(other);
	signal(SIGCHLD, SIG_DFL);
	execl("/bin/sh", "sh", "/run/lab/command", NULL);
	dprintf(STDERR_FILENO, "init: /bin/sh: %s\n", strerror(errno));
	_exit(127);
}

static void write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t done = write(fd, data, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		data += done;
		size -= done;
	}
}

/* Copy what is in the pipe now. False when nobody can write to it any more. */
static bool drain(int pipe_fd)
{
	char data[65536];
	ssize_t size;

	while ((size = read(pipe_fd, data, sizeof(data))) > 0)
		write_all(output_fd, data, size);
	return size < 0 && errno == EAGAIN;
}

/* SIGCHLD only has to interrupt poll(). */
static void on_child(int signo)
{
	(void)signo;
}

/* Reap orphans, copy the output of @child until it ends; its wait status. */
static int wait_for(pid_t child, int pipe_fd)
{
	struct pollfd poll_fd = { .fd = pipe_fd, .events = POLLIN };
	int status;
	pid_t pid;

	for (;;) {
		while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
			if (pid == child)
				return status;
		/* A short limit closes the race of SIGCHLD before poll(). */
		poll(&poll_fd, 1, 100);
		if (poll_fd.fd >= 0 && !drain(pipe_fd))
			poll_fd.fd = -1;
	}
}

/* False when some process could not be ended. */
static bool end_all_others(void)
{
	kill(-1, SIGKILL);
	for (int ms = 0; ms < REAP_MS; ms += 10) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
			return true;
		usleep(10000);
	}
	return false;
}

/* What kmemleak knows, for whoever reads the console of a run that failed. */
static void show_leaks(void)
{
	char line[256];
	FILE *leaks = fopen(KMEMLEAK, "re"), *console;

	console = fopen("/dev/console", "we");
	while (leaks && console && fgets(line, sizeof(line), leaks))
		fputs(line, console);
	if (leaks)
		fclose(leaks);
	if (console)
		fclose(console);
}

/* Twice: the first scan suspects, the second tells what is still lost. */
static void scan_for_leaks(void)
{
	if (access(KMEMLEAK, F_OK))
		return;
	for (int scan = 0; scan < 2; scan++) {
		int fd = open(KMEMLEAK, O_WRONLY | O_CLOEXEC);

		usleep(LEAK_AGE_MS * 1000);
		/* It turns itself off for want of memory: then nothing is known. */
		if (fd < 0 || write(fd, "scan", 4) != 4)
			die("scan", KMEMLEAK);
		close(fd);
	}
	show_leaks();
}

static int run_over_ports(void)
{
	int pipe_fds[2], status;
	pid_t child;

	if (pipe2(pipe_fds, O_CLOEXEC))
		die("pipe", "output");
	child = fork();
	if (child < 0)
		die("fork", "command");
	if (!child)
		run_command(pipe_fds[1], false);
	close(pipe_fds[1]);
	fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
	status = wait_for(child, pipe_fds[0]);
	if (!end_all_others()) {
		errno = ETIMEDOUT;
		die("kill", "a process that does not die");
	}
	drain(pipe_fds[0]);
	scan_for_leaks();
	return status;
}

static void run_on_console(void)
{
	pid_t child = fork();

	if (child < 0)
		die("fork", "command");
	if (!child)
		run_command(open("/dev/ttyS0", O_RDWR), true);
	while (waitpid(-1, NULL, 0) != child)
		;
}

int main(int argc, char **argv)
{
	/* The last word: words that the kernel does not know come before. */
	bool console = !strcmp(argv[argc - 1], "console");
	struct sigaction action = { .sa_handler = on_child };
	int status;

	umask(022);
	sigaction(SIGCHLD, &action, NULL);
	mkdir("/root", 0755);
	/* The ports first: from here on an error has somewhere to go. */
	mount_all(first_fs, FIRST_FOR_PORTS);
	if (!console) {
		output_fd = open_port("output");
		status_fd = open_port("status");
		if (output_fd < 0 || status_fd < 0)
			die("open", "the virtio ports");
	}
	mount_all(first_fs + FIRST_FOR_PORTS,
		  ARRAY_SIZE(first_fs) - FIRST_FOR_PORTS);
	enter_root();
	be_a_host();

	if (console) {
		run_on_console();
		leave();
	}
	status = run_over_ports();
	if (WIFSIGNALED(status))
		say_status("signal %d\n", WTERMSIG(status));
	else
		say_status("exit %d\n", WEXITSTATUS(status));
	leave();
}
