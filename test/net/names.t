#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A portal's name: looked up over IPv4 and IPv6, several addresses, and name servers that say no or nothing."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab, done, ok, wait_for  # pylint: disable=wrong-import-position

lab = Lab("dnsmasq", "unshare")
lab.machine("client")
lab.machine("server")
lab.cable("client", "eth0", "server", "srv0", "192.0.2.1/24")
lab.ip("server", "address add 2001:db8::1/64 dev srv0 nodad")
TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
LINE = "ip=192.0.2.9:::255.255.255.0::eth0:off iscsi=192.0.2.1,iqn.2003-01.org.example:disk"


def look_up(name, servers, more=""):
    """With a resolv.conf of our own, seen by the driver alone."""
    path = os.path.join(lab.directory, "resolv.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write("".join(f"nameserver {server}\n" for server in servers) + "options timeout:1 attempts:1\n" + more)
    return lab.inside("client", "unshare", "-m", "sh", "-c",
                      f"mount --bind {path} /etc/resolv.conf && exec {lab.program} -t 8 -n '{name}' '{LINE}'",
                      check=False)


lab.dnsmasq("server", "srv0", "--host-record=disk.example.org,192.0.2.1,2001:db8::1",
            "--host-record=four.example.org,192.0.2.1", "--host-record=four.example.org,192.0.2.2",
            "--local=/example.org/")
text = look_up("four.example.org", ["192.0.2.1"])
ok("found 192.0.2.1 port 3260" in text and "found 192.0.2.2 port 3260" in text, "several addresses", text)
text = look_up("four", ["192.0.2.1"], "search example.org\n")
ok("found 192.0.2.2 port 3260" in text, "a name without its domain, which is what a lease brings", text)
text = look_up("disk.example.org", ["192.0.2.1"])
ok("found 192.0.2.1 port" in text and "found 2001:db8::1 port" in text, "of both families", text)
lab.ip("client", "address add 2001:db8::9/64 dev eth0 nodad")
text = look_up("disk.example.org", ["2001:db8::1"])
ok("found 192.0.2.1 port" in text, "from a name server reached over IPv6", text)
text = look_up("missing.example.org", ["192.0.2.1"])
ok("not found: " in text and ", according to 192.0.2.1" in text, "a server that does not know the name is named", text)

# A socket that takes the questions and says nothing.
lab.ip("server", "address add 192.0.2.66/24 dev srv0")
deaf = lab.start("server", sys.executable, "-c", "import socket, time\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                 "s.bind(('192.0.2.66', 53))\nprint('ready', flush=True)\ntime.sleep(60)")
wait_for(lambda: "ready" in lab.log(deaf))
text = look_up("disk.example.org", ["192.0.2.66"])
ok("not found: no usable answer from the name server 192.0.2.66" in text, "a server that does not answer is named", text)
text = look_up("disk.example.org", ["192.0.2.66", "192.0.2.1"])
ok("found 192.0.2.1 port" in text, "and the next one is asked", text)

# It answers A, and refuses AAAA (or says nothing of it) as some appliances do.
ANSWERS = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 53))
while True:
    packet, source = s.recvfrom(600)
    end = packet.index(b"\\0", 12) + 5
    question, kind = packet[12:end], packet[end - 4:end - 2]
    if kind == b"\\0\\x01":
        s.sendto(packet[:2] + bytes.fromhex("81800001000100000000") + question +
                 bytes.fromhex("c00c000100010000003c0004") + socket.inet_aton("192.0.2.1"), source)
    elif sys.argv[2] != "silent":
        s.sendto(packet[:2] + b"\\x81" +
                 bytes([0x80 | int(sys.argv[2])]) + bytes.fromhex("0001000000000000") + question, source)
"""


def discover(word, *hosts):
    """By the program itself, with an /etc/hosts of our own."""
    path = os.path.join(lab.directory, "hosts")
    with open(path, "w", encoding="ascii") as file:
        file.write("".join(f"{host} two.example\n" for host in hosts))
    return lab.inside("client", "unshare", "-m", "sh", "-c",
                      f"mount --bind {path} /etc/hosts && exec {TOP}/iscsi-init discover {word} 2>&1", check=False)


# Packets for this one go nowhere; at the other nobody listens.
lab.ip("client", "neighbour add 192.0.2.77 lladdr 02:00:00:00:00:77 dev eth0")
text = discover("two.example,login_timeout=1", "192.0.2.77")
ok("cannot connect: Operation timed out" in text, "a portal's address that does not answer", text)
text = discover("two.example,login_timeout=1", "192.0.2.77", "192.0.2.1")
ok("cannot connect: Connection refused" in text, "and the next address is asked", text)
text = discover("192.0.2.1,interface=eth0", "192.0.2.1")
ok("cannot connect: Connection refused" in text, "by the interface that is wanted", text)
text = discover("192.0.2.1,interface=lo,login_timeout=1", "192.0.2.1")
ok("cannot connect: " in text and "refused" not in text, "and by no other", text)

# The program's own libc decides here, not the driver's.
for last, answer in ((67, "5"), (68, "2"), (69, "4"), (70, "silent")):
    lab.ip("server", f"address add 192.0.2.{last}/24 dev srv0")
    lab.start("server", sys.executable, "-c", ANSWERS, f"192.0.2.{last}", answer)
    wait_for(lambda: ":53" in lab.inside("server", "ss", "-Hlun", f"src 192.0.2.{last}", check=False))
    path = os.path.join(lab.directory, "resolv.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write(f"nameserver 192.0.2.{last}\noptions timeout:1 attempts:1\n")
    text = lab.inside("client", "unshare", "-m", "sh", "-c", f"mount --bind {path} /etc/resolv.conf && "
                      f"exec {TOP}/iscsi-init discover disk.example.org,login_timeout=5 2>&1", check=False)
    ok("cannot connect: Connection refused" in text, f"a server that answers A, and AAAA with {answer}", text)

# Any user can take every ephemeral port to the portal; root has others.
listener = lab.start("server", sys.executable, "-c", "import socket\ns = socket.create_server(('192.0.2.1', 3260))\n"
                     "kept = []\nprint('ready', flush=True)\nwhile True:\n    kept.append(s.accept())\n"
                     "    print('port', kept[-1][1][1], flush=True)")
wait_for(lambda: "ready" in lab.log(listener))
lab.inside("client", "sysctl", "-qw", "net.ipv4.ip_local_port_range=40000 40001")
taker = lab.start("client", sys.executable, "-c", "import socket, time\nkept = []\ntry:\n    while True:\n        "
                  "kept.append(socket.create_connection(('192.0.2.1', 3260)))\nexcept OSError as error:\n"
                  "    print(error, flush=True)\ntime.sleep(60)")
wait_for(lambda: "assign" in lab.log(taker))
text = discover("192.0.2.1,login_timeout=1", "192.0.2.1")
ok("assign" in lab.log(taker) and "port 1023" in lab.log(listener) and "assign" not in text,
   "where every ephemeral port is taken, a reserved one is used", text + lab.log(taker) + lab.log(listener))
done()
