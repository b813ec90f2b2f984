/* supervisor.c - see supervisor.h. Owns the poll, the dispatch, and what makes a process resident. */
#include "supervisor/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "boot/boot.h"
#include "proto/wipe.h"
#include "supervisor/iscsid.h"
#include "supervisor/resident.h"
#include "sys/log.h"
#include "sys/sysfs.h"
#include "sys/uevent.h"

#define FDS_MAX            256
#define LOWER_UP           0x10000 /* IFF_LOWER_UP, kernel: include/uapi/linux/if.h */
#define ENDING_PATIENCE_MS 30000
#define SHUTDOWN_DIRECTORY "initramfs" /* below /run: systemd's and dracut's convention */

int64_t supervisor_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- what is waited for ---- */

enum owner {
	OWN_UEVENT,
	OWN_LOADER,
	OWN_NET,
	OWN_KERNEL,
	OWN_SESSION,
	OWN_PROOF,
	OWN_DISK,
	OWN_ROOT,
	OWN_RUN,
	OWN_ISCSID,
	OWN_RANDOM,
	OWN_INTERRUPTS,
	OWN_DISCOVERY
};

struct watch {
	int count;
	struct pollfd fds[FDS_MAX];
	uint8_t owner[FDS_MAX];
	uint8_t index[FDS_MAX];
};

static void add(struct watch *watch, enum owner owner, int index, int fd, short events)
{
	if (fd < 0 || watch->count >= FDS_MAX)
		return;
	watch->fds[watch->count] = (struct pollfd){.fd = fd, .events = events};
	watch->owner[watch->count] = (uint8_t)owner;
	watch->index[watch->count++] = (uint8_t)index;
}

/* The descriptors that an object filled in by itself. */
static void claim(struct watch *watch, enum owner owner, int index, int count)
{
	for (int i = 0; i < count; i++) {
		watch->owner[watch->count] = (uint8_t)owner;
		watch->index[watch->count++] = (uint8_t)index;
	}
}

