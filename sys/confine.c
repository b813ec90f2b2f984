/* confine.c - see confine.h. */
/* SPDX-License-Identifier: MIT */
#include "sys/confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define ARCHITECTURE AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#endif

#define X32_BIT          0x40000000u
#define CAPABILITIES_MAX 63

/* Routes and addresses; DHCP and ARP; port 68; NETLINK_ISCSI (kernel: iscsi_if_rx) and the resolver's own root; locked memory;
   the keeper's priority. */
static const uint8_t kept[] = {CAP_NET_ADMIN,  CAP_NET_RAW,  CAP_NET_BIND_SERVICE, CAP_SYS_ADMIN,
			       CAP_SYS_CHROOT, CAP_IPC_LOCK, CAP_SYS_NICE};

/* What neither a recovery nor a resolver ever calls: other programs, other processes' memory, modules and kernels, mounts,
   namespaces, clocks, users, keys, and the interfaces that most holes were found in. Some are not on every architecture. */
static const uint32_t refused[] = {
	SYS_execve,
	SYS_execveat,
	SYS_ptrace,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
	SYS_kcmp,
	SYS_init_module,
	SYS_finit_module,
	SYS_delete_module,
	SYS_kexec_load,
#ifdef SYS_kexec_file_load
	SYS_kexec_file_load,
#endif
	SYS_reboot,
	SYS_bpf,
	SYS_perf_event_open,
	SYS_userfaultfd,
#ifdef SYS_io_uring_setup
	SYS_io_uring_setup,
	SYS_io_uring_enter,
	SYS_io_uring_register,
#endif
	SYS_mount,
	SYS_umount2,
	SYS_pivot_root,
#ifdef SYS_open_tree
	SYS_open_tree,
	SYS_move_mount,
	SYS_fspick,
#endif
	SYS_swapon,
	SYS_swapoff,
	SYS_unshare,
	SYS_setns,
	SYS_sethostname,
	SYS_setdomainname,
#ifdef SYS_settimeofday
	SYS_settimeofday,
#endif
#ifdef SYS_clock_settime
	SYS_clock_settime,
#endif
#ifdef SYS_clock_settime64
	SYS_clock_settime64,
#endif
	SYS_adjtimex,
	SYS_acct,
	SYS_quotactl,
	SYS_syslog,
#ifdef SYS_iopl
	SYS_iopl,
	SYS_ioperm,
	SYS_modify_ldt,
#endif
	SYS_personality,
	SYS_add_key,
	SYS_request_key,
	SYS_keyctl,
	SYS_name_to_handle_at,
	SYS_open_by_handle_at,
	SYS_fanotify_init,
	SYS_vhangup,
	SYS_mknodat,
	SYS_setuid,
	SYS_setgid,
	SYS_setreuid,
	SYS_setregid,
	SYS_setresuid,
	SYS_setresgid,
	SYS_setgroups,
};

/* And what a resolver has done before it reads (session/resolve.c: a root of its own in memory), and then never does. */
static const uint32_t refused_to_readers[] = {
	SYS_chroot,
#ifdef SYS_fsopen
	SYS_fsopen,
	SYS_fsmount,
#endif
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define HEAD         6
#define SOCKETS      5
#define FILTER_SIZE  (HEAD + COUNT(refused) + COUNT(refused_to_readers) + SOCKETS + 3)

_Static_assert(FILTER_SIZE < 255, "a jump's distance is one byte");

static struct sock_filter load(size_t offset)
{
	return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset);
}

/* Jumps over so many instructions if equal, else goes on. */
static struct sock_filter jump_if(uint32_t value, size_t over)
{
	return (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, (uint8_t)over, 0);
}

static struct sock_filter end_with(uint32_t action)
{
	return (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action);
}

/* Each of these calls jumps to the instruction `end`, which refuses. */
static size_t add_calls(struct sock_filter *out, size_t n, const uint32_t *calls, size_t count, size_t end)
{
	for (size_t i = 0; i < count; i++, n++)
		out[n] = jump_if(calls[i], end - (n + 1));
	return n;
}

/* socket() of a family that talks to the kernel is refused and not deadly, since glibc's resolver tries one and does without
   it. Every architecture here is little-endian: the family is the first half. */
static size_t add_sockets(struct sock_filter *out, size_t n)
{
	out[n++] = jump_if(SYS_socket, 1);
	out[n++] = end_with(SECCOMP_RET_ALLOW);
	out[n++] = load(offsetof(struct seccomp_data, args));
	out[n++] = jump_if(AF_NETLINK, 3);
	out[n++] = jump_if(AF_PACKET, 2);
	return n;
}

/* The filter, whose last three instructions allow, refuse, and refuse a socket. Its length. */
static size_t make_filter(struct sock_filter out[FILTER_SIZE], uint32_t action, bool is_reader)
{
	size_t length = HEAD + COUNT(refused) + (is_reader ? COUNT(refused_to_readers) + SOCKETS : 0) + 3, n = 0;

	out[n++] = load(offsetof(struct seccomp_data, arch));
	out[n++] = jump_if(ARCHITECTURE, 1);
	out[n++] = end_with(action);
	out[n++] = load(offsetof(struct seccomp_data, nr));
	out[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
	out[n++] = end_with(action);
	n = add_calls(out, n, refused, COUNT(refused), length - 2);
	if (is_reader) {
		n = add_calls(out, n, refused_to_readers, COUNT(refused_to_readers), length - 2);
		n = add_sockets(out, n);
	}
	out[n++] = end_with(SECCOMP_RET_ALLOW);
	out[n++] = end_with(action);
	out[n++] = end_with(SECCOMP_RET_ERRNO | EAFNOSUPPORT);
	return n;
}

static int set_filter(uint32_t action, bool is_reader)
{
	struct sock_filter instructions[FILTER_SIZE];
	struct sock_fprog program = {.len = (unsigned short)make_filter(instructions, action, is_reader),
				     .filter = instructions};

	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, &program) == 0)
		return 0;
	return errno == EINVAL || errno == ENOSYS ? 0 : -errno;
}

static uint64_t kept_mask(void)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < sizeof(kept); i++)
		mask |= UINT64_C(1) << kept[i];
	return mask;
}

/* Not the bounding set's alone: it only limits what an exec may give back. */
static int keep_capabilities(uint64_t mask)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[2] = {
		{.effective = (uint32_t)mask, .permitted = (uint32_t)mask},
		{.effective = (uint32_t)(mask >> 32), .permitted = (uint32_t)(mask >> 32)},
	};

	for (unsigned long i = 0; i <= CAPABILITIES_MAX; i++)
		if (!(mask >> i & 1))
			prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	return syscall(SYS_capset, &header, sets) ? -errno : 0;
}

static int leave_no_core(void)
{
	const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return 0;
}

static void note(int result, const char *what, int *first, const char **step)
{
	if (!result || *first)
		return;
	*first = result;
	*step = what;
}

int confine_resident(const char **step)
{
	int first = 0;

	note(leave_no_core(), "forbidding core dumps and new privileges", &first, step);
	note(keep_capabilities(kept_mask()), "dropping capabilities", &first, step);
	note(set_filter(SECCOMP_RET_ERRNO | EPERM, false), "filtering system calls", &first, step);
	return first;
}

int confine_reader(void)
{
	const char *step;
	int first = 0;

	note(leave_no_core(), "", &first, &step);
	note(keep_capabilities(0), "", &first, &step);
	note(set_filter(SECCOMP_RET_KILL_PROCESS, true), "", &first, &step);
	return first;
}
