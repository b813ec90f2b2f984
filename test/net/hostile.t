#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A target that lies, stalls, breaks off or talks nonsense: each case ends within the login timeout, in an error with a
name or in a correct session; never in a crash, a hang, or a descriptor or memory that is not given back (the program at
the other end runs with the address and undefined-behaviour sanitizers, and counts its descriptors)."""

import os
import re
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "boot"), os.path.join(HERE, "..", "target")]
from driver import Driver  # noqa: E402
from rig import Rig  # noqa: E402
from target import (ANSWERS, DATA_IN, DISCOVERY_ANSWERS, FULL, INQUIRY, LOGIN_RESPONSE, LOGOUT, NAA, OPERATIONAL,  # noqa: E402
                    READ_CAPACITY_16, SCSI_RESPONSE, SECURITY, TEST_UNIT_READY, Chap, Closed, Listener, base_64, from_text,
                    hexadecimal, text_of)

NAME = ("target=iqn.2026-01.test.hostile:t",)
CHAP = NAME + ("username=inuser", "password=insecret1234")
MUTUAL = CHAP + ("username_in=outuser", "password_in=outsecret1234")
DISCOVERY = ()
TIMEOUT_MS = 2000
PATIENCE = 8  # session/attempt.c's: so many times as long may an answer be waited for

cases = []


def case(name, script, expected, options=NAME):
    cases.append((name, script, expected, options))


# ---- every field of the header

def final(**fields):
    """One Login Response, honest but for these fields."""
    return lambda peer: peer.answer(peer.read(), ANSWERS, **fields)


def headers():
    for opcode in (0x00, 0x03, 0x20, 0x21, 0x24, 0x25, 0x26, 0x31, 0x32, 0x3F):
        case("opcode 0x%02x" % opcode, final(opcode=opcode), "failed LPROTO .*opcode 0x%02x" % opcode)
    for flags in range(256):
        transit, more, csg, nsg = flags & 0x80, flags & 0x40, flags >> 2 & 3, flags & 3
        if flags & 0x30 and flags != 0xB7 or (not transit and nsg):
            continue  # reserved bits, reserved NSG: one of each kind is enough
        if csg == SECURITY and transit:  # once more from the security stage, where it says the same
            expected = "failed LPROTO .*T and C" if more else "failed LPROTO .*security stage" if nsg == OPERATIONAL else "failed LPROTO .*stage %d" % nsg
        elif csg == SECURITY:
            expected = "broken timeout" if more else "failed LPROTO .*security stage"
        elif csg != OPERATIONAL:
            expected = "failed LPROTO .*stage %d" % csg
        elif transit and more:
            expected = "failed LPROTO .*T and C"
        elif transit:
            expected = "done" if nsg == FULL else "failed LPROTO .*stage %d" % nsg
        else:
            expected = "broken timeout"  # the conversation goes on, and he says no more
        case("flags 0x%02x" % flags, final(flags=flags, tsih=0x1234 if transit else 0), expected)
    for version in (1, 2, 255):
        case("version-active %d" % version, final(version_active=version), "failed LPROTO .*version %d" % version)
        case("version-max %d is the target's own affair" % version, final(version_max=version), "done")
    for ahs in (1, 2, 255):
        case("TotalAHSLength %d" % ahs, final(ahs=ahs), "broken PDU too long")
        case("TotalAHSLength %d, in discovery" % ahs, final(ahs=ahs), "failed .*PDU", DISCOVERY)
    for length in (8193, 8196, 65535, 65536, 0x7FFFFF, 0x800000, 0xFFFFFF):
        case("DataSegmentLength %d" % length, final(length=length), "broken PDU too long")
        case("DataSegmentLength %d, in discovery" % length, final(length=length), "failed .*(%d bytes|no answer)" % length, DISCOVERY)
    for length in (600, 4096, 8192):
        case("DataSegmentLength %d, with less behind it" % length, final(length=length), "broken timeout")
    for length, expected in ((0, "done .*tpgt=-1 .*MaxXmitDataSegmentLength=8192 "), (1, "failed LPROTO .*key=value"),
                             (20, "failed LPROTO .*key=value"), (21, "failed LNEGO TargetPortalGroupTag=:"),
                             (22, "done .*tpgt=1 .*MaxXmitDataSegmentLength=8192 "), (23, "done .*tpgt=1 "),
                             (35, "failed LPROTO .*key=value"), (36, "failed LNEGO HeaderDigest=:"),
                             (60, "failed LPROTO .*key=value")):
        case("DataSegmentLength %d, with more behind it" % length, final(length=length), expected)
    for byte in range(6):
        wrong = bytes([0, 2, 0x3D, 0x12, 0x34, 0x56][:byte]) + b"\xff" + bytes([0, 2, 0x3D, 0x12, 0x34, 0x56][byte + 1:])
        case("another byte %d in the ISID is tolerated" % byte, final(isid=wrong), "done.* tolerated=.*another ISID")
    case("TSIH 0 in the final response is tolerated", final(tsih=0), "done tsih=0 .*tolerated=.*no TSIH")
    case("TSIH 65535", final(tsih=65535), "done tsih=65535 ")
    for itt in (0, 1, 0x01020305, 0x04030201, 0xFFFFFFFF):
        case("Initiator Task Tag 0x%08x" % itt, final(itt=itt), "failed LPROTO .*Task Tag")
    for stat_sn in (0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
        case("any first StatSN: 0x%08x" % stat_sn, final(stat_sn=stat_sn), "done")
    case("MaxCmdSN below ExpCmdSN", final(max_cmd_sn=0, exp_cmd_sn=0xFFFFFFFF), "done")
    case("reserved fields in use", final(reserved1=0xFFFFFFFF, reserved2=2 ** 64 - 1, reserved3=0xFFFF), "done")


def statuses():
    known = {0x0200: "initiator error", 0x0202: "authorization", 0x0203: "not found", 0x0204: "removed",
             0x0205: "version", 0x0206: "too many", 0x0208: "include", 0x0209: "type", 0x020A: "does not exist",
             0x0300: "target error", 0x0301: "unavailable", 0x0302: "resources"}
    for status, words in known.items():
        case("status %04x" % status, final(status=status), "failed L%04X .*%s" % (status, words))
    for status in (0x0001, 0x00FF, 0x020C, 0x02FF, 0x0303, 0x03FF, 0x0400, 0x7F00, 0xFFFF):
        case("status %04x, which the RFC does not know" % status, final(status=status), "failed L%04X " % status)
    for status, code in ((0x0201, "LNOAUTH .*username="), (0x0207, "L0207 .*missing"), (0x020B, "L020B .*invalid during")):
        case("status %04x to the first request and to the second attempt" % status, final(status=status), "failed " + code)
        case("status %04x to our CHAP" % status, final(status=status), "failed L%04X " % status, CHAP)
    for status in (0x0100, 0x0101, 0x0102, 0x0103, 0x01FF):
        case("moved (%04x), but not where to" % status, lambda peer, s=status: peer.answer(peer.read(), status=s),
             "failed LPROTO .*TargetAddress")


# ---- text

def with_key(name, value):
    return lambda peer: peer.answer(peer.read(), dict(ANSWERS, **{name: value}))


def raw(data):
    return lambda peer: peer.answer(peer.read(), data)


def values():
    # the least that is too little; what is too much, and what becomes of it
    numbers = {"MaxRecvDataSegmentLength": (511, {16777216: 262144, 2 ** 31: 262144}), "FirstBurstLength": (511, {262145: 262144, 2 ** 28: 262144}),
               "MaxBurstLength": (511, {16776193: 16776192, 2 ** 28: 16776192}), "MaxOutstandingR2T": (0, {2: 1, 65536: 1}),
               "ErrorRecoveryLevel": (None, {1: 0, 3: 0}), "DefaultTime2Wait": (None, {1: 2, 3601: 3600}),
               "DefaultTime2Retain": (None, {1: 0, 20: 0, 3601: 0}), "MaxConnections": (0, {2: 1, 65536: 1})}
    for name, (least, edges) in numbers.items():
        for value in ("", "-1", "x", "0x", "18446744073709551616") + ((least,) if least is not None else ()):
            case("%s=%s" % (name, value), with_key(name, value), "failed LNEGO .*%s=" % name)
        shown = {"MaxRecvDataSegmentLength": "MaxXmitDataSegmentLength"}.get(name, name)
        for value, becomes in edges.items():
            case("%s=%s is bounded" % (name, value), with_key(name, value), "done.* %s=%d .*tolerated=.*%s=%d " % (shown, becomes, name, value))
    for value in ("", "x", "0x", "-2", "18446744073709551616"):
        case("TargetPortalGroupTag=%s" % value, with_key("TargetPortalGroupTag", value), "failed LNEGO .*TargetPortalGroupTag=")
    for value in ("-1", "65536", "4294967295"):
        case("TargetPortalGroupTag=%s is tolerated" % value, with_key("TargetPortalGroupTag", value), "done.* tpgt=-1 .*tolerated=.*range")
    for value in ("1 ", " 1", "1,2", "+1", "1e3", "0xfg", "1\t", "0b1", "Yes", "None", "999999999999999999999999999999"):
        case("MaxBurstLength=%s" % value, with_key("MaxBurstLength", value), "failed LNEGO .*MaxBurstLength=")
    for name in ("InitialR2T", "ImmediateData", "DataPDUInOrder", "DataSequenceInOrder"):
        for value in ("", "yes", "NO", "1", "Maybe", "Yes,No", "None"):
            case("%s=%s" % (name, value), with_key(name, value), "failed LNEGO .*%s=" % name)
    for name in ("DataPDUInOrder", "DataSequenceInOrder"):
        case("%s=No to our Yes" % name, with_key(name, "No"), "failed LNEGO .*%s=No" % name)
    case("ImmediateData=Yes to our No means No", with_key("ImmediateData", "Yes"), "done.* ImmediateData=No .*tolerated=.*ImmediateData=Yes",
         NAME + ("ImmediateData=No",))
    case("InitialR2T=No to our Yes means Yes", with_key("InitialR2T", "No"), "done.* InitialR2T=Yes .*tolerated=.*InitialR2T=No",
         NAME + ("InitialR2T=Yes",))
    for name in ("HeaderDigest", "DataDigest"):
        for value in ("", "CRC32C", "crc32c", "none", "MD5", "None,CRC32C", "CRC32C,None", ","):
            case("%s=%s, where None was offered" % (name, value), with_key(name, value), "failed LNEGO .*%s=" % name)
        case("%s=None where CRC32C was required" % name, with_key(name, "None"), "failed LNEGO .*" + name,
             NAME + (name + "=CRC32C",))
        case("silence about a required %s" % name, lambda peer, n=name: peer.log_in(**{n: None}), "failed LNEGO .*" + name,
             NAME + (name + "=CRC32C",))
    for name in ANSWERS:
        if name in ("TargetPortalGroupTag", "MaxRecvDataSegmentLength"):
            continue
        case("%s=Reject" % name, with_key(name, "Reject"), "failed LNEGO .*" + name)
        for word in ("Irrelevant", "NotUnderstood"):
            case("%s=%s" % (name, word), with_key(name, word), "done")
    for name, value, shown in (("MaxBurstLength", "0x10000", "65536"), ("MaxBurstLength", "0X400", "1024"),
                               ("FirstBurstLength", "512", "512"), ("MaxBurstLength", "512", "512"),
                               ("DefaultTime2Wait", "3600", "3600"), ("DefaultTime2Wait", "00000002", "2")):
        case("%s=%s" % (name, value), with_key(name, value), "done.* %s=%s " % (name, shown))
    case("FirstBurstLength above MaxBurstLength becomes that", with_key("MaxBurstLength", "1024"),
         "done.*FirstBurstLength=1024 MaxBurstLength=1024")
    case("silence about TargetPortalGroupTag", lambda peer: peer.log_in(TargetPortalGroupTag=None), "done .*tpgt=-1 ")
    # what the RFC says then, though more was offered: its defaults are those of ANSWERS
    silent = dict(ANSWERS, MaxXmitDataSegmentLength="8192")
    for name in ANSWERS:
        shown = {"MaxRecvDataSegmentLength": "MaxXmitDataSegmentLength"}.get(name, name)
        if name != "TargetPortalGroupTag":
            case("silence about %s means %s" % (name, silent[shown]), lambda peer, n=name: peer.log_in(**{n: None}),
                 "done.* %s=%s( |$)" % (shown, silent[shown]))


def filled_to(length):
    """An honest text with many long keys, and one that shows that it was read to the end."""
    end = text_of({"TargetAlias": "last"})
    text = text_of(ANSWERS)
    while length - len(text) - len(end) > 300:
        text += b"TargetAddress=" + b"h" * 241 + b"\0"
    return text + b"\0" * (length - len(text) - len(end)) + end


def texts():
    honest = text_of(ANSWERS)
    for name in ANSWERS:
        again = "done" if name in ("MaxRecvDataSegmentLength", "TargetPortalGroupTag") else "failed LPROTO .*%s twice" % name
        case("%s twice" % name, raw(honest + text_of({name: ANSWERS[name]})), again)
    case("TargetName echoed", raw(honest + text_of({"TargetName": NAME[0].partition("=")[2]})), "done.* tolerated=TargetName came back")
    for name in ("InitiatorName", "InitiatorAlias", "SessionType", "TargetName"):
        case("%s from the target" % name, raw(honest + text_of({name: "iqn.2026-01.test:x"})), "failed LPROTO .*" + name)
    for name in ("CHAP_A", "CHAP_I", "CHAP_C", "CHAP_N", "CHAP_R"):
        case("%s without CHAP" % name, raw(honest + text_of({name: "5"})), "failed LPROTO .*" + name)
    for what, data in (("no equals sign", b"TargetAlias\0"), ("no name", b"=value\0"), ("only '='", b"=\0"),
                       ("a name of 64 bytes", b"X" * 64 + b"=1\0"), ("random bytes", bytes(range(1, 61)) * 8),
                       ("HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n"), ("a value of 2051 bytes", b"X-a=" + b"1" * 2051),
                       ("8192 bytes without a NUL", b"A" * 8192)):
        case("text: " + what, raw(data), "failed LPROTO .*key=value")
    case("text: TargetAlias of 256 bytes", raw(honest + text_of({"TargetAlias": "a" * 256})), "failed LPROTO .*256 bytes")
    case("text: TargetAlias of 255 bytes", raw(honest + text_of({"TargetAlias": "a" * 255})), "done.*alias=a{255} ")
    case("text: TargetAlias with '='", raw(honest + text_of({"TargetAlias": "a=b"})), "done.*alias=a=b ")
    case("text: last pair without its NUL", raw(honest + b"TargetAlias=last"), "done.*alias=last ")
    case("text: superfluous NULs", raw(b"\0\0" + honest.replace(b"\0", b"\0\0\0") + b"\0" * 7), "done")
    case("text: none at all", raw(b""), "done.*MaxXmitDataSegmentLength=8192 .*DefaultTime2Retain=0")
    case("text: only NULs", raw(b"\0" * 64), "done")
    case("text: keys in the reverse order", raw(text_of(reversed(list(ANSWERS.items())))), "done")
    case("text: a vendor's keys", raw(honest + text_of({"X-com.vendor.key": "1", "X#ext": "2", "Y-a": "3"})), "done")
    case("text: a vendor's key of 63 bytes", raw(honest + b"X" * 63 + b"=1\0"), "done")
    case("text: bytes above 127 in a value", raw(honest + b"TargetAlias=\xff\xfe\x80\0"), "done")
    case("text: our name of a bound is no key", asks({"MaxXmitDataSegmentLength": "512"}, {
        "MaxXmitDataSegmentLength": "NotUnderstood"}), "done.*MaxXmitDataSegmentLength=16384 ")
    for length in (8191, 8192):  # of one data segment
        case("text: %d bytes" % length, raw(filled_to(length)), "done.*alias=last ")
    case("text: TargetAddress in a normal response", raw(honest + text_of({"TargetAddress": "[::1]:3260,1"})), "done")
    case("text: a key in lower case is another key", raw(honest.replace(b"MaxBurst", b"maxburst")), "done")


# ---- longer conversations

def dialogue(*steps):
    """Each step answers one request: (keys, fields)."""
    def script(peer):
        for keys, fields in steps:
            peer.answer(peer.read(), keys, **fields)
    return script


STAY = {"transit": False}
MORE = {"transit": False, "more": True}


def asks(keys, wanted):
    """Offers keys with the answers and wants to see these answers before it ends the login."""
    def script(peer):
        peer.answer(peer.read(), list(ANSWERS.items()) + list(keys.items()), transit=False)
        request = peer.read()
        seen = {name: request.keys.get(name) for name in wanted}
        if seen != wanted:
            raise AssertionError("answered %s" % request.keys)
        peer.answer(request)
    return script


def many_keys(count):
    """Unknown keys by the hundred; the answers come in as many PDUs as they need."""
    def script(peer):
        keys = [("X-k%d" % number, "1") for number in range(count)]
        parts = [keys[at:at + 600] for at in range(0, count, 600)]
        for part in parts:
            peer.answer(peer.read(), part, transit=False, more=part is not parts[-1])
        seen = b""
        while True:
            request = peer.read()
            seen += request.data
            if not request.more:
                break
            if request.transit:
                raise AssertionError("T and C in one request")
            peer.answer(request, transit=False)
        if seen.count(b"=NotUnderstood\0") != count:
            raise AssertionError("%d answers to %d keys" % (seen.count(b"=NotUnderstood\0"), count))
        peer.answer(request, ANSWERS)
    return script


def answers_early(peer):
    """Text in the midst of the initiator's text."""
    peer.answer(peer.read(), [("X-k%d" % number, "1") for number in range(700)], transit=False)
    peer.answer(peer.read(), {"TargetAlias": "early"}, transit=False)


