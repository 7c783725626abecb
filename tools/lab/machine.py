"""Boots the lab's virtual machine and runs one command in it; tools/lab/run starts it.

The guest's /init (init.c) says how the two talk. What QEMU, the console and the command say comes
over sockets and pipes that this process holds, so nothing is left behind in any folder.
"""

import argparse
import ctypes
import json
import os
import re
import shlex
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading

INPUT, OUTPUT, ERROR, STATUS = range(4)
HEAD = struct.Struct("<BI")
CHUNK = 32 * 1024
TIMED_OUT, FAILED = 124, 125  # as for timeout and env

# A PC whose memory another process can map, with a VT-d vIOMMU, and behind it, in a root port, a network
# card that no driver here wants.
HARDWARE = """
    -accel tcg -cpu max -smp 2
    -M q35,kernel-irqchip=split,sata=off,smbus=off,memory-backend=memory
    -object memory-backend-memfd,id=memory,size=1G,share=on
    -nodefaults -no-user-config -no-reboot -display none
    -device pcie-root-port,id=rp0,slot=5 -device e1000e,bus=rp0,romfile=
    -device virtio-serial-pci
""".split()
# The vIOMMU's properties, before and since they were taken for stable.
OLD_IOMMU = "intel-iommu,intremap=on,x-scalable-mode=on,caching-mode=on"
IOMMU = "intel-iommu,intremap=on,scalable-mode=on,caching-mode=on,pasid-bits=16"
# Its number is one that QEMU_ARGS will not have.
FUNCTION_PORT = "pcie-root-port,id=function,slot=30"

# A panic ends the machine (-1 restarts at once, which QEMU is told not to do), and an oops is one
# unless it is what is looked at: what comes after it means nothing. No guest of this machine is to be protected from interrupts. On a
# busy host the timer's test fails for want of time.
KERNEL_COMMAND_LINE = (
    "console=ttyS0 loglevel=5 panic=-1 no_timer_check "
    "iommufd.allow_unsafe_interrupts=1 vfio_iommu_type1.allow_unsafe_interrupts=1")

# Not for the guest: where to put temporary files, and what machine to run.
OWN_VARIABLES = ("TMPDIR", "KERNEL", "QEMU", "QEMU_ARGS")


class Interrupted(Exception):
    """A signal ends the run; SIGALRM is the time limit."""


class Failure(Exception):
    """The machine ended before the command did."""


