/* loader.c - the module loader's workers and the parent's side of the socket.
 *
 * All workers receive from the same end of one SOCK_SEQPACKET pair: whoever is free takes the next request, so that a
 * driver whose probe takes long does not hold up the modules that the session needs.
 */
/* SPDX-License-Identifier: MIT */
#include "sys/loader.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/text.h"
#include "sys/uevent.h"

#define SEEN_MAX    2048  /* aliases remembered by a worker; a power of two */
#define LATER_BYTES 23000 /* the aliases that a walk puts off; one that has no room here is loaded at once */

struct request {
	uint8_t kind;
	uint8_t needed;
	char text[MODULES_TEXT_MAX];
};

struct worker {
	int fd;
	int sysfs;
	bool over; /* the parent has closed its end */
	bool walking, again;
	unsigned inserted;
	int error; /* of the walk: the first */
	char failed[160];
	struct modules modules;
	uint64_t seen[SEEN_MAX];
	size_t later_used;
	char later[LATER_BYTES]; /* texts, each with its NUL */
};

/* Remembers an alias. True: it was there before. When the table is full, everything counts as new. */
static bool remember(struct worker *worker, const char *text)
{
	uint64_t hash = text_hash(text) | 1; /* 0 is a free place */
	size_t place = hash >> 32 & (SEEN_MAX - 1);

	for (int tries = 0; tries < 64; tries++, place = (place + 1) & (SEEN_MAX - 1)) {
		if (worker->seen[place] == hash)
			return true;
		if (!worker->seen[place]) {
			worker->seen[place] = hash;
			return false;
		}
	}
	return false;
}

static void load_alias(struct worker *worker, const char *alias)
{
	int error = modules_load_alias(&worker->modules, alias, &worker->inserted);

	if (!error || error == -ENOENT || error == -EPERM || worker->error)
		return;
	worker->error = error;
	snprintf(worker->failed, sizeof(worker->failed), "%s", alias);
}

/* What leads to a network interface: its own class on PCI, the virtual buses, and the host controllers of USB. */
static bool leads_to_network(const char *modalias)
{
	static const char *const prefixes[] = {"virtio:", "vmbus:", "xen:", "of:", "pci:v00001AF4"};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(modalias, prefixes[i], strlen(prefixes[i])))
			return true;
	return !strncmp(modalias, "pci:", 4) && (strstr(modalias, "bc02") || strstr(modalias, "bc0Csc03"));
}

static bool serve_next(struct worker *worker, int flags);

/* Between two modules that the network does not need, requests go first. */
static void serve_all(struct worker *worker)
{
	while (serve_next(worker, MSG_DONTWAIT))
		;
}

static bool plug(void *context, const char *modalias)
{
	struct worker *worker = context;
	size_t size = strlen(modalias) + 1;

	if (remember(worker, modalias))
		return !worker->over;
	if (leads_to_network(modalias) || size > sizeof(worker->later) - worker->later_used) {
		load_alias(worker, modalias); /* before all requests: a link takes its time to come up */
	} else {
		memcpy(worker->later + worker->later_used, modalias, size);
		worker->later_used += size;
	}
	return !worker->over;
}

/* Walks through all devices and loads their modules, those of networks first. A walk that is requested during this one is
   made after it. */
static void coldplug(struct worker *worker)
{
	worker->again = worker->walking;
	if (worker->walking)
		return;
	worker->walking = true;
	do {
		worker->again = false;
		worker->later_used = 0;
		uevent_coldplug(worker->sysfs, plug, worker);
		for (size_t at = 0; at < worker->later_used && !worker->over; at += strlen(worker->later + at) + 1) {
			serve_all(worker);
			load_alias(worker, worker->later + at);
		}
	} while (worker->again && !worker->over);
	worker->walking = false;
}

static int load_name(struct worker *worker, const struct request *request)
{
	if (request->kind == LOADER_NAME)
		return modules_load(&worker->modules, request->text, &worker->inserted);
	if (!remember(worker, request->text))
		load_alias(worker, request->text);
	return worker->error;
}

static void answer(struct worker *worker, const struct request *request)
{
	unsigned inserted_before = worker->inserted;
	struct loader_answer result = {.kind = (enum loader_kind)request->kind, .needed = request->needed};
	const char *failed = request->text;

	worker->error = 0;
	if (request->kind == LOADER_COLDPLUG) {
		coldplug(worker);
		result.error = worker->error;
		failed = worker->failed;
	} else {
		result.error = load_name(worker, request);
	}
	result.inserted = worker->inserted - inserted_before;
	snprintf(result.text, sizeof(result.text), "%.*s", (int)sizeof(result.text) - 1, request->text);
	if (result.error)
		modules_explain(&worker->modules, failed, result.error, result.detail, sizeof(result.detail));
	if (send(worker->fd, &result, sizeof(result), MSG_NOSIGNAL) < 0)
		worker->over = true;
}

