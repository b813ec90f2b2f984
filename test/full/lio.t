#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Linux kernel's own target, LIO, of three kernels: sessions through the kernel with every CHAP algorithm, access lists,
IPv6, several LUNs; digests, counted and verified on the wire; discovery with and without CHAP, and boots from a portal."""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "boot"))
from lio import Lio  # noqa: E402
from rig import Disk, Kernel, Rig, MIB  # noqa: E402
from wire import digests  # noqa: E402

IQN = "iqn.2026-01.test.lio:"
ME, STRANGER = "iqn.2026-01.test.guest:me", "iqn.2026-01.test.guest:stranger"
SECRET, SECRET_IN = "Ziegenkaese-0815-x", "Yakbutter-4711-abc"
CHAP = "username=me,password=" + SECRET
MUTUAL = CHAP + ",username_in=it,password_in=" + SECRET_IN
ALGORITHMS = ("MD5", "SHA1", "SHA256", "SHA3-256")
PLAIN_PORT, BOTH_PORT, HEADER_PORT, DATA_PORT = 3261, 3271, 3272, 3273

ONLY = "target %sroot; open; enable" % IQN
MORE = """
mkdir -p $core/rd_mcp_0
for n in 1 2; do mkdir $core/rd_mcp_0/ram$n; echo rd_pages=2048 >$core/rd_mcp_0/ram$n/control; echo 1 >$core/rd_mcp_0/ram$n/enable; done
target {0}chap; allow {1} me {2}; enable
target {0}mutual; allow {1} me {2} it {3}; enable
target {0}closed; allow {1}; enable
target {0}luns; mkdir $tpg/lun/lun_7 $tpg/lun/lun_300; ln -s $core/rd_mcp_0/ram1 $tpg/lun/lun_7/disk; ln -s $core/rd_mcp_0/ram2 $tpg/lun/lun_300/disk; open; enable
target {0}both; open; mkdir $tpg/np/[::]:{4}; echo CRC32C >$tpg/param/HeaderDigest; echo CRC32C >$tpg/param/DataDigest; enable
target {0}header; open; mkdir $tpg/np/[::]:{5}; echo CRC32C >$tpg/param/HeaderDigest; echo None >$tpg/param/DataDigest; enable
target {0}data; open; mkdir $tpg/np/[::]:{6}; echo None >$tpg/param/HeaderDigest; echo CRC32C >$tpg/param/DataDigest; enable
""".format(IQN, ME, SECRET, SECRET_IN, BOTH_PORT, HEADER_PORT, DATA_PORT)

# try LABEL TARGET [OPTIONS [PORT [INITIATOR]]]: attaches, shows the session, reads and writes 1 MiB, detaches.
LIBRARY = """
i=/sbin/iscsi-init
try() {
	$i attach "[fd00::1]:${4:-3261},%s$2,initiator=${5:-%s}${3:+,$3}" >/run/out 2>&1
	echo "exit $?" >>/run/out
	sid=$(sed -n 's/^session \\([0-9]*\\):.*/\\1/p' /run/out)
	if [ "$sid" ]; then
		c=/sys/class/iscsi_connection/connection$sid:0
		disks=$(ls -d /sys/class/iscsi_session/session$sid/device/target*/*/block/* | sed 's/.*\\///' | sort)
		echo "digests $(cat $c/header_digest) $(cat $c/data_digest)" >>/run/out
		first=$(sed -n 's/^session .*\/dev\///p' /run/out)
		echo "first $(readlink /sys/block/$first/device | sed 's/.*://')" >>/run/out
		echo "address $(cat $c/persistent_address)" >>/run/out
		echo "luns $(ls -d /sys/class/iscsi_session/session$sid/device/target*/*:*/block | sed 's/.*:\\([0-9]*\\)\\/block/\\1/' | sort -n | tr '\\n' ' ')" >>/run/out
		for disk in $disks; do
			[ "$2" = both ] || [ "$2" = header ] || [ "$2" = data ] || [ "$2" = luns ] || continue
			[ $disk = "$(echo $disks | sed 's/ .*//')" ] && [ "$2" != luns ] && continue
			[ "$2" != luns ] || [ $(cat /sys/block/$disk/size) -lt 20000 ] || continue
			dd if=/dev/urandom of=/run/random bs=64k count=16 2>/dev/null
			dd if=/run/random of=/dev/$disk bs=64k conv=fsync 2>/dev/null
			echo 3 >/proc/sys/vm/drop_caches
			dd if=/dev/$disk bs=64k count=16 2>/dev/null | cmp - /run/random && echo "same $disk" >>/run/out
		done
		$i detach $sid >>/run/out 2>&1
	fi
	show $1 </run/out
}
""" % (IQN, ME)


def script():
    lines = [LIBRARY]
    for name in ALGORITHMS:
        lines += ["try chap-%s chap %s,chap_algs=%s" % (name, CHAP, name),
                  "try mutual-%s mutual %s,chap_algs=%s" % (name, MUTUAL, name)]
    lines += ["try list mutual " + MUTUAL, "try none chap", "try wrong chap username=me,password=Wacholder-1234-xyz",
              "try wrong-in mutual %s,username_in=it,password_in=Wacholder-1234-xyz" % CHAP,
              "try closed closed", "try stranger closed '' '' " + STRANGER, "try luns luns",
              "try both both HeaderDigest=CRC32C,DataDigest=CRC32C %d" % BOTH_PORT,
              "try header header HeaderDigest=CRC32C,DataDigest=None %d" % HEADER_PORT,
              "try data data HeaderDigest=None,DataDigest=CRC32C %d" % DATA_PORT,
              "try refused both '' %d" % BOTH_PORT,
              "$i discover [fd00::1]:3261 2>&1 | show discovered"]
    return "\n".join(lines)


def sessions(rig, guest, name):
    def has(label, wanted, what):
        shown = guest.section(label)
        rig.ok(all(re.search(pattern, shown, re.M) for pattern in wanted), "%s: %s" % (name, what), shown)

    for algorithm in ALGORITHMS:
        has("chap-" + algorithm, ["^exit 0", "^session"], "CHAP with " + algorithm)
        has("mutual-" + algorithm, ["^exit 0", "^session"], "mutual CHAP with " + algorithm)
    has("list", ["^exit 0", "^session"], "mutual CHAP with the whole list")
    has("none", ["^exit 1", "LNOAUTH"], "no password, and the target wants one")
    has("wrong", ["^exit 1", "L0201"], "a wrong password")
    has("wrong-in", ["^exit 1", "LAUTH"], "a target that does not know its own password")
    has("closed", ["^exit 0", "^session"], "an access list that has us")
    has("stranger", ["^exit 1", "L0202"], "an access list that does not have us")
    has("luns", ["^exit 0", "^luns 0 1 7 300 $", "^first 0$", "address fd00::1"], "four LUNs over IPv6; the first is named")
    rig.ok(len(re.findall("^same", guest.section("luns"), re.M)) == 3, name + ": the small ones keep what is written",
           guest.section("luns"))
    has("both", ["^digests 1 1$", "^same"], "both digests")
    has("header", ["^digests 1 0$", "^same"], "a header digest alone")
    has("data", ["^digests 0 1$", "^same"], "a data digest alone")
    has("refused", ["^exit 1", "L0200"], "a target that insists on digests, which we do not offer unasked")
    has("discovered", [r"\[fd00::1\]:3261,1 %s%s$" % (re.escape(IQN), target) for target in ("root", "chap", "luns")],
        "discover lists the targets")


def on_the_wire(rig, capture, name):
    """Every header and every data segment after the login has its digest, and it is right; without digests none has."""
    for port, header, data, what in ((BOTH_PORT, True, True, "both digests"), (HEADER_PORT, True, False, "header digests"),
                                     (DATA_PORT, False, True, "data digests")):
        for counted in digests(capture, port, header, data):
            pdus, headers, parts, right = counted
            rig.ok(pdus > 20 and parts > 2 and headers == (pdus if header else 0) and right == (parts if data else 0),
                   "%s: %s on the wire: %d PDUs, %d right header digests; %d data segments, %d right data digests" %
                   ((name, what) + counted), str(counted))
    plain = digests(capture, PLAIN_PORT)
    rig.ok(plain[0][1] == plain[1][1] == 0, name + ": where none were agreed, none are found", str(plain))


def discover(rig, portal, options=""):
    done = subprocess.run([rig.binary, "discover", portal + options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60)
    return "%d %s" % (done.returncode, done.stdout.decode())


def discovery_with_chap(rig, lio, name):
    portal = "127.0.0.1:%d" % lio.port
    set_up = "cd $fabric/discovery_auth; printf %%s me >userid; printf %%s %s >password; " % SECRET
    lio.guest.send(set_up + "echo 1 >enforce_discovery_auth\n")
    lio.guest.expect("^did", 20)
    shown = discover(rig, portal)
    rig.ok(shown.startswith("1 ") and "LNOAUTH" in shown, name + ": discovery wants CHAP and says so", shown)
    shown = discover(rig, portal, "," + CHAP)
    rig.ok(shown.startswith("0 ") and IQN + "root" in shown, name + ": discovery with CHAP", shown)
    lio.guest.send("printf %%s it >userid_mutual; printf %%s %s >password_mutual\n" % SECRET_IN)
    lio.guest.expect("^did", 20)
    shown = discover(rig, portal, "," + MUTUAL)
    rig.ok(shown.startswith("0 ") and IQN + "root" in shown, name + ": discovery with mutual CHAP", shown)
    lio.guest.send("echo 0 >enforce_discovery_auth; cd /\n")
    lio.guest.expect("^did", 20)


def cable(path):
    return ["-netdev", "stream,id=n0,server=off,addr.type=unix,addr.path=" + path,
            "-device", "virtio-net-pci,netdev=n0,romfile="]


def against(rig, client, kernel):
    with open(rig.binary, "rb") as file:
        disk = rig.disk(script=script(), files={"/sbin/iscsi-init": file.read()})
    second = rig.path("disk", ".img")
    with open(second, "wb") as file:
        file.truncate(8 * MIB)
    wire, initrd = rig.path("cable", ""), rig.initrd(client)
    words = "quiet loglevel=6 rw root=/dev/sda1 ip=[fd00::2]:::64::eth0:off iscsi.onfail=poweroff "
    lio = Lio(rig, kernel, [disk, Disk(second)], ONLY, cable=wire)
    name = "LIO " + kernel.name

    discovery_with_chap(rig, lio, name)
    for line in MORE.strip().splitlines():
        lio.guest.send(line + "\n")
        rig.check(lio.guest, lio.guest.expect(r"^did 0", 20), "%s: %s..." % (name, line.split(";")[0]))
    guest = rig.boot(client, initrd, words + "iscsi=[fd00::1]:3261,initiator=" + ME, network=cable(wire))
    rig.check(guest, guest.wait(120) and guest.said("has several targets") and guest.said(IQN + "root"),
              name + ": a portal with several targets: the message lists them")
    guest = rig.boot(client, initrd, words + "iscsi=[fd00::1]:3261,%sroot,initiator=%s" % (IQN, ME), network=cable(wire),
                     capture=True)
    rig.check(guest, guest.expect("^ROOT-OK", 120), name + ": a boot over IPv6")
    rig.check(guest, guest.expect("^DONE", 300), name + ": a guest that attaches its other targets")
    sessions(rig, guest, name)
    guest.wait()
    on_the_wire(rig, guest.capture, name)
    lio.guest.kill()


def only_one(rig, client, kernel):
    wire = rig.path("cable", "")
    lio = Lio(rig, kernel, [rig.disk()], ONLY, cable=wire)
    guest = rig.boot(client, rig.initrd(client), "quiet rw root=/dev/sda1 ip=[fd00::2]:::64::eth0:off iscsi=[fd00::1]:3261",
                     network=cable(wire))
    rig.check(guest, guest.expect("^ROOT-OK", 120), "LIO %s: iscsi=<portal> boots from its only target" % kernel.name)
    guest.wait()
    lio.guest.kill()


with Rig() as rig:
    cloud = Kernel("6.1-cloud-amd64")
    kernels = sys.argv[1:] or ["6.1-cloud-amd64", "6.12-cloud-amd64", "7.2-cloud-amd64"]
    only_one(rig, cloud, Kernel(kernels[0]))
    for kernel in kernels:
        against(rig, cloud, Kernel(kernel))
