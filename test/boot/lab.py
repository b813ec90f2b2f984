# SPDX-License-Identifier: MIT
"""A booted root that does what a test tells it: a shell on the console, and a writer whose every byte is checked.

The writer makes numbered files of random bytes, syncs each, and says its checksum; in the end all are read back past the
cache, in the guest and in the disk's image.
"""

import hashlib
import os
import re
import time

from rig import Target, run

# Runs commands, one a line; what each printed, every line marked, how it ended and a checksum, since the kernel's own lines
# may break into any other; "again" prints it once more, and says so: nobody takes that for the next command's answer.
LOOP = r"""while read -r line; do
	did=again
	if [ "$line" != again ]; then
		eval "$line" >/run/printed 2>&1
		status=$? did=did
		sed "s/^/| /; s/\$/ ./" /run/printed >/run/marked
		[ -z "$(tail -c 1 /run/marked)" ] || echo >>/run/marked
	fi
	cat /run/marked
	echo; echo "$did $status $(md5sum </run/marked | cut -c 1-32)"
done"""
SHELL = """
. /lab.sh
stty -echo </dev/console
echo LAB-READY
%s </dev/console
""" % LOOP

LIBRARY = """
write_files() {
	mkdir -p /w
	n=0
	while [ ! -e /run/stop-writing ]; do
		n=$((n + 1))
		if dd if=/dev/urandom of=/w/$n bs=64k count=2 conv=fsync 2>/dev/null; then
			echo "WROTE $n $(md5sum /w/$n | cut -d ' ' -f 1) $(cut -d ' ' -f 1 /proc/uptime)"
		else
			echo "WRITE-ERROR $n"
		fi | tee -a /run/wrote
		[ $n -ge 300 ] && n=0
	done
	sync
	echo WRITER-ENDS
}
resident() {
	for p in $(pidof iscsi-init); do
		grep -q "^@iscsi-init" /proc/$p/cmdline && echo $p
	done
}
errors() { dmesg | grep -E "I/O error|Buffer I/O|EXT4-fs (error|warning)|emount|rejecting I/O"; }
"""

SHORT_LIFE = 5.2  # session/session.c's, and a little


class Bomb:
    """Of a user without rights: as many processes as the kernel allows him, each of which begins others as fast as it can.
    The lab's shell runs before all of them, or nobody could end it, and counts without a look into any of them."""

    def __init__(self, lab, patience):
        self.lab, self.patience, self.before = lab, patience, 0

    @staticmethod
    def files():
        content = programs("/usr/bin/chrt")
        content["/etc/passwd"] = "root:x:0:0::/:/bin/sh\nmallory:x:1000:1000::/:/bin/sh\n"
        content["/bomb.sh"] = "while [ ! -e /run/no-bomb ]; do sh /bomb.sh & done\n"
        return content

    def run(self, command):
        printed = self.lab.shell(command, self.patience)
        if printed is None:
            raise RuntimeError("the guest's shell does not answer: " + command)
        return printed

    def parts(self):
        return int(self.run("set -- /proc/[0-9]*; echo $#")) - self.before

    def explode(self, wanted=100):
        """How many processes it has: as many as wanted, or what a minute makes of it."""
        self.run("rm -f /run/no-bomb; /usr/bin/chrt -f -p 1 $$")
        self.before = self.parts()
        self.run("/usr/bin/chrt -o 0 setsid su mallory -c 'exec sh /bomb.sh' >/dev/null 2>&1 &")
        begun = time.monotonic()
        while self.parts() < wanted and time.monotonic() < begun + 60:
            time.sleep(0.5)
        return self.parts()

    def clear(self):
        self.run(": >/run/no-bomb; while set -- /proc/[0-9]*; [ $# -gt %d ]; do usleep 200000; done" % (self.before + 10))
        self.run("/usr/bin/chrt -o -p 0 $$")
        self.before = 0