def ends_early(peer):
    """Full feature phase in the midst of the initiator's text."""
    peer.answer(peer.read(), [("X-k%d" % number, "1") for number in range(700)], transit=False)
    peer.answer(peer.read(), transit=True, nsg=FULL)


def endless(keys, **fields):
    def script(peer):
        while True:
            peer.answer(peer.read(), keys, **fields)
    return script


def fresh_keys(peer):
    number = 0
    while True:
        number += 1
        peer.answer(peer.read(), {"X-again-%d" % number: "1"}, transit=False)


def conversations():
    honest = text_of(ANSWERS)
    for at in sorted(set(range(1, len(honest), 17)) | {1, len(honest) - 1, honest.index(b"\0"), honest.index(b"\0") + 1}):
        case("C bit: text split at byte %d" % at, dialogue((honest[:at], MORE), (honest[at:], {"transit": True, "nsg": FULL})),
             "done.*MaxXmitDataSegmentLength=16384 ")
    case("C bit: split into 14 parts, then T=0",
         dialogue(*[(honest[at * 30:at * 30 + 30], MORE) for at in range(13)], (honest[390:], STAY), (b"", {})), "done")
    case("C bit: empty parts", dialogue((b"", MORE), (b"", MORE), (honest, STAY), (b"", {})), "done")
    case("C bit: endless, empty", endless(b"", **MORE), "failed LPROTO .*no end after 16")
    case("C bit: endless, a byte each", endless(b"a", **MORE), "failed LPROTO .*no end after 16")
    whole, second = (b"".join(b"%c%02d=" % (letter, n) + b"b" * 123 + b"\0" for n in range(64)) for letter in b"ac")
    case("C bit: as much text as there may be", dialogue((whole, MORE), (second, STAY), (ANSWERS, {})), "done")
    case("C bit: one byte more", dialogue((whole, MORE), (second, MORE), (b"\0", STAY)), "failed LPROTO .*text goes on beyond 16384")
    case("C bit: endless, 8 KiB each", endless(b"a" * 8192, **MORE), "failed LPROTO .*16384")
    case("C bit: endless, in the security stage", endless(b"a", **MORE), "failed LPROTO .*no end", CHAP)
    case("C bit: endless, in discovery", endless(b"", **MORE), "failed .*no end", DISCOVERY)
    case("T=0 for ever", endless(b"", **STAY), "failed LPROTO .*no end after 16")
    case("T=0 for ever, a new key each time", fresh_keys, "failed LPROTO .*no end after 16")
    case("T=0 fifteen times, then T=1", dialogue(*[(b"", STAY)] * 14, (ANSWERS, STAY), (b"", {})), "done")
    for jump in (0, 2, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
        case("StatSN jumps by %d" % jump,
             dialogue((ANSWERS, dict(STAY, stat_sn=100)), (b"", {"stat_sn": 100 + jump & 0xFFFFFFFF})),
             "done.* tolerated=StatSN is")
    case("StatSN wraps", dialogue((ANSWERS, dict(STAY, stat_sn=0xFFFFFFFF)), (b"", {"stat_sn": 0})), "done")
    case("TSIH before the final response", dialogue((ANSWERS, dict(STAY, tsih=7)), (b"", {"tsih": 7})), "done tsih=7 .*tolerated=.*TSIH 7")
    case("the ISID changes", dialogue((ANSWERS, STAY), (b"", {"isid": b"\0\2\x3d\0\0\0"})), "done.* tolerated=.*ISID")
    case("the ITT changes", dialogue((ANSWERS, STAY), (b"", {"itt": 5})), "failed LPROTO .*Task Tag")
    case("the version changes", dialogue((ANSWERS, STAY), (b"", {"version_active": 1})), "failed LPROTO .*version")
    case("back to the security stage", dialogue((ANSWERS, STAY), (b"", {"csg": 0, "nsg": 1})), "failed LPROTO .*stage 0")
    case("a status after all", dialogue((ANSWERS, STAY), (b"", {"status": 0x0302})), "failed L0302")
    for name in ANSWERS:
        again = "done" if name in ("MaxRecvDataSegmentLength", "TargetPortalGroupTag") else "failed LPROTO .*%s twice" % name
        case("%s again in a later response" % name, dialogue((ANSWERS, STAY), ({name: ANSWERS[name]}, {})), again)
    case("MaxRecvDataSegmentLength changes on the way",
         dialogue((ANSWERS, STAY), ({"MaxRecvDataSegmentLength": "4096"}, {})), "done.*MaxXmitDataSegmentLength=4096 ")
    case("asked: unknown keys", asks({"X-a": "1", "Frobnicate": "None"}, {"X-a": "NotUnderstood", "Frobnicate": "NotUnderstood"}), "done")
    case("asked: NotUnderstood is not answered", asks({"X-a": "NotUnderstood", "X-b": "Reject"}, {"X-a": None, "X-b": None}), "done")
    case("asked: IFMarker and its kin", asks({"IFMarker": "Yes", "OFMarker": "No", "IFMarkInt": "1", "OFMarkInt": "1~2"},
                                             {"IFMarker": "No", "OFMarker": "No", "IFMarkInt": "Reject", "OFMarkInt": "Reject"}), "done")
    case("asked: TaskReporting, iSCSIProtocolLevel", asks({"TaskReporting": "FastAbort,RFC3720", "iSCSIProtocolLevel": "2"},
                                                         {"TaskReporting": "RFC3720", "iSCSIProtocolLevel": "1"}), "done")
    case("asked in the final response", final_question, "failed LPROTO .*question")
    for count in (300, 360, 700, 740):
        case("asked: %d unknown keys" % count, many_keys(count), "done")
    case("asked: 1200 unknown keys", many_keys(1200), "failed LPROTO .*beyond")
    case("asked: as many keys as fit", endless(b"".join(b"%04x=\0" % n for n in range(1365)), **STAY), "failed LPROTO .*beyond")
    case("an unknown key twice", dialogue((b"X-a=1\0X-b=1\0X-a=2\0" + honest, {})), "failed LPROTO .*X-a twice")
    case("an unknown key in two responses", dialogue((b"X-a=1\0" + honest, STAY), (b"X-a=1\0", {})), "failed LPROTO .*X-a twice")
    case("an answer before our text is whole", answers_early, "failed LPROTO .*C bit")
    case("the end before our text is whole", ends_early, "failed LPROTO .*midst")


def final_question(peer):
    peer.answer(peer.read(), dict(ANSWERS, TaskReporting="FastAbort"))


# ---- authentication

def insists(peer):
    """Wants the security stage, but nothing in it."""
    if peer.number == 0:
        peer.answer(peer.read(), status=0x0201)
    else:
        peer.log_in()


def goes_back(peer):
    if peer.number == 0:
        peer.answer(peer.read(), {"AuthMethod": "None"}, csg=0, nsg=1)
    else:
        peer.log_in()


def chokes_on_list(peer):
    request = peer.read()
    peer.answer(request, {"AuthMethod": "CHAP"}, transit=False)
    request = peer.read()
    if request.keys["CHAP_A"] != "5":
        peer.answer(request, status=0x0200)
        return
    peer.answer(request, {"CHAP_A": "5", "CHAP_I": "1", "CHAP_C": "0x00"}, transit=False)
    peer.answer(peer.read(), transit=True)
    peer.log_in()


def stop(peer, request, keys=(), status=0, end=""):
    """What a target does that cannot go on: a status, keys, or the end of the connection."""
    if end == "reset":
        peer.reset()
    if end:
        raise Closed
    peer.answer(request, keys, status=status, transit=False)


def chokes(keys=(), **how):
    def script(peer):
        peer.answer(peer.read(), {"AuthMethod": "CHAP"}, transit=False)
        request = peer.read()
        if request.keys["CHAP_A"] != "5":
            stop(peer, request, keys, **how)
            peer.wait_for_the_end()
        peer.answer(request, {"CHAP_A": "5", "CHAP_I": "1", "CHAP_C": "0x00"}, transit=False)
        peer.answer(peer.read(), transit=True)
        peer.log_in()
    return script


def wants_security(**how):
    def script(peer):
        request = peer.read()
        if request.csg == OPERATIONAL:
            stop(peer, request, **how)
            peer.wait_for_the_end()
        peer.answer(request, {"AuthMethod": "None"})
        peer.log_in()
    return script


def security():
    case("the security stage is insisted on with status 0201", insists, "done")
    case("the security stage is insisted on with a response of stage 0", goes_back, "done")
    case("AuthMethod in the operational stage, then operational keys in the security stage", with_key("AuthMethod", "CHAP"),
         "failed LPROTO HeaderDigest does not belong")
    case("CHAP is wanted and we have no password", lambda peer: peer.answer(peer.read(), {"AuthMethod": "CHAP"}, transit=False)
         if peer.number else peer.answer(peer.read(), status=0x0201), "failed LNOAUTH .*username=")
    case("AuthMethod=None to our CHAP", Chap(AuthMethod="None"), "failed LAUTH .*skips", CHAP)
    case("AuthMethod=Reject to our CHAP", Chap(AuthMethod="Reject"), "failed LAUTH .*does not authenticate", CHAP)
    for method in ("KRB5", "CHAP,None", "chap", "", "NotUnderstood"):
        case("AuthMethod=%s to our CHAP" % method, Chap(AuthMethod=method), "failed LNEGO AuthMethod=%s: " % method, CHAP)
    case("no AuthMethod to our CHAP", Chap(AuthMethod=None), "failed LAUTH .*AuthMethod", CHAP)
    for algorithm, name in ((5, "MD5"), (6, "SHA1"), (7, "SHA256"), (8, "SHA3-256")):
        for encode in (hexadecimal, base_64):
            case("CHAP with %s, %s" % (name, encode.__name__), Chap(algorithm, encode=encode), "done", CHAP)
            case("mutual CHAP with %s, %s" % (name, encode.__name__), Chap(algorithm, encode=encode), "done", MUTUAL)
        others = ",".join(str(n) for n in (5, 6, 7, 8) if n != algorithm)
        case("%s, which was not offered" % name, Chap(algorithm, CHAP_A=str(algorithm)), "failed LAUTH .*not offered",
             CHAP + ("chap_algs=" + others,))
    for length in (1, 2, 3, 255, 256, 1023, 1024):
        for encode in (hexadecimal, base_64):
            case("a challenge of %d bytes, %s" % (length, encode.__name__), Chap(challenge=bytes(length), encode=encode), "done", CHAP)
    for challenge in ("", "0x", "0b", "0xzz", "0b=", "0b====", "0bA", "0bAAAAA", "0bA===", "0b!AAA", "x00", "-1",
                      hexadecimal(bytes(1025)), base_64(bytes(1025)), "99999999999999999999999999"):
        case("CHAP_C=%.30s" % challenge, Chap(CHAP_C=challenge),
             "failed LPROTO .*" + ("key=value" if len(challenge) > 2050 else "CHAP_C"), CHAP)
    for length in (1, 2, 16, 1024):
        case("a challenge of %d bytes in base64 without its padding" % length,
             Chap(challenge=bytes(length), CHAP_C=base_64(bytes(length)).rstrip("=")), "done", CHAP)
    case("the greatest challenge that is a decimal number", Chap(CHAP_C=str(2**64 - 1), challenge=b"\xff" * 8), "done", CHAP)
    case("a greater one", Chap(CHAP_C=str(2**64)), "failed LPROTO .*CHAP_C", CHAP)
    case("a challenge as a decimal number", Chap(encode=lambda data: str(int.from_bytes(data, "big")), challenge=b"\1\2\3"), "done", CHAP)
    case("an odd number of hexadecimal digits", Chap(challenge=b"\1\2", CHAP_C="0x102"), "done", CHAP)
    for identifier in ("0", "255", "0x11", "0xFF", "0bEQ=="):
        case("CHAP_I=%s" % identifier, Chap(identifier=identifier), "done", CHAP)
    for identifier in ("", "256", "0x100", "-1", "x", "0x", "99999999999999999999", "0x" + "0" * 18):
        case("CHAP_I=%s" % identifier, Chap(CHAP_I=identifier), "failed LNEGO .*CHAP_I", CHAP)
    for algorithm in ("0", "4", "9", "99", "4294967295"):
        case("CHAP_A=%s" % algorithm, Chap(CHAP_A=algorithm), "failed LAUTH .*not offered", CHAP)
    for algorithm in ("5,6", "MD5", "-5", "4294967301"):
        case("CHAP_A=%s" % algorithm, Chap(CHAP_A=algorithm), "failed LNEGO CHAP_A=%s: " % algorithm, CHAP)
    for algorithm in ("Reject", "NotUnderstood", "None", "Irrelevant", ""):
        case("CHAP_A=%s, to MD5 alone too" % algorithm, Chap(CHAP_A=algorithm), "failed LALGO ", CHAP)
    for name in ("CHAP_A", "CHAP_I", "CHAP_C"):
        case("no %s" % name, Chap(**{name: None}), "failed LPROTO .*lacks", CHAP)
    for kind, options in (("CHAP", CHAP), ("mutual CHAP", MUTUAL)):
        case("%s: a challenge together with AuthMethod" % kind, hasty_challenge(8), "done.* tolerated=.*challenge came before", options)
        case("%s: the same with an algorithm that was not offered" % kind, hasty_challenge(9), "failed LAUTH .*not offered", options)
    case("CHAP's response together with AuthMethod", lambda peer: peer.answer(
        peer.read(), {"AuthMethod": "CHAP", "CHAP_N": "outuser", "CHAP_R": "0x00"}, transit=False), "failed LPROTO .*CHAP_N", MUTUAL)
    case("a target that chokes on the list gets MD5 alone", chokes_on_list, "done", CHAP)
    case("but not when chap_algs= forbids it", chokes_on_list, "failed L0200", CHAP + ("chap_algs=8,5",))
    for status in (0x0201, 0x0300, 0x0302):
        case("nor when it chokes with status %04x" % status, chokes(status=status), "done", CHAP)
    for word in ("Reject", "NotUnderstood", "None", "Irrelevant", ""):
        case("nor with CHAP_A=%s" % word, chokes({"CHAP_A": word}), "done", CHAP)
    case("nor with no key at all", chokes({}), "done", CHAP)
    for end in ("close", "reset"):
        case("nor with a %s" % end, chokes(end=end), "done", CHAP)
        case("but not when chap_algs= forbids it: %s" % end, chokes(end=end), "broken", CHAP + ("chap_algs=8,5",))
        case("in discovery: %s" % end, lists_after(chokes(end=end)), "(?s)done 1 targets.*once more with MD5 alone", CHAP[1:])
    for status in (0x0200, 0x0202, 0x0300):
        case("the security stage is insisted on with status %04x" % status, wants_security(status=status), "done")
        case("nothing helps against status %04x" % status, final(status=status), "failed L%04X" % status)
    for status in (0x0203, 0x0206, 0x0301):
        case("status %04x says nothing of the stage" % status, wants_security(status=status), "failed L%04X" % status)
    for end in ("close", "reset"):
        case("the security stage is insisted on with a %s" % end, wants_security(end=end), "done")
        case("in discovery: the stage, %s" % end, lists_after(wants_security(end=end)), "done 1 targets", DISCOVERY)
    case("tgt's algorithm 7, which is SHA-1 there", sha1_as_seven, "done", CHAP)
    case("a wrong password of ours", Chap(8, secret="another12345"), "failed L0201", CHAP)
    for stage in (1, 2):
        case("the target skips on at step %d" % stage, Chap(transit=stage), "failed LAUTH .*skips", CHAP)
        case("the target skips on at step %d of mutual CHAP" % stage, Chap(transit=stage), "failed LAUTH .*skips", MUTUAL)
    case("CHAP is right, and T comes one response later", Chap(transit=3), "done", CHAP)
    case("mutual CHAP is right, and T comes one response later", Chap(transit=3), "done", MUTUAL)
    case("mutual: a wrong secret of the target's", Chap(secret_in="another12345"), "failed LAUTH .*wrong", MUTUAL)
    case("mutual: our secret of the target's", Chap(secret_in="insecret1234"), "failed LAUTH .*wrong", MUTUAL)
    case("mutual: a wrong name of the target's", Chap(name_in="another"), "failed LAUTH .*username_in", MUTUAL)
    case("mutual: no CHAP_R", Chap(CHAP_R=None), "failed LAUTH .*did not authenticate", MUTUAL)
    case("mutual: no CHAP_N", Chap(CHAP_N=None), "failed LAUTH .*did not authenticate", MUTUAL)
    case("mutual: neither", Chap(CHAP_N=None, CHAP_R=None), "failed LAUTH .*did not authenticate", MUTUAL)
    case("mutual: neither, and T=0", Chap(CHAP_N=None, CHAP_R=None, transit=3), "failed LAUTH .*did not authenticate", MUTUAL)
    for response in ("", "0", "0x", "0x00", hexadecimal(bytes(15)), hexadecimal(bytes(16)), hexadecimal(bytes(17)),
                     hexadecimal(bytes(32)), hexadecimal(bytes(33)), "0bAAAA", "Reject", "NotUnderstood"):
        case("mutual: CHAP_R=%.40s" % response, Chap(CHAP_R=response), "failed LAUTH .*wrong", MUTUAL)
    for name in ("CHAP_N", "CHAP_R"):
        case("%s from a target that was not asked for it" % name, Chap(**{"+" + name: "0x00"}), "failed LPROTO .*" + name, CHAP)
    case("a second challenge", Chap(**{"+CHAP_C": "0x00"}), "failed LPROTO .*twice", CHAP)
    case("our own response sent back", reflects_response, "failed LAUTH ", MUTUAL)
    case("the login goes to full feature phase past authentication", lambda peer: peer.answer(
        peer.read(), ANSWERS, transit=True, nsg=FULL), "failed LAUTH .*skips", MUTUAL)
    case("an operational key in the security stage", lambda peer: peer.answer(
        peer.read(), {"AuthMethod": "CHAP", "MaxBurstLength": "512"}, transit=False), "failed LPROTO .*security stage", CHAP)
    case("MaxRecvDataSegmentLength in the security stage is legal",
         Chap(**{"+MaxRecvDataSegmentLength": "4096"}), "done.*MaxXmitDataSegmentLength=16384 ", CHAP)
    for kind, options in (("CHAP", CHAP), ("mutual CHAP", MUTUAL)):
        case("%s in discovery, then silence" % kind, Chap(8), "failed no answer within", options[1:])
        case("%s in discovery, then a list" % kind, lists_after(Chap(8)), "done 1 targets", options[1:])
    case("a target that chokes on the list in discovery gets MD5 alone, which is said", lists_after(chokes_on_list),
         "(?s)done 1 targets.*once more with MD5 alone", CHAP[1:])
    case("not when chap_algs= forbids it, in discovery", lists_after(chokes_on_list), r"failed .*L0200\]\n$",
         CHAP[1:] + ("chap_algs=8,5",))
    case("mutual CHAP in discovery, a wrong secret", lists_after(Chap(8, secret_in="another12345")), "failed .*LAUTH", MUTUAL[1:])


def lists_after(authenticate):
    def script(peer):
        authenticate(peer)
        peer.send(peer.text_response(peer.read(), record(A, "192.0.2.1:3260,1")))
    return script


def hasty_challenge(algorithm):
    """Does not wait for the list of algorithms (RFC 7143 12.1.3)."""
    def script(peer):
        chap, challenge = Chap(8), bytes(range(16))
        request = peer.read()
        peer.answer(request, {"AuthMethod": "CHAP", "CHAP_A": algorithm, "CHAP_I": "17", "CHAP_C": hexadecimal(challenge)}, transit=False)
        request = peer.read()
        if from_text(request.keys["CHAP_R"]) != chap.digest(b"\x11", chap.secret, challenge):
            raise AssertionError("answered %s" % request.keys)
        proof = {}
        if "CHAP_C" in request.keys:
            response = chap.digest(from_text(request.keys["CHAP_I"]), chap.secret_in, from_text(request.keys["CHAP_C"]))
            proof = {"CHAP_N": chap.name_in, "CHAP_R": hexadecimal(response)}
        peer.answer(request, proof, transit=True)
        peer.log_in()
    return script


def sha1_as_seven(peer):
    request = peer.read()
    peer.answer(request, {"AuthMethod": "CHAP"}, transit=False)
    request = peer.read()
    if request.keys["CHAP_A"] == "5":
        peer.answer(request, {"CHAP_A": "5", "CHAP_I": "1", "CHAP_C": "0x00"}, transit=False)
        peer.answer(peer.read(), transit=True)
        peer.log_in()
        return
    peer.answer(request, {"CHAP_A": "7", "CHAP_I": "1", "CHAP_C": "0x00"}, transit=False)
    peer.answer(peer.read(), status=0x0201)


def reflects_response(peer):
    request = peer.read()
    peer.answer(request, {"AuthMethod": "CHAP"}, transit=False)
    request = peer.read()
    peer.answer(request, {"CHAP_A": "5", "CHAP_I": "1", "CHAP_C": "0x0102"}, transit=False)
    request = peer.read()
    peer.answer(request, {"CHAP_N": "outuser", "CHAP_R": request.keys["CHAP_R"]})


# ---- moved

def moves_to(address, status=0x0101):
    def script(peer):
        peer.answer(peer.read(), {"TargetAddress": address.replace("PORT", str(peer.port))}, status=status)
    return script


def elsewhere(script, host="127.0.0.1"):
    """Another portal that plays this script: its port."""
    return Listener(script, host).port


def moves_times(count, end=lambda peer: peer.log_in(), status=0x0101):
    """From portal to portal, each at another port."""
    for _ in range(count):
        end = moves_to("127.0.0.1:%d,1" % elsewhere(end), status)
    return end


def one_sends_back(peer):
    """Two portals, each of which has the other for the right one."""
    back = elsewhere(moves_to("127.0.0.1:%d" % peer.port))
    moves_to("127.0.0.1:%d,1" % back)(peer)


def wants_name(name):
    def script(peer):
        request = peer.read()
        peer.answer(request, ANSWERS, status=0 if request.keys.get("TargetName") == name else 0x0203)
    return script


def redirects():
    listed = lambda peer: peer.targets(record(A))  # noqa: E731
    for count in (1, 2, 8):
        case("moved %d times" % count, moves_times(count), "done")
        case("moved %d times, for good" % count, moves_times(count, status=0x0102), "done")
        case("moved %d times, in discovery" % count, moves_times(count, listed), r"done 1 targets\n127.0.0.1:\d+,1 " + A, DISCOVERY)
    case("moved 9 times", moves_times(9), r"broken redirected too often: 127.0.0.1:\d+ sends us to 127.0.0.1:\d+")
    case("moved 9 times, in discovery", moves_times(9, listed), "failed redirected too often", DISCOVERY)
    for where, options in (("", NAME), (", in discovery", DISCOVERY)):
        what = r"(broken|failed) redirected in a circle: 127.0.0.1:\d+ sends us back to 127.0.0.1:\d+"
        case("moved to itself" + where, moves_to("127.0.0.1:PORT"), what, options)
        case("moved to itself, for good" + where, moves_to("127.0.0.1:PORT,7", 0x0102), what, options)
        case("moved in a circle of two" + where, one_sends_back, what, options)
    case("moved, to a target of another name", lambda peer: peer.answer(peer.read(), {
        "TargetAddress": "127.0.0.1:%d,1" % elsewhere(wants_name("iqn.2026-01.test.hostile:other")),
        "TargetName": "iqn.2026-01.test.hostile:other"}, status=0x0101), "done")
    case("moved, to what is no name", lambda peer: peer.answer(peer.read(), {
        "TargetAddress": "127.0.0.1:1,1", "TargetName": "other"}, status=0x0101), "failed LPROTO .*TargetName")
    case("moved to an IPv6 portal", moves_to("[::1]:%d,1" % elsewhere(lambda peer: peer.log_in(), "::1")), "done")
    case("moved to an IPv6 portal, in discovery", moves_to("[::1]:%d" % elsewhere(listed, "::1")),
         r"done 1 targets\n\[::1\]:\d+,1 " + A, DISCOVERY)
    case("moved to a name, in discovery", moves_to("localhost:%d" % elsewhere(listed)), r"done 1 targets\nlocalhost:", DISCOVERY)
    case("moved to a name of 253 bytes, in discovery", moves_to("h" * 253), "failed cannot look up", DISCOVERY)
    case("moved to a port where nobody listens", moves_to("127.0.0.1:1,1"), "broken Connection refused")
    for address in ("", ":3260", ",1", "[::1", "[]", "[]:3260", "::1", "fe80::1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536",
                    "127.0.0.1:3260,", "127.0.0.1:3260,65536", "127.0.0.1:3260,1,1", "127.0.0.1:3260:3260", "127.0.0.1,1:3260",
                    "127.0.0.1 :3260", "[::1]3260", "[::1]:x", "a\x01b", "h\xe9llo", "127.0.0.1:99999999999999999999", "h" * 254,
                    "[[::1]]", "[::1"):
        case("moved to '%.30s'" % address, moves_to(address), "failed LNEGO TargetAddress=")
    case("moved to 256 bytes", moves_to("h" * 256), "failed LPROTO .*256 bytes")
    case("moved, and a key that is none", lambda peer: peer.answer(peer.read(), b"TargetAddress\0", status=0x0101), "failed LPROTO ")
    case("moved, with other keys beside", lambda peer: peer.log_in() if peer.number else peer.answer(peer.read(), {
        "MaxBurstLength": "0", "X-a": "1", "TargetAddress": "127.0.0.1:%d,1" % elsewhere(lambda other: other.log_in())},
                                                                              status=0x0101), "done")


# ---- the wire

def in_pieces(size, pause):
    def script(peer):
        data = peer.response(peer.read(), ANSWERS)
        for at in range(0, len(data), size):
            peer.send(data[at:at + size])
            time.sleep(pause)
    return script


def falls_silent(at):
    """So much of an honest response, and no more."""
    return lambda peer: peer.send(peer.response(peer.read(), ANSWERS)[:at])


def breaks_after(count, script, how):
    """So many bytes of what a script sends, and then the end."""
    def broken(peer):
        whole, left = peer.send, [count]

        def send(data):
            if left[0]:
                whole(data[:left[0]])
            left[0] -= min(left[0], len(data))
            if not left[0] and how == "RST":
                peer.reset()
            if not left[0]:
                raise Closed
        peer.send = send
        script(peer)
    return broken


def size_of(*texts):
    return sum(48 + len(text) + (-len(text) & 3) for text in texts)


def breaks_in_our_request(count):
    def script(peer):
        if peer.number == 0:
            peer.read_exactly(count)
        else:
            peer.read()  # from the security stage: shorter
        peer.reset()
    return script


def every_byte():
    """The whole of a login with mutual CHAP, broken off at each byte of the target's; and at some of ours."""
    chap = [text_of({"AuthMethod": "CHAP"}),
            text_of({"CHAP_A": "8", "CHAP_I": "17", "CHAP_C": hexadecimal(bytes(range(16)))}),
            text_of({"CHAP_N": "outuser", "CHAP_R": hexadecimal(bytes(32))})]
    total = size_of(*chap, text_of(ANSWERS))
    ways = "broken (closed|Connection reset by peer|Broken pipe)$"
    for at in range(total):
        case("RST after %d bytes of mutual CHAP" % at, breaks_after(at, Chap(8), "RST"), ways, MUTUAL)
    for at in sorted(set(range(0, total, 11)) | {size_of(*chap[:n]) for n in range(1, 4)}):
        case("FIN after %d bytes of mutual CHAP" % at, breaks_after(at, Chap(8), "FIN"), ways, MUTUAL)
    for how in ("RST", "FIN"):
        case("%s after all %d bytes of mutual CHAP" % (how, total), breaks_after(total, Chap(8), how), "done", MUTUAL)
    for at in range(0, 404, 31):
        case("RST after %d bytes of our request" % at, breaks_in_our_request(at), ways)
    discovered = size_of(text_of(DISCOVERY_ANSWERS), record(A, "192.0.2.1,1"))
    for at in list(range(0, discovered, 7)) + [discovered - 1]:
        for how in ("RST", "FIN"):
            case("%s after %d bytes of a discovery" % (how, at), breaks_after(at, lists(record(A, "192.0.2.1,1")), how),
                 "failed the (connection broke|portal closed)", DISCOVERY)


def unasked(peer):
    """A response to a request that was never sent."""
    time.sleep(0.01)
    peer.send(bytes([LOGIN_RESPONSE, 0x87]) + bytes(46))


def twice(peer):
    request = peer.read()
    peer.send(peer.response(request, ANSWERS, transit=False) + peer.response(request))


def digested(header, data):
    """The first response has digests, and its keys go on in the next."""
    def script(peer):
        answer = peer.response(peer.read(), ANSWERS, transit=False)
        peer.send(answer[:48] + header + answer[48:] + data)
        peer.answer(peer.read(), {}, transit=True, nsg=FULL)
        peer.wait_for_the_end()
    return script


def wire():
    case("one byte in a segment", in_pieces(1, 0.0005), "done")
    case("seven bytes in a segment, with pauses", in_pieces(7, 0.004), "done")
    case("one byte in a segment, in discovery", in_pieces(1, 0.0005), "failed .*no answer", DISCOVERY)
    case("slower than the login timeout", in_pieces(8, 0.1), "broken timeout")
    every_byte()
    for at in (0, 1, 47, 48, 60, 300):
        case("silence after %d bytes" % at, falls_silent(at), "broken timeout")
    case("silence after 20 bytes, in discovery", falls_silent(20), "failed .*no answer within", DISCOVERY)
    digest = b"\x1b\x2d\x3f\x40"
    case("a header digest that nobody agreed on", digested(digest, b""), "failed LPROTO ")
    case("a data digest that nobody agreed on", digested(b"", digest), "done|failed LPROTO |broken PDU too long")
    case("both digests", digested(digest, digest), "failed LPROTO ")
    case("a header digest, in discovery", digested(digest, b""), "failed ", DISCOVERY)
    case("a data digest, in discovery", digested(b"", digest), "failed ", DISCOVERY)
    case("a response that nobody asked for", unasked, "failed LPROTO .*Task Tag")
    case("two responses to one request", twice, "done")
    case("a web server", lambda peer: peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n" + bytes(64)), "broken PDU too long")
    case("an SSH server", lambda peer: peer.send(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n" + bytes(64)), "broken PDU too long")
    case("zeros", lambda peer: peer.send(bytes(4096)), "failed LPROTO .*opcode 0x00")
    case("0xff", lambda peer: peer.send(b"\xff" * 4096), "broken PDU too long")
    case("nobody reads our request", lambda peer: time.sleep(1.5), "broken timeout")


# ---- discovery

def record(name, *addresses):
    return text_of([("TargetName", name)] + [("TargetAddress", address) for address in addresses])


A, B = "iqn.2026-01.test.hostile:a", "iqn.2026-01.test.hostile:b"


def lists(*parts, **fields):
    return lambda peer: peer.targets(*parts, **fields)


def endless_list(peer):
    peer.log_in()
    number = 0
    while True:
        request = peer.read()
        peer.send(peer.text_response(request, record(A + str(number)), flags=0x40, ttt=7))
        number += 1


def discovery():
    two = record(A, "192.0.2.1:3260,1", "[2001:db8::1]:3261,2") + record(B, "host.example,3")
    shown = r"(?s)done 2 targets\n192.0.2.1:3260,1 %s\n\[2001:db8::1\]:3261,2 %s\nhost.example:3260,3 %s\n$" % (A, A, B)
    case("discovery: two targets", lists(two), shown, DISCOVERY)
    for at in range(1, len(two), 13):
        case("discovery: the list split at byte %d" % at, lists(two[:at], two[at:]), shown, DISCOVERY)
    case("discovery: a byte in each PDU", lists(*[two[at:at + 1] for at in range(len(two))]), shown, DISCOVERY)
    case("discovery: F=0 without the C bit", lists(two[:20], two[20:], b"", ttt=3, flags=0), "failed .*no answer within", DISCOVERY)
    case("discovery: no target", lists(b""), "failed it has no target for us", DISCOVERY)
    case("discovery: no address means the one that was asked", lists(record(A) + record(B)),
         r"done 2 targets\n127.0.0.1:\d+,1 %s\n127.0.0.1:\d+,1 %s$" % (A, B), DISCOVERY)
    case("discovery: the last pair without its NUL", lists(two[:-1]), shown, DISCOVERY)
    case("discovery: an address that cannot be read is left out", lists(record(A, "::1", "192.0.2.1:3260,1")), "done 1 targets\n192.*\n$", DISCOVERY)
    case("discovery: 40 portals of one target", lists(record(A, *["192.0.2.%d,%d" % (n, n % 5) for n in range(40)])), "done 1 targets\n" + "".join(
        r"192.0.2.%d:3260,%d %s\n" % (n, n % 5, A) for n in range(40)) + "$", DISCOVERY)
    case("discovery: 1500 targets", lists(*["".join("TargetName=%s%d\0TargetAddress=192.0.2.1,%d\0" % (A, n, n % 7) for n in range(at, at + 100)).encode()
                                            for at in range(0, 1500, 100)]), "done 1500 targets\n" + "".join(
        r"192.0.2.1:3260,%d %s%d\n" % (n % 7, A, n) for n in range(1500)) + "$", DISCOVERY)
    case("discovery: an address before any name", lists(text_of({"TargetAddress": "192.0.2.1,1"}) + two), shown, DISCOVERY)
    case("discovery: other keys between", lists(text_of({"X-a": "1"}) + two), shown, DISCOVERY)
    for name in ("", "x", "iqn.", "iqn.2026-01.test:" + "x" * 224, "eui.123", "iqn.2026-01.test:\x01"):
        case("discovery: TargetName=%.30s" % name, lists(record(name)), "failed .*cannot be read", DISCOVERY)
    odd = record("disk1", "192.0.2.9,1")
    case("discovery: a target whose name is no iSCSI name is left out", lists(odd + two + odd),
         shown[:-1] + "iscsi-init: 127.0.0.1: 2 of its targets are left out, because their names are no iSCSI names\n$", DISCOVERY)
    case("discovery: one target, listed for each of its portal groups", lists(record(A, "192.0.2.1,1") + record(A, "192.0.2.2,2")),
         "done 1 targets\n192.0.2.1:3260,1 %s\n192.0.2.2:3260,2 %s\n$" % (A, A), DISCOVERY)
    case("discovery: no equals sign", lists(b"SendTargets\0"), "failed .*cannot be read", DISCOVERY)
    case("discovery: a pair without an end", lists(*[b"a" * 8000] * 4), "failed .*cannot be read", DISCOVERY)
    case("discovery: an endless list", endless_list, "failed .*no end", DISCOVERY)
    case("discovery: a list of half a megabyte", lists(*[(record(A + str(n)) * 150)[:8000] for n in range(70)]), "failed .*cannot be read", DISCOVERY)
    case("discovery: no Target Transfer Tag", lists(two[:20], two[20:], ttt=0xFFFFFFFF), "failed .*Target Transfer Tag", DISCOVERY)
    for field, value, said in (("opcode", 0x23, "opcode 0x23"), ("opcode", 0x3F, "opcode 0x3f"), ("itt", 77, "tag 77"), ("ahs", 1, "1 words"), ("length", 0xFFFFFF, "16777215 bytes"),
                               ("length", 8193, "8193 bytes")):
        case("discovery: %s 0x%x" % (field, value), lists(two, **{field: value}), "failed .*" + said, DISCOVERY)
    case("discovery: any StatSN", lists(two, stat_sn=5), shown, DISCOVERY)
    for ttt in (0xFFFFFFFF, 0x77):
        case("discovery: a NOP-In (tag 0x%x) before the list" % ttt, pings(ttt, two), shown, DISCOVERY)
    case("discovery: an ISID without a high bit", lists_for_isid(two), shown, DISCOVERY)
    case("discovery: half a list and silence", lists(two, length=len(two) + 100), "failed .*no answer within", DISCOVERY)


def pings(ttt, text):
    """Asks whether we are still there (RFC 7143 11.19), with a tag that wants an answer, or without."""
    def script(peer):
        peer.log_in()
        request = peer.read()
        peer.send(peer.text_response(request, b"", opcode=0x20, itt=0xFFFFFFFF, ttt=ttt))
        peer.stat_sn -= 1  # a ping does not advance it
        if ttt != 0xFFFFFFFF:
            answer = peer.read()
            if answer.opcode != 0 or answer.bhs[16:24] != b"\xff\xff\xff\xff" + ttt.to_bytes(4, "big"):
                raise AssertionError("the ping was answered with %s" % answer.bhs.hex())
        peer.send(peer.text_response(request, text))
    return script


def lists_for_isid(text):
    """Some targets extend the sign of an ISID's bytes."""
    def script(peer):
        request = peer.read()
        if max(request.isid) > 0x7F:
            raise AssertionError("the ISID is %s" % request.isid.hex())
        peer.answer(request, DISCOVERY_ANSWERS)
        peer.send(peer.text_response(peer.read(), text))
    return script


# ---- the proof that a unit is the same

PROOF = NAME + ("naa=" + NAA.hex(), "sectors=2048")
SAME, OTHER, NOT_READY, RESERVED, BROKEN = ("verdict %d " % n for n in range(1, 6))


def but(command, answer):
    """A unit that answers one command otherwise."""
    def otherwise(peer, request):
        if request.bhs[32] != command:
            return False
        answer(peer, request)
        return True
    return lambda peer: peer.units(otherwise)


def without_end(opcode, data=b"", **fields):
    def answer(peer, request):
        while True:
            peer.scsi(opcode, request, data, **fields)
    return answer


def says(opcode, data=b"", **fields):
    return lambda peer, request: peer.scsi(opcode, request, data, **fields)


def in_bits(peer, request):
    page = struct.pack(">BBHBBBB", 0, 0x83, 20, 1, 3, 0, 16) + NAA
    for at in range(len(page)):
        peer.scsi(DATA_IN, request, page[at:at + 1], flags=0, offset=at)
    peer.scsi(SCSI_RESPONSE, request)


def proof():
    case("proof: the same unit", lambda peer: peer.units(), SAME, PROOF)
    case("proof: the same unit, asked before the login", lambda peer: peer.units(), SAME, PROOF + ("first=1",))
    case("proof: an identity in pieces of one byte", but(INQUIRY, in_bits), SAME, PROOF)
    case("proof: another unit", lambda peer: peer.units(lambda p, r: p.unit(r, naa=NAA[:-1] + b"x") or True), OTHER + "LUN 0 is another unit", PROOF)
    case("proof: a smaller one", lambda peer: peer.units(lambda p, r: p.unit(r, sectors=2047) or True), OTHER + "LUN 0 is smaller", PROOF)
    page = struct.pack(">BBHBBBB", 0, 0x83, 20, 1, 3, 0, 16) + NAA
    for length in range(len(page)):
        case("proof: a page of %d bytes" % length, but(INQUIRY, says(DATA_IN, page[:length])), OTHER, PROOF)
    for length in (0, 1, 7, 11):
        case("proof: a size of %d bytes" % length, but(READ_CAPACITY_16, says(DATA_IN, bytes(length))), NOT_READY, PROOF)
    for at, verdict in ((4, SAME), (5, OTHER), (6, SAME), (7, OTHER)):
        case("proof: 255 in byte %d of the page" % at, but(INQUIRY, says(DATA_IN, page[:at] + b"\xff" + page[at + 1:])), verdict, PROOF)
    case("proof: the page says that it is longer", but(INQUIRY, says(DATA_IN, b"\0\x83\xff\xff" + page[4:])), SAME, PROOF)
    case("proof: data without an end", but(INQUIRY, without_end(DATA_IN, bytes(200), flags=0)), BROKEN + "the target sent data", PROOF)
    case("proof: empty data without an end", but(INQUIRY, without_end(DATA_IN, flags=0)), BROKEN, PROOF)
    case("proof: NOP-Ins without an end", but(INQUIRY, without_end(0x20, itt=0xFFFFFFFF, ttt=7)), BROKEN, PROOF)
    case("proof: async messages without an end", but(INQUIRY, without_end(0x32)), BROKEN, PROOF)
    case("proof: 512 bytes for 255", but(INQUIRY, says(DATA_IN, bytes(512))), BROKEN + "the target sent data", PROOF)
    case("proof: data behind its place", but(INQUIRY, says(DATA_IN, page, offset=4)), BROKEN + "the target sent data", PROOF)
    for tag in (0, 1, 0x99, 0xFFFFFFFF):
        case("proof: tag 0x%x" % tag, but(TEST_UNIT_READY, says(SCSI_RESPONSE, itt=tag)), BROKEN + "the target answered a command", PROOF)
    for opcode in (0x00, 0x01, 0x23, 0x24, 0x31, 0x3F):
        case("proof: opcode 0x%02x" % opcode, but(TEST_UNIT_READY, says(opcode)), BROKEN, PROOF)
    for fields in ({"ahs": 1}, {"length": 0xFFFFFF}, {"length": 8193}):
        case("proof: %s" % fields, but(INQUIRY, says(DATA_IN, page, **fields)), BROKEN + ".*too long", PROOF)
    case("proof: half a PDU and silence", but(INQUIRY, says(DATA_IN, page, length=200)), BROKEN + ".*does not answer the questions", PROOF)
    case("proof: silence", but(INQUIRY, lambda peer, request: None), BROKEN + ".*does not answer the questions", PROOF)
    case("proof: the connection ends", but(INQUIRY, lambda peer, request: peer.reset()), BROKEN + ".*broke", PROOF)
    for status, verdict in ((0x08, NOT_READY), (0x18, RESERVED), (0x28, NOT_READY), (0x40, NOT_READY), (0xFF, NOT_READY)):
        case("proof: status 0x%02x" % status, but(TEST_UNIT_READY, says(SCSI_RESPONSE, status=status)), verdict, PROOF)
    for sense in (b"", b"\0", b"\0\x12", b"\0\x12\x70", b"\xff\xff" + bytes(16), b"\0\x12\x7f" + bytes(17), bytes(252)):
        case("proof: sense data %s" % sense.hex(), but(TEST_UNIT_READY, says(SCSI_RESPONSE, sense, status=2)), NOT_READY + ".*readable", PROOF)
    case("proof: attentions without an end", but(TEST_UNIT_READY, lambda p, r: p.sense(r, 6, 0x29)), NOT_READY + ".*it was reset", PROOF)
    case("proof: becoming ready", but(TEST_UNIT_READY, lambda p, r: p.sense(r, 2, 4, 1)), NOT_READY + ".*becoming ready", PROOF)
    case("proof: no such LUN", but(TEST_UNIT_READY, lambda p, r: p.sense(r, 5, 0x25)), OTHER + "LUN 0 is not there", PROOF)
    case("proof: a login that is refused", final(status=0x0302), BROKEN + ".*L0302", PROOF)
    case("proof: a login without an answer", lambda peer: peer.wait_for_the_end(), BROKEN + ".*does not answer the login", PROOF)
    case("proof: no answer to the logout", lambda peer: peer.units(lambda p, r: r.opcode == LOGOUT), SAME, PROOF + ("first=1",))


# ---- run

def play(driver, name, script, expected, options):
    listener = Listener(script)
    began = time.monotonic()
    shown = driver.run(listener.port, "timeout=%d" % TIMEOUT_MS, *options, seconds=40)
    seconds = time.monotonic() - began
    listener.close()
    problems = list(listener.problems)
    if not re.match(expected, shown):
        problems.append("expected: %s\ngot: %s" % (expected, shown))
    if "HANG" in shown or "CRASH" in shown:
        problems.append(shown)
    # each connection has its own timeout: a redirect or a second try is a new one; the rest is a busy machine's
    if seconds > listener.number * PATIENCE * TIMEOUT_MS / 1000 + 3:
        problems.append("it took %.1f s" % seconds)
    return name, problems


# ---- memory

def resident_kib(pid):
    with open("/proc/%d/status" % pid) as file:
        found = re.search(r"VmHWM:\s+(\d+)", file.read())
    return int(found.group(1)) if found else 0  # it has ended


def bounded(rig, name, script):
    """The program itself, at the moment when it has taken all that it takes."""
    taken = threading.Event()
    listener = Listener(lambda peer: script(peer, taken))
    process = subprocess.Popen([rig.binary, "discover", "127.0.0.1:%d" % listener.port], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    full = taken.wait(20)
    kib = resident_kib(process.pid)
    process.kill()
    process.wait()
    listener.close()
    rig.ok(full and 100 < kib < 1024, "at most 1 MiB of memory: " + name, "%d KiB" % kib)


def a_long_list(peer, taken):
    peer.log_in()
    for number in range(32):
        part = b"".join(record(A + "%d-%d" % (number, n), "192.0.2.1:3260,1") for n in range(110))
        peer.send(peer.text_response(peer.read(), part, flags=0x40, ttt=7))
    peer.read()
    taken.set()


def long_text(peer, taken):
    keys = [("X-k%d" % number, "1") for number in range(740)]
    peer.answer(peer.read(), keys[:600], transit=False, more=True)
    peer.answer(peer.read(), keys[600:], transit=False)
    peer.read()
    taken.set()


# ---- warnings

def discover(rig, script, options):
    """The program's own subcommand: what it prints and says."""
    listener = Listener(script)
    done = subprocess.run([rig.binary, "discover", ",".join(("127.0.0.1:%d" % listener.port,) + options)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=40, text=True)
    listener.close()
    return done.stdout


def warns(rig):
    weak, warning = ("username=inuser", "password=eleven-byte"), "127.0.0.1: a CHAP secret has less than 96 bits"
    shown = discover(rig, lists_after(Chap(8, secret="eleven-byte")), weak)
    rig.ok(A in shown and warning in shown, "discover warns of a short secret", shown)
    shown = discover(rig, lists_after(Chap(8)), CHAP[1:])
    rig.ok(A in shown and warning not in shown, "and not of one that is long enough", shown)
    odd, warning = record("disk1", "192.0.2.9,1"), "of its targets are left out"
    shown = discover(rig, lists(odd + record(A) + odd), ())
    rig.ok(A in shown and "127.0.0.1: 2 " + warning in shown, "discover warns of targets that it leaves out", shown)
    shown = discover(rig, lists(record(A)), ())
    rig.ok(A in shown and warning not in shown, "and not where all have names", shown)


with Rig() as test:
    for section in (headers, statuses, values, texts, conversations, security, redirects, wire, discovery, proof):
        section()
    if len(sys.argv) > 1:  # hostile.t REGEX: only these
        cases = [row for row in cases if re.search(sys.argv[1], row[0])]
    program = Driver(test.folder)
    with ThreadPoolExecutor(max_workers=6) as pool:
        for title, wrong in pool.map(lambda row: play(program, *row), cases):
            test.ok(not wrong, title, "\n".join(wrong))
    if len(sys.argv) == 1:
        bounded(test, "a list of targets of more than 200 KiB", a_long_list)
        bounded(test, "a login's text of 13 KiB, and its answers", long_text)
        warns(test)
