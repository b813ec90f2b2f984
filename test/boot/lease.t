#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""DHCP decides the disk: root-path, initiator name and CHAP secrets come with the lease, from a real dnsmasq, in the forms
of RFC 4173, iPXE and dracut. A namespace of our own holds the guest's cable, the server and the target."""

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from builders import distribution_initrd  # noqa: E402
from rig import IMAGE_TOOL, Kernel, Process, Rig, Target, run  # noqa: E402

SERVER, V6 = "192.0.2.1", "2001:db8::1"
NAME = "iqn.2026-01.test.rig:t1"
SHOW = """
for file in targetname initiatorname username_in; do cat /sys/class/iscsi_session/session*/$file | show $file; done
cat /sys/class/iscsi_connection/connection*/persistent_address | show portal
ls /sys/block | show blocks
cat /run/net-eth0.conf | show records
dmesg | grep iscsi-init: | show log
"""


NETWORK = ["-netdev", "tap,id=n0,ifname=tap0,script=no,downscript=no", "-device", "virtio-net-pci,netdev=n0,romfile="]


class NamespaceTarget(Target):
    """tgtd inside the namespace, on the standard port of all its addresses."""

    def __init__(self, rig, namespace, luns, **options):
        self.namespace = namespace
        super().__init__(rig, luns, **options)

    def try_start(self):
        self.port = 3260
        with open(self.log, "ab") as log:
            process = Process(["ip", "netns", "exec", self.namespace, "tgtd", "-f", "-C", "0", "--iscsi",
                               "portal=0.0.0.0:3260,portal=[::]:3260"], log, env=self.environment)
        self.rig.processes.append(process)
        while process.running():
            if self.admin("--mode", "sys", "--op", "show", check=False).returncode == 0:
                self.process = process
                return True
        return False


class Network:
    def __init__(self, rig):
        self.rig = rig
        self.name = "iscsi-init-lease-%d" % os.getpid()
        run("ip", "netns", "add", self.name)
        for arguments in ("link set lo up", "tuntap add tap0 mode tap", "addr add %s/24 dev tap0" % SERVER,
                          "addr add %s/64 dev tap0 nodad" % V6, "link set tap0 up"):
            run("ip", "-n", self.name, *arguments.split())
        self.program = rig.path("qemu", ".sh")
        with open(self.program, "w") as file:
            file.write('#!/bin/sh\nexec ip netns exec %s qemu-system-x86_64 "$@"\n' % self.name)
        os.chmod(self.program, 0o755)

    def serve(self, *options):
        log = open(self.rig.path("dnsmasq", ".log"), "wb")
        server = Process(["ip", "netns", "exec", self.name, "dnsmasq", "-k", "--conf-file=/dev/null", "--no-resolv",
                          "--no-hosts", "--no-ping",
                          "--interface=tap0", "--bind-dynamic", "--log-dhcp", "--log-facility=-", "--pid-file=",
                          "--dhcp-range=192.0.2.100,192.0.2.110,10m", "--dhcp-authoritative",
                          "--dhcp-leasefile=" + self.rig.path("leases", "")] + list(options), log)
        self.rig.processes.append(server)
        return server

    def remove(self):
        for process in reversed(self.rig.processes):
            process.kill()
        run("ip", "netns", "del", self.name)


def boots(rig, network, kernel, initrd, name, line, options, expected, accounts=(), table="gpt"):
    disk = rig.disk(script=SHOW, table=table)
    target = NamespaceTarget(rig, network.name, {1: rig.disk(table="none"), 10: disk}, accounts=accounts)
    server = network.serve(*options)
    guest = rig.boot(kernel, initrd, "quiet iscsi.onfail=poweroff iscsi.timeout=60 " + line % {"uuid": disk.UUID},
                     program=network.program, network=NETWORK, memory=768)
    guest.expect("^DONE", 100)
    guest.wait()
    server.kill()
    target.kill()
    rig.check(guest, NAME in guest.section("targetname"), name)
    for section, pattern in expected.items():
        rig.ok(re.search(pattern, guest.section(section)), "%s: %s is %s" % (name, section, pattern),
               guest.section(section))
    return guest


def in_front_of(rig, network, kernel, builder):
    """Their own scripts know these words, and look for the link."""
    out = rig.path("appended", ".initrd")
    run(IMAGE_TOOL, "--modules", kernel.modules, "--binary", rig.binary, "--nic", "virtio_net", "--append",
        distribution_initrd(builder, kernel), "-o", out)
    boots(rig, network, kernel, out, "netroot=dhcp root=/dev/root in front of " + builder,
          "rdinit=/iscsi-init rw netroot=dhcp root=/dev/root ip=dhcp", ["--dhcp-option-force=17,iscsi:%s:::a:%s" % (SERVER, NAME)],
          {"mounts": "(?m)^/dev/(root|sda) / ext4"}, table="none")


