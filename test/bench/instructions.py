# SPDX-License-Identifier: MIT
"""Who used the CPU of a boot: from the kernel's own trace of system calls and of task switches.

With `-icount shift=0` the guest's clock counts instructions, one a nanosecond: figures that another run repeats. System calls,
interrupts and page faults are the kernel's; what it runs before the first and after the last event of each is not seen, so
that the figures are an upper bound. The end of a page fault has no event of its own: a probe stands in for it.
"""

import base64
import gzip
import os
import re
import resource
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "boot"))
from rig import run  # noqa: E402

EVENTS = ("sched:sched_switch", "sched:sched_process_exec", "raw_syscalls:sys_enter", "raw_syscalls:sys_exit",
          "exceptions:page_fault_user", "irq_vectors:local_timer_entry", "irq_vectors:local_timer_exit", "irq:irq_handler_entry",
          "irq:irq_handler_exit", "irq:softirq_entry", "irq:softirq_exit")
WORDS = "trace_buf_size=16M BENCH_THEN=/trace.sh kprobe_event=r64:bench/fault_end,handle_mm_fault trace_event=" + ",".join(EVENTS)
RUNS = 1000  # for the native rate
COUNTING = ("-icount", "shift=0")
EXECVE, MODULE_CALLS = 59, (175, 313)  # execve, init_module, finit_module: kernel, syscall_64.tbl
# Run by the root's init; the serial line is slow, so it goes over it packed.
SCRIPT = r"""mount -t tracefs trace /mnt
echo 0 >/mnt/tracing_on
echo "<<trace"
sed 's/^ *//; s/ prev_prio=.*==>/ ==>/; s/ address=.*//' /mnt/trace | gzip -9 | base64
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
        self.calls, self.faulting = {}, set()  # the call that a process is in; who is in a page fault
        self.interrupts = 0  # that interrupt each other
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
        if self.calls.get(self.running) is None and self.running not in self.faulting and not self.interrupts:
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
        elif event.startswith("page_fault_user"):
            self.faulting.add(pid)
        elif event.startswith("fault_end"):
            self.faulting.discard(pid)
        elif re.match(r"(local_timer|irq_handler|softirq)_entry", event):
            self.interrupts += 1
        elif re.match(r"(local_timer|irq_handler|softirq)_exit", event):
            self.interrupts = max(0, self.interrupts - 1)

    def sum(self, with_modules):
        """The kernel's own threads call nothing; a child that loads modules does nothing else."""
        return sum(time for pid, time in self.user.items()
                   if pid in self.callers and (with_modules or pid not in self.loaders))


def native_rate(program, *arguments):
    """Of a short run of a program on this machine: its instructions in user space, and the microseconds that they take."""
    said = run("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, *arguments)
    null = [(os.POSIX_SPAWN_OPEN, number, "/dev/null", os.O_WRONLY, 0) for number in (1, 2)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    for _ in range(RUNS):
        os.waitpid(os.posix_spawn(program, [program, *arguments], {}, file_actions=null), 0)
    seconds = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    return int(re.search(r"Collected *: *(\d+)", said).group(1)), seconds * 1e6 / RUNS