class Lab:
    """One guest whose root is a target's disk."""

    end = "o"  # sysrq's letter: power off
    answered = 0  # how far the shell's answers go, which are not all that was expected

    def __init__(self, rig, kernel, initrd, options=(), words="", files=None, target=None, by_path=False, **boot):
        """by_path: the target has more units than root's, LUN 1."""
        content = {"/lab.sh": LIBRARY}
        content.update(files or {})
        self.rig = rig
        self.disk = rig.disk(script=SHELL, files=content, size=boot.pop("size", 64 << 20), arch=kernel.arch)
        self.target = target(self.disk) if target else Target(rig, {1: self.disk})
        root = self.target.by_path(1) + "-part1" if by_path else "/dev/sda1"
        self.guest = rig.boot(kernel, initrd, "loglevel=5 rw root=%s %s %s" % (root, self.target.word(*options), words), **boot)
        if not self.guest.expect("^LAB-READY", 120):
            rig.check(self.guest, False, "the guest boots")
        self.since = time.monotonic()

    def lasts(self):
        """Until the session is no longer a short one, which would not be taken up at once."""
        time.sleep(max(0, self.since + SHORT_LIFE - time.monotonic()))

    def shell(self, command, seconds=60):
        """What a command printed; None when it did not end in time. Its exit status is in .status."""
        printed = None
        self.guest.seen = max(self.guest.seen, self.answered)
        for attempt in (command, "again", "again"):
            begun = self.guest.seen
            self.guest.send(attempt + "\n")
            done = self.guest.expect(r"^(?:%s) (\d+) ([0-9a-f]{32})" % ("did" if attempt == command else "did|again"), seconds)
            if not done:  # or another line broke this one
                if attempt != command:
                    break
                seconds, self.guest.seen = 10, len(self.guest.console)
                continue
            self.status = int(done.group(1))
            printed = re.findall(r"^\| (.*) \.$", self.guest.console[begun:self.guest.seen], re.M)
            marked = "".join("| %s .\n" % line for line in printed)
            if done.group(2) == hashlib.md5(marked.encode()).hexdigest():
                break
        return None if printed is None else "\n".join(printed)

    def expect(self, pattern, name, seconds=60, after=None):
        """A line; it comes of the command that is run first, if there is one."""
        match = self.saw(after, pattern, seconds) if after else self.guest.expect(pattern, seconds)
        if match and "is back" in match.group(0):
            self.since = time.monotonic()
        self.rig.check(self.guest, match, name)
        return match

    def saw(self, command, pattern, seconds=60):
        """Runs a command and waits for what comes of it, which may be said before the shell has answered."""
        begun = self.guest.seen
        printed = self.shell(command)
        self.answered, self.guest.seen = self.guest.seen, begun
        return printed is not None and self.guest.expect(pattern, seconds)

    def start_writer(self):
        self.saw("write_files >/dev/console 2>&1 &", "^WROTE 2 ")
        self.guest.seen = max(self.guest.seen, self.answered)

    def skip(self):
        """Whatever the console has said up to now is not waited for any more."""
        begun = time.monotonic()
        while self.guest.read_console(begun):
            pass
        self.guest.seen = len(self.guest.console)

    def wrote(self, files=2):
        """Waits for the writer to go on."""
        return all(self.guest.expect("^WROTE ", 60) for _ in range(files))

    def stop_writer(self, name):
        self.rig.check(self.guest, self.saw("touch /run/stop-writing", "^WRITER-ENDS", 120), name + ": the writer ends")

    def verify(self, name):
        """Ends the writer; its files are right for the guest and in the image; nobody saw an error. Powers off."""
        rig, guest = self.rig, self.guest
        self.stop_writer(name)
        wrote = self.shell("cat /run/wrote") or ""
        sums = dict(re.findall(r"^WROTE (\d+) ([0-9a-f]{32}) ", wrote, re.M))
        read = self.shell("echo 3 >/proc/sys/vm/drop_caches; md5sum /w/*", 120) or ""
        seen = {os.path.basename(path): digest for digest, path in re.findall(r"^([0-9a-f]{32})  (\S+)$", read, re.M)}
        rig.check(guest, len(sums) > 3 and sums == seen, "%s: %d files, read back from the target, are right" %
                  (name, len(sums)))
        rig.ok(wrote and "WRITE-ERROR" not in wrote + guest.console, name + ": no write failed")
        errors = self.shell("errors")
        rig.ok(errors == "", name + ": the file system saw no error", errors or "")
        guest.send("sync; echo %s >/proc/sysrq-trigger\n" % self.end)
        rig.check(guest, guest.wait(60), name + ": the machine ends")
        broken = [number for number, digest in sums.items()
                  if hashlib.md5(self.disk.read_bytes("/w/" + number)).hexdigest() != digest]
        rig.ok(not broken, name + ": the image holds the same bytes", " ".join(broken))


def programs(*paths):
    """Dynamic programs of this machine and the libraries they need, as files for a root disk."""
    files = {}
    for path in paths:
        needed = [path]
        for line in run("ldd", path).splitlines():
            match = re.search(r"(/\S+) \(0x", line)
            if match:
                needed.append(match.group(1))
        for name in needed:
            with open(name, "rb") as file:
                files[name] = file.read()
    return files
