# SPDX-License-Identifier: MIT
"""A target that a test scripts: it can answer a login with anything. Nothing of it is a server of disks.

A case's script is a function of one Peer, the target's side of one connection. It reads requests, checks what they say and
sends what it likes; honest() and its kin make the answers of a target that keeps the rules, with any field overridden.
"""

import base64
import hashlib
import socket
import struct
import threading

LOGIN_RESPONSE, TEXT_RESPONSE = 0x23, 0x24
SCSI_RESPONSE, DATA_IN, LOGOUT, LOGOUT_RESPONSE = 0x21, 0x25, 0x06, 0x26
TEST_UNIT_READY, INQUIRY, MODE_SENSE, READ_CAPACITY_16 = 0x00, 0x12, 0x1A, 0x9E
NAA = bytes.fromhex("60014050000000000000000000000001")
SECURITY, OPERATIONAL, FULL = 0, 1, 3
HASHES = {5: hashlib.md5, 6: hashlib.sha1, 7: hashlib.sha256, 8: hashlib.sha3_256}

ANSWERS = {
    "TargetPortalGroupTag": "1", "HeaderDigest": "None", "DataDigest": "None", "MaxRecvDataSegmentLength": "16384",
    "FirstBurstLength": "65536", "MaxBurstLength": "262144", "InitialR2T": "Yes", "ImmediateData": "Yes",
    "DataPDUInOrder": "Yes", "DataSequenceInOrder": "Yes", "MaxOutstandingR2T": "1", "ErrorRecoveryLevel": "0",
    "DefaultTime2Wait": "2", "DefaultTime2Retain": "0", "MaxConnections": "1",
}
DISCOVERY_ANSWERS = {name: ANSWERS[name] for name in
                     ("HeaderDigest", "DataDigest", "MaxRecvDataSegmentLength", "ErrorRecoveryLevel",
                      "DefaultTime2Wait", "DefaultTime2Retain")}


class Closed(Exception):
    """The initiator is gone: the end of most conversations."""


def text_of(keys):
    """key=value pairs, each with its NUL, from a dict or a list of pairs."""
    pairs = keys.items() if isinstance(keys, dict) else keys
    return b"".join(name.encode("latin-1") + b"=" + str(value).encode("latin-1") + b"\0" for name, value in pairs)


class Request:
    """One PDU of the initiator's."""

    def __init__(self, bhs, data):
        self.bhs, self.data = bhs, data
        self.opcode = bhs[0] & 0x3F
        self.transit, self.more = bool(bhs[1] & 0x80), bool(bhs[1] & 0x40)
        self.csg, self.nsg = bhs[1] >> 2 & 3, bhs[1] & 3
        self.isid = bhs[8:14]
        self.itt, = struct.unpack(">I", bhs[16:20])
        self.keys = dict(pair.split("=", 1) for pair in data.decode("latin-1").split("\0") if "=" in pair)


