/* boot.c - see boot.h. Owns the order of a boot; the work is done by the objects that the rules start. */
/* SPDX-License-Identifier: MIT */
#include "boot/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "boot/box.h"
#include "boot/join.h"
#include "boot/secrets.h"
#include "plan/address.h"
#include "plan/credential.h"
#include "plan/initiator.h"
#include "plan/lease.h"
#include "plan/planning.h"
#include "proto/dhcp.h"
#include "proto/syslog.h"
#include "root/switch.h"
#include "sys/log.h"
#include "sys/monotonic.h"

#define RESCAN_PAUSE_MS  1000
#define ASK_AFTER_MS     2000
#define PATH_PATIENCE_MS 1000 /* from the first path of a disk to the last that a boot waits for */

/* What iSCSI needs, in the order in which it is requested. Kernels up to 6.12 need crc32c for iscsi_tcp, even without
   digests; later ones have no such module.

   The modules after iscsi_tcp are requested only when that one has been answered. They depend on some of the same modules,
   and two workers that load the same module at the same time both check its signature. Also, the worker that walks through
   the devices serves requests first, and would load them before the network's drivers. */
static const struct {
	enum loader_kind kind;
	bool needed;
	const char *text;
} modules[] = {
	{LOADER_COLDPLUG, false, ""},
	{LOADER_NAME, true, "iscsi_tcp"},
	{LOADER_ALIAS, false, "crypto-crc32c"},
	{LOADER_NAME, true, "sd_mod"},
};

/* The rows, and sets of them as they are counted in world->modules_in. */
enum { MODULE_COLDPLUG, MODULE_ISCSI, MODULE_CRC32C, MODULE_DISK, MODULE_COUNT };

_Static_assert(sizeof(modules) / sizeof(modules[0]) == MODULE_COUNT, "each row has its name");

#define MODULES_ALL       ((1u << MODULE_COUNT) - 1)
#define MODULES_FOR_LOGIN (1u << MODULE_ISCSI | 1u << MODULE_CRC32C)
#define MODULES_FOR_SCAN  (MODULES_FOR_LOGIN | 1u << MODULE_DISK)
#define FIRMWARE_MODULE   "iscsi_ibft"

