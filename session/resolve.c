/* resolve.c - resolves a portal's name to addresses, by libc's resolver in a forked child.
 *
 * Contracts in resolve.h. libc reads /etc/hosts and /etc/resolv.conf; records.c has written the latter.
 */
/* SPDX-License-Identifier: MIT */
#include "session/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/confine.h"
#include "sys/sysfs.h"

_Static_assert(sizeof(struct resolve_result) <= CHILD_RESULT_MAX, "one write of the child's");

#define RESOLVER_FILE "/etc/resolv.conf"

static const char *const file_names[] = {RESOLVER_FILE, "/etc/hosts"};

#define FILES (sizeof(file_names) / sizeof(file_names[0]))

/* What the child looks up. */
struct question {
	const struct resolve *resolve;
	uint16_t port;
};

/* ---- the child ---- */

/* The name servers of resolv.conf, "192.0.2.53, 192.0.2.54"; "" where there are none. */
static void list_servers(char *out, size_t size)
{
	char text[2048];
	size_t used = 0;
	ssize_t got;
	int fd = open(RESOLVER_FILE, O_RDONLY | O_CLOEXEC);

	out[0] = '\0';
	got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		(void)close(fd);
	text[got > 0 ? got : 0] = '\0';
	for (char *line = text; *line && used < size; line += *line == '\n') {
		static const char word[] = "nameserver ";
		size_t length = strcspn(line, "\n");

		if (!strncmp(line, word, sizeof(word) - 1))
			used += (size_t)snprintf(out + used, size - used, "%s%.*s", used ? ", " : "",
						 (int)(length - sizeof(word) + 1), line + sizeof(word) - 1);
		line += length;
	}
}

static void explain(int error, char out[RESOLVE_FAILURE_MAX])
{
	char servers[120];

	list_servers(servers, sizeof(servers));
	if (error == EAI_AGAIN && !servers[0])
		snprintf(out, RESOLVE_FAILURE_MAX, "no name server is known (give one with nameserver= or by DHCP)");
	else if (error == EAI_AGAIN)
		snprintf(out, RESOLVE_FAILURE_MAX, "no usable answer from the name server%s %s",
			 strchr(servers, ',') ? "s" : "", servers);
	else
		snprintf(out, RESOLVE_FAILURE_MAX, "%s%s%s (is the name right?)", gai_strerror(error),
			 servers[0] ? ", according to " : "; no name server is known", servers);
}

/* Gives this process a root of its own in memory: / may be on the disk that is lost, so no path on it may be touched. */
static bool enter_memory(void)
{
	int root = sysfs_make("ramfs");

	return root >= 0 && !fchdir(root) && !chroot(".");
}

static void write_files(const struct resolve *resolve)
{
	(void)mkdir("/etc", 0755);
	for (size_t i = 0; i < FILES; i++) {
		const char *text = resolve->files[i];
		int fd = text[0] ? open(file_names[i], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644) : -1;

		if (fd < 0)
			continue;
		(void)!write(fd, text, strlen(text));
		(void)close(fd);
	}
}

