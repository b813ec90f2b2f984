/* command.c - see command.h. Each subcommand is one row of the table at the end; --help prints the same rows. */
#include "command/command.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "boot/boot.h"
#include "command/check.h"
#include "plan/address.h"
#include "proto/wipe.h"
#include "root/shutdown.h"
#include "session/adopt.h"
#include "supervisor/resident.h"
#include "sys/iscsi_class.h"
#include "sys/log.h"
#include "sys/sysfs.h"
#include "sys/uevent.h"

#define LEAVE_TIMEOUT_MS    6000
#define INITIATOR_NAME_FILE "/etc/iscsi/initiatorname.iscsi"
#define STATE_DIRECTORY     "/run/iscsi-init"

static const char no_session[] = "session %u: there is none; list shows those that there are";

static struct tool_job done(int exit)
{
	return (struct tool_job){.exit = exit};
}

static struct tool_job fail(const char *what, int result)
{
	log_err("%s: %s%s", what, strerror(-result), result == -EPERM || result == -EACCES ? " (this needs root)" : "");
	return done(TOOL_FAILED);
}

static int open_places(struct world *w)
{
	w->sysfs = sysfs_open("/sys");
	w->dev = sysfs_open("/dev");
	w->proc = sysfs_open("/proc");
	return w->sysfs < 0 ? w->sysfs : 0;
}

static bool read_sid(const char *text, uint32_t *sid)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || value > UINT32_MAX) {
		log_err("\"%s\" is not a session number: list shows them", text);
		return false;
	}
	*sid = (uint32_t)value;
	return true;
}

/* ---- attach ---- */

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

static bool plan_attach(struct world *w, char *words[])
{
	struct plan_error error = {.text = ""};
	char line[CMDLINE_BYTES_MAX];
	size_t used = 0;
	uint8_t mac[6];
	int result;

	for (int i = 0; words[i]; i++) {
		int n = snprintf(line + used, sizeof(line) - used, "%siscsi=%s", i ? " " : "", words[i]);

		if (n < 0 || (size_t)n >= sizeof(line) - used) {
			log_err("too many words");
			return false;
		}
		used += (size_t)n;
		wipe(words[i], strlen(words[i])); /* ps shows it */
	}
	read_initiator_name(&w->files);
	result = cmdline_parse(line, used, &w->cmdline, &error);
	if (!result)
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

static int attached(struct world *w, bool reached)
{
	char what[900];
	int64_t now_ms = w->sessions[0].up_ms;

	if (reached && !w->verdict.failed) {
		for (int i = 0; i < w->session_count; i++)
			printf("session %u: %s /dev/%s\n", w->sessions[i].sid, w->sessions[i].plan->name,
			       w->disks[i].first_disk);
		return TOOL_OK;
	}
	log_err("%s%s", reached ? w->verdict.text : "gave up, waiting for ",
		reached ? "" : boot_waiting_for(w, what, sizeof(what)));
	boot_undo(w, true, now_ms);
	for (int i = 0; i < w->session_count; i++) {
		if (w->sessions[i].in_kernel)
			session_destroy(&w->netlink, w->sessions[i].sid, SESSION_CID);
	}
	return TOOL_FAILED;
}

/* What would end this program ends its attempt: the kernel would keep what is half made. What is ignored stays so (nohup). */
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
	memcpy(w->verdict.text, "interrupted", sizeof("interrupted"));
	return true;
}

static struct tool_job attach(struct world *w, char *words[], int64_t now_ms)
{
	int result = open_places(w);

	if (result)
		return fail("/sys", result);
	times_start(&w->times, now_ms);
	if (!plan_attach(w, words))
		return done(TOOL_USAGE);
	w->uevents = uevent_open();
	result = loader_start(&w->loader, w->sysfs);
	if (result)
		return fail("the module loader", result);
	w->interrupts = watch_interrupts();
	boot_attach_begin(w);
	return (struct tool_job){.reached = advance_attach,
				 .timeout_ms = w->plan.boot.timeout_s ? w->plan.boot.timeout_s * 1000LL : INT64_MAX,
				 .finish = attached};
}