static void fail(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void fail(struct world *w, const char *format, ...)
{
	va_list arguments;

	if (w->verdict.failed)
		return;
	va_start(arguments, format);
	vsnprintf(w->verdict.text, sizeof(w->verdict.text), format, arguments);
	va_end(arguments);
	w->verdict.failed = true;
}

/* ---- the way the boot will end ---- */

/* The words of other programs are theirs; ours is known to nobody else. */
static void say_left(const struct root_plan *root)
{
	if (root->overlay.is_own_word && root->overlay.kind != OVERLAY_NONE)
		log_warn("iscsi.overlay= has no effect: the initramfs's own init mounts root, and does not know it");
	else if (root->overlay.kind != OVERLAY_NONE || root->verity.options.hash_length)
		log_info("a writable layer and a verified root are left to the initramfs's own init");
}

static void choose_end(struct world *w)
{
	const char *next = w->plan.boot.next_init;
	int chain = switch_chain_check(next);

	w->chains = chain == 0;
	if (w->chains)
		say_left(&w->plan.root);
	if (chain && next[0])
		fail(w, "iscsi.init=%s cannot be started: %s", next,
		     chain == -ELOOP ? "it is this very program" : strerror(-chain));
	else if (chain && w->plan.root.kind == ROOT_NONE)
		fail(w, "no root= on the command line, and the initramfs has no /init of its own: nothing to start");
	else if (chain && w->plan.root.kind == ROOT_OTHER)
		fail(w, "root=%s is not a disk, and the initramfs has no /init of its own that could mount it",
		     w->plan.root.value);
}

/* ---- modules ---- */

static void request_module(struct world *w, int i)
{
	loader_request(&w->loader, modules[i].kind, modules[i].needed, modules[i].text);
}

static const char *const path_modules[] = {"dm_multipath", "scsi_dh_alua"};

/* Everything that waited for iscsi_tcp, and the file systems that root may have. */
static void request_others(struct world *w)
{
	bool mounts = !w->chains && w->plan.root.kind != ROOT_NONE;
	char name[64];

	for (int i = MODULE_ISCSI + 1; i < MODULE_COUNT; i++)
		request_module(w, i);
	for (size_t i = 0; plan_joins(&w->plan, w->chains) && i < sizeof(path_modules) / sizeof(path_modules[0]); i++)
		loader_request(&w->loader, LOADER_NAME, false, path_modules[i]);
	for (int i = 0; mounts && root_module(&w->plan.root, i, name, sizeof(name)); i++)
		loader_request(&w->loader, LOADER_NAME, false, name);
}

void boot_module_answer(struct world *world, const struct loader_answer *answer)
{
	for (int i = 0; i < MODULE_COUNT; i++) {
		if (modules[i].kind != answer->kind || strcmp(modules[i].text, answer->text) != 0)
			continue;
		if (i == MODULE_ISCSI && !(world->modules_in & 1u << i))
			request_others(world);
		world->modules_in |= 1u << i;
	}
	if (answer->kind == LOADER_NAME && !strcmp(answer->text, FIRMWARE_MODULE))
		world->has_firmware = true;
	if (answer->error && answer->needed)
		fail(world, "%s", answer->detail);
	else if (answer->error)
		log_debug("%s", answer->detail);
	else if (answer->inserted)
		log_debug("%s%s: %u modules", answer->kind == LOADER_COLDPLUG ? "coldplug" : "", answer->text,
			  answer->inserted);
}

void boot_begin(struct world *world)
{
	choose_end(world);
	if (world->verdict.failed)
		return;
	request_module(world, MODULE_COLDPLUG); /* first: the network needs the longest */
	request_module(world, MODULE_ISCSI);
	if (world->plan.boot.use_firmware || !world->plan.target_count) {
		world->asked_firmware = true;
		loader_request(&world->loader, LOADER_NAME, false, FIRMWARE_MODULE);
	}
}

static void advance_modules(struct world *w, int64_t now_ms)
{
	if ((w->modules_in & MODULES_ALL) == MODULES_ALL)
		times_reach(&w->times, PHASE_MODULES, now_ms);
}

/* ---- firmware: the plan is made anew once the table can be read ---- */

static bool is_waiting_for_firmware(const struct world *w)
{
	return w->asked_firmware && !w->has_firmware;
}

static void advance_firmware(struct world *w)
{
	struct plan_error error;
	int result;

	if (!w->asked_firmware || !w->has_firmware)
		return;
	w->asked_firmware = false;
	result = ibft_read(w->sysfs, &w->ibft);
	if (result && result != -ENOENT) {
		fail(w, "the firmware's boot table (iBFT) cannot be used: %s", w->ibft.error);
		return;
	}
	if (result && w->plan.boot.use_firmware && !w->plan.boot.firmware_is_optional) {
		fail(w, "the command line asks for the firmware's targets, but there is no iBFT in /sys/firmware/ibft: "
			"did the firmware or iPXE (keep-san 1) leave one, is the module iscsi_ibft there?");
		return;
	}
	if (result)
		return;
	if (plan_make(&w->cmdline, &w->ibft, &w->files, &w->plan, &error))
		fail(w, "%s", error.text);
}

static bool has_nothing_to_do(const struct world *w)
{
	return w->plan.target_count == 0 && !w->plan.network.wants_root_path && !is_waiting_for_firmware(w);
}

/* ---- network ---- */

/* DHCPv4's root-path, else DHCPv6's boot file URL. */
static int add_lease(struct world *w, struct plan_error *error)
{
	const struct dhcp_lease *lease = net_lease(&w->net);
	const struct dhcp6_lease *lease6 = net_lease6(&w->net);
	int result = -ENOENT;

	snprintf(error->text, sizeof(error->text),
		 "the disk is to come from DHCP (iscsi=dhcp), but the network came up without DHCP");
	if (lease)
		result = plan_add_lease(lease, &w->plan, error);
	if (result == -ENOENT && lease6)
		result = plan_add_lease6(lease6, &w->plan, error);
	return result;
}

/* From now on the log goes to the server that the command line or the lease names. */
static void start_report(struct world *w)
{
	struct syslog_plan server = w->plan.boot.syslog;
	const struct dhcp_lease *lease = net_lease(&w->net);
	struct address own = {.family = 4};
	char text[ADDRESS_TEXT_MAX] = "";
	int result;

	for (int i = 0; lease && i < 4; i++)
		own.bytes[i] = (uint8_t)(lease->address >> (24 - 8 * i));
	if (server.kind == SYSLOG_LEASE && lease && lease->log_server) {
		server = (struct syslog_plan){SYSLOG_SERVER, {.family = 4}, SYSLOG_PORT};
		for (int i = 0; i < 4; i++)
			server.address.bytes[i] = (uint8_t)(lease->log_server >> (24 - 8 * i));
	}
	if (server.kind != SYSLOG_SERVER)
		return;
	result = report_open(&w->report, w->dev, &server, lease ? address_write(&own, text) : "");
	if (result)
		log_warn("the log server %s cannot be reached: %s; the boot goes on without it",
			 address_write(&server.address, text), strerror(-result));
}

static void take_lease(struct world *w)
{
	struct plan_error error = {.text = ""};

	w->has_lease = true;
	start_report(w);
	if (w->plan.network.wants_root_path && add_lease(w, &error))
		fail(w, "%s", error.text);
	net_wipe_secrets(&w->net); /* they are in the plan now */
}

/* The connections are bound to interfaces by the names that the kernel knows. */
static void use_real_name(const struct net *net, char name[PLAN_IFNAME_MAX])
{
	const char *real = name[0] ? net_real_name(net, name) : NULL;

	if (real)
		snprintf(name, PLAN_IFNAME_MAX, "%s", real);
}

static void advance_network(struct world *w, int64_t now_ms)
{
	char why[300];
	int result;

	if (!w->plan.network.wanted || is_waiting_for_firmware(w))
		return;
	if (!w->net_open) {
		result = net_open(&w->net, &w->plan.network, w->sysfs, now_ms);
		w->net_open = !result;
		if (result)
			fail(w, "the kernel's network interface (rtnetlink) cannot be used: %s", strerror(-result));
		return;
	}
	for (const char *module = net_module_wanted(&w->net); module; module = net_module_wanted(&w->net))
		loader_request(&w->loader, LOADER_NAME, false, module);
	if (net_link_ms(&w->net))
		times_reach(&w->times, PHASE_LINK, net_link_ms(&w->net));
	if (net_state(&w->net) == NET_FAILED) {
		fail(w, "the network cannot be set up: %s", net_waiting_for(&w->net, why, sizeof(why)));
		return;
	}
	if (net_records_due(&w->net) && net_write_resolver(&w->net, ""))
		log_debug("/etc/resolv.conf cannot be written");
	for (int i = 0; i < w->plan.target_count; i++)
		use_real_name(&w->net, w->plan.targets[i].portal.scope);
	if (net_state(&w->net) != NET_USABLE || w->has_lease)
		return;
	times_reach(&w->times, PHASE_ADDRESS, net_address_ms(&w->net));
	take_lease(w);
	if (net_boot_mac(&w->net))
		plan_add_mac(&w->plan, net_boot_mac(&w->net));
}

/* ---- random numbers, for mutual CHAP only ---- */

/* The kernel gathers entropy on its own only while somebody waits for it in a read; polling /dev/random is not enough. */
static void start_generator(struct world *w)
{
	pid_t pid = fork();
	uint8_t byte;

	if (pid == 0) {
		(void)!getrandom(&byte, 1, 0);
		_exit(0);
	}
	w->random = openat(w->dev, "random", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	log_err("waiting for the kernel's random number generator: mutual CHAP needs a random challenge");
}

static bool needs_random(const struct plan *plan)
{
	for (int i = 0; i < plan->target_count; i++)
		if (plan->targets[i].chap.username_in[0])
			return true;
	return false;
}

/* True: random numbers are there, or are not needed. Else the kernel is made to gather entropy. */
static bool prepare_random(struct world *w)
{
	uint8_t byte;

	if (!needs_random(&w->plan) || getrandom(&byte, 1, GRND_NONBLOCK) == 1) {
		if (w->random >= 0)
			close(w->random);
		w->random = -1;
		return true;
	}
	if (w->random < 0)
		start_generator(w);
	return false;
}

/* ---- targets ---- */

/* Warns of short secrets: of that of one target, or of all if only is NULL. */
static bool load_secrets(struct world *w, const struct target_plan *only)
{
	struct plan_error error = {.text = ""};

	if (secrets_load(&w->plan, "", &error)) {
		fail(w, "%s", error.text);
		return false;
	}
	for (int i = 0; i < w->plan.target_count; i++) {
		const struct target_plan *target = &w->plan.targets[i];
		const char *warning = credential_warning(target);

		if (warning && (!only || only == target))
			log_warn("%s: %s", target->name[0] ? target->name : target->portal.host, warning);
	}
	return true;
}

bool boot_load_secrets(struct world *world)
{
	return load_secrets(world, NULL);
}

/* portals=all: each portal that is listed for the target gets a session. */
static void spread(struct world *w, struct target_plan *target)
{
	int missed;

	if (!target->all_portals)
		return;
	log_info("%s has %d portals more than %s", target->name, target->listed_count + target->unlisted,
		 target->portal.host);
	missed = plan_spread(&w->plan, (int)(target - w->plan.targets));
	if (missed)
		log_warn("%s: there is no room for a session at %d of them", target->name, missed);
}

/* targets=all: the first target takes the place of the portal's plan, the others follow the last plan. */
static void take_all_discovered(struct world *w, const struct discovery *discovery, struct target_plan *target)
{
	int count = discovery_count(discovery);

	if (w->plan.target_count + count - 1 > PLAN_TARGETS_MAX) {
		fail(w, "%s has %d targets, and there is room for %d sessions", target->portal.host, count,
		     PLAN_TARGETS_MAX);
		return;
	}
	for (int i = 1; i < count; i++) {
		struct target_plan *another = &w->plan.targets[w->plan.target_count++];

		*another = *target;
		discovery_use(discovery, i, another);
	}
	discovery_use(discovery, 0, target);
	for (int i = w->plan.target_count - 1, n = 1; n < count; i--, n++)
		spread(w, &w->plan.targets[i]);
	spread(w, target);
	log_info("%s has %d targets, and all are attached (targets=all)", target->portal.host, count);
	if (target->secret_looked_up)
		load_secrets(w, target);
}

/* A target with a name can do without the list. */
static void take_alone(struct target_plan *target, const char *why)
{
	log_warn("asking %s for the other portals of %s: %s; the boot goes on with this one", target->portal.host,
		 target->name, why);
	target->all_portals = false;
}

static void take_discovered(struct world *w, const struct discovery *discovery, struct target_plan *target)
{
	char list[800];
	int index = target->name[0] ? discovery_find(discovery, target->name) : -1;

	if (index >= 0) {
		discovery_use(discovery, index, target);
		spread(w, target);
		return;
	}
	if (target->name[0]) {
		take_alone(target, "it is not listed");
		return;
	}
	if (target->all_targets) {
		take_all_discovered(w, discovery, target);
		return;
	}
	if (discovery_count(discovery) == 1) {
		discovery_use(discovery, 0, target);
		log_info("%s has one target: %s", target->portal.host, target->name);
		if (target->secret_looked_up)
			load_secrets(w, target); /* its line in the table can be found now */
		spread(w, target);
		return;
	}
	fail(w, "%s has several targets; name one of them on the command line: %s", target->portal.host,
	     discovery_list(discovery, list, sizeof(list)));
}

/* A failure that may pass is tried again, as a login is, until iscsi.timeout is over. */
static void ask_again(struct world *w, struct discovery *discovery, const struct target_plan *target, int64_t now_ms)
{
	const char *why = discovery_failure(discovery);
	enum attempt_report report;
	int pause;

	if (!discovery_again(discovery, now_ms)) {
		fail(w, "asking %s for its targets failed: %s", target->portal.host, why);
		return;
	}
	report = discovery_take_report(discovery, now_ms);
	pause = (int)(discovery_deadline(discovery) - now_ms);
	if (report != ATTEMPT_SILENT)
		(report == ATTEMPT_OVERDUE ? log_err : log_warn)("asking %s for its targets: %s; next try in %d ms",
								 target->portal.host, why, pause);
}

static bool needs_list(const struct target_plan *target)
{
	return !target->name[0] || target->all_portals;
}

/* A portal is asked which targets it has (SendTargets), beside all others, where the target has no name or where all its
   portals are wanted. True: that is known. */
static bool discover_name(struct world *w, int i, int64_t now_ms)
{
	struct discovery *discovery = &w->discoveries[i];
	struct target_plan *target = &w->plan.targets[i];

	switch (discovery_state(discovery)) {
	case DISCOVERY_IDLE:
		discovery_start(discovery, target, now_ms);
		break;
	case DISCOVERY_RUNNING:
		break;
	case DISCOVERY_DONE:
		take_discovered(w, discovery, target);
		session_discovered(&w->sessions[i]);
		break;
	case DISCOVERY_FAILED:
		if (target->name[0] && w->plan.target_count > 1)
			take_alone(target, discovery_failure(discovery));
		else
			ask_again(w, discovery, target, now_ms);
		break;
	}
	return !needs_list(target) && !w->verdict.failed;
}

static uint32_t jitter_seed(void)
{
	uint32_t seed = 0;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK | GRND_INSECURE) != sizeof(seed))
		seed = (uint32_t)getpid();
	return seed;
}

