/* main.c - the boot, top to bottom. Only this file gives up.
 *
 * Three callers: the kernel as init (PID 1), the kernel as its module loader, and a person on a running system (command/).
 */
/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot/boot.h"
#include "boot/box.h"
#include "boot/join.h"
#include "command/command.h"
#include "plan/initiator.h"
#include "plan/own_words.h"
#include "plan/planning.h"
#include "proto/wipe.h"
#include "root/shutdown.h"
#include "root/switch.h"
#include "session/iscsid_conf.h"
#include "supervisor/loop.h"
#include "supervisor/supervisor.h"
#include "sys/log.h"
#include "sys/modules.h"
#include "sys/monotonic.h"
#include "sys/relro.h"
#include "sys/sysfs.h"
#include "sys/uevent.h"

#define INITIATOR_NAME_FILE "/etc/iscsi/initiatorname.iscsi"
#define BUILT_IN_FILE       "/etc/iscsi-init/cmdline"
#define RCU_EXPEDITED       "kernel/rcu_expedited"
#define DEBIAN_FILE         "/etc/iscsi/iscsi.initramfs"
#define UNDO_TIMEOUT_MS     6000
#define LIST_TIMEOUT_MS     5000
#define SHELL               "/bin/sh"
#define PATIENCE_S          10      /* until a boot says what it waits for */
#define BOX_SECONDS         5       /* for which the reason is shown before a reboot or poweroff that was asked for */
#define PANIC_MAX_S         2000000 /* of the kernel's panic= that is waited for */

static ssize_t read_file(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n, used = 0;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, out + used, size - 1 - (size_t)used)) > 0)
		used += n;
	close(fd);
	out[used] = '\0';
	return n < 0 ? -errno : used;
}

/* ---- 1. early mounts, log ---- */

static void begin(struct world *w)
{
	enum mounts_place place = MOUNTS_DEV;
	int result;

	times_start(&w->times, monotonic_ms());
	report_begin(&w->report, w->times.started_ms);
	result = mounts_early(&w->mounts, &place);
	w->dev = sysfs_open("/dev");
	log_open(w->dev);
	if (result)
		log_err("cannot mount %s: %s", mounts_path(place), strerror(-result));
	w->sysfs = sysfs_open("/sys");
	w->proc = sysfs_open("/proc");
	signal(SIGPIPE, SIG_IGN);
}

/* ---- 2. command line, files ---- */

static void read_files(struct world *w)
{
	char text[4096];
	ssize_t n = read_file(INITIATOR_NAME_FILE, text, sizeof(text));

	if (n > 0)
		plan_read_initiator_name(text, (size_t)n, &w->files);
	n = read_file(DEBIAN_FILE, w->debian, sizeof(w->debian));
	if (n > 0)
		w->files.debian = w->debian;
	w->files.debian_length = n > 0 ? (size_t)n : 0;
}

static void say_notes(const struct plan *plan)
{
	for (int i = 0; i < plan->notes.count; i++)
		log_warn("%s", plan->notes.text[i]);
}

/* The words that are built into the image come first and the kernel's after them: where the last of several equal words
   counts, it is the kernel's. The length, or -errno. */
static ssize_t read_command_line(char *text, size_t size)
{
	ssize_t built_in = read_file(BUILT_IN_FILE, text, size), n;

	if (built_in < 0)
		built_in = 0;
	for (ssize_t i = 0; i < built_in; i++)
		text[i] = text[i] == '\n' ? ' ' : text[i];
	if (built_in > 0 && (size_t)built_in + 1 < size)
		text[built_in++] = ' ';
	n = read_file("/proc/cmdline", text + built_in, size - (size_t)built_in);
	return n < 0 ? n : built_in + n;
}

