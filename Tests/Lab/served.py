#!/usr/bin/python3
"""Has ferry serve a device of the kernel, and uses it as a VMM would: served.py serial|card DEVICE

Prints a line for each thing that it found to be so.
"""

import contextlib
import fcntl
import json
import mmap
import os
import select
import signal
import struct
import subprocess
import sys
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, f"{ROOT}/Tests/VFIOUser")
import client as wire  # noqa: E402
from client import Client  # noqa: E402

PROFILE = f"{ROOT}/corpora/profiles/mtty.yaml"


def ferry(*words):
    done = subprocess.run(["ferry", *words], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


@contextlib.contextmanager
def serve(*words):
    with open("log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(["ferry", "serve", *words], stderr=log)
    try:
        end = time.monotonic() + 30
        while not os.path.exists("c"):
            assert process.poll() is None and time.monotonic() < end, open("log", encoding="utf-8").read()
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, open("log", encoding="utf-8").read()


def messages():
    return json.loads(ferry("served", "status", "c", "--json"))["messages"]


def memory(size):
    number = os.memfd_create("memory", os.MFD_ALLOW_SEALING)
    os.ftruncate(number, size)
    fcntl.fcntl(number, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
    return number


def map_and_unmap(guest):
    file = memory(1 << 20)
    for number in range(50):
        guest.map(number << 20, 1 << 20, file)
        guest.unmap(number << 20, 1 << 20)
    guest.map(1 << 30, 1 << 20, file)
    os.close(file)
    print("memory is mapped and unmapped")


def serial(device):
    """The kernel's sample serial device, by a profile."""
    ferry("pci", "synthesize", PROFILE, "-o", "space")
    with serve(device, "--socket", "s", "--control", "c", "--profile", PROFILE):
        guest = Client("s")
        with open("space", "rb") as file:
            assert guest.read(wire.CONFIGURATION, 0, 256) == file.read()
        print("the guest reads what synthesize writes")
        map_and_unmap(guest)
        event = os.eventfd(0, os.EFD_NONBLOCK)
        guest.write(wire.CONFIGURATION, 4, b"\1\0")
        guest.irqs(0x24, 0, 0, 1, (event,))
        for register, byte in ((3, 3), (2, 7), (1, 1)):
            guest.write(0, register, bytes([byte]))
        for byte in b"hello":
            guest.write(0, 0, bytes([byte]))
        assert select.select([event], [], [], 10)[0], "expected an interrupt"
        assert json.loads(ferry("served", "status", "c", "--json"))["interrupts"] == 0
        print("the kernel itself interrupts")
        ferry("capture", "serve:c", "-o", "a.dms", "--paused")
        ferry("served", "run", "c")
        assert bytes(guest.read(0, 0, 1)[0] for _ in range(5)) == b"hello"
        ferry("replay", "a.dms", "serve:c")
        assert bytes(guest.read(0, 0, 1)[0] for _ in range(5)) == b"hello"
        print("state goes out and comes in")
        guest.close()


def in_another_process(user, body):
    """Runs `body` as another user; it must come to its end."""
    child = os.fork()
    if not child:
        status = 1
        try:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
            body()
            status = 0
        except BaseException:  # all of this process is the body
            traceback.print_exc()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def use_by_messages(read):
    """The card without a mapping: its registers by messages, its memory and interrupts by the kernel."""
    guest = Client("s")
    _, flags, _, files = guest.region(0)
    assert not flags & 4 and not files
    guest.write(wire.CONFIGURATION, 4, b"\6\0")
    assert guest.read(0, 8, 4) == read
    file, event = memory(1 << 20), os.eventfd(0, os.EFD_NONBLOCK)
    guest.map(0, 1 << 20, file)
    guest.unmap(0, 1 << 20)
    guest.irqs(0x24, 2, 0, 1, (event,))
    guest.irqs(0x21, 2, 0, 1)  # raised by the kernel as if by the card
    assert os.eventfd_read(event) == 1
    guest.close()


def card(device):
    """A network card behind vfio-pci, whose registers can be mapped."""
    status = 8  # of the 8254x and its successors
    with serve(device, "--socket", "s", "--control", "c"):
        guest = Client("s")
        size, flags, offset, files = guest.region(0)
        assert flags & 4 and len(files) == 1, (flags, files)
        guest.write(wire.CONFIGURATION, 4, b"\6\0")
        # Where to begin in the file and how far is for who maps; this card has no hole in BAR 0.
        with mmap.mmap(files[0], size, offset=offset) as registers:
            before = messages()
            for _ in range(1000):
                found, = struct.unpack_from("=I", registers, status)
            assert messages() == before
        os.close(files[0])
        assert guest.read(0, status, 4) == struct.pack("=I", found)
        print("a thousand reads of a mapped register cost no message")
        map_and_unmap(guest)
        assert "may map" in ferry("served", "status", "c")
        guest.close()
    with serve(device, "--socket", "s", "--control", "c", "--no-map"):
        guest = Client("s")
        _, flags, _, files = guest.region(0)
        assert not flags & 4 and not files
        print("with --no-map there is nothing to map")
        guest.close()
    user = 65534
    os.chmod(".", 0o711)
    with serve(device, "--socket", "s", "--control", "c", "--client-uid", str(user)):
        in_another_process(user, lambda: use_by_messages(struct.pack("=I", found)))
        assert messages()["regionReads"] == 1
        print("a user who is not trusted with it has it by messages")


if __name__ == "__main__":
    {"serial": serial, "card": card}[sys.argv[1]](sys.argv[2])
