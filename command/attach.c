/* attach.c - see attach.h. */
/* SPDX-License-Identifier: MIT */
#include "command/attach.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "boot/boot.h"
#include "command/disks.h"
#include "command/places.h"
#include "plan/address.h"
#include "plan/initiator.h"
#include "plan/planning.h"
#include "proto/wipe.h"
#include "supervisor/loop.h"
#include "sys/iscsi_class.h"
#include "sys/log.h"
#include "sys/monotonic.h"
#include "sys/sysfs.h"
#include "sys/uevent.h"

#define INITIATOR_NAME_FILE "/etc/iscsi/initiatorname.iscsi"
#define LIST_TIMEOUT_MS     5000

static const char interrupted[] = "interrupted";

static void read_initiator_name(struct plan_files *files)
{
	char text[4096];
	int fd = open(INITIATOR_NAME_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (fd >= 0)
		close(fd);
	if (n > 0)
		plan_read_initiator_name(text, (size_t)n, files);
}

/* The first Ethernet interface's address: what makes the name where nothing else does. */
static bool first_mac(int sysfs, uint8_t mac[6])
{
	struct sysfs_dir dir;
	const char *name;
	char path[64], text[32];
	int64_t type;
	bool found = false;

	if (sysfs_dir_open(&dir, sysfs, "class/net"))
		return false;
	while (!found && (name = sysfs_dir_next(&dir, NULL))) {
		snprintf(path, sizeof(path), "class/net/%.15s/type", name);
		if (sysfs_read_number(sysfs, path, 1, 1, &type))
			continue;
		snprintf(path, sizeof(path), "class/net/%.15s/address", name);
		found = sysfs_read(sysfs, path, text, sizeof(text)) > 0 && !address_read_mac(text_of(text), ':', mac);
	}
	sysfs_dir_close(&dir);
	return found;
}

static bool plan_targets(struct world *w, char *words[])
{
	struct plan_error error = {.text = ""};
	char line[CMDLINE_BYTES_MAX];
	size_t used = 0;
	uint8_t mac[6];
	int result;

	for (int i = 0; words[i]; i++) {
		bool has_key = text_starts(text_of(words[i]), "iscsi="); /* copied from a kernel's line */
		int n = snprintf(line + used, sizeof(line) - used, "%s%s%s", i ? " " : "",
				 has_key ? "" : "iscsi=", words[i]);

		if (n < 0 || (size_t)n >= sizeof(line) - used) {
			log_err("too many words");
			return false;
		}
		used += (size_t)n;
		wipe(words[i], strlen(words[i])); /* ps would show it */
	}
	read_initiator_name(&w->files);
	cmdline_cut(line, used, &w->cmdline);
	result = plan_make(&w->cmdline, NULL, &w->files, &w->plan, &error);
	wipe(line, sizeof(line));
	if (result) {
		log_err("%s", error.text);
		return false;
	}
	if (first_mac(w->sysfs, mac))
		plan_add_mac(&w->plan, mac);
	return true;
}

static enum job_exit attached(struct world *w, bool reached)
{
	char what[900];
	int64_t now_ms = w->sessions[0].up_ms;

	if (reached && !w->verdict.failed) {
		for (int i = 0; i < w->session_count; i++)
			printf("session %u: %s /dev/%s\n", w->sessions[i].sid, w->sessions[i].plan->name,
			       w->disks[i].first_disk);
		return JOB_OK;
	}
	if (!reached)
		snprintf(w->verdict.text, sizeof(w->verdict.text), "gave up after %d s, waiting for %s",
			 w->plan.boot.timeout_s, boot_waiting_for(w, what, sizeof(what)));
	if (strcmp(w->verdict.text, interrupted) != 0)
		loop_run(w, boot_add_list, monotonic_ms() + LIST_TIMEOUT_MS);
	log_err("%s", w->verdict.text);
	boot_undo(w, true, now_ms);
	for (int i = 0; i < w->session_count; i++) {
		if (w->sessions[i].in_kernel)
			session_destroy(&w->netlink, w->sessions[i].sid, SESSION_CID);
	}
	return JOB_FAILED;
}

/* Signals that would end this program end the attempt instead, since the kernel would keep what is half made. Those that are
   ignored stay ignored (nohup). */
static int watch_interrupts(void)
{
	static const char endings[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(endings); i++) {
		if (!sigaction(endings[i], NULL, &action) && action.sa_handler != SIG_IGN)
			sigaddset(&set, endings[i]);
	}
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd >= 0)
		sigprocmask(SIG_BLOCK, &set, NULL);
	return fd;
}

static bool advance_attach(struct world *w, int64_t now_ms)
{
	struct signalfd_siginfo signal;

	if (read(w->interrupts, &signal, sizeof(signal)) < 0)
		return boot_attach_advance(w, now_ms);
	w->verdict.failed = true;
	memcpy(w->verdict.text, interrupted, sizeof(interrupted));
	return true;
}