static void reserve_session(struct world *w)
{
	int i = w->session_count++;

	log_debug("target %d: %s as %s", i, w->plan.targets[i].name, w->plan.targets[i].initiator);
	session_init(&w->sessions[i], &w->plan.targets[i], &w->netlink, w->sysfs, jitter_seed() + (uint32_t)i);
	session_reserve(&w->sessions[i]);
}

/* Opens what the sessions need. */
static bool prepare_sessions(struct world *w)
{
	int result;

	if (!w->has_netlink) {
		result = netlink_open(&w->netlink, w->sysfs);
		w->has_netlink = !result;
		if (result)
			fail(w, "the kernel's iSCSI interface cannot be used: %s (module iscsi_tcp)",
			     strerror(-result));
	}
	if (!w->has_secrets)
		w->has_secrets = boot_load_secrets(w);
	return w->has_netlink && w->has_secrets;
}

/* Random numbers twice: a target that was discovered may turn out to have a secret for mutual CHAP. */
static void advance_targets(struct world *w, int64_t now_ms)
{
	struct session_input in = {.now_ms = now_ms};

	if (!w->has_lease || (w->modules_in & MODULES_FOR_LOGIN) != MODULES_FOR_LOGIN || !prepare_sessions(w) ||
	    !prepare_random(w))
		return;
	for (int i = 0; i < w->plan.target_count && !w->verdict.failed; i++) {
		while (w->session_count < w->plan.target_count) /* in the plan's order, with or without a name */
			reserve_session(w);
		if (w->sessions[i].state == SESSION_IDLE &&
		    (!needs_list(&w->plan.targets[i]) || discover_name(w, i, now_ms)) && prepare_random(w))
			session_step(&w->sessions[i], SESSION_EVENT_START, &in);
	}
}