static void make_plan(struct world *w)
{
	char text[CMDLINE_BYTES_MAX + 2];
	struct plan_error error = {.text = ""};
	ssize_t n = read_command_line(text, sizeof(text));
	int result;

	cmdline_cut(text, n < 0 ? 0 : (size_t)n, &w->cmdline);
	wipe(text, sizeof(text)); /* this stack lives on in the resident process */
	read_files(w);
	result = plan_make(&w->cmdline, NULL, &w->files, &w->plan, &error);
	if (n < 0) {
		result = (int)n;
		snprintf(error.text, sizeof(error.text), "cannot read /proc/cmdline: %s", strerror(-result));
	}
	log_set_level(w->plan.boot.log);
	say_notes(&w->plan);
	if (result) {
		w->verdict.failed = true;
		snprintf(w->verdict.text, sizeof(w->verdict.text), "%s", error.text);
	}
}

/* ---- 3. modules and uevents ---- */

/* Makes RCU's grace periods short from the start of the boot until the hand-over. A disk that gets another scheduler waits
   for one, which normally takes several ticks of the clock. kernel: Documentation/admin-guide/kernel-parameters.txt,
   rcupdate.rcu_expedited. */
static void hurry_rcu(struct world *w, bool begin)
{
	char is[4];

	if (begin)
		w->hurries = sysfs_read(w->sysfs, RCU_EXPEDITED, is, sizeof(is)) == 1 && is[0] == '0';
	if (w->hurries)
		sysfs_write(w->sysfs, RCU_EXPEDITED, begin ? "1" : "0");
}

static void start_work(struct world *w)
{
	int result;

	hurry_rcu(w, true);
	w->uevents = uevent_open();
	if (w->uevents < 0)
		log_err("no uevents: %s", strerror(-w->uevents));
	result = modules_serve(&w->modprobe);
	if (result && result != -ENOENT)
		log_warn("cannot serve the kernel's own requests for modules: %s", strerror(-result));
	result = loader_start(&w->loader, w->sysfs);
	if (result)
		log_err("the module loader did not start: %s", strerror(-result));
	boot_begin(w);
}

static void stop_work(struct world *w)
{
	hurry_rcu(w, false);
	modules_serve_stop(&w->modprobe);
	loader_stop(&w->loader);
}

/* ---- 4 to 6: network, sessions, disks, root: boot.c's rules, until the machine can be handed over ---- */

static void report_wait(const struct world *w, int passed, const char *what)
{
	int limit = w->plan.boot.timeout_s;

	if (limit)
		log_err("%d s, still waiting for %s; gives up in %d s", passed, what, limit - passed);
	else
		log_err("%d s, still waiting for %s; never gives up (iscsi.timeout=0)", passed, what);
}

/* Somebody may be watching a quiet console, so what the boot waits for is reported after a while, and again each time that
   this time has doubled. */
static void attach(struct world *w)
{
	int limit = w->plan.boot.timeout_s ? w->plan.boot.timeout_s : INT_MAX;
	char what[900];

	if (w->verdict.failed)
		return;
	for (int passed = PATIENCE_S;; passed *= 2) {
		if (passed > limit)
			passed = limit;
		if (loop_run(w, boot_advance, w->times.started_ms + passed * INT64_C(1000)))
			return;
		boot_waiting_for(w, what, sizeof(what));
		if (passed == limit)
			break;
		report_wait(w, passed, what);
	}
	w->verdict.failed = true;
	snprintf(w->verdict.text, sizeof(w->verdict.text), "gave up after %d s (iscsi.timeout), waiting for %s", limit,
		 what);
}

/* ---- 7 and 8: the real init, and who stays behind ---- */

static void record(struct world *w)
{
	char line[300];
	int result = mounts_run_open(&w->run);

	times_reach(&w->times, PHASE_HANDOVER, monotonic_ms());
	log_info("boot times ms: %s", times_line(&w->times, line, sizeof(line)));
	report_step(&w->report, line);
	if (!result)
		result = times_write(&w->times, w->run.fd);
	if (!result && w->session_count)
		result = status_open(&w->status, w->run.fd, w->session_count, plan_joins(&w->plan, w->chains));
	if (!result && w->net_open)
		result = net_write_records(&w->net, "");
	if (result)
		log_warn("not everything could be recorded in /run: %s", strerror(-result));
	status_write(&w->status, w->sessions, w->session_count);
	status_write_maps(&w->status, w->sysfs, w->multipath.control);
}

