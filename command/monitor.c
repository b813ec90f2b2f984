/* monitor.c - see monitor.h. */
/* SPDX-License-Identifier: MIT */
#include "command/monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command/places.h"

static const char *event_name(const struct netlink_event *event)
{
	switch (event->type) {
	case NETLINK_EVENT_PDU:
		return "pdu";
	case NETLINK_EVENT_ERROR:
		return "error";
	case NETLINK_EVENT_CREATED:
		return "created";
	case NETLINK_EVENT_DESTROYED:
		return "destroyed";
	case NETLINK_EVENT_UNBOUND:
		return "unbound";
	case NETLINK_EVENT_OVERRUN:
		return "overrun";
	case NETLINK_EVENT_OTHER:
		break;
	}
	return "other";
}

static void print_event(const struct netlink_event *event)
{
	printf("event=%s type=%u sid=%u", event_name(event), event->kernel_type, event->sid);
	if (event->type == NETLINK_EVENT_PDU)
		printf(" cid=%u opcode=0x%02x length=%zu", event->cid, event->bhs[0] & 0x3f, event->length);
	if (event->type == NETLINK_EVENT_ERROR)
		printf(" cid=%u error=%u name=%s text=\"%s\"", event->cid, event->error,
		       netlink_error_name(event->error), netlink_error_text(event->error));
	if (event->type == NETLINK_EVENT_CREATED || event->type == NETLINK_EVENT_DESTROYED)
		printf(" host=%u", event->host);
	printf("\n");
	fflush(stdout);
}

/* What the supervisor logs ends with its event in parentheses. */
static void print_supervisor_events(int kmsg)
{
	char record[2048], *event, *end;
	ssize_t n;

	while ((n = read(kmsg, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		record[n < 0 ? 0 : n] = '\0';
		record[strcspn(record, "\n")] = '\0';
		if (!strstr(record, ";iscsi-init: ") || !(event = strstr(record, "(event=")) ||
		    !(end = strchr(event, ')')))
			continue;
		*end = '\0';
		printf("%s\n", event + 1);
		fflush(stdout);
	}
}

struct job monitor_run(struct world *w, const struct job_words *given, int64_t now_ms)
{
	uint8_t buffer[NETLINK_MESSAGE_MAX] __attribute__((aligned(8)));
	struct netlink_event event;
	struct pollfd fds[2];
	int result;

	(void)given;
	(void)now_ms;
	if (places_open_kernel(w))
		return job_done(JOB_FAILED);
	fds[0] = (struct pollfd){.fd = w->netlink.event_fd, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = openat(w->dev, "kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC), .events = POLLIN};
	if (fds[1].fd >= 0)
		lseek(fds[1].fd, 0, SEEK_END);
	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return job_fail("poll", -errno);
		if (fds[1].fd >= 0)
			print_supervisor_events(fds[1].fd);
		while ((result = netlink_receive(&w->netlink, buffer, &event)) == 0)
			print_event(&event);
		if (result != -EAGAIN && result != -EPROTO)
			return job_fail("the kernel's iSCSI interface", result);
	}
}