def interrupt(number, _frame):
    # The clean-up that follows is not to be interrupted in its turn.
    for other in (signal.SIGALRM, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(other, signal.SIG_IGN)
    raise Interrupted(number)


def archive(files):
    """A cpio archive in the kernel's "newc" form, of (name, mode, content)."""
    parts = []
    for number, (name, mode, content) in enumerate([*files, ("TRAILER!!!", 0, b"")], 1):
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        parts += [head, bytes(-len(head) % 4), content, bytes(-len(content) % 4)]
    return b"".join(parts)


def initramfs(init, strings):
    """A descriptor of an initramfs that holds /init and /request."""
    with open(init, "rb") as file:
        program = file.read()
    request = b"".join(os.fsencode(string) + b"\0" for string in strings)
    descriptor = os.memfd_create("initramfs")
    with open(descriptor, "wb", closefd=False) as file:
        file.write(archive([("init", 0o100755, program), ("request", 0o100600, request)]))
    return descriptor


def folder(identifier, path, *more):
    """QEMU's arguments for a folder of the host; a comma in its name is written twice."""
    options = ["local", "id=" + identifier, "path=" + path.replace(",", ",,"),
               "security_model=none", "multidevs=remap", *more]
    return ["-fsdev", ",".join(options),
            "-device", f"virtio-9p-pci,fsdev={identifier},mount_tag={identifier}"]


def property_names(emulator, device):
    """What QEMU says of a device's properties: nothing if it has no such device."""
    done = subprocess.run([emulator, "-device", f"{device},help"], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, errors="replace", check=False)
    return set(re.findall(r"^\s+([\w-]+)=", done.stdout, re.MULTILINE))


class Function:
    """A `ferry serve` of a PCI function for the machine; it ends with it."""

    def __init__(self, space, profile):
        self.folder = tempfile.TemporaryDirectory(prefix="ferry-lab-")
        path = os.path.join(self.folder.name, "socket")
        self.process = subprocess.Popen(
            ["ferry", "serve", "emulated:function?config=" + space.replace("%", "%25").replace("&", "%26"),
             "--profile", profile, "--socket", path, "--once"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
        # The first line says that it listens; what comes later would say why the machine lost it.
        self.said = self.process.stderr.readline()
        if b"listening" not in self.said:
            self.end()
            raise Failure("ferry serve ended: " + os.fsdecode(self.said))
        threading.Thread(target=self.listen, daemon=True).start()
        device = {"driver": "vfio-user-pci", "bus": "function", "socket": {"type": "unix", "path": path}}
        self.arguments = ["-device", FUNCTION_PORT, "-device", json.dumps(device)]

    def listen(self):
        while line := self.process.stderr.readline():
            self.said = line

    def end(self):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()


class Machine:
    """QEMU, the port to the command in it, and the last of what the console and QEMU said."""

    def __init__(self, options):
        share = os.path.realpath(options.share) if options.share else ""
        environment = [f"{name}={value}" for name, value in os.environ.items()
                       if name not in OWN_VARIABLES]
        initrd = initramfs(options.init, [
            os.getcwd(), share, str(len(options.command)), *options.command, *environment])
        self.port, port = socket.socketpair()
        self.console, console = socket.socketpair()
        emulator = os.environ.get("QEMU") or "qemu-system-x86_64"
        is_new = "scalable-mode" in property_names(emulator, "intel-iommu")
        self.function = None
        if options.function and property_names(emulator, "vfio-user-pci"):
            self.function = Function(*options.function)
        arguments = [
            # The vIOMMU comes before what is behind it.
            emulator, "-device", IOMMU if is_new else OLD_IOMMU, *HARDWARE,
            *(self.function.arguments if self.function else []),
            "-kernel", options.kernel, "-initrd", f"/proc/self/fd/{initrd}",
            "-append", KERNEL_COMMAND_LINE + ("" if options.survive_oops else " oops=panic"),
            "-chardev", f"socket,id=console,fd={console.fileno()}", "-serial", "chardev:console",
            "-chardev", f"socket,id=command,fd={port.fileno()}",
            "-device", "virtserialport,chardev=command,name=ferry.command",
            *folder("host", "/", "readonly=on"), *(folder("share", share) if share else []),
            *shlex.split(os.environ.get("QEMU_ARGS", "")),
        ]
        prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

        def die_with_parent():
            prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
            if os.getppid() != parent:
                os._exit(1)

        # Of a session of its own: Ctrl-C is for this process, which ends QEMU.
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            pass_fds=(initrd, port.fileno(), console.fileno()), start_new_session=True,
            preexec_fn=die_with_parent)
        os.close(initrd)
        port.close()
        console.close()
        self.tails = {"the console": b"", "QEMU": b""}
        self.listeners = [
            threading.Thread(target=self.listen, args=source, daemon=True) for source in (
                ("the console", self.console.recv),
                ("QEMU", lambda size: os.read(self.process.stdout.fileno(), size)))]
        for listener in self.listeners:
            listener.start()
        threading.Thread(target=self.send_input, daemon=True).start()

    def listen(self, name, read):
        while chunk := read(CHUNK):
            self.tails[name] = (self.tails[name] + chunk)[-CHUNK:]

    def send_input(self):
        try:
            while True:
                try:
                    chunk = os.read(0, CHUNK)
                except OSError:  # closed, or a terminal that is not ours
                    chunk = b""
                self.port.sendall(HEAD.pack(INPUT, len(chunk)) + chunk)
                if not chunk:
                    return
        except OSError:  # the machine has ended
            return

    def receive(self, count):
        parts = []
        while count:
            try:
                chunk = self.port.recv(min(count, 1 << 20))
            except ConnectionResetError:
                chunk = b""
            if not chunk:
                raise Failure("the virtual machine ended before the command did")
            parts.append(chunk)
            count -= len(chunk)
        return b"".join(parts)

    def carry(self):
        """Carries what the command prints until it ends; its exit status."""
        while True:
            stream, count = HEAD.unpack(self.receive(HEAD.size))
            content = memoryview(self.receive(count))
            if stream == STATUS:
                return content[0]
            while content:
                content = content[os.write(stream, content):]

    def end(self):
        # There is nothing to save: files of the host are written as the guest writes them. QEMU may
        # be a script that starts another.
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        if self.function:
            self.function.end()
        for listener in self.listeners:
            listener.join(10)

    def report(self, problem):
        """Tells of a problem, with what the console and QEMU said last."""
        text = f"tools/lab/run: {problem}\n"
        for name, tail in self.tails.items():
            # Without the escape sequences with which the firmware clears its screen.
            lines = re.sub(r"\x1b\[[0-9;=?]*[A-Za-z]|\x1bc|\r", "", tail.decode(errors="replace"))
            lines = [f"  | {line}\n" for line in lines.splitlines() if line.strip()][-60:]
            if lines:
                text += f"  {name} said last:\n" + "".join(lines)
            elif name == "the console":
                text += f"  {name} said nothing\n"
        sys.stderr.write(text)


def run(options):
    machine = None
    try:
        for number in (signal.SIGALRM, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, interrupt)
        # In the background a terminal's input is no reason to stop: it reads as ended.
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)
        signal.setitimer(signal.ITIMER_REAL, options.timeout)
        machine = Machine(options)
        status = machine.carry()
        signal.setitimer(signal.ITIMER_REAL, 0)
        machine.end()
        return status
    except Interrupted as interrupted:
        number = interrupted.args[0]
        if machine:
            machine.end()
        if number == signal.SIGALRM:
            machine.report(f"not finished after {options.timeout:g} s")
            return TIMED_OUT
    except BrokenPipeError:  # nobody reads what the command prints
        number = signal.SIGPIPE
        machine.end()
    except Failure as failure:
        machine.end()
        machine.report(failure)
        return FAILED
    except OSError as error:
        if machine:
            machine.end()
        sys.stderr.write(f"tools/lab/run: {error.filename or 'output'}: {error.strerror}\n")
        return FAILED
    # End as the signal ends a process, so that a shell sees it.
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--init", required=True)
    parser.add_argument("--function", nargs=2, metavar=("SPACE", "MAP"))
    parser.add_argument("--share")
    parser.add_argument("--survive-oops", action="store_true")
    parser.add_argument("--timeout", type=float, default=300)
    parser.add_argument("command", nargs="+")
    status = run(parser.parse_args())
    # Standard input may still be waited for by a thread.
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