/* ---- the sessions that are there ---- */

static int open_kernel(struct world *w)
{
	int result = open_places(w);

	if (result)
		return result;
	result = netlink_open(&w->netlink, w->sysfs);
	w->has_netlink = !result;
	if (result == -ENOENT)
		log_err("the kernel has no iSCSI over TCP (module iscsi_tcp is not loaded): there is no session");
	else if (result)
		fail("the kernel's iSCSI interface", result);
	return result;
}

static void adopt(struct world *w, const struct adopted *from, int64_t now_ms)
{
	int i = w->session_count++;

	w->plan.targets[i] = from->plan;
	session_init(&w->sessions[i], &w->plan.targets[i], &w->netlink, w->sysfs, (uint32_t)getpid());
	session_adopt(&w->sessions[i], from->sid, from->host, from->up, now_ms);
}

static bool is_left(struct world *w, int64_t now_ms)
{
	(void)now_ms;
	return w->sessions[0].state == SESSION_GONE;
}

static int detached(struct world *w, bool reached)
{
	struct session *s = &w->sessions[0];

	if (!reached)
		session_destroy(&w->netlink, s->sid, SESSION_CID);
	if (!sysfs_exists(w->sysfs, "class/iscsi_session") || adopt_session(w->sysfs, s->sid, &(struct adopted){0}))
		return TOOL_OK;
	log_err("session %u is still there: see the kernel's log", s->sid);
	return TOOL_FAILED;
}

static struct tool_job detach(struct world *w, char *words[], int64_t now_ms)
{
	struct session_input in = {.now_ms = now_ms};
	struct adopted from;
	uint32_t sid;

	if (!read_sid(words[0], &sid))
		return done(TOOL_USAGE);
	if (open_kernel(w))
		return done(TOOL_FAILED);
	if (adopt_session(w->sysfs, sid, &from)) {
		log_err(no_session, sid);
		return done(TOOL_FAILED);
	}
	from.up = true; /* or leaving would begin with a new login */
	adopt(w, &from, now_ms);
	session_step(&w->sessions[0], SESSION_EVENT_LEAVE, &in);
	return (struct tool_job){.reached = is_left, .timeout_ms = LEAVE_TIMEOUT_MS, .finish = detached};
}

/* What the resident process wrote of this session; "" when it wrote nothing. */
static void find_record(uint32_t sid, char *out, size_t size)
{
	char record[STATUS_RECORD + 1], wanted[24];
	int fd = open(STATE_DIRECTORY "/" STATUS_FILE, O_RDONLY | O_CLOEXEC);

	out[0] = '\0';
	snprintf(wanted, sizeof(wanted), "sid=%u ", sid);
	while (fd >= 0 && read(fd, record, STATUS_RECORD) == STATUS_RECORD) {
		record[STATUS_RECORD] = '\0';
		record[strcspn(record, "\n")] = '\0';
		for (size_t n = strlen(record); n && record[n - 1] == ' '; n--)
			record[n - 1] = '\0';
		if (!strncmp(record, wanted, strlen(wanted)))
			snprintf(out, size, "%s", record);
	}
	if (fd >= 0)
		close(fd);
}

/* The value of " name=" in a record; "" when it is not there. */
static const char *record_field(const char *record, const char *name, char *out, size_t size)
{
	const char *at = strstr(record, name);
	size_t length;

	out[0] = '\0';
	if (!at)
		return out;
	at += strlen(name);
	length = *at == '"' ? strcspn(++at, "\"") : strcspn(at, " ");
	snprintf(out, size, "%.*s", (int)length, at);
	return out;
}

static int64_t record_number(const char *record, const char *name)
{
	char text[24];

	return strtoll(record_field(record, name, text, sizeof(text)), NULL, 10);
}

