# SPDX-License-Identifier: MIT
"""Network namespaces, cables and servers for the tests in this directory, and TAP.

Every Lab has names of its own and takes down what it made, also after a failure.
"""
import atexit
import fcntl
import glob
import hashlib
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SANITIZE = ["-g", "-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]

count = 0
failures = 0


def ok(condition, name, note=""):
    global count, failures
    count += 1
    if not condition:
        failures += 1
    print(("ok" if condition else "not ok") + f" {count} - {name}", flush=True)
    if not condition:
        # on standard error, as prove keeps the comments on standard output to itself
        reason = f"{os.path.basename(sys.argv[0])}: not ok {count} - {name}\n{note}"
        print("".join(f"# {line}\n" for line in reason.splitlines()), end="", file=sys.stderr, flush=True)
    return condition


def skip(name, why):
    global count
    count += 1
    print(f"ok {count} - {name} # SKIP {why}", flush=True)


def fails(future, words):
    """A scene that was played beside others ends without an address, and says so in these words."""
    outcome = future.result()
    ok(outcome.status == 1 and words in outcome.text and not outcome.addresses, outcome.name,
       f"{outcome.addresses}\n{outcome.text}\n{outcome.server}")
    return outcome


def done():
    print(f"1..{count}")
    sys.exit(1 if failures else 0)


def skip_all(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(0)


def run(*command, check=True, **more):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **more)
    if check and result.returncode:
        raise RuntimeError(f"{' '.join(command)}: {result.stdout}")
    return result.stdout


def wait_for(condition, seconds=20):
    """True as soon as condition() is; the tests themselves may poll."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


class Packages:
    """Debian packages, and what they need, unpacked beside the system: nothing is installed, and no service enabled.

    What is installed already is used from where it is. Fetched through apt, verified by it, and kept in the cache.
    """

    def __init__(self, *names):
        wanted = self.missing(names)
        key = hashlib.sha256(" ".join(wanted).encode()).hexdigest()[:16]
        cache = os.environ.get("ISCSI_INIT_CACHE") or os.path.join(
            os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "iscsi-init")
        self.folder = os.path.join(cache, "packages", f"{names[0]}-{key}")
        os.makedirs(os.path.dirname(self.folder), exist_ok=True)
        with open(self.folder + ".lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.isdir(self.folder):
                self.unpack([name for name, *_ in map(str.split, wanted)])
        libraries = glob.glob(self.folder + "/usr/lib/*-linux-gnu*") + glob.glob(self.folder + "/lib/*-linux-gnu*")
        self.environment = dict(os.environ, LD_LIBRARY_PATH=":".join(libraries))

    @staticmethod
    def missing(names):
        """What apt would install: name, version, origin."""
        for command in ([], ["update"]):
            if command:
                subprocess.run(["apt-get", "-q", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               check=False)
            shown = subprocess.run(["apt-get", "-s", "--no-install-recommends", "install", *names], check=False,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if shown.returncode == 0:
                return sorted(re.findall(r"^Inst (.*)$", shown.stdout, re.M))
        raise RuntimeError(f"apt cannot fetch {' '.join(names)}")

    def unpack(self, names):
        with tempfile.TemporaryDirectory(dir=os.path.dirname(self.folder)) as work:
            os.makedirs(work + "/tree")
            if names:
                done_well = subprocess.run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", *names], cwd=work,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
                if done_well.returncode:
                    raise RuntimeError(f"apt cannot download {' '.join(names)}")
            for package in glob.glob(work + "/*.deb"):
                run("dpkg-deb", "-x", package, work + "/tree")
            os.rename(work + "/tree", self.folder)

    def path(self, name):
        """Of a file of the packages, unpacked or installed."""
        return self.folder + name if os.path.exists(self.folder + name) else name


class Lab:
    """Machines (namespaces), cables (veth pairs), servers; one directory for their files."""

    def __init__(self, *programs):
        if os.geteuid():
            skip_all("network namespaces need root")
        for program in ("ip",) + programs:
            if not shutil.which(program):
                skip_all(f"{program} is not installed")
        self.directory = tempfile.mkdtemp(prefix="iscsi-init-net.")
        self.machines = []
        self.processes = []
        self.numbers = itertools.count()
        atexit.register(self.close)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(1))
        if subprocess.run(["ip", "netns", "add", self.name("probe")], check=False,
                          stderr=subprocess.DEVNULL).returncode:
            skip_all("network namespaces cannot be made here")
        self.machines.append("probe")
        self.program = self.build()

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()
        for machine in self.machines:
            run("ip", "netns", "del", self.name(machine), check=False)
        self.processes, self.machines = [], []
        shutil.rmtree(self.directory, ignore_errors=True)

    def build(self):
        """The driver, linked with the product's own objects."""
        program = os.path.join(self.directory, "driver")
        environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        lock = open(os.path.join(TOP, "build", ".net-test-lock"), "w") if os.path.isdir(
            os.path.join(TOP, "build")) else None
        if lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
        run("make", "-s", "-C", TOP, "build/host/libproject.a", env=environment)
        run("gcc", "-std=gnu11", "-D_GNU_SOURCE", "-I", TOP, "-Wall", "-Wextra", *SANITIZE, "-o", program,
            os.path.join(HERE, "driver.c"), os.path.join(TOP, "build/host/libproject.a"),
            "-L" + os.path.join(TOP, "build/host/libs/lib"), "-lkmod", "-lz", "-lzstd", "-llzma", "-lmbedcrypto")
        if lock:
            lock.close()
        return program

    def name(self, machine):
        return f"ii{os.getpid()}-{machine}"

    def machine(self, name):
        run("ip", "netns", "add", self.name(name))
        self.machines.append(name)
        self.ip(name, "link set lo up")

    def drop(self, *names):
        """Takes machines down; their cables go with them."""
        for name in names:
            run("ip", "netns", "del", self.name(name))
            self.machines.remove(name)

    def ip(self, machine, words):
        return run("ip", "-n", self.name(machine), *words.split())

    def inside(self, machine, *command, **more):
        return run("ip", "netns", "exec", self.name(machine), *command, **more)

    def cable(self, a, a_name, b, b_name, b_address=None, up=True, mac=None):
        """a's end stays down; b's is up, with the address."""
        words = ["ip", "link", "add", a_name, "netns", self.name(a)]
        if mac:
            words += ["address", mac]
        run(*words, "type", "veth", "peer", "name", b_name, "netns", self.name(b))
        if b_address:
            self.ip(b, f"address add {b_address} dev {b_name}" + (" nodad" if ":" in b_address else ""))
        if up:
            self.ip(b, f"link set {b_name} up")

    def switch(self, machine, name, *addresses):
        """A bridge that is up, with a link-local address, before a cable is plugged into it."""
        for words in (f"link add {name} type bridge mcast_snooping 0", "link add q0 type veth peer name q1",
                      f"link set q0 master {name}", "link set q0 up", "link set q1 up", f"link set {name} up"):
            self.ip(machine, words)
        for address in addresses:
            self.ip(machine, f"address add {address} dev {name}" + (" nodad" if ":" in address else ""))
        wait_for(lambda: "tentative" not in self.ip(machine, f"-6 address show dev {name}"))

    def plug(self, a, a_name, b, b_name, switch, **more):
        self.cable(a, a_name, b, b_name, **more)
        self.ip(b, f"link set {b_name} master {switch}")

    def reaches(self, machine, address):
        """Refused is reached."""
        return "refused" in self.inside(machine, sys.executable, "-c",
                                        "import socket, sys\ntry:\n socket.create_connection((sys.argv[1], 9), 3)\n"
                                        "except OSError as error:\n print(str(error).lower())", address)

    def start(self, machine, *command, **more):
        log = open(os.path.join(self.directory, f"log-{next(self.numbers)}"), "w+")
        process = subprocess.Popen(["ip", "netns", "exec", self.name(machine), *command], stdout=log,
                                   stderr=subprocess.STDOUT, start_new_session=True, **more)
        process.log = log.name
        self.processes.append(process)
        return process

    def stop(self, process):
        process.kill()
        process.wait()
        self.processes.remove(process)

    def log(self, process):
        with open(process.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def dnsmasq(self, machine, interface, *options):
        number = next(self.numbers)
        process = self.start(machine, "dnsmasq", "--conf-file=/dev/null", "--keep-in-foreground", "--no-resolv",
                             "--no-hosts", "--no-ping", "--user=root", "--log-dhcp", "--log-facility=-",
                             f"--pid-file={self.directory}/dnsmasq-{number}.pid",
                             f"--dhcp-leasefile={self.directory}/leases-{number}", f"--interface={interface}",
                             "--except-interface=lo", "--bind-interfaces", *options)
        wait_for(lambda: "started" in self.log(process) or process.poll() is not None)
        return process

    def fake(self, machine, interface, *options, program="dhcpd.py"):
        process = self.start(machine, sys.executable, os.path.join(HERE, program), interface, *options)
        wait_for(lambda: "ready" in self.log(process) or process.poll() is not None)
        return process

    def drive(self, machine, line, *options):
        """Runs the driver to its end: an object with .status, .text and .took (ms from carrier to address)."""
        result = Outcome()
        done = subprocess.run(["ip", "netns", "exec", self.name(machine), self.program, *options, line],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=120)
        result.status, result.text = done.returncode, done.stdout
        took = re.search(r"^took (\d+)", result.text, re.M)
        result.took = int(took.group(1)) if took else None
        return result

    def drive_aside(self, machine, line, *options):
        return self.start(machine, self.program, *options, line)

    def addresses(self, machine, interface):
        text = self.ip(machine, f"-o address show dev {interface}")
        return re.findall(r"inet6? ([0-9a-f.:/]+)", text)


class Outcome:
    status = None
    text = ""
    took = None
