# SPDX-License-Identifier: MIT
"""The rig of the boot tests: private targets (tgtd), disk images, initramfs images, QEMU guests, and TAP.

Everything lives in a temporary directory and below one object, Rig, that ends what it started however the test ends.
Nothing is shared between tests that run side by side but a cache of images by content; no root, mount or KVM needed.
"""

import ctypes
import hashlib
import json
import lzma
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback
import zlib

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
CACHE = os.environ.get("ISCSI_INIT_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "iscsi-init")
IMAGE_TOOL = os.path.join(TOP, "tools", "iscsi-init-image")
HOST = "10.0.2.2"  # the machine that runs QEMU, as guests on its user network see it
TARGET_NAME = "iqn.2026-01.test.rig:t1"
MIB = 1 << 20
BROKEN_IN = r"\[ *\d+\.\d{6}\] [^\n]*"  # a line of the kernel's: it may come before the end of any other line
ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

MACHINES = {
    # -cx16: QEMU 7.2's TCG breaks cmpxchg16b, which panics 6.12 kernels; +rdrand: entropy from the first moment
    # no_timer_check: on a busy machine emulated timers are late, and the kernel would panic over it
    "amd64": ("qemu-system-x86_64", ["-M", "q35", "-cpu", "qemu64,-cx16,+rdrand"], "console=ttyS0 no_timer_check"),
    "arm64": ("qemu-system-aarch64", ["-M", "virt", "-cpu", "cortex-a76"], "console=ttyAMA0"),  # a57: no pages of 16 KiB
    "armhf": ("qemu-system-arm", ["-M", "virt", "-cpu", "cortex-a15"], "console=ttyAMA0"),
    "riscv64": ("qemu-system-riscv64", ["-M", "virt", "-cpu", "rv64"], "console=ttyS0"),
}

# The root's init: says where it is, runs the test's own script, powers off.
INIT = """#!/bin/busybox sh
export PATH=/bin:/sbin
[ -e /proc/self ] || mount -t proc proc /proc
[ -e /sys/class ] || mount -t sysfs sysfs /sys
show() { echo; echo "<<$1"; cat; echo; echo ">>$1"; }
echo; echo ROOT-OK
cat /proc/mounts | show mounts
tr '\\0' '\\n' </proc/1/cmdline | show argv
env | show env
tail -n +1 /run/iscsi-init/* 2>&1 | show run
cat /run/iscsi-init/times 2>&1 | show times
ps -o pid,ppid,stat,comm,args | show ps
grep -h -A30 "^Name:.iscsi-init" /proc/[0-9]*/status 2>/dev/null | grep VmHWM | show peak
[ ! -f /test.sh ] || . /test.sh
sync
echo DONE
poweroff -f
"""


def run(*command, **options):
    """Runs a command to its end; its output is in the exception when it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **options)
    if done.returncode:
        raise RuntimeError("%s: exit status %d\n%s" % (" ".join(command), done.returncode,
                                                       done.stdout.decode("utf-8", "replace")))
    return done.stdout.decode("utf-8", "replace")


def die_with_parent():
    """In a child: end when the test ends, even when it is killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def cached(key, suffix, make):
    """The file that make(path) made earlier from the same key, or makes now. Safe between parallel tests."""
    path = os.path.join(CACHE, "images", hashlib.sha256(key.encode()).hexdigest()[:24] + suffix)
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        part = "%s.%d" % (path, os.getpid())
        try:
            make(part)
            os.rename(part, path)
        finally:
            if os.path.exists(part):
                os.unlink(part)
    os.utime(path)
    return path


def forget_old_images(days=2):
    """Keeps the cache small: images that no test asked for lately go."""
    folder = os.path.join(CACHE, "images")
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        path = os.path.join(folder, name)
        try:
            if os.stat(path).st_mtime < time.time() - days * 86400:
                os.unlink(path)
        except FileNotFoundError:
            pass  # another test was first


def digest_of(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def elf_of_bzimage(path, out):
    """QEMU starts the ELF kernel inside a bzImage directly (PVH), and the guest need not unpack it: seconds less."""
    with open(path, "rb") as file:
        image = file.read()
    setup_sectors = image[0x1F1] or 4
    offset, length = struct.unpack("<II", image[0x248:0x250])
    payload = image[(setup_sectors + 1) * 512 + offset:][:length]
    if payload.startswith(b"\xfd7zXZ\0"):
        kernel = lzma.LZMADecompressor().decompress(payload)
    elif payload.startswith(b"\x1f\x8b"):
        kernel = zlib.decompressobj(31).decompress(payload)
    else:
        tool = ["lz4", "-dc"] if payload.startswith(b"\x02\x21\x4c\x18") else ["zstd", "-dcq"]
        kernel = subprocess.run(tool, input=payload, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    if not kernel.startswith(b"\x7fELF"):
        raise RuntimeError("no ELF kernel in " + path)
    with open(out, "wb") as file:
        file.write(kernel)


class Kernel:
    """A kernel that test/boot/kernels has fetched and unpacked."""

    def __init__(self, name):
        self.name = name
        self.arch = name.rsplit("-", 1)[1]
        self.folder = run(os.path.join(HERE, "kernels"), name).split("\n")[-2]
        with open(os.path.join(self.folder, "version")) as file:
            self.version = file.read().strip()
        self.modules = os.path.join(self.folder, "lib", "modules", self.version)
        self.vmlinuz = os.path.join(self.folder, "vmlinuz")
        self.image = self.vmlinuz
        if self.arch == "amd64":
            self.image = os.path.join(self.folder, "vmlinux")
            if not os.path.exists(self.image):
                part = "%s.%d" % (self.image, os.getpid())
                elf_of_bzimage(self.vmlinuz, part)
                os.rename(part, self.image)

    def has_module(self, name):
        with open(os.path.join(self.modules, "modules.dep")) as file:
            return re.search(r"/%s\.ko" % name, file.read()) is not None


class Disk:
    """A disk image with a partition table and a root file system whose init shows where it runs."""

    UUID = "6d0c2a5e-5b5c-4d1e-8a3e-0f1e2d3c4b5a"
    PARTUUID = "0b7a1c52-95a4-4a53-9c6e-6e1f6d2c8f01"
    LABEL = "rigroot"

    def __init__(self, path, params=""):
        self.path, self.params = path, params  # params: of tgtadm, for the logical unit

    def read_bytes(self, name):
        """A file of the root file system as it is on the disk now, without a mount."""
        return subprocess.run(["debugfs", "-R", "cat " + name, "%s?offset=%d" % (self.path, MIB)],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout

    def read_file(self, name):
        return self.read_bytes(name).decode("utf-8", "replace")


def make_root_tree(folder, files, busybox):
    for name in "bin dev etc proc root run sbin sys tmp mnt".split():
        os.makedirs(os.path.join(folder, name))
    shutil.copy(busybox, os.path.join(folder, "bin", "busybox"))
    for applet in run("/bin/busybox", "--list").split():
        if applet not in ("busybox", "init"):
            os.symlink("busybox", os.path.join(folder, "bin", applet))
    for name, content in files.items():
        path = os.path.join(folder, name.lstrip("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        os.chmod(path, 0o755)


def write_table(path, table, sector=512):
    """A partition from 1 MiB on. fdisk, as sfdisk has no option for the bytes of a sector."""
    script = {"gpt": "label: gpt\nstart=%%d, uuid=%s, name=rigpart\n" % Disk.PARTUUID,
              "mbr": "label: dos\nlabel-id: 0x1b2c3d4e\nstart=%d, type=83\n"}[table] % (MIB // sector)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(script)
        file.flush()
        said = subprocess.run(["fdisk", "-b", str(sector), "-w", "always", path], input="I\n%s\nw\n" % file.name, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout
    if "has been altered" not in said:
        raise RuntimeError(said)


def make_disk(path, files, table, size, busybox):
    """table: gpt, mbr (the dos of sfdisk), or none: the file system fills the disk."""
    offset = 0 if table == "none" else MIB
    with open(path, "wb") as file:
        file.truncate(size)
    if offset:
        write_table(path, table)
    with tempfile.TemporaryDirectory() as folder:
        make_root_tree(folder, files, busybox)
        blocks = (size - 2 * offset) // 4096
        run("mkfs.ext4", "-q", "-F", "-b", "4096", "-L", Disk.LABEL, "-U", Disk.UUID, "-O", "^has_journal",
            "-E", "offset=%d,root_owner=0:0,lazy_itable_init=0,nodiscard" % offset, "-d", folder, path, str(blocks))


def newc_archive(files):
    """An uncompressed cpio archive for the kernel: name -> content of an executable; None: a folder. Parents first."""
    out = b""
    for number, (name, content) in enumerate(list(files.items()) + [("TRAILER!!!", b"")]):
        data = content.encode() if isinstance(content, str) else content or b""
        mode = 0o040755 if content is None else 0o100755
        fields = [number + 1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        out += b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return out


class Process:
    """A child with a deadline on everything, ended by its own process id and nothing else."""

    def __init__(self, command, log, **options):
        self.command = command
        self.popen = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, preexec_fn=die_with_parent,
                                      **options)

    def running(self):
        return self.popen.poll() is None

    def kill(self):
        if self.running():
            self.popen.kill()
        self.popen.wait()


class Target:
    """One tgtd of our own: its control socket in the test's folder, its portal on a port of 127.0.0.1 that nobody else gets."""

    address = "127.0.0.1"

    def __init__(self, rig, luns, name=TARGET_NAME, start=True, accounts=(), parameters=()):
        self.rig, self.name, self.luns = rig, name, luns
        self.accounts, self.parameters = accounts, parameters
        self.log = rig.path("tgtd", ".log")
        self.environment = dict(os.environ, TGT_IPC_SOCKET=rig.path("tgt", ""))
        self.process = None
        self.port = self.free_port()
        if start:
            self.start()

    held = []

    @classmethod
    def free_port(cls):
        """Ours until we end. It stays bound, though nobody listens: no other test is given it, and no connection gets it for its
        own end, not even while a target is away. Who listens there binds it again (SO_REUSEADDR)."""
        holder = socket.socket()
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        cls.held.append(holder)
        return holder.getsockname()[1]

    def portal(self):
        return "%s:%d" % (HOST, self.port)

    def word(self, *options):
        """The kernel command line's word for this target."""
        return "iscsi=" + ",".join([self.portal(), self.name] + list(options))

    def by_path(self, lun):
        """A unit's name by udev's rule. Which of several is sda is the kernel's chance: it looks at them side by side."""
        return "/dev/disk/by-path/ip-%s-iscsi-%s-lun-%d" % (self.portal(), self.name, lun)

    def admin(self, *arguments, check=True):
        command = ["tgtadm", "--lld", "iscsi"] + [str(argument) for argument in arguments]
        done = subprocess.run(command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if check and done.returncode:
            raise RuntimeError("%s: %s" % (" ".join(command), done.stdout.decode("utf-8", "replace")))
        return done

    def start(self):
        if not self.try_start():
            raise RuntimeError("tgtd does not start on port %d: see %s" % (self.port, self.log))
        self.set_up()

    def try_start(self):
        with open(self.log, "ab") as log:
            process = Process(["tgtd", "-f", "-C", "0", "--iscsi", "portal=%s:%d" % (self.address, self.port)], log,
                              env=self.environment)
        self.rig.processes.append(process)
        deadline = time.monotonic() + 10
        while process.running() and time.monotonic() < deadline:
            shown = self.admin("--mode", "portal", "--op", "show", check=False)
            if shown.returncode == 0 and b":%d" % self.port in shown.stdout:
                self.process = process
                return True
            if shown.returncode == 0:
                break  # it runs, but without the portal
            time.sleep(0.01)
        process.kill()
        return False

    def set_up(self):
        # what initiators may not see half made: bound to them last
        self.admin("--mode", "target", "--op", "new", "--tid", 1, "--targetname", self.name)
        for lun, disk in self.luns.items():
            self.admin("--mode", "logicalunit", "--op", "new", "--tid", 1, "--lun", lun, "--backing-store", disk.path)
            if getattr(disk, "params", ""):
                self.admin("--mode", "logicalunit", "--op", "update", "--tid", 1, "--lun", lun, "--params", disk.params)
        for name, value in self.parameters:
            self.admin("--mode", "target", "--op", "update", "--tid", 1, "--name", name, "--value", value)
        for user, password, *outgoing in self.accounts:
            self.admin("--mode", "account", "--op", "new", "--user", user, "--password", password)
            self.admin("--mode", "account", "--op", "bind", "--tid", 1, "--user", user, *outgoing)
        self.admin("--mode", "target", "--op", "bind", "--tid", 1, "--initiator-address", "ALL")

    def sessions(self):
        """How many initiators are logged in now."""
        return self.admin("--mode", "target", "--op", "show").stdout.decode().count("I_T nexus: ")

    def kill(self):
        self.process.kill()


class NamespaceTarget(Target):
    """A tgtd in a network namespace, at an address of that namespace."""

    def __init__(self, rig, luns, namespace, address, **more):
        self.namespace, self.address = namespace, address
        super().__init__(rig, luns, **more)

    def portal(self):
        return "%s:%d" % (self.address, self.port)

    def try_start(self):
        with open(self.log, "ab") as log:
            process = Process(["ip", "netns", "exec", self.namespace, "tgtd", "-f", "-C", "0", "--iscsi",
                               "portal=" + self.portal()], log, env=self.environment)
        self.rig.processes.append(process)
        while process.running():
            if self.admin("--mode", "sys", "--op", "show", check=False).returncode == 0:
                self.process = process
                return True
        return False


class Guest:
    """A QEMU guest; its console goes to a file and into .console."""

    def __init__(self, rig, kernel, initrd, cmdline, memory=512, network=None, capture=False, options=(), machine=None,
                 program=None):
        default, machine_options, console = MACHINES[kernel.arch] if kernel else MACHINES["amd64"]
        accel = os.environ.get("ACCEL", "tcg")
        if accel == "kvm":
            machine_options = machine_options[:2] + ["-cpu", "host"]
        self.log_path = rig.path("console", ".log")
        self.capture = rig.path("net", ".pcap") if capture else None
        self.monitor_path = rig.path("qmp", "")
        command = [program or default] + (machine or machine_options) + ["-accel", accel, "-smp", "1", "-m", str(memory),
                   "-nodefaults", "-nographic", "-no-reboot", "-serial", "stdio",
                   "-qmp", "unix:%s,server=on,wait=off" % self.monitor_path]
        command += network if network is not None else [
            "-netdev", "user,id=n0", "-device", "virtio-net-pci,netdev=n0,romfile="]
        if capture:
            command += ["-object", "filter-dump,id=f0,netdev=n0,file=" + self.capture]
        if kernel:
            self.cmdline = "%s panic=-1 %s" % (console, cmdline)
            command += ["-kernel", kernel.image, "-append", self.cmdline]
        if initrd:
            command += ["-initrd", initrd]
        self.console = ""
        self.begun = time.monotonic()
        self.seen = 0  # how far expect() has read
        self.process = Process(command + list(options), subprocess.PIPE, stdin=subprocess.PIPE)
        self.log = open(self.log_path, "wb")
        rig.processes.append(self.process)
        rig.guests.append(self)

    def seconds(self):
        return time.monotonic() - self.begun

    def read_console(self, deadline):
        """One more piece of console text; False at its end, or at the deadline."""
        pipe = self.process.popen.stdout
        ready, _, _ = select.select([pipe], [], [], max(0, deadline - time.monotonic()))
        data = os.read(pipe.fileno(), 65536) if ready else b""
        self.log.write(data)
        self.log.flush()
        self.console += data.decode("utf-8", "replace").replace("\r", "")
        return bool(data)

    def expect(self, pattern, seconds=60):
        """Waits for a line; the match, or None at the deadline or when the guest has ended without it."""
        deadline = time.monotonic() + seconds
        while True:
            match = re.compile(pattern, re.M).search(self.console, self.seen)
            if match:
                self.seen = match.end()
                return match
            if not self.read_console(deadline):
                return None

    def wait(self, seconds=60):
        """Until the guest has powered off by itself; False if it had to be ended."""
        deadline = time.monotonic() + seconds
        while self.read_console(deadline):
            pass
        try:
            self.process.popen.wait(max(0.1, min(5, deadline - time.monotonic())))
            ended = True
        except subprocess.TimeoutExpired:
            ended = False
        self.process.kill()
        return ended

    def send(self, text):
        self.process.popen.stdin.write(text.encode())
        self.process.popen.stdin.flush()

    def kill(self):
        self.process.kill()

    def monitor(self, command, **arguments):
        """One QMP command, such as set_link."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(10)
            link.connect(self.monitor_path)
            stream = link.makefile("rw")
            stream.readline()
            for message in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                stream.write(json.dumps(message) + "\n")
                stream.flush()
                answer = json.loads(stream.readline())
                while "event" in answer:
                    answer = json.loads(stream.readline())
            return answer

    def section(self, name):
        """What the root's init showed under a name; "" when it did not come so far."""
        match = re.search(r"^<<%s(?:%s)?\n(.*?)\n>>%s(?:%s)?$" % (name, BROKEN_IN, name, BROKEN_IN), self.console, re.M | re.S)
        return re.sub(r"(?<=[^\n])%s\n" % BROKEN_IN, "", match.group(1)) if match else ""

    def times(self):
        """The phases in milliseconds, as the program wrote them down for the next system."""
        return {words[0]: int(words[1]) for words in map(str.split, self.section("times").splitlines())
                if len(words) == 2 and words[1].isdigit()}

    def said(self, pattern):
        """Whether a line of ours (kernel log or console) matches."""
        return re.search(r"^.*iscsi-init: .*(?:%s)" % pattern, self.console, re.M | re.I) is not None


def run_cases(cases, name="6.1-cloud-amd64"):
    """A test file's own end: those of its cases that the command line names, or all, on one kernel (KERNEL=name: another)."""
    with Rig() as rig:
        kernel = Kernel(os.environ.get("KERNEL", name))
        initrd = rig.initrd(kernel)
        for case in sys.argv[1:] or cases:
            cases[case](rig, kernel, initrd)


class Rig:
    """Owns the temporary folder, the children and the TAP output of one test script."""

    def __init__(self, binary=None):
        self.binary = binary or os.environ.get("ISCSI_INIT") or os.path.join(TOP, "iscsi-init")
        self.count = self.failed = self.files = 0
        self.processes, self.guests = [], []

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="iscsi-init-test.", dir="/tmp")
        for number in ENDINGS:
            signal.signal(number, self.interrupted)
        forget_old_images()
        return self

    @staticmethod
    def interrupted(number, _frame):
        for another in ENDINGS:
            signal.signal(another, signal.SIG_IGN)  # a second one must not stop the cleaning up
        sys.exit(128 + number)

    def __exit__(self, kind, error, trace):
        for process in reversed(self.processes):
            process.kill()
        if kind not in (None, SystemExit):
            self.ok(False, "the test runs to its end", "".join(traceback.format_exception(kind, error, trace)))
            self.show_console()
        if os.environ.get("KEEP"):
            self.note("kept: " + self.folder)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        if kind is SystemExit:
            return False
        if self.count:
            print("1..%d" % self.count)
        sys.stdout.flush()
        os._exit(1 if self.failed else 0)

    def path(self, stem, suffix):
        self.files += 1
        return os.path.join(self.folder, "%s%d%s" % (stem, self.files, suffix))

    # ---- TAP

    @staticmethod
    def note(text):
        print("".join("# %s\n" % line for line in text.splitlines()), end="", flush=True)

    def ok(self, condition, name, detail=""):
        self.count += 1
        print("%sok %d - %s" % ("" if condition else "not ", self.count, name), flush=True)
        if not condition:
            self.failed += 1
            self.tell("%s: not ok %d - %s\n%s" % (os.path.basename(sys.argv[0]), self.count, name, detail))
        return bool(condition)

    @staticmethod
    def tell(text):
        """Why something failed. On standard error, as prove keeps the comments on standard output to itself."""
        sys.stdout.flush()
        print("".join("# %s\n" % line for line in text.splitlines()), end="", file=sys.stderr, flush=True)

    def check(self, guest, condition, name):
        """ok(), with the end of the guest's console where it fails."""
        if not self.ok(condition, name):
            self.show_console(guest)

    def show_console(self, guest=None):
        guest = guest or (self.guests[-1] if self.guests else None)
        if guest:
            self.tell("%.1f s, command line: %s" % (guest.seconds(), getattr(guest, "cmdline", "")))
            self.tell("\n".join(guest.console.splitlines()[-60:]))

    # ---- parts of a boot

    def disk(self, script="", table="gpt", size=64 * MIB, files=None, arch="amd64"):
        """A fresh copy of a root disk whose init runs script."""
        busybox = "/bin/busybox" if arch == "amd64" else run(os.path.join(HERE, "kernels"), "--busybox", arch).split("\n")[-2]
        content = {"/sbin/init": INIT, "/etc/os-release": "ID=rig\n"}  # systemd enters no root without os-release
        content.update(files or {})
        if script:
            content["/test.sh"] = script
        key = json.dumps([sorted((name, str(text)) for name, text in content.items()), table, size,
                          digest_of(busybox), digest_of(__file__)])
        image = cached(key, ".disk", lambda path: make_disk(path, content, table, size, busybox))
        path = self.path("disk", ".img")
        run("cp", "--sparse=always", image, path)
        return Disk(path)

    def initrd(self, kernel, *options, nic="virtio_net"):
        """An initramfs for a kernel, by the image tool, with few modules: unpacking is time in the guest."""
        options = ["--modules", kernel.modules, "--binary", self.binary, "--compress", "none", "--nic", nic] + list(options)
        key = json.dumps([options, kernel.version, digest_of(self.binary), digest_of(IMAGE_TOOL)])
        return cached(key, ".initrd", lambda path: run(IMAGE_TOOL, *options, "-o", path))

    def joined(self, *parts):
        """Several initramfs archives in one file: paths, or archives as bytes."""
        path = self.path("joined", ".initrd")
        with open(path, "wb") as out:
            for part in parts:
                if isinstance(part, str):
                    with open(part, "rb") as file:
                        part = file.read()
                out.write(part + b"\0" * (-len(part) % 4))
        return path

    def boot(self, kernel, initrd, cmdline, **options):
        return Guest(self, kernel, initrd, cmdline, **options)