/* What a record of status.c says, for people. */
static void print_record(const char *record, int64_t now_ms)
{
	char state[32], error[64];
	int64_t since_s = (now_ms - record_number(record, " since_ms=")) / 1000;
	int64_t attempts = record_number(record, " attempts=");
	time_t at = time(NULL) - (time_t)since_s;
	struct tm t;

	if (!gmtime_r(&at, &t))
		return;
	printf("  supervisor: %s since %04d-%02d-%02d %02d:%02d:%02dZ (%" PRId64 " s), %" PRId64
	       " recoveries, last error %s",
	       record_field(record, " state=", state, sizeof(state)), t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
	       t.tm_hour, t.tm_min, t.tm_sec, since_s, record_number(record, " recoveries="),
	       record_field(record, " last_error=", error, sizeof(error)));
	if (attempts)
		printf(", %" PRId64 " attempts failed", attempts);
	printf("\n");
}

static void print_session(const struct adopted *s, int64_t now_ms)
{
	char portal[PORTAL_TEXT_MAX], record[STATUS_RECORD + 1];

	printf("session %u: %s at %s, %s (connection %s), as %s\n", s->sid, s->plan.name,
	       portal_write(&s->address, portal), s->session_state, s->connection_state[0] ? s->connection_state : "?",
	       s->plan.initiator);
	find_record(s->sid, record, sizeof(record));
	if (record[0])
		print_record(record, now_ms);
}

static void print_times(void)
{
	char line[128];
	FILE *file = fopen(STATE_DIRECTORY "/times", "re");

	if (!file)
		return;
	printf("boot, ms:");
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		printf(" %s", line);
	}
	printf("\n");
	fclose(file);
}

static struct tool_job list(struct world *w, char *words[], int64_t now_ms)
{
	uint32_t sids[256];
	struct adopted s;
	int count, result = open_places(w);

	(void)words;
	if (result)
		return fail("/sys", result);
	count = iscsi_class_list(w->sysfs, sids, (int)(sizeof(sids) / sizeof(sids[0])));
	for (int i = 0; i < count; i++) {
		if (!adopt_session(w->sysfs, sids[i], &s))
			print_session(&s, now_ms);
	}
	if (!count)
		printf("no sessions\n");
	print_times();
	return done(TOOL_OK);
}

static struct tool_job rescan(struct world *w, char *words[], int64_t now_ms)
{
	uint32_t sid;
	int result;

	(void)now_ms;
	if (!read_sid(words[0], &sid))
		return done(TOOL_USAGE);
	result = open_places(w);
	if (!result)
		result = blockdev_rescan(w->sysfs, sid);
	if (result == -ENOENT) {
		log_err(no_session, sid);
		return done(TOOL_FAILED);
	}
	return result ? fail("rescan", result) : done(TOOL_OK);
}

static struct tool_job partitions(struct world *w, char *words[], int64_t now_ms)
{
	int result = blockdev_reread(words[0]);

	(void)w;
	(void)now_ms;
	if (result == -EBUSY)
		log_err("%s: a partition of it is in use, so the kernel keeps the table it has", words[0]);
	return result ? fail(words[0], result) : done(TOOL_OK);
}

/* ---- monitor ---- */

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

static struct tool_job monitor(struct world *w, char *words[], int64_t now_ms)
{
	uint8_t buffer[NETLINK_MESSAGE_MAX] __attribute__((aligned(8)));
	struct netlink_event event;
	struct pollfd fds[2];
	int result;

