#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Targets that lie to a real kernel: every attach ends with its reason, and leaves no session, connection, host or socket
behind; a good target then attaches as if nothing had been. (test/net/hostile.t has the long table, without a kernel.)"""

import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "target")]
from rig import HOST, Kernel, Rig, Target  # noqa: E402
from target import ANSWERS, Chap, Listener, text_of  # noqa: E402

CHAP = ",username=inuser,password=insecret1234"
MUTUAL = CHAP + ",username_in=outuser,password_in=outsecret1234"


def final(**fields):
    return lambda peer: peer.answer(peer.read(), ANSWERS, **fields)


def then_changes(**fields):
    """An honest first response, and then one that is not."""
    def script(peer):
        peer.answer(peer.read(), ANSWERS, transit=False)
        peer.answer(peer.read(), **fields)
    return script


def cut(at):
    def script(peer):
        peer.send(peer.response(peer.read(), ANSWERS)[:at])
        time.sleep(0.1)
        peer.reset()
    return script


def endless(peer):
    while True:
        peer.answer(peer.read(), b"a", transit=False, more=True)


def moves_to(port, status=0x0101, host=HOST):
    return lambda peer: peer.answer(peer.read(), {"TargetAddress": "%s:%d,1" % (host, port)}, status=status)


def circle(peer):
    moves_to(peer.port)(peer)


def moves_times(count, port):
    """So many portals, each of which sends on to the next, and the last to this port: the first one's port."""
    for _ in range(count):
        port = Listener(moves_to(port)).port
    return port


def moves_to_nowhere_first(port):
    """For good to where nobody listens; whoever asks again is sent to this port."""
    nowhere = Target.free_port()
    return lambda peer: (moves_to(port) if peer.number else moves_to(nowhere, 0x0102))(peer)


def refuses_algorithms(peer):
    """Wants CHAP, and no algorithm of the list."""
    peer.answer(peer.read(), {"AuthMethod": "CHAP"}, transit=False)
    peer.answer(peer.read(), status=0x0200)


class Listening(Chap):
    """Keeps the challenges that it is to prove itself by."""

    challenges = []

    def digest(self, identifier, secret, challenge):
        if secret == self.secret_in:
            self.challenges.append(challenge)
        return super().digest(identifier, secret, challenge)


class Target6(Target):
    """Guests on QEMU's user network reach ::1 as fec0::2."""

    address = "[::1]"


