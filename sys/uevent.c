/* sys/uevent.c - the kernel's uevents, and the coldplug walk.
 *
 * A message is a head line "action@devpath" and then key=value texts, each ended with a NUL (kernel:
 * lib/kobject_uevent.c). Messages of user space (udev's, "libudev") come on the same socket family and are passed over:
 * only what the kernel itself multicast counts.
 */
/* SPDX-License-Identifier: MIT */
#include "sys/uevent.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/bytes.h"
#include "sys/sysfs.h"

#define KERNEL_GROUP  1         /* kernel: uevents are multicast to group 1 */
#define SOCKET_BYTES  (4 << 20) /* a coldplug of a large machine makes some thousand events of 300 bytes */
#define WALK_PATH_MAX 600       /* two names of sysfs, NAME_MAX each */
#define PASSED_MAX    64        /* messages that are not the kernel's: then the caller's other work has its turn */

/* The next text of the message, without its NUL; the last one may lack it. NULL at the end. */
static const char *next_text(struct reader *r, size_t *length)
{
	const uint8_t *end = r->left ? memchr(r->at, 0, r->left) : NULL;
	const char *text = (const char *)r->at;

	if (!r->left)
		return NULL;
	*length = end ? (size_t)(end - r->at) : r->left;
	read_skip(r, end ? *length + 1 : *length);
	return text;
}

static bool copy_text(char *out, size_t size, const char *text, size_t length)
{
	if (length >= size) {
		out[0] = 0;
		return false;
	}
	memcpy(out, text, length);
	out[length] = 0;
	return true;
}

static bool read_head(struct reader *r, struct uevent *event)
{
	size_t length;
	const char *head = next_text(r, &length);
	const char *at = head ? memchr(head, '@', length) : NULL;
	size_t left;

	if (!at)
		return false;
	left = length - (size_t)(at + 1 - head);
	if (!left || at[1] != '/' || left >= sizeof(event->devpath))
		return false;
	event->added = at - head == 3 && !memcmp(head, "add", 3);
	return copy_text(event->devpath, sizeof(event->devpath), at + 1, left);
}

/* Is the text "KEY=value", key with its '='? Then its value, or "" where that is too long. */
static void read_pair(const char *text, size_t length, const char *key, char *out, size_t size)
{
	size_t key_length = strlen(key);

	if (length >= key_length && !memcmp(text, key, key_length))
		copy_text(out, size, text + key_length, length - key_length);
}

int uevent_parse(const void *bytes, size_t length, struct uevent *event)
{
	struct reader r = reader_of(bytes, length);
	char attention[48];
	const char *text;
	size_t text_length;

	if (!read_head(&r, event))
		return -EBADMSG;
	event->subsystem[0] = event->modalias[0] = attention[0] = 0;
	while ((text = next_text(&r, &text_length))) {
		if (text[0] == 'S')
			read_pair(text, text_length, "SUBSYSTEM=", event->subsystem, sizeof(event->subsystem));
		if (text[0] == 'S')
			read_pair(text, text_length, "SDEV_UA=", attention, sizeof(attention));
		else if (text[0] == 'D')
			read_pair(text, text_length, "DM_ACTION=", attention, sizeof(attention));
		else if (text[0] == 'M')
			read_pair(text, text_length, "MODALIAS=", event->modalias, sizeof(event->modalias));
	}
	event->unit_changed =
		!strcmp(attention, "CAPACITY_DATA_HAS_CHANGED") || !strcmp(attention, "REPORTED_LUNS_DATA_HAS_CHANGED");
	event->access_changed =
		!strcmp(attention, "ASYMMETRIC_ACCESS_STATE_CHANGED") || !strcmp(attention, "PATH_FAILED");
	return 0;
}

int uevent_open(void)
{
	const struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = KERNEL_GROUP};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	int size = SOCKET_BYTES, on = 1, error;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

#define WORD(text) \
	((uint32_t)(text)[0] << 24 | (uint32_t)(text)[1] << 16 | (uint32_t)(text)[2] << 8 | (uint32_t)(text)[3])

/* "add@" or "change@", then "/devices/platform/host"; or "change@/devices/virtual/block/dm-". */
static const struct sock_filter of_a_session[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
	BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 4),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, WORD("add@"), 4, 0),
	BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 7),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, WORD("chan"), 0, 7),
	BPF_STMT(BPF_LD | BPF_W | BPF_IND, 22),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, WORD("/dm-"), 4, 0),
	BPF_STMT(BPF_LD | BPF_W | BPF_IND, 12),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, WORD("tfor"), 0, 3),
	BPF_STMT(BPF_LD | BPF_W | BPF_IND, 16),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, WORD("m/ho"), 0, 1),
	BPF_STMT(BPF_RET | BPF_K, UEVENT_BYTES_MAX),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

