/* resolve.h - resolves a portal's name to addresses, by libc's resolver in a forked child.
 *
 * getaddrinfo blocks, reads files and allocates; none of that may happen in the loop, least of all in the resident
 * process. The addresses of the last success are kept and tried again when a later look-up fails. The files that libc
 * reads are kept too, before the hand-over empties the initramfs.
 */
/* SPDX-License-Identifier: MIT */
#ifndef SESSION_RESOLVE_H
#define SESSION_RESOLVE_H

#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "sys/child.h"

#define RESOLVE_ADDRESSES_MAX 8
#define RESOLVE_FAILURE_MAX   200
#define RESOLVE_FILE_MAX      1024 /* so much of each is kept, in whole lines */

struct resolve_result {
	int count;
	struct sockaddr_storage addresses[RESOLVE_ADDRESSES_MAX];
	char failure[RESOLVE_FAILURE_MAX];
};

struct resolve_known {
	char host[256]; /* "": none */
	int count;
	struct sockaddr_storage addresses[RESOLVE_ADDRESSES_MAX];
};

struct resolve {
	struct child child;
	bool running;
	char host[256];
	struct resolve_known known[2]; /* of the first host ever found, and of the last other one: a redirect's */
	bool has_files;
	char files[2][RESOLVE_FILE_MAX]; /* resolv.conf and hosts; "": not there */
	char failure[RESOLVE_FAILURE_MAX];
};

void resolve_init(struct resolve *resolve);

/* Begins with what another one knows: its files and the addresses that it has found. */
void resolve_init_like(struct resolve *resolve, const struct resolve *other);

/* From now on names are resolved with the present contents of resolv.conf and hosts; later ones on / are ignored. */
void resolve_keep_files(struct resolve *resolve);

/* Begins. 0; -errno: no process can be begun for it, and resolve_give_up has what is known. */
int resolve_start(struct resolve *resolve, const char *host, uint16_t port);

int resolve_pollfds(const struct resolve *resolve, struct pollfd *out, int max);

/* Returns the number of addresses, in the order in which to try them (RFC 6724, by libc); -EAGAIN: not known yet; -ENOENT:
   the look-up failed, see resolve_failure. */
int resolve_step(struct resolve *resolve, struct sockaddr_storage *out, int max);

/* Whether addresses of the last time are at hand for the host of the look-up that runs. */
bool resolve_knows(const struct resolve *resolve);

/* Ends a look-up that took too long. Returns the number of addresses that the host had before, or -ENOENT. */
int resolve_give_up(struct resolve *resolve, struct sockaddr_storage *out, int max);

/* Why the look-up failed, with the servers that did not answer. */
const char *resolve_failure(const struct resolve *resolve);

/* Ends the child if there is one. */
void resolve_stop(struct resolve *resolve);

#endif