/* Is there another way to the same target that may work? */
static bool has_other_path(const struct world *w, int i)
{
	bool has = false;

	for (int other = 0; other < w->session_count; other++)
		has = has || (w->sessions[other].state != SESSION_FAILED && plan_are_paths(&w->plan, other, i));
	return has && !w->chains && plan_multipath(&w->plan, i) != MULTIPATH_NO;
}

static void advance_sessions(struct world *w)
{
	bool up = w->session_count > 0;
	int64_t connected = 0, logged_in = 0;
	char portal[PORTAL_TEXT_MAX];

	for (int i = 0; i < w->session_count; i++) {
		struct session *s = &w->sessions[i];

		if (s->state == SESSION_FAILED && !has_other_path(w, i))
			fail(w, "%s at %s: %s", s->plan->name, portal_write(session_portal(s), portal),
			     session_failure(s));
		up = up && session_was_up(s);
		connected = s->connected_ms > connected ? s->connected_ms : connected;
		logged_in = s->up_ms > logged_in ? s->up_ms : logged_in;
	}
	if (!up)
		return;
	times_reach(&w->times, PHASE_CONNECT, connected);
	times_reach(&w->times, PHASE_LOGIN, logged_in);
}

/* ---- disks ---- */

static void start_scan(struct world *w, int i)
{
	int result = blockdev_start(&w->disks[i], w->sysfs, w->dev, w->sessions[i].host, &w->plan.targets[i],
				    &w->scan_flags);

	if (result && result != -EAGAIN)
		fail(w, "%s: the scan for disks cannot be started: %s", w->plan.targets[i].name, strerror(-result));
}