static void collect(const struct world *w, struct watch *watch)
{
	watch->count = 0;
	add(watch, OWN_UEVENT, 0, w->uevents, POLLIN);
	add(watch, OWN_LOADER, 0, loader_fd(&w->loader), POLLIN);
	add(watch, OWN_KERNEL, 0, w->has_netlink ? w->netlink.event_fd : -1, POLLIN);
	add(watch, OWN_ISCSID, 0, w->iscsid, POLLIN);
	add(watch, OWN_RANDOM, 0, w->random, POLLIN);
	add(watch, OWN_INTERRUPTS, 0, w->interrupts, POLLIN);
	add(watch, OWN_ROOT, 0, w->has_root ? root_fd(&w->root) : -1, POLLIN);
	add(watch, OWN_RUN, 0, w->resident ? w->run.mountinfo : -1, POLLPRI);
	if (w->net_open)
		claim(watch, OWN_NET, 0, net_pollfds(&w->net, watch->fds + watch->count, FDS_MAX - watch->count));
	if (w->discovering >= 0)
		claim(watch, OWN_DISCOVERY, 0,
		      discovery_pollfds(&w->discovery, watch->fds + watch->count, FDS_MAX - watch->count));
	for (int i = 0; i < w->session_count; i++) {
		claim(watch, OWN_SESSION, i,
		      session_pollfds(&w->sessions[i], watch->fds + watch->count, FDS_MAX - watch->count));
		claim(watch, OWN_PROOF, i,
		      session_proof_pollfds(&w->sessions[i], watch->fds + watch->count, FDS_MAX - watch->count));
		if (!w->resident)
			add(watch, OWN_DISK, i, blockdev_fd(&w->disks[i]), POLLIN);
	}
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t next_deadline(const struct world *w, int64_t at)
{
	if (w->net_open)
		at = earlier(at, net_deadline(&w->net));
	if (w->discovering >= 0)
		at = earlier(at, discovery_deadline(&w->discovery));
	if (!w->resident)
		at = earlier(at, boot_deadline(w));
	for (int i = 0; i < w->session_count; i++)
		at = earlier(at, session_deadline(&w->sessions[i]));
	return at;
}

static int poll_timeout(int64_t at_ms, int64_t now_ms)
{
	if (at_ms == INT64_MAX)
		return -1;
	if (at_ms <= now_ms)
		return 0;
	return at_ms - now_ms > 3600000 ? 3600000 : (int)(at_ms - now_ms);
}

/* ---- what came ---- */

/* Does a device hang on this SCSI host? */
static bool is_of_host(const char *devpath, unsigned host)
{
	char part[24];

	snprintf(part, sizeof(part), "/host%u/", host);
	return strstr(devpath, part);
}

/* A disk came: its target's are looked at once more, when all events are read. */
static void note_disk(struct world *w, const struct uevent *event)
{
	w->block_changed = true;
	for (int i = 0; i < w->session_count; i++)
		w->disks[i].touched = w->disks[i].touched || is_of_host(event->devpath, w->disks[i].host);
}

static void look_at_disks(struct world *w, bool all)
{
	for (int i = 0; i < w->session_count; i++) {
		if (all || w->disks[i].touched)
			blockdev_step(&w->disks[i]);
		w->disks[i].touched = false;
	}
}

static void hear_uevents(struct world *w)
{
	struct uevent event;
	bool lost = false;
	int result;

	while ((result = uevent_receive(w->uevents, &event)) != 0) {
		if (result == -ENOBUFS) {
			lost = w->block_changed = true;
			loader_request(&w->loader, LOADER_COLDPLUG, false, "");
			continue;
		}
		if (result < 0)
			break;
		if (event.added && event.modalias[0])
			loader_request_alias(&w->loader, event.modalias);
		if (!strcmp(event.subsystem, "block"))
			note_disk(w, &event);
	}
	look_at_disks(w, lost);
}

static void hear_loader(struct world *w)
{
	struct loader_answer answer;

	while (loader_step(&w->loader, &answer))
		boot_module_answer(w, &answer);
}

static void step_all(struct world *w, enum session_event event, int64_t now_ms)
{
	struct session_input in = {.now_ms = now_ms};

	for (int i = 0; i < w->session_count; i++)
		session_step(&w->sessions[i], event, &in);
}

/* Before anything is repaired: is there an iscsid whose work that is? */
static bool yields_to_iscsid(struct world *w, int64_t now_ms)
{
	if (!w->resident)
		return false;
	if (w->iscsid < 0)
		w->iscsid = iscsid_find(w->proc);
	if (w->iscsid < 0)
		return false;
	step_all(w, SESSION_EVENT_TAKEN, now_ms);
	return true;
}

static void iscsid_ended(struct world *w, int64_t now_ms)
{
	close(w->iscsid);
	w->iscsid = -1;
	if (!yields_to_iscsid(w, now_ms)) /* it may have been restarted */
		step_all(w, SESSION_EVENT_RETURNED, now_ms);
}

static bool is_foreign_login(const struct session *s, const struct netlink_event *event)
{
	return event->type == NETLINK_EVENT_PDU && s->in_kernel && s->sid == event->sid && s->state != SESSION_LOGIN;
}

static void hear_kernel(struct world *w, int64_t now_ms)
{
	uint8_t buffer[NETLINK_MESSAGE_MAX] __attribute__((aligned(8)));
	struct netlink_event event;
	int result;

	while ((result = netlink_receive(&w->netlink, buffer, &event)) != -EAGAIN) {
		if (result) {
			log_debug("a message of the kernel's iSCSI interface was not understood: %s",
				  strerror(-result));
			if (result != -EPROTO)
				return;
			continue;
		}
		if (event.type == NETLINK_EVENT_ERROR)
			yields_to_iscsid(w, now_ms);
		for (int i = 0; i < w->session_count; i++) {
			if (w->resident && is_foreign_login(&w->sessions[i], &event))
				yields_to_iscsid(w, now_ms);
			if (event.type == NETLINK_EVENT_OVERRUN)
				session_look_again(&w->sessions[i], now_ms);
			session_kernel_event(&w->sessions[i], &event, now_ms);
		}
	}
}

/* Our own file as /run/initramfs/shutdown, unless somebody else's is there. After the hand-over: off the boot's path.
   run: descriptor of /run/iscsi-init. */
static void offer_shutdown(int proc, int run)
{
	char chunk[16384];
	ssize_t n = 0;
	int place, from, to;

	if (mkdirat(run, "../" SHUTDOWN_DIRECTORY, 0755) && errno != EEXIST)
		return;
	place = openat(run, "../" SHUTDOWN_DIRECTORY, O_PATH | O_DIRECTORY | O_CLOEXEC);
	from = openat(proc, "self/exe", O_RDONLY | O_CLOEXEC);
	to = place < 0 ? -1 : openat(place, "shutdown.new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	while (from >= 0 && to >= 0 && (n = read(from, chunk, sizeof(chunk))) > 0 && write(to, chunk, (size_t)n) == n)
		;
	if (to >= 0 && (n || linkat(place, "shutdown.new", place, "shutdown", 0)) && errno != EEXIST)
		log_debug("/run/" SHUTDOWN_DIRECTORY "/shutdown cannot be made: %s", strerror(errno));
	if (to >= 0) {
		unlinkat(place, "shutdown.new", 0);
		close(to);
	}
	if (from >= 0)
		close(from);
	if (place >= 0)
		close(place);
}

static void dispatch(struct world *w, const struct watch *watch, int i, int64_t now_ms)
{
	struct session_input in = {.now_ms = now_ms};
	enum session_state state;

	switch ((enum owner)watch->owner[i]) {
	case OWN_UEVENT:
		hear_uevents(w);
		break;
	case OWN_LOADER:
		hear_loader(w);
		break;
	case OWN_KERNEL:
		hear_kernel(w, now_ms);
		break;
	case OWN_SESSION:
		/* What the target said before it closed the connection counts first. */
		state = w->sessions[watch->index[i]].state;
		if (w->has_netlink && state == SESSION_LOGIN)
			hear_kernel(w, now_ms);
		if (state == SESSION_LOGIN)
			yields_to_iscsid(w, now_ms); /* is it iscsid that took the connection away? */
		if (state == w->sessions[watch->index[i]].state)
			session_step(&w->sessions[watch->index[i]], SESSION_EVENT_READY, &in);
		break;
	case OWN_PROOF:
		session_step(&w->sessions[watch->index[i]], SESSION_EVENT_PROOF, &in);
		break;
	case OWN_DISK:
		blockdev_step(&w->disks[watch->index[i]]);
		break;
	case OWN_ROOT:
		root_step(&w->root, false);
		break;
	case OWN_RUN:
		if (!mounts_run_follow(&w->run))
			break;
		status_open(&w->status, w->run.fd);
		offer_shutdown(w->proc, w->run.fd);
		break;
	case OWN_ISCSID:
		iscsid_ended(w, now_ms);
		break;
	case OWN_NET: /* with their deadlines, in step_timed */
	case OWN_DISCOVERY:
	case OWN_RANDOM: /* the next round of the boot's rules, or of attach's, looks at it */
	case OWN_INTERRUPTS:
		break;
	}
}

/* The first descriptor of this owner, and how many there are. */
static const struct pollfd *slice(const struct watch *watch, enum owner owner, int *count)
{
	const struct pollfd *first = watch->fds;

	*count = 0;
	for (int i = 0; i < watch->count; i++) {
		if (watch->owner[i] == owner && (*count)++ == 0)
			first = &watch->fds[i];
	}
	return first;
}

/* systemd has left every service and is at its last program, or that program has already left root for ours. */
static bool is_machine_ending(const struct world *w)
{
	char name[20];

	return sysfs_read(w->proc, "1/comm", name, sizeof(name)) > 0 &&
	       (!strcmp(name, "systemd-shutdow") || !strcmp(name, "shutdown"));
}

/* A machine that ends does not wait for a lost disk for ever: its I/O fails then, and the shutdown goes on. */
static bool gives_up_at_the_end(struct world *w, struct session *s, int64_t now_ms)
{
	if (!w->resident || !session_is_lost(s) || now_ms - s->down_ms < ENDING_PATIENCE_MS || !is_machine_ending(w))
		return false;
	log_err("the machine ends, and %s has not answered for %d s: given up, what was not written to it is lost "
		"(event=given-up sid=%u)",
		s->plan->name, ENDING_PATIENCE_MS / 1000, s->sid);
	session_step(s, SESSION_EVENT_LEAVE, &(struct session_input){.now_ms = now_ms});
	return true;
}

/* A cable that is plugged in again ends the pause before the next attempt. */
static void watch_carriers(struct world *w, int64_t now_ms)
{
	uint32_t carriers = 0;
	bool more;

	for (int i = 0; i < NET_INTERFACES_MAX; i++) {
		const struct rtnl_link *link = &w->net.interfaces[i].link;

		if (link->index && (link->flags & LOWER_UP))
			carriers |= 1U << i;
	}
	more = carriers & ~w->carriers;
	w->carriers = carriers;
	if (more && w->resident && !yields_to_iscsid(w, now_ms))
		step_all(w, SESSION_EVENT_START, now_ms);
}

/* Those that want their descriptors and their deadlines at once, and the sessions' deadlines. */
static void step_timed(struct world *w, const struct watch *watch, int64_t now_ms)
{
	struct session_input in = {.now_ms = now_ms};
	const struct pollfd *fds;
	int count;

	fds = slice(watch, OWN_NET, &count);
	if (w->net_open) {
		net_step(&w->net, fds, count, now_ms);
		watch_carriers(w, now_ms);
	}
	if (w->discovering >= 0)
		discovery_step(&w->discovery, now_ms);
	for (int i = 0; i < w->session_count; i++) {
		if (session_deadline(&w->sessions[i]) <= now_ms && !yields_to_iscsid(w, now_ms) &&
		    !gives_up_at_the_end(w, &w->sessions[i], now_ms))
			session_step(&w->sessions[i], SESSION_EVENT_DEADLINE, &in);
	}
}

static void run_once(struct world *w, int64_t deadline_ms)
{
	struct watch watch;
	int64_t now_ms = supervisor_now();
	int ready;

	collect(w, &watch);
	ready = poll(watch.fds, (nfds_t)watch.count, poll_timeout(next_deadline(w, deadline_ms), now_ms));
	now_ms = supervisor_now();
	for (int i = 0; i < watch.count && ready > 0; i++) {
		if (watch.fds[i].revents)
			dispatch(w, &watch, i, now_ms);
	}
	step_timed(w, &watch, now_ms);
}

bool supervisor_run(struct world *world, bool (*reached)(struct world *world, int64_t now_ms), int64_t deadline_ms)
{
	while (!reached(world, supervisor_now())) {
		if (supervisor_now() >= deadline_ms)
			return false;
		run_once(world, deadline_ms);
	}
	return true;
}

/* ---- the resident process ---- */

/* What only the boot needed, and what a recovery begins anew: some of it is secret, all of it is memory. */
static void release_boot(struct world *w)
{
	struct plan *plan = &w->plan;
	int interfaces = NET_INTERFACES_MAX;

	resident_release(&w->cmdline, sizeof(w->cmdline));
	resident_release(plan->targets + w->session_count,
			 sizeof(plan->targets) - (size_t)w->session_count * sizeof(plan->targets[0]));
	resident_release(&w->files, (size_t)((char *)&w->mounts - (char *)&w->files));
	while (interfaces > 0 && !w->net.interfaces[interfaces - 1].link.index)
		interfaces--;
	resident_release(w->net.interfaces + interfaces,
			 (size_t)(NET_INTERFACES_MAX - interfaces) * sizeof(w->net.interfaces[0]));
	resident_release(&w->discovery, sizeof(w->discovery));
	resident_release(w->sessions + w->session_count,
			 sizeof(w->sessions) - (size_t)w->session_count * sizeof(w->sessions[0]));
	for (int i = 0; i < w->session_count; i++)
		resident_release(&w->sessions[i].attempt.login, sizeof(w->sessions[i].attempt.login));
}

int supervisor_settle(struct world *world, char *const argv[], const char **step)
{
	world->resident = true;
	for (int i = 0; i < world->session_count; i++)
		session_settle(&world->sessions[i]);
	if (world->uevents >= 0)
		close(world->uevents);
	world->uevents = -1;
	loader_stop(&world->loader);
	if (world->net_open)
		net_settle(&world->net);
	release_boot(world);
	if (world->run.fd >= 0)
		offer_shutdown(world->proc, world->run.fd);
	return resident_become(world->dev, world->proc, argv, step);
}

static bool has_no_session(struct world *world, int64_t now_ms)
{
	(void)now_ms;
	status_write(&world->status, world->sessions, world->session_count);
	for (int i = 0; i < world->session_count; i++) {
		if (world->sessions[i].state != SESSION_GONE)
			return false;
	}
	return true;
}

void supervisor_live(struct world *world)
{
	supervisor_run(world, has_no_session, INT64_MAX);
}