/* The child keeps the sessions alive for as long as root lives. Returns its pid; 0: there is nothing to keep. */
static pid_t leave_supervisor(struct world *w, char *const argv[])
{
	const char *step = "";
	pid_t pid;
	int result;

	if (!w->session_count)
		return 0;
	for (int i = 0; i < w->session_count; i++)
		session_keep_names(&w->sessions[i]); /* as long as they are there: switch_root empties the initramfs */
	pid = fork();
	if (pid < 0)
		log_err("no supervisor stays behind: %s; a lost connection will not be repaired", strerror(errno));
	if (pid)
		return pid;
	result = supervisor_settle(w, argv, &step);
	if (result)
		log_warn("supervisor: %s failed: %s", step, strerror(-result));
	supervisor_live(w);
	_exit(0);
}

/* In a process of its own: it reads files of the new root over the network, and init must not wait for that. */
static void compare_with_root(const struct world *w)
{
	int root = w->chains || !w->session_count ? -1 : open(ROOT_MOUNT_POINT, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root >= 0 && fork() == 0) {
		iscsid_conf_compare(root, w->sessions, w->session_count);
		_exit(0);
	}
	if (root >= 0)
		close(root);
}

/* initramfs-tools mounts another /proc, where nothing is hidden: but its script does nothing if this program cannot be executed, and
   its init reads this file after each script. */