	(void)words;
	(void)now_ms;
	if (open_kernel(w))
		return done(TOOL_FAILED);
	fds[0] = (struct pollfd){.fd = w->netlink.event_fd, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = openat(w->dev, "kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC), .events = POLLIN};
	if (fds[1].fd >= 0)
		lseek(fds[1].fd, 0, SEEK_END);
	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return fail("poll", -errno);
		if (fds[1].fd >= 0)
			print_supervisor_events(fds[1].fd);
		while ((result = netlink_receive(&w->netlink, buffer, &event)) == 0)
			print_event(&event);
		if (result != -EAGAIN && result != -EPROTO)
			return fail("the kernel's iSCSI interface", result);
	}
}

/* ---- supervise ---- */

/* chap_algs= of before: a target that asks for what was forbidden then is to be refused now, too. */
static void remember_algorithms(const char *record, struct chap_config *chap)
{
	char text[24];
	const char *at = record_field(record, " chap_algs=", text, sizeof(text));
	char *end;

	for (size_t i = 0; i < sizeof(chap->algorithms); i++, at = *end ? end + 1 : end)
		chap->algorithms[i] = (uint8_t)strtoul(at, &end, 10);
	chap->algorithms_given = chap->algorithms[0] != 0;
}

/* The interface that a link-local portal is behind: "portal=[fe80::1%eth0]:3260". */
static void remember_scope(const char *record, struct portal *portal)
{
	char text[PLAN_HOST_MAX + 32];
	const char *at = strchr(record_field(record, " portal=", text, sizeof(text)), '%');
	size_t length = at ? strcspn(at + 1, "]") : 0;

	if (!length || length >= sizeof(portal->scope))
		return;
	memcpy(portal->scope, at + 1, length);
	portal->scope[length] = '\0';
}

/* What the one before us knew, and the kernel does not. Returns how often it has brought the session back. */
static unsigned remember(struct adopted *from)
{
	char record[STATUS_RECORD + 1];

	find_record(from->sid, record, sizeof(record));
	remember_algorithms(record, &from->plan.chap);
	remember_scope(record, &from->plan.portal);
	return (unsigned)record_number(record, " recoveries=");
}

static struct tool_job supervise(struct world *w, char *words[], int64_t now_ms)
{
	static char *again[] = {"iscsi-init", "supervise", NULL};
	uint32_t sids[PLAN_TARGETS_MAX];
	struct adopted from;
	int count, result;
	pid_t other;

	(void)words;
	if (open_kernel(w))
		return done(TOOL_FAILED);
	other = resident_find(w->proc);
	if (other) {
		log_err("process %d looks after the sessions already", (int)other);
		return done(TOOL_FAILED);
	}
	result = resident_leave_disk(again);
	if (result)
		log_warn("running from memory failed: %s; this program may lie on the disk it repairs",
			 strerror(-result));
	log_open(w->dev);
	count = iscsi_class_list(w->sysfs, sids, PLAN_TARGETS_MAX);
	for (int i = 0; i < count; i++) {
		unsigned recoveries;

		if (adopt_session(w->sysfs, sids[i], &from))
			continue;
		recoveries = remember(&from);
		adopt(w, &from, now_ms);
		w->sessions[w->session_count - 1].recoveries = recoveries;
	}
	wipe(&from, sizeof(from));
	if (!w->session_count) {
		log_err("there is no session to look after");
		return done(TOOL_FAILED);
	}
	if (!mounts_run_open(&w->run))
		status_open(&w->status, w->run.fd);
	return (struct tool_job){.resident = true};
}

/* ---- shutdown ---- */

#define FLUSH_TIMEOUT_S 30

static bool are_all_left(struct world *w, int64_t now_ms)
{
	(void)now_ms;
	for (int i = 0; i < w->session_count; i++) {
		if (w->sessions[i].state != SESSION_GONE)
			return false;
	}
	return true;
}

static int end_machine(struct world *w, bool reached)
{
	int result;

	if (!reached)
		log_warn("not every session could be logged out in time; the machine ends all the same");
	for (int i = 0; i < w->session_count; i++) {
		if (w->sessions[i].in_kernel && w->sessions[i].state == SESSION_GONE)
			log_warn("session %u stays in the kernel", w->sessions[i].sid);
	}
	log_drain();
	result = shutdown_end(w->ending);
	log_err("the kernel did not end the machine: %s", strerror(-result));
	return TOOL_FAILED;
}

/* Who would log in again what is logged out now. Until here it kept the disks alive. */
static void end_supervisor(struct world *w)
{
	pid_t pid;

	for (int i = 0; i < PLAN_TARGETS_MAX && (pid = resident_find(w->proc)) > 0 && !kill(pid, SIGKILL); i++) {
		int fd = (int)syscall(SYS_pidfd_open, pid, 0);
		struct pollfd ended = {.fd = fd, .events = POLLIN};

		poll(&ended, fd >= 0, 1000);
		if (fd >= 0)
			close(fd);
	}
}

/* Logs out of everything: the disks are flushed, or have been given up. */
static struct tool_job leave_all(struct world *w, int64_t now_ms)
{
	struct session_input in = {.now_ms = now_ms};
	uint32_t sids[PLAN_TARGETS_MAX];
	struct adopted from;
	int count = iscsi_class_list(w->sysfs, sids, PLAN_TARGETS_MAX);

