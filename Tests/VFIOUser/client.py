"""A vfio-user client, written from the protocol's specification and not from Ferry's Swift."""

import array
import json
import os
import socket
import struct

HEAD = struct.Struct("=HHIII")  # id, command, size with this head, flags, errno
(VERSION, DMA_MAP, DMA_UNMAP, GET_INFO, GET_REGION_INFO, GET_REGION_IO_FDS, GET_IRQ_INFO, SET_IRQS, REGION_READ,
 REGION_WRITE, DMA_READ, DMA_WRITE, RESET) = range(1, 14)
REGION_WRITE_MULTI, FEATURE, MIG_DATA_READ, MIG_DATA_WRITE = 15, 16, 17, 18
GET, SET, PROBE = 0x10000, 0x20000, 0x40000
NO_REPLY, ERROR = 0x10, 0x20
CONFIGURATION = 7
STOP, RUNNING, STOP_COPY, RESUMING, PRE_COPY = 1, 2, 3, 4, 6

# What QEMU 11.1 offers, byte for byte.
QEMU_OFFER = (b'{"capabilities": {"pgsizes": 4096, "max_msg_fds": 16, "max_dma_maps": 65535, "max_data_xfer_size": '
              b'1048576, "migration": {"max_bitmap_size": 268435456, "pgsize": 4096}, "write_multiple": true}}\0')


class Refused(Exception):
    """A reply that is an errno."""

    def __init__(self, number):
        super().__init__(f"errno {number} ({os.strerror(number)})")
        self.number = number


class Gone(Exception):
    """The server closed the connection."""


class Client:
    """One connection; `memory` are bytes that the server may ask for, by their first address."""

    def __init__(self, path, offer=QEMU_OFFER, minor=0):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.number = 0
        self.memory = {}
        reply, _ = self.ask(VERSION, struct.pack("=HH", 0, minor) + offer)
        self.version = struct.unpack_from("=HH", reply)
        self.version_size = HEAD.size + len(reply)
        self.able = json.loads(reply[4:].rstrip(b"\0") or b"{}")

    def close(self):
        self.socket.close()

    def send(self, command, body=b"", fds=(), flags=0, size=None):
        self.number = self.number + 1 & 0xFFFF
        head = HEAD.pack(self.number, command, HEAD.size + len(body) if size is None else size, flags, 0)
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.socket.sendmsg([head + body], ancillary)
        return self.number

    def receive(self, count, fds):
        content = b""
        while len(content) < count:
            part, ancillary, _, _ = self.socket.recvmsg(count - len(content), socket.CMSG_SPACE(64 * 4))
            for _, _, numbers in ancillary:
                fds += array.array("i", numbers[:len(numbers) // 4 * 4])
            if not part:
                raise Gone
            content += part
        return content

    def reply(self, number):
        """The reply with this number, and its descriptors."""
        while True:
            fds = []
            found, command, size, flags, error = HEAD.unpack(self.receive(HEAD.size, fds))
            body = self.receive(size - HEAD.size, fds)
            if flags & 0xF == 0:
                self.serve(found, command, body)
                continue
            assert found == number, f"expected reply {number}, found {found}"
            if flags & ERROR:
                assert size == HEAD.size
                raise Refused(error)
            return body, fds

    def serve(self, number, command, body):
        """Gives the server the memory that it asks for."""
        address, count = struct.unpack_from("=QQ", body)
        start = next(start for start, bytes_ in self.memory.items() if start <= address < start + len(bytes_))
        part = slice(address - start, address - start + count)
        answer = struct.pack("=QQ", address, count)
        if command == DMA_READ:
            answer += bytes(self.memory[start][part])
        else:
            self.memory[start][part] = body[16:]
        self.socket.sendall(HEAD.pack(number, command, HEAD.size + len(answer), 1, 0) + answer)

    def ask(self, command, body=b"", fds=()):
        return self.reply(self.send(command, body, fds))

    def read(self, region, offset, count):
        body, _ = self.ask(REGION_READ, struct.pack("=QII", offset, region, count))
        assert body[:16] == struct.pack("=QII", offset, region, count)
        return body[16:]

    def write(self, region, offset, data):
        self.ask(REGION_WRITE, struct.pack("=QII", offset, region, len(data)) + data)

    def region(self, index):
        """Size, flags, offset and descriptors of a region."""
        body, fds = self.ask(GET_REGION_INFO, struct.pack("=IIIIQQ", 32, 0, index, 0, 0, 0))
        _, flags, found, _, size, offset = struct.unpack_from("=IIIIQQ", body)
        assert found == index and len(body) == 32
        return size, flags, offset, fds

    def map(self, address, size, fd=None, offset=0, access=3):
        body = struct.pack("=IIQQQ", 32, access, offset, address, size)
        self.ask(DMA_MAP, body, () if fd is None else (fd,))

    def unmap(self, address, size):
        self.ask(DMA_UNMAP, struct.pack("=IIQQ", 24, 0, address, size))

    def irqs(self, flags, index, start, count, fds=()):
        self.ask(SET_IRQS, struct.pack("=IIIII", 20, flags, index, start, count), fds)

    def feature(self, number, access, data=b"", room=None):
        room = 8 + len(data) if room is None else room
        body, _ = self.ask(FEATURE, struct.pack("=II", room, number | access) + data)
        return body[8:]

    def state(self):
        return struct.unpack_from("=I", self.feature(2, GET, room=16))[0]

    def move(self, state):
        self.feature(2, SET, struct.pack("=Ii", state, -1))

    def read_state(self, size=1 << 20):
        """All that is to be had now: until a reply that is shorter than asked for."""
        content = b""
        while True:
            body, _ = self.ask(MIG_DATA_READ, struct.pack("=II", 8 + size, size))
            _, count = struct.unpack_from("=II", body)
            content += body[8:8 + count]
            if count < size:
                return content

    def write_state(self, content, size=1 << 17):
        for start in range(0, len(content), size):
            part = content[start:start + size]
            self.ask(MIG_DATA_WRITE, struct.pack("=II", 8 + len(part), len(part)) + part)
