"""Who used the CPU of a boot: from the kernel's own trace of system calls and of task switches.

With `-icount shift=0` the guest's clock counts instructions, one a nanosecond: figures that another run repeats.
"""

import base64
import gzip
import re

EVENTS = ("sched:sched_switch", "sched:sched_process_exec", "raw_syscalls:sys_enter", "raw_syscalls:sys_exit")
WORDS = "trace_buf_size=8M BENCH_THEN=/trace.sh trace_event=" + ",".join(EVENTS)
COUNTING = ("-icount", "shift=0")
EXECVE, MODULE_CALLS = 59, (175, 313)  # execve, init_module, finit_module: kernel, syscall_64.tbl
# Run by the root's init; the serial line is slow, so it goes over it packed.
SCRIPT = r"""mount -t tracefs trace /mnt
echo 0 >/mnt/tracing_on
echo "<<trace"
sed 's/^ *//; s/ prev_prio=.*==>/ ==>/' /mnt/trace | gzip -9 | base64
echo ">>trace"
"""


def unpack(console):
    """The trace as text; "" when the console has none."""
    packed = re.search(r"^<<trace\n(.*?)^>>trace$", console, re.M | re.S)
    return gzip.decompress(base64.b64decode(packed.group(1))).decode() if packed else ""


class Account:
    """Microseconds in user mode by process, between the execs of /init and of /sbin/init, and who loaded modules."""

    def __init__(self, trace):
        self.user, self.callers, self.loaders = {}, set(), set()
        self.calls = {}  # the call that a process is in
        self.running, self.ended = None, False
        last = 0
        for pid, seconds, fraction, event in re.findall(r"^.*-(\d+) +\[\d+\] \S+ +(\d+)\.(\d{6}): (.*)$", trace, re.M):
            now = int(seconds) * 1000000 + int(fraction)
            if self.running is not None:
                self.pass_time(now - last)
                self.take(int(pid), event)
            elif event.startswith("sched_process_exec: filename=/init "):
                self.running, self.calls[1] = 1, EXECVE
            last = now
            self.ended = self.running is not None and event.startswith("sched_process_exec: filename=/sbin/init ")
            if self.ended:
                break

    def pass_time(self, microseconds):
        if self.calls.get(self.running) is None:
            self.user[self.running] = self.user.get(self.running, 0) + microseconds

    def take(self, pid, event):
        call = re.match(r"sys_enter: NR (\d+)", event)
        switch = re.search(r" next_pid=(\d+)", event)
        self.running = int(switch.group(1)) if switch else pid
        if call:
            self.calls[pid] = int(call.group(1))
            self.callers.add(pid)
            if self.calls[pid] in MODULE_CALLS:
                self.loaders.add(pid)
        elif event.startswith("sys_exit"):
            self.calls[pid] = None

    def sum(self, with_modules):
        """The kernel's own threads call nothing; a child that loads modules does nothing else."""
        return sum(time for pid, time in self.user.items()
                   if pid in self.callers and (with_modules or pid not in self.loaders))