class Peer:
    """The target's side of one connection. number: the how-manieth of its case."""

    def __init__(self, connection, number, port):
        self.connection, self.number, self.port = connection, number, port
        self.stat_sn = 0x7FFFFFFF  # its increment crosses a sign
        connection.settimeout(60)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read_exactly(self, length):
        data = b""
        while len(data) < length:
            try:
                more = self.connection.recv(length - len(data))
            except OSError as error:
                raise Closed from error
            if not more:
                raise Closed
            data += more
        return data

    def read(self):
        bhs = self.read_exactly(48)
        length = int.from_bytes(bhs[5:8], "big")
        data = self.read_exactly(length + (-length & 3))
        return Request(bhs, data[:length])

    def send(self, data):
        try:
            self.connection.sendall(data)
        except OSError as error:
            raise Closed from error

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        raise Closed

    def wait_for_the_end(self):
        while True:
            self.read_exactly(1)

    # ---- PDUs that keep the rules, unless told otherwise

    def response(self, request, keys=(), **fields):
        """A Login Response. fields: flags, transit, more, csg, nsg, or any field of RFC 7143 11.13 by its name."""
        data = keys if isinstance(keys, bytes) else text_of(keys)
        get = fields.get
        transit, nsg = get("transit", request.transit), get("nsg", request.nsg)
        csg = get("csg", request.csg)
        flags = get("flags", transit << 7 | get("more", False) << 6 | csg << 2 | (nsg if transit else 0))
        final = transit and nsg == FULL
        bhs = struct.pack(">BBBBB", get("opcode", LOGIN_RESPONSE), flags, get("version_max", 0),
                          get("version_active", 0), get("ahs", 0))
        bhs += get("length", len(data)).to_bytes(3, "big")
        bhs += get("isid", request.isid)
        bhs += struct.pack(">HIIIIIHQH", get("tsih", 0x1234 if final else 0), get("itt", request.itt),
                           get("reserved1", 0), get("stat_sn", self.stat_sn), get("exp_cmd_sn", 1),
                           get("max_cmd_sn", 1), get("status", 0), get("reserved2", 0), get("reserved3", 0))
        self.stat_sn = self.stat_sn + 1 & 0xFFFFFFFF
        return bhs + data + b"\0" * (-len(data) & 3)

    def answer(self, request, keys=(), **fields):
        self.send(self.response(request, keys, **fields))

    def text_response(self, request, data, **fields):
        """A Text Response (RFC 7143 11.11)."""
        get = fields.get
        bhs = struct.pack(">BBxxB", get("opcode", TEXT_RESPONSE), get("flags", 0x80), get("ahs", 0))
        bhs += get("length", len(data)).to_bytes(3, "big") + b"\0" * 8
        bhs += struct.pack(">IIIII12x", get("itt", request.itt), get("ttt", 0xFFFFFFFF), get("stat_sn", self.stat_sn),
                           1, 1)
        self.stat_sn = self.stat_sn + 1 & 0xFFFFFFFF
        return bhs + data + b"\0" * (-len(data) & 3)

    def log_in(self, **changes):
        """The whole of an honest login without authentication; changes: other answers (None: leave it out)."""
        request = self.read()
        while request.csg == SECURITY:
            self.answer(request, {"AuthMethod": "None"})
            request = self.read()
        keys = dict(DISCOVERY_ANSWERS if request.keys.get("SessionType") == "Discovery" else ANSWERS)
        keys.update(changes)
        self.answer(request, {name: value for name, value in keys.items() if value is not None})

    def targets(self, *parts, **fields):
        """An honest discovery: the list in as many Text Responses as there are parts (C bit set in all but the last)."""
        self.log_in()
        for number, part in enumerate(parts):
            request = self.read()
            last = number == len(parts) - 1
            wanted = dict(flags=0x80 if last else 0x40, ttt=0xFFFFFFFF if last else 0x55)
            wanted.update(fields)
            self.send(self.text_response(request, part, **wanted))
        self.wait_for_the_end()


    # ---- full feature phase: a disk of so many sectors

    def scsi(self, opcode, request, data=b"", **fields):
        """Data-In or a SCSI Response (RFC 7143 11.4, 11.7), honest but for these fields."""
        get = fields.get
        bhs = struct.pack(">BBBBB", opcode, get("flags", 0x81 if opcode == DATA_IN else 0x80), get("response", 0),
                          get("status", 0), get("ahs", 0))
        bhs += get("length", len(data)).to_bytes(3, "big") + bytes(8)
        bhs += struct.pack(">IIIIIIIB3x", get("itt", request.itt), get("ttt", 0xFFFFFFFF), get("stat_sn", self.stat_sn),
                           get("exp_cmd_sn", 100), get("max_cmd_sn", 200), 0, get("offset", 0), 0)
        self.stat_sn = self.stat_sn + 1 & 0xFFFFFFFF
        self.send(bhs + data + b"\0" * (-len(data) & 3))

    def sense(self, request, key, asc, ascq=0):
        self.scsi(SCSI_RESPONSE, request, struct.pack(">HBBB4xB4xBB4x", 18, 0x70, 0, key, 10, asc, ascq), status=2)

    def unit(self, request, sectors=2048, naa=NAA):
        """The answer of a unit that is as it should be."""
        command = request.bhs[32]
        if command == INQUIRY:
            self.scsi(DATA_IN, request, struct.pack(">BBHBBBB", 0, 0x83, 4 + len(naa), 1, 3, 0, len(naa)) + naa)
        elif command == READ_CAPACITY_16:
            self.scsi(DATA_IN, request, struct.pack(">QI20x", sectors - 1, 512))
        elif command == MODE_SENSE:
            self.scsi(DATA_IN, request, bytes([3, 0, 0, 0]))
        else:
            self.scsi(SCSI_RESPONSE, request)

    def units(self, otherwise=None):
        """Logs in and answers whatever is asked. otherwise(peer, request): true where it has given another answer."""
        self.log_in()
        while True:
            request = self.read()
            if request.opcode == LOGOUT:
                self.scsi(LOGOUT_RESPONSE, request)
            elif not otherwise or not otherwise(self, request):
                self.unit(request)