# The answer itself is wrong: said, and given up at once.
PERMANENT = [
    ("a digest that nobody agreed on", lambda peer: peer.answer(peer.read(), dict(ANSWERS, HeaderDigest="CRC32C")), "",
     "HeaderDigest=CRC32C: expected None"),
    ("an endless C bit", endless, "", "no end after 16"),
    ("text that is none", lambda peer: peer.answer(peer.read(), b"\xff" * 400), "", "key=value"),
    ("authentication skipped", Chap(AuthMethod="None"), CHAP, "skips the authentication"),
    ("mutual CHAP with a wrong response", Listening(8, secret_in="another12345"), MUTUAL, "does not know password_in"),
    ("mutual CHAP without a response", Listening(8, CHAP_R=None, CHAP_N=None), MUTUAL, "did not authenticate"),
    ("no algorithm of the list: MD5 alone, said aloud", refuses_algorithms, CHAP, "(?s)once more with MD5 alone.*status 0200"),
    ("no algorithm of the list that chap_algs= gives", refuses_algorithms, CHAP + ",chap_algs=SHA256:MD5",
     r"(?s)\A(?!.*MD5 alone).*status 0200"),
    ("AHS where none may be", final(ahs=1), "", "TotalAHSLength is 1"),
    ("status 0202", final(status=0x0202), "", "authorization failure"),
]
# What the kernel or the network ends is tried again, as long as iscsi.timeout lasts.
TRANSIENT = [
    ("a data segment of 2^24-1 bytes", final(length=0xFFFFFF), "", "ISCSI_ERR_DATALEN"),
    ("a data segment of 8193 bytes", final(length=8193), "", "ISCSI_ERR_DATALEN"),
    ("a shorter data segment than announced, and silence", final(length=600), "", "no answer"),
    ("opcode 0x3f", final(opcode=0x3F), "", "opcode"),
    ("opcode 0x25, data in the midst of a login", final(opcode=0x25), "", "ISCSI_ERR_"),
    ("another Initiator Task Tag", final(itt=0x1234), "", "ISCSI_ERR_BAD_ITT"),
    ("redirects in a circle", circle, "", "in a circle: .* sends us back to"),
    ("the ninth redirect", lambda peer: moves_to(moves_times(8, 1))(peer), "", "too often: .* sends us to"),
    ("RST in the header", cut(20), "", "closed the connection|reset|sending failed"),
    ("RST in the data", cut(100), "", "closed the connection|reset|sending failed"),
    ("closed at once", lambda peer: peer.connection.close(), "", "closed the connection|reset|sending failed"),
    ("silence", lambda peer: peer.wait_for_the_end(), "", "no answer"),
    # its tag is no login's; what came before the kernel has the socket it reads with the next bytes, which never come
    ("a response that nobody asked for", lambda peer: peer.send(bytes([0x23, 0x87]) + bytes(14) + b"\0\0\x12\x34" + bytes(28)), "",
     "no answer|ISCSI_ERR_BAD_ITT|not connected"),
    ("status 0301", final(status=0x0301), "", "service unavailable"),
]
# What harms nobody is let pass: the kernel gets the session (which then has no disk).
TOLERATED = [
    ("no TSIH", final(tsih=0), "", "logged in to"),
    ("StatSN jumps", then_changes(stat_sn=77), "", "logged in to"),
    ("another ISID", final(isid=b"\0\2\x3d\xff\xff\xff"), "", "logged in to"),
    ("FirstBurstLength beyond our offer", lambda peer: peer.answer(peer.read(), dict(ANSWERS, FirstBurstLength="16777215")),
     "", "logged in to"),
]
CASES = PERMANENT + TRANSIENT + TOLERATED

SCRIPT = """
i=/sbin/iscsi-init
n=0
attach() { ($i attach "$2" >/tmp/$1 2>&1; echo "exit $?" >>/tmp/$1) & }
mount -t tmpfs tmpfs /tmp
%(attaches)s
wait
$i attach %(host)s:%(silent)d,%(name)s >/tmp/out 2>&1 &
n=0; until [ $(ls /sys/class/iscsi_session | wc -l) = 2 ] || [ $((n += 1)) = 1000 ]; do usleep 10000; done
ls /sys/class/iscsi_session | show half
kill $!; wait $!; { echo "exit $?"; cat /tmp/out; } | show interrupted
for f in /tmp/[0-9]*; do show ${f#/tmp/} <$f; done
cd /sys/class; echo iscsi_session/* iscsi_connection/* | show sessions
ls /sys/class/iscsi_host | show hosts
grep -c " 01 " /proc/net/tcp | show sockets
$i attach %(good)s,%(name)s 2>&1 | show good
$i attach %(host)s:%(eight)d,%(name)s 2>&1 | show eight
$i attach '%(host)s:%(nowhere)d,%(name)s iscsi.timeout=15' 2>&1 | show nowhere
$i attach '%(host)s:%(named)d,%(name)s iscsi.timeout=15' 2>&1 | show named
echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad
ifconfig eth0 add fec0::15/64
$i attach '%(host)s:%(six)d,iqn.2026-01.test.rig:six iscsi.timeout=15' 2>&1 | show six
cat /sys/class/iscsi_connection/*/address | show addresses
"""

