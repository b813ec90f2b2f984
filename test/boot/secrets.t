#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Secrets stay secret: after boots with mutual CHAP, and after a recovery that needs the secret again, who has it? The
memory of every process, environments, arguments, the log and sysfs are searched for it."""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Kernel, Rig, Target, cached  # noqa: E402

SECRET, SECRET_IN, OTHER = "Ziegenkaese-0815-x", "Yakbutter-4711-abc", "Wacholder-1234-xyz"
ACCOUNTS = [("me", SECRET), ("it", SECRET_IN, "--outgoing")]

# A pattern with a bracket does not match itself: the searchers are not found. Untouched pages read as zeros, which are squeezed: grep
# takes long for 20 million empty lines.
SEARCH = """
count() { tr -cs ' -~' '\\n' | grep -o '%s' | wc -l; }
memory() {
	while read -r range rights rest; do
		case "$rights $rest" in r*'[vvar]'|r*'[vvar_vclock]'|r*'[vsyscall]'|-*) continue;; esac
		from=$((0x${range%%%%-*})) to=$((0x${range##*-}))
		dd if=$1/mem bs=64k iflag=skip_bytes,count_bytes,fullblock skip=$from count=$((to - from)) 2>/dev/null
	done <$1/maps
}
search() {
	for p in $1; do  # one of them may end meanwhile
		memory $p >/run/memory 2>/dev/null
		[ -s /run/memory ] || continue
		row="$(basename $p) $(cat $p/comm) $(wc -c </run/memory) $(count </run/memory) $(cat $p/environ $p/cmdline | count)"
		[ -d $p ] && echo $row
	done 2>/dev/null
	rm /run/memory
}
""" % "|".join("[%s]%s" % (word[0], word[1:]) for word in (SECRET, SECRET_IN)).replace("|", "\\|")

SHOW = SEARCH + """
echo 1 >/proc/sys/kernel/printk
processes=$(ls -d /proc/[0-9]*)
search "$processes" | show search
dmesg | grep "$LINES_OF" | count | show dmesg
grep -rl '[Z]iegenkaese\\|[Y]akbutter' /run /var /tmp 2>/dev/null | show files
cd /sys/class/iscsi_session/session*
for a in username password username_in password_in; do
	echo $a $(stat -c '%a %U' $a) $(count <$a) $(su nobody -s /bin/sh -c "cat $PWD/$a" 2>&1 | count)
done | show attributes
cd /
"""
FILES = {"/etc/passwd": "root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"}


def nobody_has_it(rig, guest, name, each):
    """each: how often the supervisor has the two secrets together."""
    rows = [line.split() for line in guest.section("search").splitlines() if line]
    holders = {row[1]: int(row[3]) for row in rows if int(row[3])}
    read = {row[1]: int(row[2]) for row in rows}
    rig.ok(len(rows) >= 2 and min(read.values()) > 100000, name + ": the memory of every process was read", str(rows))
    keeper = holders.pop("iscsi-keeper", each)  # who takes the supervisor's place must log in, too
    rig.check(guest, holders == {"iscsi-init": each} and keeper == each,
              name + ": nobody but the supervisor and its keeper has the secrets, and they each once: %s" % holders)
    rig.ok(rows and not any(int(row[4]) for row in rows), name + ": no environment and no arguments have them", str(rows))
    rig.ok(guest.section("dmesg").strip() == "0", name + ": nor the kernel's log", guest.section("dmesg"))
    rig.ok(not guest.section("files").strip(), name + ": nor a file in /run", guest.section("files"))
    ours = "\n".join(line for line in guest.console.splitlines() if "iscsi-init: " in line)
    leaked = [form for word in (SECRET, SECRET_IN) for form in (word, word.encode().hex()) if form in ours]
    rig.ok(ours and not leaked, name + ": no line of ours has them", " ".join(leaked))


def attributes(rig, guest):
    rows = {words[0]: words[1:] for words in map(str.split, guest.section("attributes").splitlines()) if words}
    rig.ok(rows.get("password", [])[2:] == ["1", "0"] and rows.get("password_in", [])[2:] == ["1", "0"],
           "sysfs shows the secrets to root and to nobody else (modes %s)" % rows.get("password", ["?"])[0], str(rows))


def by_table(rig, kernel):
    """A table of secrets in the image; the target restarts; everything at debug level."""
    table = cached(SECRET + SECRET_IN, ".secrets", lambda path: open(path, "w").write("* me %s it %s\n" % (SECRET, SECRET_IN)))
    disk = rig.disk(script="echo READY; read line; LINES_OF=.\n" + SHOW, files=FILES)
    target = Target(rig, {1: disk}, accounts=ACCOUNTS)
    guest = rig.boot(kernel, rig.initrd(kernel, "--config", "secrets=" + table),
                     "loglevel=8 iscsi.log=debug rw root=/dev/sda1 " + target.word())
    rig.check(guest, guest.expect("^READY", 90), "mutual CHAP by /etc/iscsi-init/secrets boots")
    rig.ok(guest.said("CHAP_N|CHAP"), "the log at debug level tells of CHAP")
    target.kill()
    target.start()
    rig.check(guest, guest.expect("is back at", 60), "after a restart of the target the session comes back, with CHAP")
    guest.send("\n")
    guest.expect("^DONE", 240)  # minutes where much else runs
    nobody_has_it(rig, guest, "a table", 2)
    attributes(rig, guest)
    rig.ok(SECRET not in guest.console and SECRET_IN not in guest.console, "the console does not show them at all")
    guest.wait()


def on_the_command_line(rig, kernel, initrd):
    disk = rig.disk(script="LINES_OF=iscsi-init:\n" + SHOW, files=FILES)  # the kernel itself logs its command line
    target = Target(rig, {1: disk}, accounts=ACCOUNTS)
    guest = rig.boot(kernel, initrd, "loglevel=8 iscsi.log=debug rw root=/dev/sda1 " + target.word(
        "username=me", "password=" + SECRET, "username_in=it", "password_in=" + SECRET_IN))
    guest.expect("^DONE", 240)
    rig.check(guest, guest.said("which everybody can read in /proc/cmdline"), "a secret on the command line gets a warning")
    nobody_has_it(rig, guest, "the command line", 2)
    guest.wait()


def without_random_numbers(rig, kernel, initrd):
    """The kernel's generator is not ready yet, and mutual CHAP needs a challenge of ours."""
    target = Target(rig, {1: rig.disk()}, accounts=ACCOUNTS)
    guest = rig.boot(kernel, initrd, "quiet random.trust_cpu=off random.trust_bootloader=off rw root=/dev/sda1 " + target.word(
        "username=me", "password=" + SECRET, "username_in=it", "password_in=" + SECRET_IN))
    rig.check(guest, guest.expect("iscsi-init: waiting for the kernel's random number generator", 60),
              "no random numbers yet: that is said, also with quiet")
    rig.check(guest, guest.expect("^DONE", 60), "and then the boot goes on")
    guest.wait()


def credentials(rig, kernel, initrd):
    """QEMU hands credentials to a running system; attach takes them for a second target."""
    module = os.path.join(kernel.modules, "kernel", "drivers", "firmware", "qemu_fw_cfg.ko")
    with open(rig.binary, "rb") as file, open(module, "rb") as driver:
        files = {"/sbin/iscsi-init": file.read(), "/qemu_fw_cfg.ko": driver.read()}
    other = Target(rig, {1: rig.disk(table="none")}, name="iqn.2026-01.test.rig:second", accounts=[("you", OTHER)])
    attach = "/sbin/iscsi-init attach %s,%s 2>&1 | show " % (other.portal(), other.name)
    target = Target(rig, {1: rig.disk(files=files, script="""
%swithout
insmod /qemu_fw_cfg.ko
%swith
""" % (attach, attach))})
    options = []
    for name, value in (("username", "you"), ("password", OTHER)):
        options += ["-fw_cfg", "name=opt/io.systemd.credentials/iscsi.%s,string=%s" % (name, value)]
    guest = rig.boot(kernel, initrd, "quiet rw root=/dev/sda1 " + target.word(), options=options)
    guest.expect("^DONE", 120)
    rig.check(guest, "authentication" in guest.section("without"), "without a secret: attach says what is missing")
    rig.note(guest.section("without"))
    rig.check(guest, re.search("^session [0-9]+: .*second /dev/sd", guest.section("with"), re.M),
              "a credential from QEMU's fw_cfg opens the target to attach")
    rig.note(guest.section("with"))
    guest.wait()


with Rig() as rig:
    kernel = Kernel("6.1-cloud-amd64")
    by_table(rig, kernel)
    plain = rig.initrd(kernel)
    on_the_command_line(rig, kernel, plain)
    without_random_numbers(rig, kernel, plain)
    credentials(rig, kernel, plain)