	end_supervisor(w);
	for (int i = 0; i < count; i++) {
		if (adopt_session(w->sysfs, sids[i], &from))
			continue;
		if (!from.up)
			log_warn("session %u (%s at %s) is not connected: ended without a logout", from.sid,
				 from.plan.name, from.plan.portal.host);
		from.up = true;
		adopt(w, &from, now_ms);
		session_step(&w->sessions[w->session_count - 1], SESSION_EVENT_LEAVE, &in);
	}
	wipe(&from, sizeof(from));
	return (struct tool_job){.reached = are_all_left, .timeout_ms = LEAVE_TIMEOUT_MS, .finish = end_machine};
}

static struct tool_job shutdown_machine(struct world *w, char *words[], int64_t now_ms)
{
	bool as_init = getpid() == 1 && !access("/oldroot", F_OK); /* root was left for us */
	int result;

	if (!shutdown_read_how(words[0], &w->ending)) {
		log_err("\"%s\": expected reboot, poweroff, halt or kexec", words[0]);
		return done(TOOL_USAGE);
	}
	if (geteuid() != 0) {
		log_err("shutdown: this needs root");
		return done(TOOL_FAILED);
	}
	mlockall(MCL_CURRENT | MCL_FUTURE); /* this program may lie on the disk that is about to go */
	if (open_kernel(w))
		log_info("no iSCSI session to end");
	log_open(w->dev);
	log_info("flushing and unmounting the disks");
	result = shutdown_flush(as_init ? "/oldroot" : "/", FLUSH_TIMEOUT_S);
	if (result == -ETIMEDOUT)
		log_err("the disks did not answer within %d s: what was not written is lost; is the target gone?",
			FLUSH_TIMEOUT_S);
	else if (result && !(result == -EBUSY && !as_init))
		log_warn("unmounting: %s; read-only where that was possible", strerror(-result));
	return leave_all(w, now_ms);
}

/* ---- discover, check ---- */

static bool is_discovered(struct world *w, int64_t now_ms)
{
	(void)now_ms;
	return discovery_state(&w->discovery) != DISCOVERY_RUNNING;
}

static int discovered(struct world *w, bool reached)
{
	if (!reached || discovery_state(&w->discovery) == DISCOVERY_FAILED) {
		log_err("%s: %s", w->plan.targets[0].portal.host,
			reached ? discovery_failure(&w->discovery) : "no answer in time");
		return TOOL_FAILED;
	}
	discovery_print(&w->discovery, stdout);
	return TOOL_OK;
}

static struct tool_job discover(struct world *w, char *words[], int64_t now_ms)
{
	int result = open_places(w);