static int look_up_family(const struct question *question, int family, struct resolve_result *result)
{
	struct addrinfo hints = {.ai_family = family, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list = NULL;
	char port[8];
	int error;

	snprintf(port, sizeof(port), "%u", question->port);
	error = getaddrinfo(question->resolve->host, port, &hints, &list);
	if (error)
		return error;
	for (struct addrinfo *at = list; at && result->count < RESOLVE_ADDRESSES_MAX; at = at->ai_next)
		if (at->ai_addrlen <= sizeof(result->addresses[0]))
			memcpy(&result->addresses[result->count++], at->ai_addr, at->ai_addrlen);
	freeaddrinfo(list);
	return 0;
}

/* Both families at once. A server that refuses AAAA spoils the whole answer: then each family is asked alone. */
static void look_up(const void *context, void *out)
{
	const struct question *question = context;
	struct resolve_result *result = out;
	int error;

	if (question->resolve->has_files && enter_memory())
		write_files(question->resolve);
	confine_reader(); /* what a name server answers is parsed by the C library */
	error = look_up_family(question, AF_UNSPEC, result);
	if (!error)
		return;
	(void)look_up_family(question, AF_INET, result);
	(void)look_up_family(question, AF_INET6, result);
	if (!result->count)
		explain(error, result->failure);
}

/* ---- the parent ---- */

void resolve_init(struct resolve *resolve)
{
	memset(resolve, 0, sizeof(*resolve));
	resolve->child = CHILD_NONE;
}

void resolve_init_like(struct resolve *resolve, const struct resolve *other)
{
	*resolve = *other;
	resolve->child = CHILD_NONE;
	resolve->running = false;
}

void resolve_keep_files(struct resolve *resolve)
{
	for (size_t i = 0; i < FILES; i++) {
		char *text = resolve->files[i], *end;
		int fd = open(file_names[i], O_RDONLY | O_CLOEXEC);
		ssize_t got = fd < 0 ? 0 : read(fd, text, RESOLVE_FILE_MAX - 1);

		if (fd >= 0)
			(void)close(fd);
		text[got > 0 ? got : 0] = '\0';
		end = got == RESOLVE_FILE_MAX - 1 ? strrchr(text, '\n') : NULL;
		if (end)
			end[1] = '\0'; /* whole lines only */
	}
	resolve->has_files = true;
}

int resolve_start(struct resolve *resolve, const char *host, uint16_t port)
{
	struct question question = {.resolve = resolve, .port = port};
	int result;

	resolve_stop(resolve);
	snprintf(resolve->host, sizeof(resolve->host), "%s", host);
	snprintf(resolve->failure, sizeof(resolve->failure), "the name servers did not answer in time");
	result = child_start(&resolve->child, look_up, &question, sizeof(struct resolve_result));
	resolve->running = !result;
	if (result)
		snprintf(resolve->failure, sizeof(resolve->failure), "no process can be begun for it: %s",
			 strerror(-result));
	return result;
}

int resolve_pollfds(const struct resolve *resolve, struct pollfd *out, int max)
{
	if (!resolve->running || max < 1)
		return 0;
	*out = (struct pollfd){.fd = resolve->child.fd, .events = POLLIN};
	return 1;
}

/* Where the host's addresses are kept. The first host keeps its place for good. */
static int place_of(const struct resolve *resolve)
{
	const struct resolve_known *first = &resolve->known[0];

	return first->host[0] && strcmp(first->host, resolve->host) != 0;
}

static void keep(struct resolve *resolve, const struct resolve_result *result)
{
	struct resolve_known *known = &resolve->known[place_of(resolve)];

	memcpy(known->host, resolve->host, sizeof(known->host));
	memcpy(known->addresses, result->addresses, sizeof(known->addresses));
	known->count = result->count;
}

bool resolve_knows(const struct resolve *resolve)
{
	const struct resolve_known *known = &resolve->known[place_of(resolve)];

	return known->count && !strcmp(known->host, resolve->host);
}

/* Hands out the last known addresses: targets rarely move. */
static int hand_out(const struct resolve *resolve, struct sockaddr_storage *out, int max)
{
	const struct resolve_known *known = &resolve->known[place_of(resolve)];
	int count = known->count < max ? known->count : max;

	if (!resolve_knows(resolve))
		return -ENOENT;
	memcpy(out, known->addresses, (size_t)count * sizeof(*out));
	return count;
}

int resolve_step(struct resolve *resolve, struct sockaddr_storage *out, int max)
{
	struct resolve_result result;

	if (!resolve->running)
		return -ENOENT;
	switch (child_step(&resolve->child, &result, sizeof(result))) {
	case CHILD_RUNNING:
		return -EAGAIN;
	case CHILD_DONE:
		if (result.count > 0 && result.count <= RESOLVE_ADDRESSES_MAX)
			keep(resolve, &result);
		result.failure[sizeof(result.failure) - 1] = '\0';
		memcpy(resolve->failure, result.failure, sizeof(resolve->failure));
		break;
	case CHILD_DIED:
		snprintf(resolve->failure, sizeof(resolve->failure), "the look-up ended without a result");
		break;
	}
	resolve->running = false;
	return hand_out(resolve, out, max);
}

int resolve_give_up(struct resolve *resolve, struct sockaddr_storage *out, int max)
{
	resolve_stop(resolve);
	return hand_out(resolve, out, max);
}

const char *resolve_failure(const struct resolve *resolve)
{
	return resolve->failure;
}

void resolve_stop(struct resolve *resolve)
{
	if (resolve->running)
		child_stop(&resolve->child);
	resolve->running = false;
}