static void answer_initramfs_tools(bool root_is_disk)
{
	static const char text[] = "ROOT=/dev/root\n";
	int fd;

	(void)!chmod("/sbin/iscsistart", 0);
	if (!root_is_disk)
		return;
	fd = open("/conf/param.conf", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	(void)!write(fd, text, sizeof(text) - 1);
	close(fd);
}

/* An initramfs that knows dracut's or Debian's words would set up the network and log in once more, and fail at what is there. */
static void hide_served_words(struct world *w)
{
	char line[CMDLINE_BYTES_MAX + 64];
	const char *disk = w->disks[w->plan.root.target].first_disk;
	int used = 0, result;
	ssize_t length;

	if (!w->session_count)
		return;
	if (w->plan.root.kind == ROOT_TARGET) {
		used = snprintf(line, 64, "root=/dev/%s ", disk);
		(void)!symlinkat(disk, w->dev, "root"); /* as answer_initramfs_tools says */
	}
	length = read_file("/proc/cmdline", line + used, sizeof(line) - (size_t)used);
	length = length > 0 ? (ssize_t)own_words_hide(line, (size_t)(used + length)) : 0;
	result = length ? mounts_cover_cmdline(&w->mounts, w->run.fd, line, (size_t)length) : 0;
	if (result)
		log_warn("the words of the command line that were served cannot be hidden: %s", strerror(-result));
	else if (length)
		log_info("the words of the command line that were served are hidden from the next init");
	if (length)
		answer_initramfs_tools(used > 0);
	wipe(line, sizeof(line));
}

static void hand_over(struct world *w, char *argv[])
{
	const char *step = "exec";
	pid_t supervisor;
	int result;

	record(w);
	stop_work(w);
	supervisor = leave_supervisor(w, argv);
	compare_with_root(w);
	if (w->chains) {
		hide_served_words(w);
		log_info("starting %s", w->plan.boot.next_init[0] ? w->plan.boot.next_init : "/init");
		mounts_leave(&w->mounts);
		result = switch_chain(w->plan.boot.next_init, argv, environ, own_words_has);
	} else {
		log_info("root is %s (%s), starting %s", w->root.result.device, w->root.result.type,
			 w->root.result.init);
		result = switch_root(&w->root.result, argv, environ, own_words_has, &step);
	}
	if (supervisor > 0 && kill(-supervisor, SIGKILL)) /* with its keeper, once it has a group of its own */
		kill(supervisor, SIGKILL);
	w->verdict.failed = true;
	snprintf(w->verdict.text, sizeof(w->verdict.text), "the hand-over failed: %s: %s", step, strerror(-result));
}

/* ---- 9. giving up ---- */

static void undo(struct world *w)
{
	enum onfail onfail = w->plan.boot.onfail;
	bool everything = onfail != ONFAIL_SHELL && onfail != ONFAIL_CONTINUE;

	boot_undo(w, everything, monotonic_ms());
	if (!loop_run(w, boot_is_undone, monotonic_ms() + UNDO_TIMEOUT_MS))
		log_warn("a session did not end in time and is left as it is");
}

static void start_shell(const struct world *w)
{
	static char *const shell[] = {SHELL, NULL};
	int result;

	if (w->net_open)
		net_write_records(&w->net, "");
	log_err("starting /bin/sh (iscsi.onfail=shell); its end is the end of init");
	result = switch_chain(shell[0], shell, environ, own_words_has);
	log_err("the initramfs has no shell that starts: /bin/sh: %s", strerror(-result));
}

static void go_on(struct world *w, char *argv[])
{
	log_err("going on without the disk (iscsi.onfail=continue)");
	w->chains = switch_chain_check(w->plan.boot.next_init) == 0;
	if (w->chains)
		hand_over(w, argv);
	log_err("there is no other init in the initramfs to go on with");
}

static void end_machine(const struct world *w)
{
	bool powers_off = w->plan.boot.onfail == ONFAIL_POWEROFF;

	log_err("%s", powers_off ? "powering off" : "rebooting");
	log_drain();
	reboot(powers_off ? RB_POWER_OFF : RB_AUTOBOOT);
}

/* A shell on the console, with job control. Returns when it has ended. */
static void visit_shell(void)
{
	static char *const shell[] = {SHELL, NULL};
	pid_t pid = fork(), ended;
	int console;

	if (pid == 0) {
		setsid();
		console = open("/dev/console", O_RDWR);
		ioctl(console, TIOCSCTTY, 1);
		for (int fd = 0; fd < 3; fd++)
			dup2(console, fd);
		switch_chain(SHELL, shell, environ, own_words_has);
		_exit(1);
	}
	do
		ended = waitpid(-1, NULL, 0); /* others' children, too: this is process 1 */
	while (pid > 0 && ended != pid && (ended > 0 || errno == EINTR));
}

/* What the kernel would do after a panic: 0: stand still; n: wait for n seconds, then reboot; -1: reboot at once. */
static int panic_seconds(const struct world *w)
{
	int64_t seconds;

	if (sysfs_read_number(w->proc, "sys/kernel/panic", -1, PANIC_MAX_S, &seconds) || seconds == 0)
		return -1;
	return seconds < 0 ? 0 : (int)seconds;
}

/* Instead of a panic, whose registers would scroll the reason off the screen. Returns only if the machine does not end. */
static void show_failure(const struct world *w)
{
	enum onfail onfail = w->plan.boot.onfail;
	bool waits = onfail != ONFAIL_REBOOT && onfail != ONFAIL_POWEROFF;
	struct box box = {
		.reason = w->verdict.text,
		.hint = boot_hint(w),
		.initiator = w->plan.target_count ? w->plan.targets[0].initiator : "",
		.end = onfail == ONFAIL_POWEROFF ? "power off" : "reboot",
		.seconds = waits ? panic_seconds(w) : BOX_SECONDS,
		.has_shell = !access(SHELL, X_OK),
	};

	while (box_show(&box) == BOX_SHELL) {
		visit_shell();
		box.seconds = -1; /* somebody is there, and reads */
	}
	end_machine(w);
}

static int give_up(struct world *w, char *argv[])
{
	enum onfail onfail = w->plan.boot.onfail;

	loop_run(w, boot_add_list, monotonic_ms() + LIST_TIMEOUT_MS);
	log_err("%s", w->verdict.text);
	report_step(&w->report, NULL); /* as long as there is a network */
	undo(w);
	if (onfail == ONFAIL_CONTINUE)
		go_on(w, argv);
	stop_work(w);
	if (onfail == ONFAIL_SHELL)
		start_shell(w);
	log_drain();
	sync();
	if (onfail != ONFAIL_CRASH)
		show_failure(w);
	return EXIT_FAILURE; /* the kernel panics: for kdump and its like */
}

static bool boots_without_disk(const struct world *w)
{
	return !w->verdict.failed && !w->session_count;
}

static int boot(struct world *w, char *argv[])
{
	begin(w);
	make_plan(w);
	if (!w->verdict.failed)
		start_work(w);
	attach(w);
	if (boots_without_disk(w)) {
		log_info("no iSCSI target is named anywhere (command line, firmware, DHCP): booting without one");
		w->verdict.failed = !w->chains && w->root.result.state != ROOT_MOUNTED;
		snprintf(w->verdict.text, sizeof(w->verdict.text),
			 "no iSCSI target is named (iscsi=<portal>,<target>), and the initramfs has no other init");
	}
	if (!w->verdict.failed)
		hand_over(w, argv);
	return give_up(w, argv);
}

/* ---- as a subcommand ---- */

static int settle(struct world *w, char *argv[])
{
	const char *step = "";
	int result = supervisor_settle(w, argv, &step);

	if (result)
		log_warn("supervisor: %s failed: %s", step, strerror(-result));
	supervisor_live(w);
	return EXIT_SUCCESS;
}

static int run_command(struct world *w, int argc, char *argv[])
{
	int64_t now_ms = monotonic_ms();
	char *ending[] = {argv[0], "shutdown", argc > 1 ? argv[1] : NULL, NULL};
	bool ends =
		getpid() == 1 && shutdown_is_wanted(argv) && strcmp(argv[1], "shutdown") != 0; /* "/shutdown reboot" */
	struct job job = command_prepare(w, ends ? 3 : argc, ends ? ending : argv, now_ms);
	bool reached;

	if (job.resident)
		return settle(w, argv);
	if (!job.reached)
		return (int)job.exit;
	reached = loop_run(w, job.reached, job.timeout_ms == INT64_MAX ? INT64_MAX : now_ms + job.timeout_ms);
	return (int)job.finish(w, reached);
}

/* Mapped rather than static: in a huge page, the first touch would take 2 MiB, of which most is never used. */
static struct world *make_world(void)
{
	struct world *w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (w == MAP_FAILED)
		return NULL;
	madvise(w, sizeof(*w), MADV_NOHUGEPAGE);
	report_begin(&w->report, 0);
	w->uevents = w->random = w->interrupts = w->clock = w->iscsid = w->keeper.fd = w->status.fd = w->run.fd =
		w->run.mountinfo = -1;
	w->loader.fd = -1;
	join_init(w);
	return w;
}

/* Process 1 boots the machine. That of a container, which has no initramfs, does what it is asked for. */
static bool is_boot(int argc, char *argv[])
{
	if (getpid() != 1 || shutdown_is_wanted(argv))
		return false;
	return argc < 2 || !command_is_known(argv[1]) || switch_is_in_memory();
}

int main(int argc, char *argv[])
{
	struct world *w;
	int result = relro_protect();

	if (result)
		log_warn("cannot make relocated data read-only: %s", strerror(-result));
	if (modules_is_request(argc, argv))
		return modules_serve_request(argv);
	w = make_world();
	if (!w)
		return 1;
	if (is_boot(argc, argv))
		return boot(w, argv);
	result = run_command(w, argc, argv);
	if (!fflush(stdout) && !ferror(stdout))
		return result;
	log_err("the output cannot be written: %s", strerror(errno));
	return JOB_FAILED;
}