def main(rig, network):
    kernel = Kernel("6.1-cloud-amd64")
    initrd = rig.initrd(kernel)
    by_uuid = "root=UUID=%(uuid)s "
    boots(rig, network, kernel, initrd, "RFC 4173, the LUN in hexadecimal", by_uuid + "iscsi=dhcp",
          ["--dhcp-option-force=17,iscsi:%s:6:3260:a:%s" % (SERVER, NAME), "--dhcp-option=6,%s" % SERVER],
          {"blocks": r"(?m)^sda$", "portal": re.escape(SERVER), "records": "IPV4DNS0='?" + re.escape(SERVER)})
    boots(rig, network, kernel, initrd, "an empty server is the DHCP server's next-server",
                  by_uuid + "netroot=dhcp ip=dhcp", ["--dhcp-option-force=17,iscsi::::a:" + NAME, "--dhcp-boot=x,,%s" % SERVER,
                                                    "--dhcp-option-force=203,iqn.2026-01.test.rig:by-lease"],
                  {"initiatorname": "by-lease"})
    boots(rig, network, kernel, initrd, "mutual CHAP by option 175", by_uuid + "iscsi=dhcp,replacement_timeout=99",
          ["--dhcp-option-force=17,iscsi:%s:::a:%s" % (SERVER, NAME), "--dhcp-option-force=encap:175,190,inuser",
           "--dhcp-option-force=encap:175,191,in-secret-1234", "--dhcp-option-force=encap:175,192,outuser",
           "--dhcp-option-force=encap:175,193,out-secret-1234"],
          {"username_in": "outuser"}, [("inuser", "in-secret-1234"), ("outuser", "out-secret-1234", "--outgoing")])
    guest = boots(rig, network, kernel, initrd, "CHAP in dracut's root-path", by_uuid + "iscsi.log=debug iscsi=dhcp",
                  ["--dhcp-option-force=17,iscsi:inuser:in-secret-1234@%s:::a:%s" % (SERVER, NAME)],
                  {"records": "(?m)^ROOTPATH=''$", "log": "logged in"}, [("inuser", "in-secret-1234")])
    rig.ok("in-secret" not in guest.console, "its secret is in no record of the lease and in no line of ours")
    boots(rig, network, kernel, initrd, "an IPv6 portal, the address by router advertisement", by_uuid +
          "ip=auto6 iscsi=[%s],%s,lun=10" % (V6, NAME),
          ["--enable-ra", "--dhcp-range=2001:db8::,ra-only", "--ra-param=tap0,10"], {"portal": re.escape(V6)})
    boots(rig, network, kernel, initrd, "DHCPv6's boot file URL", by_uuid + "ip=dhcp6 iscsi=dhcp",
          ["--enable-ra", "--dhcp-range=2001:db8::100,2001:db8::110,64,10m", "--ra-param=tap0,10",
           "--dhcp-option=option6:59,iscsi:[%s]::3260:a:%s" % (V6, NAME)], {"portal": re.escape(V6)})
    boots(rig, network, kernel, initrd, "a portal's name, of whose two addresses the first is dead", by_uuid +
          "iscsi.log=debug iscsi=disk.example.org,%s,lun=10" % NAME,
          ["--no-round-robin", "--local=/example.org/", "--dhcp-option=6,%s" % SERVER,
           "--host-record=disk.example.org,192.0.2.99", "--host-record=disk.example.org,%s" % SERVER],
          {"log": "(?s)deadline, while connecting T2.*ready, while connecting"})  # the next address has its turn after 250 ms
    names = ["--local=/example.org/", "--dhcp-option=6,%s" % SERVER, "--dhcp-option=15,example.org",
             "--host-record=disk.example.org,%s" % SERVER]
    boots(rig, network, kernel, initrd, "dracut's word, with a fully qualified name", by_uuid +
          "ip=dhcp netroot=iscsi:disk.example.org::3260:10:" + NAME, names, {"portal": "^disk.example.org$"})
    boots(rig, network, kernel, initrd, "a short name, in the domain of the lease", by_uuid +
          "iscsi=disk,%s,lun=10" % NAME, names, {"portal": "^disk$"})
    for builder in ("initramfs-tools", "dracut"):
        in_front_of(rig, network, kernel, builder)
    server = network.serve("--dhcp-option-force=17,192.0.2.1:/srv/nfs")
    guest = rig.boot(kernel, initrd, "quiet iscsi.onfail=poweroff iscsi.timeout=20 iscsi=dhcp root=/dev/sda1",
                     program=network.program, network=NETWORK)
    rig.check(guest, guest.expect("root-path .*'192.0.2.1:/srv/nfs': not iSCSI", 60), "a root-path that is not iSCSI")
    guest.kill()
    server.kill()


with Rig() as rig:
    network = Network(rig)
    try:
        main(rig, network)
    finally:
        network.remove()
