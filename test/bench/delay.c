/* delay.c - a network of its own for one guest and one target, with a constant delay on the wire between them.
 *
 *	delay ADDRESS                          a tap "bench0" that QEMU may open itself: no delay
 *	delay ADDRESS GUEST RELAY MICROSECONDS   frames go between the tap and QEMU's "-netdev dgram" at the unix socket
 *	                                       GUEST (we are at RELAY); the delay is the round trip's, half of it each way
 *
 * The program is its network namespace's only owner: nsenter with its process id is the way in, and when it ends, all is
 * gone. It says "ready" when the tap is up. No frame is lost, reordered or looked at.
 */
/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define FRAME_MAX 65536
#define FRAMES    8192 /* a second of a busy link; more wait in the socket */
#define NETMASK   "255.255.255.0"

struct frame {
	int64_t due_ns;
	size_t size;
	unsigned char *bytes;
};

struct way { /* one direction: first in, first out, since the delay is constant */
	int from, to;
	int64_t delay_ns;
	unsigned int first, count;
	struct frame frames[FRAMES];
};

static void fail(const char *what)
{
	fprintf(stderr, "delay: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int open_tap(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request) || ioctl(fd, TUNSETPERSIST, 1))
		fail("tap (root, /dev/net/tun?)");
	return fd;
}

static void set_up(const char *name, const char *address)
{
	struct ifreq request = {0};
	struct sockaddr_in in = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	if (inet_pton(AF_INET, address, &in.sin_addr) != 1)
		fail(address);
	memcpy(&request.ifr_addr, &in, sizeof in);
	if (ioctl(fd, SIOCSIFADDR, &request))
		fail("address");
	inet_pton(AF_INET, NETMASK, &in.sin_addr);
	memcpy(&request.ifr_netmask, &in, sizeof in);
	if (ioctl(fd, SIOCSIFNETMASK, &request) && strcmp(name, "lo") != 0)
		fail("netmask");
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &request))
		fail("interface up");
	close(fd);
}

static int open_relay(const char *relay)
{
	struct sockaddr_un ours = {.sun_family = AF_UNIX};
	int size = 4 << 20;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	strncpy(ours.sun_path, relay, sizeof ours.sun_path - 1);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	if (fd < 0 || bind(fd, (struct sockaddr *)&ours, sizeof ours))
		fail(relay);
	return fd;
}

/* A guest that is not there (yet, or any more) loses the frame, as on a wire. */
static void send_frame(const struct way *way, const struct frame *frame, const struct sockaddr_un *guest)
{
	if (guest)
		sendto(way->to, frame->bytes, frame->size, 0, (const struct sockaddr *)guest, sizeof *guest);
	else if (write(way->to, frame->bytes, frame->size) < 0 && errno != EAGAIN && errno != EIO)
		fail("tap");
}

static void take_in(struct way *way, int64_t now)
{
	static unsigned char bytes[FRAME_MAX];

	while (way->count < FRAMES) {
		struct frame *frame = &way->frames[(way->first + way->count) % FRAMES];
		ssize_t got = read(way->from, bytes, sizeof bytes);

		if (got <= 0)
			return;
		frame->bytes = realloc(frame->bytes, (size_t)got);
		if (!frame->bytes)
			fail("memory");
		memcpy(frame->bytes, bytes, (size_t)got);
		frame->size = (size_t)got;
		frame->due_ns = now + way->delay_ns;
		way->count++;
	}
}

static void give_out(struct way *way, int64_t now, const struct sockaddr_un *guest)
{
	for (; way->count > 0 && way->frames[way->first].due_ns <= now; way->count--) {
		send_frame(way, &way->frames[way->first], guest);
		way->first = (way->first + 1) % FRAMES;
	}
}

static int64_t next_due(const struct way *ways, int64_t now)
{
	int64_t soonest = INT64_MAX;

	for (int i = 0; i < 2; i++)
		if (ways[i].count > 0 && ways[i].frames[ways[i].first].due_ns < soonest)
			soonest = ways[i].frames[ways[i].first].due_ns;
	return soonest == INT64_MAX ? -1 : soonest > now ? soonest - now : 0;
}

static void relay_frames(int tap, int wire, const char *guest, int64_t round_trip_ns)
{
	static struct way ways[2];
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strncpy(address.sun_path, guest, sizeof address.sun_path - 1);
	ways[0] = (struct way){.from = tap, .to = wire, .delay_ns = round_trip_ns / 2};
	ways[1] = (struct way){.from = wire, .to = tap, .delay_ns = round_trip_ns - round_trip_ns / 2};
	for (;;) {
		int64_t wait_ns = next_due(ways, now_ns());
		struct timespec timeout = {wait_ns / 1000000000, wait_ns % 1000000000};
		struct pollfd polled[2] = {{.fd = ways[0].count < FRAMES ? tap : -1, .events = POLLIN},
					   {.fd = ways[1].count < FRAMES ? wire : -1, .events = POLLIN}};

		if (ppoll(polled, 2, wait_ns < 0 ? NULL : &timeout, NULL) < 0)
			fail("poll");
		for (int i = 0; i < 2; i++)
			if (polled[i].revents)
				take_in(&ways[i], now_ns());
		give_out(&ways[0], now_ns(), &address);
		give_out(&ways[1], now_ns(), NULL);
	}
}

int main(int argc, char *argv[])
{
	int tap;
	int wire;

	if (argc != 2 && argc != 5) {
		fprintf(stderr, "usage: delay ADDRESS [GUEST-SOCKET RELAY-SOCKET MICROSECONDS]\n");
		return 2;
	}
	prctl(PR_SET_TIMERSLACK, 1);
	if (unshare(CLONE_NEWNET))
		fail("network namespace (root?)");
	tap = open_tap("bench0");
	set_up("lo", "127.0.0.1");
	set_up("bench0", argv[1]);
	if (argc == 2)
		close(tap); /* it persists; QEMU opens it */
	wire = argc == 2 ? -1 : open_relay(argv[3]);
	printf("ready\n");
	fflush(stdout);
	if (argc == 2)
		for (;;)
			pause();
	relay_frames(tap, wire, argv[2], atoll(argv[4]) * 1000);
}