/* Can its disks be used? Where another target's can be read, one in standby is a path that may be needed later; alone, it is asked
   again. attach takes what there is. */
static bool is_settled(const struct world *w, int i)
{
	bool readable = !w->net_open;

	for (int other = 0; other < w->session_count; other++)
		readable = readable || blockdev_is_readable(&w->disks[other]);
	return w->disks[i].state == BLOCKDEV_READY && readable;
}

/* Is the disk of the same target there through another portal? */
static bool has_twin(const struct world *w, int i)
{
	for (int other = 0; other < w->session_count; other++)
		if (is_settled(w, other) && plan_are_paths(&w->plan, other, i))
			return true;
	return false;
}

/* Can the boot do without it? It can if root is looked for on another target's disk, or if the same disk is there through
   another portal. */
static bool is_dispensable(const struct world *w, int i)
{
	const struct root_plan *root = &w->plan.root;
	int others = 0;

	for (int other = 0; other < w->session_count; other++)
		others += other != i && !w->diskless[other];
	if (has_twin(w, i))
		return true;
	return others && !w->chains && !(root->kind == ROOT_TARGET && root->target == i);
}

/* Its time for a disk is over. */
static void give_up_disk(struct world *w, int i, const char *why)
{
	if (!is_dispensable(w, i)) {
		fail(w, "%s: %s", w->plan.targets[i].name, why);
		return;
	}
	if (!w->diskless[i])
		log_err("going on without %s: %s", w->plan.targets[i].name, why);
	w->diskless[i] = true;
}

/* When a unit that is not attached yet is asked why. */
static int64_t ask_time(const struct world *w, int i)
{
	return w->disks[i].asked ? INT64_MAX : w->sessions[i].up_ms + ASK_AFTER_MS;
}

static int64_t disk_limit(const struct world *w, int i)
{
	return w->sessions[i].up_ms + (int64_t)w->plan.targets[i].params.value[PARAM_SCAN_TIMEOUT] * 1000;
}

/* Will the boot do without it, or fail, when its time for a disk is over? */
static bool is_timed(const struct world *w, int i)
{
	const struct session *s = &w->sessions[i];

	switch (w->disks[i].state) {
	case BLOCKDEV_EMPTY:
		return true;
	case BLOCKDEV_READY:
		return !is_settled(w, i);
	case BLOCKDEV_SCANNING:
	case BLOCKDEV_WAITING:
	case BLOCKDEV_READING:
		return s->state == SESSION_UP && !s->recoveries && !w->seeks[i];
	default:
		return false;
	}
}

/* What it lacks is said at once, and when its time is over. True: there is no answer yet. */
static bool is_asked(struct blockdev *disk)
{
	if (!disk->why[0])
		blockdev_ask(disk);
	return blockdev_fd(disk) >= 0;
}

/* Another scan, each RESCAN_PAUSE_MS, when it is known what is lacking; the first one is told of. True: it is under way. */
static bool scan_at_pace(struct world *w, int i, const char *what_comes, int64_t now_ms)
{
	char what[300];

	if (is_asked(&w->disks[i]))
		return false;
	if (!w->rescan_ms[i]) {
		log_info("%s: %s; %s", w->plan.targets[i].name, blockdev_describe(&w->disks[i], what, sizeof(what)),
			 what_comes);
		w->rescan_ms[i] = now_ms + RESCAN_PAUSE_MS;
	}
	if (now_ms < w->rescan_ms[i])
		return false;
	w->rescan_ms[i] = now_ms + RESCAN_PAUSE_MS;
	blockdev_stop(&w->disks[i]);
	start_scan(w, i);
	return true;
}

/* A target without a disk may get one later: it is scanned again until scan_timeout is over. */
static void scan_again(struct world *w, int i, int64_t now_ms)
{
	char what[300], why[400];

	if (now_ms >= disk_limit(w, i)) {
		snprintf(why, sizeof(why), "logged in, but no disk within %d s: %s",
			 w->plan.targets[i].params.value[PARAM_SCAN_TIMEOUT],
			 blockdev_describe(&w->disks[i], what, sizeof(what)));
		give_up_disk(w, i, why);
		return;
	}
	(void)scan_at_pace(w, i, "asking again until scan_timeout is over", now_ms);
}

/* Root is not there, and may be on a unit that cannot be used yet, beside disks that can. */
static bool may_have_root(const struct world *w, int i)
{
	return w->has_root && w->root.result.state == ROOT_MISSING && !w->diskless[i] && is_settled(w, i) &&
	       blockdev_lacks(&w->disks[i]);
}

/* Such units are looked at again at the same pace. Nobody waits for it: the disks are ready. */
static void seek_root(struct world *w, int i, int64_t now_ms)
{
	if (w->seeks[i]) {
		w->seeks[i] = false;
		w->block_changed = true;
	}
	if (may_have_root(w, i))
		w->seeks[i] = scan_at_pace(w, i, "its units are looked at again while root is not there", now_ms);
}

