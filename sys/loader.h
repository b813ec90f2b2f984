/* loader.h - the module loader: worker processes that own libkmod, asked and heard through one socket.
 *
 * Forked at the start of the boot, so that modules load beside everything else and libkmod's memory goes away with the
 * workers. They take one request after the other from the common socket; the workers never log, the answers say all.
 * Does not decide which modules a boot needs.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SYS_LOADER_H
#define SYS_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sys/modules.h"

enum loader_kind {
	LOADER_NAME,    /* a module by name */
	LOADER_ALIAS,   /* a modalias (or any alias, as "fs-ext4"): nothing matching is no error */
	LOADER_COLDPLUG /* every modalias below /sys/devices: what networks need first */
};

#define LOADER_WORKERS 2

struct loader {
	int fd; /* -1: not started, or stopped */
	pid_t workers[LOADER_WORKERS];
	unsigned pending; /* requests without their answer */
	bool again;       /* a request found the socket full: coldplug once more when it has room */
	char last[32];    /* the last alias: 255 disks have the same one */
};

struct loader_answer {
	enum loader_kind kind;
	bool needed;       /* as in the request */
	int error;         /* 0 or -errno; LOADER_ALIAS and LOADER_COLDPLUG: 0 when nothing matched */
	unsigned inserted; /* modules that went in */
	char text[160];    /* of the request, cut */
	char detail[400];  /* error != 0: one clause that says what is missing and where it was looked for; else "" */
};

/* Forks the workers. /proc and /sys must be mounted. sysfs: descriptor of /sys. 0 or -errno. */
int loader_start(struct loader *loader, int sysfs);

/* Asks; never blocks. needed is handed back in the answer. An alias that was asked for before costs nothing. 0; -EAGAIN
   for LOADER_NAME only: the socket is full (others are made up for by a coldplug later); -EPIPE: no worker lives. */
int loader_request(struct loader *loader, enum loader_kind kind, bool needed, const char *text);

/* A device's alias, as loader_request; the same as the last time is not even asked for. */
int loader_request_alias(struct loader *loader, const char *alias);

/* Readable when an answer is there. */
int loader_fd(const struct loader *loader);

/* The next answer, if one is there. When all workers are dead, one answer with error -EPIPE comes for all that was
   pending, and the loader is stopped. */
bool loader_step(struct loader *loader, struct loader_answer *answer);

/* Lets the workers end: closes the socket; they finish the module that they are at. */
void loader_stop(struct loader *loader);

#endif
