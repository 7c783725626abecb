"""Two hosts in network namespaces of a user namespace of their own, with a cable of a rate and a delay.

`enter` puts this process into the namespaces, from which it does not come back; all that is made there ends
with its last process.
"""
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.realpath(__file__))
INSIDE = "FERRY_LINKS_INSIDE"
SOURCE, TARGET = "10.9.0.1", "10.9.0.2"


class Unavailable(Exception):
    """Why there can be no such hosts here."""


def enter():
    """Runs this script again, in namespaces of its own."""
    if INSIDE in os.environ:
        subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
        return
    command = ["unshare", "--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child",
               "--mount-proc"]
    done = subprocess.run([*command, "test", "-c", "/dev/net/tun"], check=False, capture_output=True, text=True)
    if done.returncode:
        raise Unavailable(done.stderr.strip() or "no /dev/net/tun")
    os.environ[INSIDE] = "1"
    os.execvp(command[0], [*command, sys.executable, *sys.argv])


def built(folder):
    """The program that is the cable."""
    path = os.path.join(folder, "link")
    subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", path, os.path.join(HERE, "link.c")], check=True)
    return path


class Cable:
    """A cable between two hosts that are made for it: `source` and `target`.

    The rate is in bits a second, or None; the delay in seconds, each way.
    """

    HOSTS = ("source", "target")

    def __init__(self, program, rate=None, delay=0.0):
        for host in self.HOSTS:
            self.ip("netns", "add", host)
            self.ip("-n", host, "link", "set", "lo", "up")
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen([program, *self.HOSTS, str(round(delay * 1e6))], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"
        for host, address in zip(self.HOSTS, (SOURCE, TARGET)):
            self.ip("-n", host, "address", "add", address + "/24", "dev", "cable")
            self.ip("-n", host, "link", "set", "cable", "mtu", "9000", "up")
            if rate:
                # Ten milliseconds of the rate in one go, and a queue of fifty.
                subprocess.run(self.at(host, "tc", "qdisc", "add", "dev", "cable", "root", "tbf", "rate", f"{rate}bit",
                                       "burst", str(max(rate // 800, 20000)), "latency", "50ms"), check=True)

    @staticmethod
    def ip(*words):
        done = subprocess.run(["ip", *words], check=False, capture_output=True, text=True)
        if done.returncode:
            raise Unavailable(f"ip {' '.join(words)}: {done.stderr.strip()}")

    @staticmethod
    def at(host, *words):
        """The command that runs `words` on a host."""
        return ["ip", "netns", "exec", host, *words]

    def passed(self):
        """What has passed since the last call, the source's first."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        for host in self.HOSTS:
            self.ip("netns", "delete", host)


class Tunnel:
    """Two relays of QEMU's migrations, one on each host, and sockets in place of the QEMUs."""

    def __init__(self, ferry, cable, *words, protection=("--insecure",)):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind("t")
        self.listener.listen(16)
        address = f"{TARGET}:7001"
        self.far = self.relay(ferry, cable, "target", "--tunnel", "listen", "--listen", address, "--to", "unix:t", *protection)
        self.near = self.relay(ferry, cable, "source", "--tunnel", "to", "--to", address, "--listen", "unix:s", *protection, *words)

    @staticmethod
    def relay(ferry, cable, host, *words):
        # pylint: disable-next=consider-using-with
        process = subprocess.Popen(cable.at(host, ferry, "qemu", "relay", *words, "--json"), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        line = " "
        while "listening" not in line:
            line = process.stderr.readline()
            assert line, process.wait()
        return process

    def connection(self):
        """Both ends of a connection of QEMU's."""
        near = socket.socket(socket.AF_UNIX)
        near.connect("s")
        far, _ = self.listener.accept()
        return near, far

    def ends(self):
        """The reports of both relays."""
        reports = []
        for process in (self.near, self.far):
            printed, said = process.communicate(timeout=60)
            assert process.returncode == 0, (process.returncode, printed, said)
            reports.append(json.loads(printed)["tunnel"])
        return reports


def pour(ferry, cable, data, *words, **more):
    """Sends data through a tunnel; what passed on the cable, the reports of both relays, and how long it took."""
    tunnel = Tunnel(ferry, cable, *words, **more)
    cable.passed()
    start = time.monotonic()
    near, far = tunnel.connection()

    def send():
        near.sendall(data)
        near.shutdown(socket.SHUT_WR)

    threading.Thread(target=send, daemon=True).start()
    got = bytearray()
    while piece := far.recv(1 << 20):
        got += piece
    taken = time.monotonic() - start
    far.close()
    assert near.recv(1) == b"" and got == data
    near.close()
    reports = tunnel.ends()
    return cable.passed(), *reports, taken


def folder():
    return tempfile.TemporaryDirectory(prefix="ferry-links-")
