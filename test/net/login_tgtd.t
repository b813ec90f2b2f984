#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The login conversation and discovery against a real target, tgtd, over a plain TCP socket on loopback."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "boot"), os.path.join(HERE, "..", "target")]
from driver import Driver  # noqa: E402
from rig import TARGET_NAME, Disk, Rig, Target  # noqa: E402

NAME = "target=" + TARGET_NAME
CHAP = ("username=inuser", "password=insecret1234")
MUTUAL = CHAP + ("username_in=outuser", "password_in=outsecret1234")
ACCOUNTS = [("inuser", "insecret1234"), ("outuser", "outsecret1234", "--outgoing")]


def portal(rig, **options):
    path = rig.path("disk", ".img")
    with open(path, "wb") as file:
        file.truncate(1 << 20)
    return Target(rig, {1: Disk(path)}, **options).port


def has(rig, text, wanted, name):
    rig.ok(all(word in text for word in wanted), name, "expected: %s\ngot: %s" % (" ".join(wanted), text))


def without_authentication(rig, driver, port):
    shown = driver.run(port, NAME, "logout=1")
    has(rig, shown, ["done tsih=", "tpgt=1", "HeaderDigest=None", "MaxXmitDataSegmentLength=8192 ", "InitialR2T=Yes",
                     "FirstBurstLength=65536", "MaxBurstLength=262144", "MaxRecvDataSegmentLength=262144"],
        "without authentication: logged in with the target's answers, and out again")
    has(rig, driver.run(port, NAME, "logout=1", "InitialR2T=Yes", "ImmediateData=No", "MaxBurstLength=1024",
                        "FirstBurstLength=512", "MaxRecvDataSegmentLength=512"),
        ["done", "ImmediateData=No", "MaxBurstLength=1024", "FirstBurstLength=512"], "small limits are agreed on")
    has(rig, driver.run(port, "target=iqn.2026-01.test.rig:absent"), ["failed L0203 ", "target not found"],
        "a wrong target name is 'target not found'")
    has(rig, driver.run(port, NAME, *CHAP), ["failed L0201 "], "a password that the target does not ask for")
    has(rig, driver.run(port, NAME, "HeaderDigest=CRC32C"), ["failed LNEGO ", "HeaderDigest"],
        "a target without digests is refused when one is required")
    has(rig, driver.run(port, NAME, "HeaderDigest=CRC32C:None", "DataDigest=CRC32C:None", "logout=1"),
        ["done", "HeaderDigest=None", "DataDigest=None"], "and taken when one is only preferred")
    has(rig, driver.run(port), ["done 1 targets", "127.0.0.1:%d,1 %s\n" % (port, TARGET_NAME)], "discovery lists it")
    has(rig, driver.run(port, "HeaderDigest=CRC32C", "DataDigest=CRC32C"), ["done 1 targets"],
        "discovery asks for no digests")


def with_digests(rig, driver):
    port = portal(rig, parameters=[("HeaderDigest", "CRC32C,None"), ("DataDigest", "CRC32C,None")])
    for offer, agreed in (("CRC32C", "CRC32C"), ("CRC32C:None", "CRC32C"), ("None", "None")):
        has(rig, driver.run(port, NAME, "HeaderDigest=" + offer, "DataDigest=" + offer, "logout=1"),
            ["done", "HeaderDigest=%s " % agreed, "DataDigest=%s " % agreed],
            "HeaderDigest=%s becomes %s, and the logout's header says so" % (offer, agreed))


def with_chap(rig, driver):
    port = portal(rig, accounts=ACCOUNTS[:1])
    has(rig, driver.run(port, NAME, "logout=1", *CHAP), ["done tsih="], "CHAP: logged in")
    has(rig, driver.run(port, NAME, CHAP[0], "password=wrongsecret12"), ["failed L0201 "], "a wrong password")
    has(rig, driver.run(port, *CHAP), ["done 1 targets"], "discovery, which tgtd does not authenticate")
    has(rig, driver.run(port, NAME, "username=nobody", CHAP[1]), ["failed L0201 "], "a wrong username")
    has(rig, driver.run(port, NAME), ["failed LNOAUTH ", "set username= and password="],
        "no password at all: the message says what to set")
    has(rig, driver.run(port, NAME, "chap_algs=5", *CHAP), ["done tsih="], "MD5 alone: logged in")
    has(rig, driver.run(port, NAME, "chap_algs=8,7", *CHAP), ["failed "], "no common algorithm: refused")
    has(rig, driver.run(port, NAME, *MUTUAL), ["failed "], "a target that cannot authenticate itself is refused")


def with_mutual_chap(rig, driver):
    port = portal(rig, accounts=ACCOUNTS)
    has(rig, driver.run(port, NAME, "logout=1", *MUTUAL), ["done tsih="], "mutual CHAP: logged in")
    has(rig, driver.run(port, NAME, "logout=1", *CHAP), ["done tsih="], "one-way CHAP at the same target: logged in")
    has(rig, driver.run(port, NAME, *MUTUAL[:3], "password_in=anothersecret"),
        ["failed LAUTH ", "does not know password_in"], "a target with another secret than ours is refused")
    has(rig, driver.run(port, NAME, *CHAP, "username_in=another", MUTUAL[3]), ["failed LAUTH ", "username_in"],
        "a target with another name than ours is refused")
    has(rig, driver.run(port, NAME, *CHAP, "username_in=outuser", "password_in=insecret1234"),
        ["failed LAUTH ", "the same"], "one secret both ways is refused before anything is sent")


with Rig() as test:
    program = Driver(test.folder)
    without_authentication(test, program, portal(test))
    with_digests(test, program)
    with_chap(test, program)
    with_mutual_chap(test, program)