with Rig() as rig:
    listeners = [Listener(script) for _, script, _, _ in CASES]
    lines = ["attach %d '%s:%d,iqn.2026-01.test.hostile:t%d,login_timeout=5%s iscsi.timeout=25'" % (
        number, HOST, listener.port, number, case[2])
             for number, (listener, case) in enumerate(zip(listeners, CASES))]
    good = Target(rig, {1: rig.disk(table="none")}, name="iqn.2026-01.test.rig:good")
    six = Target6(rig, {1: rig.disk(table="none")}, name="iqn.2026-01.test.rig:six")
    with open(rig.binary, "rb") as file:
        attaches = [line + ("\nwait" if number < len(PERMANENT) and number % 5 == 4 else "")
                    for number, line in enumerate(lines)]
        script = SCRIPT % {"attaches": "\n".join(attaches), "good": good.portal(), "name": good.name, "host": HOST,
                           "silent": Listener(lambda peer: peer.wait_for_the_end()).port,
                           "eight": moves_times(8, good.port), "nowhere": Listener(moves_to_nowhere_first(good.port)).port,
                           "named": Listener(moves_to(good.port, host="moved.example")).port,
                           "six": Listener(moves_to(six.port, 0x0102, "[fec0::2]")).port}
        disk = rig.disk(script=script, files={"/sbin/iscsi-init": file.read(), "/etc/hosts": HOST + " moved.example\n"})
    target = Target(rig, {1: disk})
    kernel = Kernel("6.1-cloud-amd64")
    guest = rig.boot(kernel, rig.initrd(kernel), "loglevel=4 rw root=/dev/sda1 " + target.word())
    rig.check(guest, guest.expect("^DONE", 240), "every attach comes back")
    for number, (name, _, _, expected) in enumerate(CASES):
        shown = guest.section(str(number))
        rig.ok("exit 1" in shown and re.search(expected, shown), name, "expected: %s\ngot: %s" % (expected, shown))
        asked = listeners[number].number
        if number < len(PERMANENT):  # the second one: from the security stage, or with MD5 alone
            rig.ok(1 <= asked <= 2, "is given up at once", "%d connections" % asked)
        elif number < len(PERMANENT + TRANSIENT):
            rig.ok(asked > (1 if "no answer" in expected else 2), "is tried again", "%d connections" % asked)
    rig.ok([len(challenge) for challenge in Listening.challenges] == [32, 32] and len(set(Listening.challenges)) == 2,
           "each login has a challenge of its own", str(Listening.challenges))
    rig.ok(len(guest.section("half").split()) == 2 and "exit 1" in guest.section("interrupted") and
           "interrupted" in guest.section("interrupted"), "an attach that is interrupted says so",
           guest.section("half") + guest.section("interrupted"))
    rig.ok(guest.section("sessions").split() == ["iscsi_session/session1", "iscsi_connection/connection1:0"],
           "only the root's session is left", guest.section("sessions"))
    rig.ok(len(guest.section("hosts").split()) == 1, "and its host", guest.section("hosts"))
    rig.ok(guest.section("sockets").strip() == "1", "and its connection", guest.section("sockets"))
    rig.ok("session " in guest.section("good"), "then a good target attaches", guest.section("good"))
    rig.ok("session " in guest.section("eight"), "eight redirects are followed", guest.section("eight"))
    rig.ok("session " in guest.section("nowhere") and "refused" in guest.section("nowhere"),
           "a target that moved for good, but to nowhere, is asked again", guest.section("nowhere"))
    rig.ok("session " in guest.section("named"), "a redirect to a name is followed", guest.section("named"))
    rig.ok("session " in guest.section("six") and "fec0:" in guest.section("addresses"), "and one to an IPv6 address",
           guest.section("six") + guest.section("addresses"))
    for pattern in ("BUG:", "WARNING:", "Oops", "use-after-free", "Call Trace"):
        rig.ok(pattern not in guest.console, "the kernel does not say " + pattern)
    guest.wait()
    for listener in listeners:
        listener.close()