	if (result)
		return fail("/sys", result);
	if (!plan_attach(w, words))
		return done(TOOL_USAGE);
	if (!boot_load_secrets(w)) {
		log_err("%s", w->verdict.text);
		return done(TOOL_FAILED);
	}
	discovery_start(&w->discovery, &w->plan.targets[0], now_ms);
	w->discovering = 0;
	return (struct tool_job){.reached = is_discovered,
				 .timeout_ms = w->plan.targets[0].params.value[PARAM_LOGIN_TIMEOUT] * 4000LL,
				 .finish = discovered};
}

static struct tool_job check(struct world *w, char *words[], int64_t now_ms)
{
	(void)w;
	(void)now_ms;
	return done(check_run(words[0]));
}

/* ---- the table ---- */

static const struct command {
	const char *name, *arguments;
	int min, max; /* words */
	struct tool_job (*run)(struct world *world, char *words[], int64_t now_ms);
	const char *help;
} commands[] = {
	{"attach", "<portal>,<target>[,<option>=<value>]...", 1, 8, attach, "log in, scan, and print the disk"},
	{"detach", "<session>", 1, 1, detach, "log out and remove the session"},
	{"list", "", 0, 0, list, "sessions, their state and recoveries, the boot's times"},
	{"rescan", "<session>", 1, 1, rescan, "look for new LUNs"},
	{"partitions", "<device>", 1, 1, partitions, "read the partition table again"},
	{"discover", "<portal>[,<option>=<value>]...", 1, 1, discover, "ask a portal for its targets (SendTargets)"},
	{"events", "", 0, 0, monitor,
	 "print the kernel's iSCSI events and the supervisor's, one line each, until stopped"},
	{"monitor", "", 0, 0, monitor, "the same"},
	{"supervise", "", 0, 0, supervise, "look after the sessions that are there, as the boot's process does"},
	{"shutdown", "reboot|poweroff|halt|kexec", 1, 8, shutdown_machine,
	 "flush, make read-only, log out, and end the machine: the last command of a shutdown"},
	{"check", "'<kernel command line>'", 1, 1, check, "what a boot with that line would do; needs no root"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* The rows of proto/params, and the options that are no numbers. */
static void print_options(FILE *out)
{
	char expects[80], value[32];

	for (int i = 0; i < PARAM_COUNT; i++) {
		const struct param_row *row = &param_rows[i];

		if (!row->settable)
			continue;
		fprintf(out, "  %-24s %s%s%s (%s): %s\n", row->name,
			param_expects((enum param)i, expects, sizeof(expects)), row->unit[0] ? " " : "", row->unit,
			param_write((enum param)i, row->ours, value, sizeof(value)), row->help);
	}
	fprintf(out, "  initiator, lun, interface, scheduler, username, password, username_in, password_in, chap_algs: "
		     "see the manual\n");
}

static void print_command(const struct command *command, FILE *out)
{
	fprintf(out, "  iscsi-init %s%s%s\n      %s\n", command->name, command->arguments[0] ? " " : "",
		command->arguments, command->help);
}

static void print_help(FILE *out)
{
	fprintf(out, "iscsi-init " ISCSI_INIT_VERSION ": root from an iSCSI disk, in one program.\n\n"
		     "As init (rdinit=/iscsi-init, or as /init of an initramfs) it reads the kernel command line:\n"
		     "  iscsi=<portal>,<target>[,<option>[=<value>]]...   see iscsi-init(8), and try `check`\n\n"
		     "As a program:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		print_command(&commands[i], out);
	fprintf(out, "\nOptions of iscsi=:\n");
	print_options(out);
	fprintf(out, "\nExit codes: 0 done, 1 failed (one line says why), 2 wrong use.\n");
}

static struct tool_job misused(const struct command *command)
{
	log_err("expected: iscsi-init %s %s", command->name,
		command->arguments[0] ? command->arguments : "and nothing more");
	return done(TOOL_USAGE);
}

static bool is_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h");
}

struct tool_job tool_prepare(struct world *world, int argc, char *argv[], int64_t now_ms)
{
	const char *name = argc > 1 ? argv[1] : "--help";
	int words = argc - 2;

	if (is_help(name) || !strcmp(name, "help")) {
		print_help(argc > 1 ? stdout : stderr);
		return done(argc > 1 ? TOOL_OK : TOOL_USAGE);
	}
	if (!strcmp(name, "--version")) {
		printf("iscsi-init " ISCSI_INIT_VERSION "\n");
		return done(TOOL_OK);
	}
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, name))
			continue;
		if (words > 0 && is_help(argv[2])) {
			print_command(&commands[i], stdout);
			return done(TOOL_OK);
		}
		if (words < commands[i].min || words > commands[i].max)
			return misused(&commands[i]);
		return commands[i].run(world, argv + 2, now_ms);
	}
	log_err("there is no subcommand \"%s\"; iscsi-init --help lists those that there are", name);
	return done(TOOL_USAGE);
}
