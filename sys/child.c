/* sys/child.c - work in a forked process, its result through a pipe.
 *
 * The result is one write of at most PIPE_BUF bytes: it is there whole or not at all.
 */
/* SPDX-License-Identifier: MIT */
#include "sys/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define NICE (-20) /* what waits for a child is root's disk */

static _Noreturn void run_child(void (*run)(const void *, void *), const void *context, size_t size, int fd)
{
	_Alignas(16) char result[CHILD_RESULT_MAX] = {0};
	ssize_t written;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	run(context, result);
	do
		written = write(fd, result, size);
	while (written < 0 && errno == EINTR);
	_exit(written == (ssize_t)size ? 0 : 1);
}

int child_start(struct child *child, void (*run)(const void *context, void *result), const void *context, size_t size)
{
	int ends[2], error;
	pid_t pid;

	if (size > CHILD_RESULT_MAX)
		return -EINVAL;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		run_child(run, context, size, ends[1]);
	}
	error = errno;
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return -error;
	}
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*child = (struct child){.pid = pid, .fd = ends[0]};
	return 0;
}

static void forget(struct child *child)
{
	close(child->fd);
	*child = CHILD_NONE;
}

/* Beside others that take all of the processor, it may need seconds for the way from its last write to its end. A kernel that is to
   reap it is not waited for. */
static void reap(pid_t pid)
{
	struct sigaction action;

	if (!sigaction(SIGCHLD, NULL, &action) && action.sa_handler != SIG_IGN)
		waitpid(pid, NULL, 0);
}

enum child_state child_step(struct child *child, void *result, size_t size)
{
	char bytes[CHILD_RESULT_MAX];
	ssize_t got;
	pid_t pid = child->pid;

	if (child->fd < 0)
		return CHILD_DIED;
	got = read(child->fd, bytes, size);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return CHILD_RUNNING;
	forget(child);
	reap(pid);
	if (got != (ssize_t)size)
		return CHILD_DIED;
	memcpy(result, bytes, size);
	return CHILD_DONE;
}

void child_stop(struct child *child)
{
	if (child->fd < 0)
		return;
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, WNOHANG);
	forget(child);
}

int child_run(void (*run)(const void *context, void *result), const void *context, int timeout_s)
{
	struct child child = CHILD_NONE;
	struct pollfd ended;
	int outcome = -EIO, error = child_start(&child, run, context, sizeof(outcome));

	if (error)
		return error;
	ended = (struct pollfd){.fd = child.fd, .events = POLLIN};
	if (poll(&ended, 1, timeout_s * 1000) <= 0) {
		child_stop(&child);
		return -ETIMEDOUT;
	}
	return child_step(&child, &outcome, sizeof(outcome)) == CHILD_DONE ? outcome : -EIO;
}
