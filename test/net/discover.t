#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`iscsi-init discover` as its user sees it, beside a scripted target: secrets in every form and from every place, what it
refuses before anything is sent, and what it warns of."""

import base64
import ctypes
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "boot"), os.path.join(HERE, "..", "target")]
from rig import Rig  # noqa: E402
from target import HASHES, Chap, Listener, text_of  # noqa: E402

NAME = "iqn.2026-01.test.discover:t"
LIST = text_of({"TargetName": NAME, "TargetAddress": "192.0.2.1:3260,1"})
FOUND = "192.0.2.1:3260,1 %s\n" % NAME
CHAP = ["username=inuser", "password=insecret1234"]
MUTUAL = CHAP + ["username_in=outuser", "password_in=outsecret1234"]
BINARY = bytes(range(30)) + b"\0\xff,\"' %@"


class Secret(Chap):
    """CHAP with a secret of ours that is no text."""

    def digest(self, identifier, secret, challenge):
        secret = secret if isinstance(secret, bytes) else secret.encode()
        return HASHES[self.algorithm](identifier + secret + challenge).digest()


def lists(authenticate):
    def script(peer):
        authenticate(peer)
        peer.send(peer.text_response(peer.read(), LIST))
        peer.wait_for_the_end()
    return script


def md5_alone(peer):
    """Refuses a list of algorithms."""
    peer.answer(peer.read(), {"AuthMethod": "CHAP"}, transit=False)
    request = peer.read()
    if request.keys["CHAP_A"] != "5":
        peer.answer(request, status=0x0200)
        return
    peer.answer(request, {"CHAP_A": "5", "CHAP_I": "1", "CHAP_C": "0x00"}, transit=False)
    peer.answer(peer.read(), transit=True)
    peer.log_in()


def discover(rig, script, options, environment=None):
    """What it printed, what it said, how it ended, and whether the target heard of it."""
    listener = Listener(script)
    done = subprocess.run([rig.binary, "discover", ",".join(["127.0.0.1:%d" % listener.port] + options)],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                          env=dict(os.environ, **(environment or {})))
    listener.close()
    return done.stdout.decode(), done.stderr.decode(), done.returncode, listener.number


def succeeds(rig, name, script, options, said="", environment=None):
    shown = discover(rig, script, options, environment)
    rig.ok(shown[0] == FOUND and shown[2] == 0 and (said in shown[1] if said else not shown[1]), name, repr(shown))


def fails(rig, name, script, options, said, asked=True, environment=None):
    shown = discover(rig, script, options, environment)
    rig.ok(not shown[0] and said in shown[1] and shown[2] and bool(shown[3]) == asked, name, repr(shown))


def forms(rig):
    for algorithm, form in ((5, "0x" + BINARY.hex()), (6, "0X" + BINARY.hex().upper()),
                            (7, "0b" + base64.b64encode(BINARY).decode()), (8, "0B" + base64.b64encode(BINARY).decode())):
        succeeds(rig, "a binary secret as %s..." % form[:2], lists(Secret(algorithm, secret=BINARY)),
                 ["username=inuser", "password=" + form])
    for secret, form in ((b"comma, percent%", "comma%2c%20percent%25"), (b"@home1234567", "%40home1234567"),
                         (b"0x1234567890ab", "%30x1234567890ab"), (b"\xff" * 256, "0x" + "ff" * 256)):
        succeeds(rig, "a secret as %.30s" % form, lists(Secret(8, secret=secret)), ["username=inuser", "password=" + form])
    for given, taken in (("SHA-256", 7), ("sha1:md5", 6), ("MD5:SHA3-256", 5), ("sha3_256", 8)):
        succeeds(rig, "chap_algs=" + given, lists(Chap(taken)), CHAP + ["chap_algs=" + given])
    for given in ("", "7", "md4", "MD5:MD5", "MD5,SHA1", "MD5:"):
        fails(rig, "chap_algs=%s is refused" % given, lists(Chap(5)), CHAP + ["chap_algs=" + given], "command line", False)


def rules(rig):
    for name, options, said in (
            ("one secret both ways", MUTUAL[:3] + ["password_in=insecret1234"], "both directions"),
            ("one secret both ways, in two forms", MUTUAL[:3] + ["password_in=0x" + b"insecret1234".hex()], "both directions"),
            ("no password", CHAP[:1], "without a password"), ("no user name", CHAP[1:], "without a user name"),
            ("no password of the target's", MUTUAL[:3], "without its password"),
            ("the target's secret alone", MUTUAL[2:], "mutual CHAP needs our own")):
        fails(rig, name + ": nothing is sent", lists(Chap(8)), options, said, False)
    succeeds(rig, "a short secret gets a warning", lists(Chap(8, secret="shortsecret")),
             ["username=inuser", "password=shortsecret"], "9.2.1")
    succeeds(rig, "the target's, too", lists(Chap(8, secret_in="shortsecret")), MUTUAL[:3] + ["password_in=shortsecret"],
             "9.2.1")
    succeeds(rig, "a target that refuses the list gets MD5 alone, and that is said", lists(md5_alone), CHAP, "MD5 alone")
    fails(rig, "not when chap_algs= forbids it", lists(md5_alone), CHAP + ["chap_algs=SHA256:MD5"], "L0200")
    fails(rig, "a target that cannot prove itself", lists(Chap(8, secret_in="another12345")), MUTUAL, "LAUTH")
    fails(rig, "a target that wants a secret", lists(Chap(8)), [], "LNOAUTH")


def write(path, text, mode=0o600, owner=0):
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)
    os.chown(path, owner, 0)
    return path


def places(rig):
    path = os.path.join(rig.folder, "secret")
    from_file = ["username=inuser", "password=@" + path]
    for mode in (0o600, 0o400):
        write(path, "insecret1234\r\nsecond line\n", mode)
        succeeds(rig, "a file of mode %o" % mode, lists(Chap(8)), from_file)
    for mode in (0o640, 0o604, 0o620, 0o601):
        write(path, "insecret1234\n", mode)
        fails(rig, "a file of mode %o is refused" % mode, lists(Chap(8)), from_file, "mode should be 0600", False)
    write(path, "insecret1234\n", 0o600, 1000)
    fails(rig, "so is another user's", lists(Chap(8)), from_file, "does not belong to root", False)
    os.remove(path)
    fails(rig, "and one that is not there", lists(Chap(8)), from_file, "is not there", False)
    os.mkdir(path)
    fails(rig, "and a folder", lists(Chap(8)), from_file, "not a regular file", False)
    folder = os.path.join(rig.folder, "credentials")
    os.mkdir(folder)
    given = {"CREDENTIALS_DIRECTORY": folder}
    for name, text in (("username", "inuser\n"), ("password", "insecret1234"), ("username_in", "outuser"),
                       ("password_in", "0x" + b"outsecret1234".hex())):
        write(os.path.join(folder, "iscsi." + name), text, 0o400)
    succeeds(rig, "systemd's credentials", lists(Chap(8)), [], environment=given)
    fails(rig, "and the target's, too", lists(Chap(8, secret_in="another12345")), [], "LAUTH", environment=given)
    os.chmod(os.path.join(folder, "iscsi.password"), 0o440)
    fails(rig, "that others can read are refused", lists(Chap(8)), [], "mode should be 0600", False,
          environment=given)


def keyring(rig):
    """A session keyring of our own, which the child inherits."""
    libc = ctypes.CDLL(None, use_errno=True)
    numbers = {"x86_64": (248, 250), "aarch64": (217, 219), "riscv64": (217, 219), "armv7l": (309, 311)}
    add_key, keyctl = numbers[os.uname().machine]
    if libc.syscall(keyctl, 1, None) < 0:  # KEYCTL_JOIN_SESSION_KEYRING
        rig.note("no keyring here: not tested")
        return
    for name, secret in ((b"username", b"inuser"), (b"password", b"insecret1234")):
        libc.syscall(add_key, b"user", b"iscsi-init:" + name, secret, len(secret), -3)
    succeeds(rig, "keys of the session's keyring", lists(Chap(8)), [])
    fails(rig, "are really used", lists(Chap(8, secret="another12345")), [], "L0201")


with Rig() as test:
    forms(test)
    rules(test)
    places(test)
    keyring(test)