/* Takes and serves one request. false: there is none, or the parent is gone. */
static bool serve_next(struct worker *worker, int flags)
{
	struct request request;
	ssize_t length = recv(worker->fd, &request, sizeof(request) - 1, flags);
	int error;
	char failed[sizeof(worker->failed)];

	if (length < 0)
		return errno == EINTR;
	if (length < 2) {
		worker->over = true;
		return false;
	}
	((char *)&request)[length] = 0;
	/* A request served within a walk must not lose what the walk found. */
	error = worker->error;
	memcpy(failed, worker->failed, sizeof(failed));
	answer(worker, &request);
	worker->error = error;
	memcpy(worker->failed, failed, sizeof(failed));
	return !worker->over;
}

static _Noreturn void work(int fd, int sysfs)
{
	static struct worker worker; /* of this process alone */

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	worker.fd = fd;
	worker.sysfs = sysfs;
	if (modules_open(&worker.modules))
		_exit(1);
	while (serve_next(&worker, 0))
		;
	_exit(0);
}

int loader_start(struct loader *loader, int sysfs)
{
	int ends[2], started = 0;

	*loader = (struct loader){.fd = -1};
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	for (int i = 0; i < LOADER_WORKERS; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			close(ends[0]);
			work(ends[1], sysfs);
		}
		if (pid > 0)
			loader->workers[started++] = pid;
	}
	close(ends[1]);
	if (!started) {
		close(ends[0]);
		return -EAGAIN;
	}
	loader->fd = ends[0];
	return 0;
}

int loader_request(struct loader *loader, enum loader_kind kind, bool needed, const char *text)
{
	struct request request = {.kind = (uint8_t)kind, .needed = needed};
	size_t length = text ? strlen(text) : 0;

	if (loader->fd < 0)
		return -EPIPE;
	if (length >= sizeof(request.text))
		return -ENAMETOOLONG;
	memcpy(request.text, text ? text : "", length);
	if (send(loader->fd, &request, offsetof(struct request, text) + length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
		loader->pending++;
		return 0;
	}
	if (errno != EAGAIN && errno != ENOBUFS)
		return -EPIPE;
	loader->again = loader->again || kind != LOADER_NAME;
	return kind == LOADER_NAME ? -EAGAIN : 0;
}

int loader_request_alias(struct loader *loader, const char *alias)
{
	int error;

	if (!strcmp(alias, loader->last))
		return 0;
	error = loader_request(loader, LOADER_ALIAS, false, alias);
	if (!error)
		snprintf(loader->last, sizeof(loader->last), "%s", strlen(alias) < sizeof(loader->last) ? alias : "");
	return error;
}

int loader_fd(const struct loader *loader)
{
	return loader->fd;
}

static void reap(struct loader *loader)
{
	for (int i = 0; i < LOADER_WORKERS; i++)
		if (loader->workers[i] > 0 && waitpid(loader->workers[i], NULL, WNOHANG) != 0)
			loader->workers[i] = 0;
}

bool loader_step(struct loader *loader, struct loader_answer *answer)
{
	ssize_t length;

	if (loader->fd < 0)
		return false;
	do
		length = recv(loader->fd, answer, sizeof(*answer), MSG_DONTWAIT);
	while (length < 0 && errno == EINTR);
	if (length < 0 && errno == EAGAIN)
		return false;
	if (length != (ssize_t)sizeof(*answer)) {
		*answer = (struct loader_answer){.kind = LOADER_COLDPLUG, .needed = true, .error = -EPIPE};
		snprintf(answer->detail, sizeof(answer->detail), "the module loader ended before its work was done");
		loader->pending = 0;
		loader_stop(loader);
		return true;
	}
	if (loader->pending)
		loader->pending--;
	if (loader->again && !loader->pending) {
		loader->again = false;
		loader_request(loader, LOADER_COLDPLUG, false, "");
	}
	return true;
}

void loader_stop(struct loader *loader)
{
	if (loader->fd >= 0)
		close(loader->fd);
	loader->fd = -1;
	loader->pending = 0;
	loader->again = false;
	reap(loader);
}