int uevent_narrow(int fd)
{
	const struct sock_fprog program = {sizeof(of_a_session) / sizeof(of_a_session[0]),
					   (struct sock_filter *)of_a_session};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ? -errno : 0;
}

/* The kernel's port is 0, and it sends as root; nobody in user space can have that port. */
static bool kernel_sent(struct msghdr *message)
{
	const struct sockaddr_nl *sender = message->msg_name;
	const struct cmsghdr *first = CMSG_FIRSTHDR(message);
	struct ucred credentials = {.uid = (uid_t)-1};

	if (first && first->cmsg_level == SOL_SOCKET && first->cmsg_type == SCM_CREDENTIALS)
		memcpy(&credentials, CMSG_DATA(first), sizeof(credentials));
	return message->msg_namelen == sizeof(*sender) && sender->nl_pid == 0 && sender->nl_groups == KERNEL_GROUP &&
	       credentials.uid == 0 && !(message->msg_flags & MSG_TRUNC);
}

int uevent_receive(int fd, struct uevent *event)
{
	char bytes[UEVENT_BYTES_MAX];
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct ucred))];

	for (int i = 0; i < PASSED_MAX; i++) {
		struct sockaddr_nl sender;
		struct iovec vector = {.iov_base = bytes, .iov_len = sizeof(bytes)};
		struct msghdr message = {.msg_name = &sender,
					 .msg_namelen = sizeof(sender),
					 .msg_iov = &vector,
					 .msg_iovlen = 1,
					 .msg_control = control,
					 .msg_controllen = sizeof(control)};
		ssize_t length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);

		if (length < 0 && errno == EAGAIN)
			return 0;
		if (length < 0 && errno != EINTR)
			return -errno;
		if (length >= 0 && kernel_sent(&message) && !uevent_parse(bytes, (size_t)length, event))
			return 1;
	}
	return 0;
}

void uevent_drain(int fd)
{
	struct uevent event;

	for (int i = 0; i < UEVENTS_AT_A_TIME && uevent_receive(fd, &event) > 0; i++)
		;
}

/* A look at the devices, bus by bus. */
struct walk {
	int sysfs;
	bool (*found)(void *context, const char *modalias);
	void *context;
};

/* Where network cards are, each behind what it hangs on: these are looked at before all others. */
static const char first_buses[][14] = {"pci", "vmbus", "xen", "usb", "virtio"};

/* Many devices, none of which has a modalias. */
static const char bare_buses[][14] = {"memory", "workqueue", "clockevents", "clocksource", "event_source", "node"};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool is_among(const char *name, const char (*list)[14], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(name, list[i]))
			return true;
	return false;
}

/* A device's modalias is asked for by its name on the bus: a walk through all directories would be five times the calls.
   false: the walk is to end. */
static bool visit_bus(const struct walk *walk, const char *bus)
{
	char path[WALK_PATH_MAX], modalias[1024];
	struct sysfs_dir dir;
	const char *name;
	bool goes_on = true;

	snprintf(path, sizeof(path), "bus/%s/devices", bus);
	if (sysfs_dir_open(&dir, walk->sysfs, path) < 0)
		return true;
	while (goes_on && (name = sysfs_dir_next(&dir, NULL))) {
		snprintf(path, sizeof(path), "bus/%s/devices/%s/modalias", bus, name);
		if (sysfs_read(walk->sysfs, path, modalias, sizeof(modalias)) > 0)
			goes_on = walk->found(walk->context, modalias);
	}
	sysfs_dir_close(&dir);
	return goes_on;
}

int uevent_coldplug(int sysfs, bool (*found)(void *context, const char *modalias), void *context)
{
	const struct walk walk = {.sysfs = sysfs, .found = found, .context = context};
	struct sysfs_dir dir;
	const char *bus;
	bool goes_on = true;
	int error = sysfs_dir_open(&dir, sysfs, "bus");

	if (error < 0)
		return error;
	for (size_t i = 0; goes_on && i < COUNT(first_buses); i++)
		goes_on = visit_bus(&walk, first_buses[i]);
	while (goes_on && (bus = sysfs_dir_next(&dir, NULL)))
		goes_on = is_among(bus, first_buses, COUNT(first_buses)) ||
			  is_among(bus, bare_buses, COUNT(bare_buses)) || visit_bus(&walk, bus);
	sysfs_dir_close(&dir);
	return 0;
}
