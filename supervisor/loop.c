/* loop.c - see loop.h. */
/* SPDX-License-Identifier: MIT */
#include "supervisor/loop.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "boot/boot.h"
#include "boot/join.h"
#include "proto/iscsi_abi.h"
#include "root/shutdown.h"
#include "session/maps.h"
#include "supervisor/guard.h"
#include "supervisor/keeper.h"
#include "sys/log.h"
#include "sys/monotonic.h"
#include "sys/uevent.h"

#define FDS_MAX       256
#define EVENTS_MAX    512   /* of the kernel that are served at a time; then others have their turn */
#define NEWS_WAIT_MS  1000  /* so long after a unit has said that something changed */
#define NEWS_PAUSE_MS 30000 /* between two looks at what a target says has changed */
#define MAPS          "/devices/virtual/block/dm-"
#define LOWER_UP      0x10000 /* IFF_LOWER_UP, kernel: include/uapi/linux/if.h */

enum owner {
	OWN_UEVENT,
	OWN_LOADER,
	OWN_NET,
	OWN_KERNEL,
	OWN_SESSION,
	OWN_PROOF,
	OWN_DISK,
	OWN_ROOT,
	OWN_JOIN,
	OWN_MULTIPATHD,
	OWN_RUN,
	OWN_ISCSID,
	OWN_KEEPER,
	OWN_RANDOM,
	OWN_INTERRUPTS,
	OWN_CLOCK,
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

/* Marks the descriptors that an object has just filled in by itself. */
static void claim(struct watch *watch, enum owner owner, int index, int count)
{
	for (int i = 0; i < count; i++) {
		watch->owner[watch->count] = (uint8_t)owner;
		watch->index[watch->count++] = (uint8_t)index;
	}
}

/* How many to look at: their memory is given back at the hand-over. */
static int discoveries(const struct world *w)
{
	return w->resident ? 0 : w->plan.target_count;
}

static void collect(const struct world *w, struct watch *watch)
{
	watch->count = 0;
	add(watch, OWN_UEVENT, 0, w->uevents, POLLIN);
	add(watch, OWN_LOADER, 0, loader_fd(&w->loader), POLLIN);
	add(watch, OWN_KERNEL, 0, w->has_netlink ? w->netlink.event_fd : -1, POLLIN);
	add(watch, OWN_ISCSID, 0, w->iscsid, POLLIN);
	add(watch, OWN_KEEPER, 0, w->keeper.fd, POLLIN);
	add(watch, OWN_RANDOM, 0, w->random, POLLIN);
	add(watch, OWN_INTERRUPTS, 0, w->interrupts, POLLIN);
	add(watch, OWN_CLOCK, 0, w->clock, POLLIN);
	add(watch, OWN_ROOT, 0, w->has_root ? root_fd(&w->root) : -1, POLLIN);
	add(watch, OWN_JOIN, 0, w->multipath.child.fd, POLLIN);
	add(watch, OWN_MULTIPATHD, 0, w->multipath.multipathd, POLLIN);
	add(watch, OWN_RUN, 0, w->resident ? w->run.mountinfo : -1, POLLPRI);
	if (w->net_open)
		claim(watch, OWN_NET, 0, net_pollfds(&w->net, watch->fds + watch->count, FDS_MAX - watch->count));
	for (int i = 0; i < discoveries(w); i++)
		claim(watch, OWN_DISCOVERY, i,
		      discovery_pollfds(&w->discoveries[i], watch->fds + watch->count, FDS_MAX - watch->count));
	for (int i = 0; i < w->session_count; i++) {
		claim(watch, OWN_SESSION, i,
		      session_pollfds(&w->sessions[i], watch->fds + watch->count, FDS_MAX - watch->count));
		claim(watch, OWN_PROOF, i,
		      session_proof_pollfds(&w->sessions[i], watch->fds + watch->count, FDS_MAX - watch->count));
		add(watch, OWN_DISK, i, blockdev_fd(&w->disks[i]), POLLIN);
	}
}

/* Resident: are its units to be looked for again, and can they be? */
static bool can_rescan(const struct world *w, int i)
{
	return w->resident && w->sessions[i].has_news && w->sessions[i].state == SESSION_UP &&
	       blockdev_fd(&w->disks[i]) < 0;
}

static int64_t next_deadline(const struct world *w, int64_t at)
{
	at = monotonic_earlier(at, join_deadline(w));
	if (w->net_open)
		at = monotonic_earlier(at, net_deadline(&w->net));
	for (int i = 0; i < discoveries(w); i++)
		at = monotonic_earlier(at, discovery_deadline(&w->discoveries[i]));
	if (!w->resident)
		at = monotonic_earlier(at, boot_deadline(w));
	for (int i = 0; i < w->session_count; i++) {
		at = monotonic_earlier(at, session_deadline(&w->sessions[i]));
		if (can_rescan(w, i))
			at = monotonic_earlier(at, w->rescan_ms[i]);
	}
	return at;
}

/* Does the device belong to this SCSI host? */
static bool is_of_host(const char *devpath, unsigned host)
{
	char part[24];

	snprintf(part, sizeof(part), "/host%u/", host);
	return strstr(devpath, part);
}

/* A disk came: the disks of its target are looked at again once all events have been read. */
static void note_disk(struct world *w, const struct uevent *event)
{
	w->block_changed = true;
	for (int i = 0; i < w->session_count; i++) {
		if (!is_of_host(event->devpath, w->disks[i].host))
			continue;
		w->disks[i].touched = true;
		if (w->resident && event->added)
			join_note(w, i);
	}
}

/* Resident: its units are looked at a moment later. */
static void expect_news(struct world *w, int i, int64_t now_ms)
{
	w->sessions[i].has_news = true;
	if (w->rescan_ms[i] < now_ms + NEWS_WAIT_MS)
		w->rescan_ms[i] = now_ms + NEWS_WAIT_MS;
}

/* A disk that another program had looked for gets the settings of its session, too. */
static void look_at_disks(struct world *w, bool all, int64_t now_ms)
{
	for (int i = 0; i < w->session_count; i++) {
		if (all || w->disks[i].touched) {
			blockdev_step(&w->disks[i]);
			if (w->resident && blockdev_has_new(&w->disks[i]))
				expect_news(w, i, now_ms);
		}
		w->disks[i].touched = false;
	}
}

/* A unit says that something has changed: what has is seen by looking. Several say it, one after the other. */
static void note_news(struct world *w, const struct uevent *event, int64_t now_ms)
{
	for (int i = 0; i < w->session_count; i++) {
		struct session *s = &w->sessions[i];

		if (!is_of_host(event->devpath, s->host))
			continue;
		if (!s->has_news)
			log_warn("%s: its LUNs or their sizes have changed, and are looked at again (event=changed "
				 "sid=%u)",
				 s->plan->name, s->sid);
		expect_news(w, i, now_ms);
	}
}

/* Resident: has somebody changed one of the maps, as multipathd does when it begins? */
static bool is_of_map(const struct world *w, const struct uevent *event)
{
	return w->resident && !event->added && !strncmp(event->devpath, MAPS, strlen(MAPS)) &&
	       maps_is(w->sysfs, strrchr(event->devpath, '/') + 1);
}

/* In a boot for all devices and their modules; after it for the sessions' own devices only. */
static void hear_uevents(struct world *w, int64_t now_ms)
{
	struct uevent event;
	bool lost = false;
	int result;

	for (int i = 0; i < UEVENTS_AT_A_TIME && (result = uevent_receive(w->uevents, &event)) != 0; i++) {
		if (result == -ENOBUFS) {
			lost = w->block_changed = true;
			if (!w->resident)
				loader_request(&w->loader, LOADER_COLDPLUG, false, "");
			continue;
		}
		if (result < 0)
			break;
		if (event.added && event.modalias[0] && !w->resident)
			loader_request_alias(&w->loader, event.modalias);
		if (!strcmp(event.subsystem, "block"))
			note_disk(w, &event);
		w->paths_changed = w->paths_changed || event.access_changed;
		w->maps_changed = w->maps_changed || is_of_map(w, &event);
		if (event.unit_changed && w->resident)
			note_news(w, &event, now_ms);
	}
	look_at_disks(w, lost, now_ms);
}

static void rescan(struct world *w, int i, int64_t now_ms)
{
	if (!can_rescan(w, i) || now_ms < w->rescan_ms[i])
		return;
	w->rescan_ms[i] = now_ms + NEWS_PAUSE_MS;
	w->sessions[i].has_news = false;
	if (blockdev_start(&w->disks[i], w->sysfs, w->dev, w->sessions[i].host, &w->plan.targets[i], &w->scan_flags))
		log_err("%s: its disks cannot be looked for", w->plan.targets[i].name);
}

static void hear_loader(struct world *w)
{
	struct loader_answer answer;

	while (loader_step(&w->loader, &answer))
		boot_module_answer(w, &answer);
}

/* An answer to a login or logout of another program, most likely iscsid's. A target can send any number of other PDUs, and
   none of them may cost a look through /proc. */
static bool is_foreign_answer(const struct session *s, const struct netlink_event *event)
{
	if (event->type != NETLINK_EVENT_PDU || !s->in_kernel || s->sid != event->sid)
		return false;
	switch (event->bhs[0] & 0x3f) {
	case ISCSI_OP_LOGIN_RESPONSE:
		return s->state != SESSION_LOGIN;
	case ISCSI_OP_LOGOUT_RESPONSE:
		return s->state != SESSION_LOGOUT && s->state != SESSION_LEAVING;
	default:
		return false;
	}
}

static void take_event(struct world *w, const struct netlink_event *event, int64_t now_ms)
{
	if (event->type == NETLINK_EVENT_ERROR)
		guard_yield(w, now_ms);
	for (int i = 0; i < w->session_count; i++) {
		if (w->resident && is_foreign_answer(&w->sessions[i], event))
			guard_yield(w, now_ms);
		session_kernel_event(&w->sessions[i], event, now_ms);
	}
}

/* A session that is well only looks after itself; a repair may be somebody else's work. */
static void pass_deadline(struct world *w, struct session *s, int64_t now_ms)
{
	if (session_needs_repair(s) && (guard_yield(w, now_ms) || guard_give_up(w, s, now_ms)))
		return;
	session_step(s, SESSION_EVENT_DEADLINE, &(struct session_input){.now_ms = now_ms});
}

/* Events were lost, of any session: each is compared with the kernel's. */
static void look_at_sessions(struct world *w, int64_t now_ms)
{
	for (int i = 0; i < w->session_count; i++) {
		struct session *s = &w->sessions[i];

		if (s->state != SESSION_UP)
			session_look_again(s, now_ms);
		else if (session_needs_repair(s))
			pass_deadline(w, s, now_ms);
	}
}

static void hear_kernel(struct world *w, int64_t now_ms)
{
	uint8_t buffer[NETLINK_MESSAGE_MAX] __attribute__((aligned(8)));
	struct netlink_event event;
	int result = 0;

	for (int i = 0; i < EVENTS_MAX && (result = netlink_receive(&w->netlink, buffer, &event)) != -EAGAIN; i++) {
		if (result == -EPROTO) {
			log_debug("a message of the kernel's iSCSI interface was not understood");
			continue;
		}
		if (result) {
			log_debug("the kernel's iSCSI interface: %s", strerror(-result));
			break;
		}
		if (event.type == NETLINK_EVENT_OVERRUN)
			w->lost_events = true;
		else
			take_event(w, &event, now_ms);
	}
	/* The kernel reports an overrun once, and goes on dropping events while the queue is full: an error among them would
	   never be heard of. Only when the queue is empty is the state that is read the last word. */
	if (!w->lost_events || result != -EAGAIN)
		return;
	w->lost_events = false;
	log_warn("events of the kernel's iSCSI interface were lost; reading the state of each session");
	look_at_sessions(w, now_ms);
}

/* While a session logs in, its descriptor is ready because the connection was closed. What the target said before that
   counts first; and it may have been iscsid that took the connection away. */
static void hear_session(struct world *w, struct session *s, int64_t now_ms)
{
	enum session_state before = s->state;

	if (before == SESSION_LOGIN) {
		if (w->has_netlink)
			hear_kernel(w, now_ms);
		guard_yield(w, now_ms);
	}
	if (s->state == before)
		session_step(s, SESSION_EVENT_READY, &(struct session_input){.now_ms = now_ms});
}

/* The real root has mounted a /run of its own over the one that our files are in. */
static void follow_run(struct world *w)
{
	if (!mounts_run_follow(&w->run))
		return;
	status_open(&w->status, w->run.fd, w->session_count, plan_joins(&w->plan, w->chains));
	status_lock(&w->status);
	w->block_changed = true;
	keeper_renew(w); /* it has the old file */
	shutdown_offer(w->proc, w->run.fd);
}

static void dispatch(struct world *w, enum owner owner, int index, int64_t now_ms)
{
	switch (owner) {
	case OWN_UEVENT:
		hear_uevents(w, now_ms);
		break;
	case OWN_LOADER:
		hear_loader(w);
		break;
	case OWN_KERNEL:
		hear_kernel(w, now_ms);
		break;
	case OWN_SESSION:
		hear_session(w, &w->sessions[index], now_ms);
		break;
	case OWN_PROOF:
		session_step(&w->sessions[index], SESSION_EVENT_PROOF, &(struct session_input){.now_ms = now_ms});
		break;
	case OWN_DISK:
		blockdev_step(&w->disks[index]);
		break;
	case OWN_ROOT:
		root_step(&w->root, false);
		break;
	case OWN_JOIN:
		join_step(w);
		break;
	case OWN_MULTIPATHD:
		join_multipathd_ended(w);
		break;
	case OWN_RUN:
		follow_run(w);
		break;
	case OWN_ISCSID:
		guard_iscsid_ended(w, now_ms);
		break;
	case OWN_KEEPER:
		keeper_ended(w);
		break;
	case OWN_CLOCK:
		(void)!read(w->clock, &(uint64_t){0}, sizeof(uint64_t)); /* deadlines have passed: step_timed */
		break;
	case OWN_NET: /* step_timed serves these two, together with their deadlines */
	case OWN_DISCOVERY:
	case OWN_RANDOM: /* these two only wake the loop: its predicate looks at them */
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

/* In a boot: an address more, of another interface or family, ends the pause before the next attempt, and an attempt that
   may be under way by an interface that does not reach the target. */
static bool notice_address(struct world *w)
{
	unsigned before = w->answers;

	w->answers = net_answers(&w->net);
	return !w->resident && before && w->answers > before;
}

/* Resident: a cable that is plugged in again ends the pause before the next attempt to reconnect. */
static bool notice_carrier(struct world *w)
{
	uint32_t carriers = 0, before = w->carriers;

	for (int i = 0; i < NET_INTERFACES_MAX; i++) {
		const struct rtnl_link *link = &w->net.interfaces[i].link;

		if (link->index && (link->flags & LOWER_UP))
			carriers |= 1U << i;
	}
	w->carriers = carriers;
	return w->resident && carriers & ~before;
}

static void watch_network(struct world *w, int64_t now_ms)
{
	bool carrier = notice_carrier(w), address = notice_address(w);

	if ((!carrier && !address) || guard_yield(w, now_ms))
		return;
	for (int i = 0; i < w->session_count; i++)
		if (w->plan.targets[i].name[0])
			session_step(&w->sessions[i], SESSION_EVENT_START, &(struct session_input){.now_ms = now_ms});
}

/* Objects that take their descriptors together with their deadlines, and the sessions' deadlines. */
static void step_timed(struct world *w, const struct watch *watch, int64_t now_ms)
{
	const struct pollfd *fds;
	int count;

	fds = slice(watch, OWN_NET, &count);
	if (w->net_open) {
		net_step(&w->net, fds, count, now_ms);
		watch_network(w, now_ms);
		guard_heal(w, now_ms);
	}
	for (int i = 0; i < discoveries(w); i++)
		discovery_step(&w->discoveries[i], now_ms);
	for (int i = 0; i < w->session_count; i++) {
		if (session_deadline(&w->sessions[i]) <= now_ms)
			pass_deadline(w, &w->sessions[i], now_ms);
		rescan(w, i, now_ms);
	}
}

static void run_once(struct world *w, int64_t deadline_ms)
{
	struct watch watch;
	int64_t now_ms = monotonic_ms();
	int ready;

	collect(w, &watch);
	ready = poll(watch.fds, (nfds_t)watch.count, monotonic_timeout(next_deadline(w, deadline_ms), now_ms));
	now_ms = monotonic_ms();
	for (int i = 0; i < watch.count && ready > 0; i++) {
		if (watch.fds[i].revents)
			dispatch(w, (enum owner)watch.owner[i], watch.index[i], now_ms);
	}
	step_timed(w, &watch, now_ms);
	report_step(&w->report, NULL);
}

bool loop_run(struct world *world, bool (*reached)(struct world *world, int64_t now_ms), int64_t deadline_ms)
{
	while (!reached(world, monotonic_ms())) {
		if (monotonic_ms() >= deadline_ms)
			return false;
		run_once(world, deadline_ms);
	}
	return true;
}