static bool advance_disk(struct world *w, int i, int64_t now_ms)
{
	struct blockdev *disk = &w->disks[i];
	char what[300], why[400];

	if (w->diskless[i])
		return false;

	switch (disk->state) {
	case BLOCKDEV_IDLE:
		if (w->sessions[i].state == SESSION_UP && (w->modules_in & MODULES_FOR_SCAN) == MODULES_FOR_SCAN)
			start_scan(w, i);
		break;
	case BLOCKDEV_EMPTY:
		scan_again(w, i, now_ms);
		break;
	case BLOCKDEV_FAILED:
		give_up_disk(w, i, blockdev_describe(disk, what, sizeof(what)));
		break;
	case BLOCKDEV_WAITING:
		if (now_ms >= ask_time(w, i))
			blockdev_ask(disk);
		/* fall through */
	case BLOCKDEV_SCANNING:
	case BLOCKDEV_READING:
		if (now_ms < disk_limit(w, i) || !is_timed(w, i))
			break;
		snprintf(why, sizeof(why), "its disk was not usable within %d s: %s",
			 w->plan.targets[i].params.value[PARAM_SCAN_TIMEOUT],
			 blockdev_describe(disk, what, sizeof(what)));
		give_up_disk(w, i, why);
		break;
	case BLOCKDEV_READY:
		seek_root(w, i, now_ms);
		if (is_settled(w, i))
			return true;
		if (!w->seeks[i])
			scan_again(w, i, now_ms);
		break;
	}
	return false;
}

/* When its attempts, those to find its name or to log in, have lasted for as long as a single one may take. */
static int64_t late_time(const struct world *w, int i)
{
	const struct target_plan *target = &w->plan.targets[i];
	const struct attempt *attempt = needs_list(target) ? &w->discoveries[i].attempt : &w->sessions[i].attempt;

	return attempt->was_up || !attempt->begun_ms
		       ? INT64_MAX
		       : attempt->begun_ms + (int64_t)target->params.value[PARAM_LOGIN_TIMEOUT] * 1000;
}

static bool is_late(const struct world *w, int i, int64_t now_ms)
{
	return now_ms >= late_time(w, i);
}

/* A path more can come later: it gets a moment, but not after a failure. */
static bool is_mere_path(const struct world *w, int i, int64_t now_ms)
{
	const struct session *s = &w->sessions[i];

	return !w->chains && plan_multipath(&w->plan, i) != MULTIPATH_NO && has_twin(w, i) &&
	       (s->attempt.count > 0 || s->state == SESSION_FAILED || now_ms >= w->path_limit_ms);
}

/* A target that does not answer, or that has no disk, must not hold up a boot that can do without it. */
static bool can_go_without(const struct world *w, int i, int64_t now_ms)
{
	return is_mere_path(w, i, now_ms) || ((w->diskless[i] || is_late(w, i, now_ms)) && is_dispensable(w, i));
}

static void advance_disks(struct world *w, int64_t now_ms)
{
	int ready = 0, spare = 0, late = 0;
	bool scanned = w->session_count > 0;

	for (int i = 0; i < w->session_count; i++) {
		if (advance_disk(w, i, now_ms)) {
			ready++;
		} else if (can_go_without(w, i, now_ms)) {
			spare++;
			late += !w->diskless[i];
		}
		scanned = scanned && w->disks[i].state > BLOCKDEV_SCANNING;
	}
	if (scanned)
		times_reach(&w->times, PHASE_SCAN, now_ms);
	if (ready && !w->path_limit_ms)
		w->path_limit_ms = now_ms + PATH_PATIENCE_MS;
	if (!ready || ready + spare < w->session_count)
		return;
	if (w->disks_ready_ms && w->disks_missing == (late > 0))
		return; /* as before */
	times_reach(&w->times, PHASE_DISK, now_ms);
	w->disks_missing = late > 0;
	w->disks_ready_ms = now_ms;
	w->block_changed = true;
}

/* Names the targets that the boot goes on without. The resident process tries them again, but for those without a name. */
static void leave_missing(struct world *w, int64_t now_ms)
{
	char portal[PORTAL_TEXT_MAX];

	for (int i = 0; i < w->session_count; i++) {
		struct session *s = &w->sessions[i];

		if (session_was_up(s))
			continue;
		portal_write(session_portal(s), portal);
		if (s->plan->name[0]) {
			log_err("going on without %s at %s: %s; the resident process tries again", s->plan->name,
				portal, session_failure(s)[0] ? session_failure(s) : "no answer yet");
			continue;
		}
		log_err("going on without the targets of %s: %s; `iscsi-init attach` can attach them later", portal,
			discovery_failure(&w->discoveries[i]));
		discovery_stop(&w->discoveries[i]);
		session_step(s, SESSION_EVENT_LEAVE, &(struct session_input){.now_ms = now_ms});
	}
}

void boot_attach_begin(struct world *world)
{
	request_module(world, MODULE_ISCSI);
	world->has_lease = true; /* the network is there */
}

bool boot_attach_advance(struct world *world, int64_t now_ms)
{
	world->advanced_ms = now_ms;
	advance_targets(world, now_ms);
	advance_sessions(world);
	advance_disks(world, now_ms);
	return world->verdict.failed || (world->disks_ready_ms && !world->disks_missing);
}

/* ---- root ---- */