def hexadecimal(data):
    return "0x" + data.hex()


def base_64(data):
    return "0b" + base64.b64encode(data).decode()


def from_text(value):
    if value[:2].lower() == "0x":
        return bytes.fromhex(value[2:].rjust(len(value[2:]) + (len(value) & 1), "0"))
    if value[:2].lower() == "0b":
        return base64.b64decode(value[2:])
    return bytes([int(value)])


class Chap:
    """CHAP, the target's side. Everything that it says may be overridden by key: a value, None (left out)."""

    def __init__(self, algorithm=5, secret="insecret1234", name_in="outuser", secret_in="outsecret1234",
                 encode=hexadecimal, challenge=bytes(range(16)), identifier="17", transit=None, **changes):
        self.algorithm, self.secret, self.name_in, self.secret_in = algorithm, secret, name_in, secret_in
        self.encode, self.challenge, self.identifier, self.changes = encode, challenge, identifier, changes
        self.transit = transit

    def changed(self, keys):
        keys = dict(keys)
        keys.update({name: value for name, value in self.changes.items() if name in keys})
        return {name: value for name, value in keys.items() if value is not None}

    def digest(self, identifier, secret, challenge):
        return HASHES[self.algorithm](identifier + secret.encode() + challenge).digest()

    def __call__(self, peer):
        request = peer.read()
        peer.answer(request, self.changed({"AuthMethod": "CHAP"}), transit=self.transit == 1, nsg=1)
        request = peer.read()
        if str(self.algorithm) not in request.keys.get("CHAP_A", "").split(",") and "CHAP_A" not in self.changes:
            peer.answer(request, status=0x0201)
            return
        peer.answer(request, self.changed({"CHAP_A": self.algorithm, "CHAP_I": self.identifier,
                                           "CHAP_C": self.encode(self.challenge)}), transit=self.transit == 2, nsg=1)
        request = peer.read()
        identifier = from_text(self.identifier)[-1:]
        if from_text(request.keys["CHAP_R"]) != self.digest(identifier, self.secret, self.challenge):
            peer.answer(request, status=0x0201)
            return
        proof = {}
        if "CHAP_C" in request.keys:
            response = self.digest(from_text(request.keys["CHAP_I"]), self.secret_in, from_text(request.keys["CHAP_C"]))
            proof = self.changed({"CHAP_N": self.name_in, "CHAP_R": self.encode(response)})
        proof.update({name[1:]: value for name, value in self.changes.items() if name[0] == "+"})
        peer.answer(request, proof, transit=self.transit != 3)
        if self.transit == 3:
            peer.answer(peer.read(), transit=True)
        peer.log_in()


class Listener:
    """A port of loopback (0: a free one); script(peer) for every connection that comes until it is closed."""

    def __init__(self, script, host="127.0.0.1", port=0):
        self.script, self.problems, self.number = script, [], 0
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((host, port))
        self.socket.listen(16)
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            peer = Peer(connection, self.number, self.port)
            self.number += 1
            try:
                self.script(peer)
                peer.wait_for_the_end()
            except Closed:
                pass
            except Exception as error:  # pylint: disable=broad-except
                self.problems.append("the script: %s: %s" % (type(error).__name__, error))
            finally:
                connection.close()

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(10)
