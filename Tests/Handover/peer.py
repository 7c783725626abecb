"""A peer of the handover protocol, written from Protocol.md: messages, channels, and both roles.

Nothing here knows Ferry's code: who changes the protocol changes the page first, then both.

peer.py record SOCKET COUNT PREFIX: takes one handover at a Unix socket in COUNT channels, and leaves each
channel's stream in a file PREFIX-N.dms.
"""
import socket
import ssl
import struct
import sys
import threading

PREAMBLE = bytes([0x8F]) + b"FHO\r\n\x1a\n"
MESSAGE, INTRODUCTION, STREAM, ALIVE = 1, 2, 3, 4
(HELLO, INTRODUCED, REPORT, END, PREPARED, COMMIT, RUNNING, FAILED, ABORT, RESOLUTION, SETTLED,
 RECEIVED) = range(1, 13)
NAMES = ["", "hello", "introduced", "report", "end", "prepared", "commit", "running", "failed", "abort",
         "resolution", "settled", "received"]
DECISIONS = [None, "begun", "prepared", "aborted", "commit", "running", "failed"]
HANDOVER, CHECK, RESOLVE, CHANNEL = 1, 2, 3, 4


def _table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = _table()


def crc32c(data, crc=0):
    crc ^= 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def field(tag, value):
    return struct.pack("<HHI", tag, 0, len(value)) + value


def fields(data):
    found = {}
    while data:
        tag, _, size = struct.unpack_from("<HHI", data)
        found.setdefault(tag, []).append(data[8:8 + size])
        data = data[8 + size:]
    return found


def frame(kind, payload, offset=0):
    head = struct.pack("<IB3xQ", len(payload), kind, offset)
    return head + struct.pack("<I", crc32c(covered(head, kind, payload))) + payload


def covered(head, kind, payload):
    """What the checksum of a frame is of."""
    return head if kind in (INTRODUCTION, STREAM) else head + payload


class Peer:
    """One end of a connection."""

    def __init__(self, connection):
        self.socket = connection

    def exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise EOFError("the connection ended")
            data += more
        return data

    def raw(self):
        """The bytes of the next frame, and its kind, offset and payload."""
        head = self.exactly(20)
        size, kind, offset, crc = struct.unpack("<IB3xQI", head)
        payload = self.exactly(size)
        assert crc32c(covered(head[:16], kind, payload)) == crc, "checksum"
        return head + payload, kind, offset, payload

    def receive(self):
        """The next frame that says something: (type, fields), or (kind of stream, bytes) negated."""
        while True:
            _, kind, _, payload = self.raw()
            if kind == MESSAGE:
                return struct.unpack_from("<H", payload)[0], fields(payload[4:])
            if kind != ALIVE:
                return -kind, payload

    def send(self, message, data=b""):
        self.socket.sendall(frame(MESSAGE, struct.pack("<HH", message, 0) + data))

    def stream(self, kind, data):
        # Python takes a while for a checksum, in which it says nothing.
        for start in range(0, len(data), 1 << 16):
            self.socket.sendall(frame(kind, data[start:start + (1 << 16)], start))
        size = struct.pack("<Q", len(data))
        self.send(END if kind == STREAM else INTRODUCED, field(1, size))
        if kind == STREAM:
            assert self.expect(RECEIVED)[1] == [size]

    def take(self, kind):
        """A whole stream of a kind."""
        data = b""
        while True:
            what, content = self.receive()
            if what == -kind:
                data += content
            else:
                assert what == (END if kind == STREAM else INTRODUCED), what
                size = struct.pack("<Q", len(data))
                assert content[1] == [size], (content, len(data))
                if kind == STREAM:
                    self.send(RECEIVED, field(1, size))
                return data

    def expect(self, message):
        what, content = self.receive()
        assert what == message, (NAMES[what] if 0 < what < 13 else what, content)
        return content

    def hello(self, handover, purpose=None, versions=(1, 1), channels=1, channel=0, secret=None, received=None,
              keeps=0):
        data = b"".join(field(1 + index, struct.pack("<H", each)) for index, each in enumerate(versions))
        data += field(3, handover)
        if purpose:
            data += field(4, bytes([purpose]))
        if channels != 1:
            data += field(8, struct.pack("<H", channels))
        if channel:
            data += field(9, struct.pack("<H", channel))
        if secret:
            data += field(10, secret)
        if received is not None:
            data += field(11, struct.pack("<Q", received))
        if keeps:
            data += field(12, struct.pack("<Q", keeps))
        self.socket.sendall(PREAMBLE)
        # A field of a later version, which readers pass over.
        self.send(HELLO, data + field(7, struct.pack("<I", 8000)) + field(99, b"later"))

    def expect_hello(self):
        assert self.exactly(8) == PREAMBLE
        return self.expect(HELLO)


def in_turns(calls):
    """Makes calls at once, for channels wait for each other; their results."""
    results = [None] * len(calls)

    def run(number):
        results[number] = calls[number]()
    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def take_channels(listener, first, hello, count):
    """The channels of a handover whose hello came over `first`, and that goes over `count` of them."""
    peers = {0: first}
    while len(peers) < count:
        peer = accept(listener)
        found = peer.expect_hello()
        number = struct.unpack("<H", found[9][0])[0]
        assert found[3] == hello[3] and found[4] == [bytes([CHANNEL])] and found[10] == hello[10], found
        assert number not in peers and 0 < number < count, (number, peers)
        peer.hello(found[3][0], received=0)
        peers[number] = peer
    return [peers[number] for number in range(count)]


def join_channels(path, first, handover, secret, count):
    """The same for the source."""
    peers = [first]
    for number in range(1, count):
        peer = connect(path)
        peer.hello(handover, CHANNEL, channel=number, secret=secret)
        assert peer.expect_hello()[11] == [bytes(8)]
        peers.append(peer)
    return peers


def tls(server, authority, name=None):
    """The TLS of a side that has a certificate in NAME.pem, with its key in NAME.key."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    if name:
        context.load_cert_chain(f"{name}.pem", f"{name}.key")
    return context


def connect(path, context=None, host=None):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(20)
    connection.connect(path)
    return Peer(context.wrap_socket(connection, server_hostname=host) if context else connection)


def listen(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    listener.settimeout(20)
    return listener


def accept(listener, context=None):
    connection, _ = listener.accept()
    connection.settimeout(20)
    return Peer(context.wrap_socket(connection, server_side=True) if context else connection)


def record(path, count, prefix):
    """Takes a handover whatever it is of."""
    listener = listen(path)
    first = accept(listener)
    hello = first.expect_hello()
    first.hello(hello[3][0], channels=count)
    first.take(INTRODUCTION)
    first.send(REPORT, field(1, b"\1"))
    peers = take_channels(listener, first, hello, count)
    for number, stream in enumerate(in_turns([lambda peer=peer: peer.take(STREAM) for peer in peers])):
        with open(f"{prefix}-{number}.dms", "wb") as file:
            file.write(stream)
    first.send(PREPARED)
    first.expect(COMMIT)
    first.send(RUNNING)
    first.expect(SETTLED)


if __name__ == "__main__":
    assert sys.argv[1:2] == ["record"] and len(sys.argv) == 5, __doc__
    record(sys.argv[2], int(sys.argv[3]), sys.argv[4])