static int64_t root_limit(const struct world *w)
{
	int64_t wait = w->plan.root.delay_s * 1000;
	int64_t scan = (int64_t)param_rows[PARAM_SCAN_TIMEOUT].ours * 1000, limit;

	if (w->disks_missing || (w->plan.root.wait && !w->plan.root.wait_s))
		return INT64_MAX;
	if (w->plan.root.wait)
		wait = w->plan.root.wait_s * 1000;
	limit = w->disks_ready_ms + (wait > scan ? wait : scan);
	for (int i = 0; i < w->session_count; i++)
		if (may_have_root(w, i) && disk_limit(w, i) > limit)
			limit = disk_limit(w, i);
	return limit;
}

/* Why root is not there, with what is said by the units that cannot be used: it may be on one of them. */
static const char *explain_root(const struct world *w, char *out, size_t size)
{
	size_t used = (size_t)snprintf(out, size, "%s", w->root.result.text);

	for (int i = 0; i < w->session_count && used < size; i++)
		if (w->root.result.state != ROOT_FAILED && w->disks[i].why[0])
			used += (size_t)snprintf(out + used, size - used, "; %s%s", w->plan.targets[i].name,
						 w->disks[i].why);
	return out;
}

/* root=iscsi:... means the disk of that target, whatever its name has become. */
static void name_target_root(struct world *w)
{
	struct root_plan *root = &w->plan.root;

	if (root->kind != ROOT_TARGET)
		return;
	root->kind = ROOT_DEVICE;
	snprintf(root->value, sizeof(root->value), "/dev/%s", w->disks[root->target].first_disk);
}

static void advance_root(struct world *w, int64_t now_ms)
{
	char why[sizeof(w->verdict.text)];

	if (!w->disks_ready_ms || !join_advance(w, now_ms) || w->chains)
		return;
	if (!w->has_root) {
		name_target_root(w);
		root_begin(&w->root, &w->plan.root, w->sysfs, w->dev);
		w->has_root = true;
		w->block_changed = true;
	}
	if (w->block_changed)
		root_step(&w->root, true);
	w->block_changed = false;
	switch (w->root.result.state) {
	case ROOT_MOUNTED:
		times_reach(&w->times, PHASE_MOUNT, now_ms);
		break;
	case ROOT_FAILED:
		fail(w, "%s", w->root.result.text);
		break;
	case ROOT_MISSING:
		if (now_ms >= root_limit(w))
			fail(w, "%s", explain_root(w, why, sizeof(why)));
		break;
	case ROOT_LOOKING:
		break;
	}
}

static bool is_ready(const struct world *w)
{
	if (!w->disks_ready_ms || w->multipath.child.fd >= 0)
		return false;
	for (int i = 0; i < w->session_count && w->disks_missing; i++)
		if (session_was_up(&w->sessions[i]) && !is_settled(w, i) && !w->diskless[i])
			return false; /* it answers at last */
	return w->chains || (w->has_root && w->root.result.state == ROOT_MOUNTED);
}

/* Nobody names a target. One line for all machines asks for the firmware's targets where it has any, and the others have their
   root on a disk of their own; without such a word it is a mistake. True: ready, or failed. */
static bool boot_from_local_disk(struct world *w, int64_t now_ms)
{
	if (w->chains || !w->plan.boot.firmware_is_optional)
		return true;
	if (!w->disks_ready_ms)
		w->disks_ready_ms = now_ms;
	advance_root(w, now_ms);
	return w->verdict.failed || w->root.result.state == ROOT_MOUNTED;
}

/* Root is there. */
static void stop_seeking(struct world *w)
{
	for (int i = 0; i < w->session_count; i++)
		if (w->seeks[i])
			blockdev_stop(&w->disks[i]);
}

bool boot_advance(struct world *world, int64_t now_ms)
{
	world->advanced_ms = now_ms;
	advance_modules(world, now_ms);
	advance_firmware(world);
	if (has_nothing_to_do(world))
		return world->verdict.failed || boot_from_local_disk(world, now_ms);
	advance_network(world, now_ms);
	advance_targets(world, now_ms);
	advance_sessions(world);
	advance_disks(world, now_ms);
	advance_root(world, now_ms);
	if (world->verdict.failed || !is_ready(world))
		return world->verdict.failed;
	if (world->disks_missing)
		leave_missing(world, now_ms);
	stop_seeking(world);
	return true;
}

/* The earlier one of those that the rules have not seen pass: nothing comes of a time that has passed but by an event. */
static int64_t earlier_ahead(const struct world *w, int64_t at, int64_t then)
{
	return then > w->advanced_ms ? monotonic_earlier(at, then) : at;
}

static int64_t disk_deadline(const struct world *w, int i)
{
	int64_t at = INT64_MAX;
	bool is_empty = w->disks[i].state == BLOCKDEV_EMPTY;
	bool is_unsettled = w->disks[i].state == BLOCKDEV_READY && !is_settled(w, i);

	if (is_empty || is_unsettled)
		at = earlier_ahead(w, at, w->rescan_ms[i]);
	if (!w->disks_ready_ms)
		at = earlier_ahead(w, at, w->path_limit_ms);
	if (is_timed(w, i))
		at = earlier_ahead(w, at, disk_limit(w, i));
	if (w->disks[i].state == BLOCKDEV_WAITING)
		at = earlier_ahead(w, at, ask_time(w, i));
	return earlier_ahead(w, at, late_time(w, i));
}