/* ---- what is attached already ---- */

static bool is_at(const struct portal *portal, const struct portal *wanted)
{
	return portal->port == wanted->port && !strcmp(portal->host, wanted->host);
}

/* The session with this target by this portal, as it was named or as it is connected. False: there is none. */
static bool find_session(const struct world *w, const struct target_plan *wanted, struct adopted *found)
{
	uint32_t sids[PLAN_TARGETS_MAX];
	int count = iscsi_class_list(w->sysfs, sids, PLAN_TARGETS_MAX);

	for (int i = 0; i < count; i++)
		if (!adopt_session(w->sysfs, sids[i], found) && !strcmp(found->plan.name, wanted->name) &&
		    (is_at(&found->plan.portal, &wanted->portal) || is_at(&found->address, &wanted->portal)))
			return true;
	return false;
}

/* Says what is there. False: the LUN that is wanted is not. */
static bool report_attached(const struct world *w, const struct adopted *session, const struct target_plan *wanted)
{
	struct disk_entry disks[DISKS_MAX];
	int count = disks_list(w->sysfs, session->sid, disks, DISKS_MAX), shown = 0;

	for (int i = 0; i < count; i++) {
		if (wanted->has_lun && disks[i].lun != wanted->lun)
			continue;
		printf("session %u: %s /dev/%s (attached already)\n", session->sid, session->plan.name, disks[i].name);
		shown++;
	}
	if (!shown && wanted->has_lun)
		log_err("session %u with %s is there, but without a disk at LUN %" PRIu64
			"; `iscsi-init rescan %u` looks for new ones",
			session->sid, wanted->name, wanted->lun, session->sid);
	else if (!shown)
		printf("session %u: %s (attached already, without a disk)\n", session->sid, session->plan.name);
	return shown || !wanted->has_lun;
}

/* Takes the targets that are attached already out of the plan. False: one of them lacks the LUN that is wanted. */
static bool drop_attached(struct world *w)
{
	struct adopted session;
	bool complete = true;
	int kept = 0;

	for (int i = 0; i < w->plan.target_count; i++) {
		const struct target_plan *target = &w->plan.targets[i];

		if (target->name[0] && find_session(w, target, &session))
			complete = report_attached(w, &session, target) && complete;
		else
			w->plan.targets[kept++] = *target;
	}
	w->plan.target_count = kept;
	wipe(&session, sizeof(session));
	return complete;
}

struct job attach_run(struct world *w, const struct job_words *given, int64_t now_ms)
{
	int result = places_open(w);
	bool complete;

	if (result)
		return job_fail("/sys", result);
	times_start(&w->times, now_ms);
	if (!plan_targets(w, given->words))
		return job_done(JOB_USAGE);
	complete = drop_attached(w);
	if (!w->plan.target_count || !complete)
		return job_done(complete ? JOB_OK : JOB_FAILED);
	if (given->timeout_s)
		w->plan.boot.timeout_s = given->timeout_s;
	w->uevents = uevent_open();
	result = loader_start(&w->loader, w->sysfs);
	if (result)
		return job_fail("the module loader", result);
	w->interrupts = watch_interrupts();
	boot_attach_begin(w);
	return (struct job){.reached = advance_attach,
			    .timeout_ms = w->plan.boot.timeout_s ? w->plan.boot.timeout_s * 1000LL : INT64_MAX,
			    .finish = attached};
}

/* ---- discover ---- */

static bool is_discovered(struct world *w, int64_t now_ms)
{
	(void)now_ms;
	return discovery_state(w->discoveries) != DISCOVERY_RUNNING;
}

static enum job_exit discovered(struct world *w, bool reached)
{
	char portal[PORTAL_TEXT_MAX];

	if (!reached || discovery_state(w->discoveries) == DISCOVERY_FAILED) {
		log_err("%s: %s", portal_write(&w->plan.targets[0].portal, portal),
			reached ? discovery_failure(w->discoveries) : "no answer in time");
		return JOB_FAILED;
	}
	discovery_print(w->discoveries, stdout);
	return JOB_OK;
}

struct job attach_discover(struct world *w, const struct job_words *given, int64_t now_ms)
{
	int result = places_open(w);

	if (result)
		return job_fail("/sys", result);
	if (!plan_targets(w, given->words))
		return job_done(JOB_USAGE);
	if (!boot_load_secrets(w)) {
		log_err("%s", w->verdict.text);
		return job_done(JOB_FAILED);
	}
	discovery_start(w->discoveries, &w->plan.targets[0], now_ms);
	return (struct job){.reached = is_discovered,
			    .timeout_ms = w->plan.targets[0].params.value[PARAM_LOGIN_TIMEOUT] * 4000LL,
			    .finish = discovered};
}