int64_t boot_deadline(const struct world *world)
{
	bool is_root_missing = world->has_root && world->root.result.state == ROOT_MISSING;
	int64_t at = is_root_missing ? root_limit(world) : INT64_MAX;

	for (int i = 0; i < world->session_count; i++) {
		if ((!world->disks_ready_ms || world->disks_missing) && !world->diskless[i])
			at = monotonic_earlier(at, disk_deadline(world, i));
		if (may_have_root(world, i))
			at = earlier_ahead(world, at, world->rescan_ms[i]);
	}
	return at;
}

static const char *waiting_for_session(const struct world *w, char *out, size_t size)
{
	char root[sizeof(w->verdict.text)];

	for (int i = 0; i < w->session_count; i++) {
		char what[300];

		if (!w->plan.targets[i].name[0]) {
			snprintf(out, size, "the targets of %s: %s", w->plan.targets[i].portal.host,
				 discovery_failure(&w->discoveries[i]));
			return out;
		}
		if (w->sessions[i].state != SESSION_UP)
			return session_waiting_for(&w->sessions[i], out, size);
		if (!is_settled(w, i) && !w->diskless[i] && !w->seeks[i]) {
			snprintf(out, size, "the disk of %s: %s", w->plan.targets[i].name,
				 blockdev_describe(&w->disks[i], what, sizeof(what)));
			return out;
		}
	}
	snprintf(out, size, "root: %s", w->has_root ? explain_root(w, root, sizeof(root)) : "");
	return out;
}

const char *boot_waiting_for(const struct world *world, char *out, size_t size)
{
	if (world->net_open && net_state(&world->net) != NET_USABLE)
		return net_waiting_for(&world->net, out, size);
	if (world->session_count || world->has_root)
		return waiting_for_session(world, out, size);
	if (is_waiting_for_firmware(world))
		snprintf(out, size, "the module " FIRMWARE_MODULE);
	else if ((world->modules_in & MODULES_FOR_LOGIN) != MODULES_FOR_LOGIN)
		snprintf(out, size, "the modules that iSCSI needs");
	else
		snprintf(out, size, "random numbers");
	return out;
}

/* ---- after a failure ---- */

/* The first target that its portal does not know; -1: none. L0203: target not found; L0301 is what Linux targets say. */
static int find_unknown(const struct world *w)
{
	for (int i = 0; i < w->session_count; i++) {
		const char *failure = session_failure(&w->sessions[i]);

		if (!session_was_up(&w->sessions[i]) && (strstr(failure, "[L0203]") || strstr(failure, "[L0301]")))
			return i;
	}
	return -1;
}

static void append_list(struct world *w, const struct discovery *discovery)
{
	size_t used = strlen(w->verdict.text);
	char list[800];

	snprintf(w->verdict.text + used, sizeof(w->verdict.text) - used, "; this portal has: %s",
		 discovery_list(discovery, list, sizeof(list)));
}

bool boot_add_list(struct world *world, int64_t now_ms)
{
	int unknown = find_unknown(world);
	struct discovery *discovery = &world->discoveries[unknown < 0 ? 0 : unknown];

	if (unknown < 0)
		return true;
	if (discovery_state(discovery) == DISCOVERY_IDLE)
		discovery_start(discovery, &world->plan.targets[unknown], now_ms);
	if (discovery_state(discovery) == DISCOVERY_RUNNING)
		return false;
	if (discovery_state(discovery) == DISCOVERY_DONE)
		append_list(world, discovery);
	return true;
}

static bool is_any_up(const struct world *w)
{
	for (int i = 0; i < w->session_count; i++)
		if (session_was_up(&w->sessions[i]))
			return true;
	return false;
}

const char *boot_hint(const struct world *world)
{
	const char *hint = box_hint(world->verdict.text);

	if (hint)
		return hint;
	if (!world->plan.target_count && !world->plan.network.wants_root_path)
		return "correct the kernel command line; `iscsi-init check '<line>'` tells more about it";
	if ((world->modules_in & MODULES_FOR_LOGIN) != MODULES_FOR_LOGIN)
		return "add the modules that iSCSI and the network card need to the initramfs (iscsi-init-image does "
		       "so)";
	if (world->net_open && net_state(&world->net) != NET_USABLE)
		return "check the cable, the card's driver in the initramfs, and the DHCP server or ip=";
	if (!is_any_up(world))
		return "check that the target runs and that its portal's address, port and firewall are right";
	if (!world->disks_ready_ms)
		return "check that the target maps a disk to this initiator (LUN masking)";
	return "check root= and the disk's contents";
}

void boot_undo(struct world *world, bool everything, int64_t now_ms)
{
	struct session_input in = {.now_ms = now_ms};

	if (world->has_root)
		root_stop(&world->root);
	for (int i = 0; i < world->session_count; i++) {
		if (discovery_state(&world->discoveries[i]) == DISCOVERY_RUNNING)
			discovery_stop(&world->discoveries[i]);
		blockdev_stop(&world->disks[i]);
		if (everything || world->sessions[i].state != SESSION_UP)
			session_step(&world->sessions[i], SESSION_EVENT_LEAVE, &in);
	}
}

bool boot_is_undone(struct world *world, int64_t now_ms)
{
	(void)now_ms;
	for (int i = 0; i < world->session_count; i++) {
		if (world->sessions[i].state == SESSION_LEAVING)
			return false;
	}
	return true;
}
