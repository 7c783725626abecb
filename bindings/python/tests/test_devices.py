"""Capture and replay over a device of Python, which keeps to the arcs of the kernel's."""

from __future__ import annotations

import errno
import io
import os
import tempfile
import unittest
from typing import Optional, Sequence

from support import corpus

import ferry
from ferry import MigrationState as S
from ferry import ProgressPhase as Phase

STATE, CONFIG = corpus("mtty/mtty1-1.state"), corpus("mtty/mtty1-1.config")
ARCS = {
    *((S.RUNNING, S.STOP), (S.STOP, S.RUNNING), (S.STOP, S.STOP_COPY), (S.STOP_COPY, S.STOP), (S.STOP, S.RESUMING)),
    *((S.RESUMING, S.STOP), (S.RUNNING, S.PRE_COPY), (S.PRE_COPY, S.RUNNING), (S.PRE_COPY, S.STOP_COPY)),
}


class Device:
    """A device without P2P; half of its state can be read while it runs."""

    def __init__(self, content: bytes = b"", abilities: int = 1 | 4) -> None:
        self.abilities, self.state = abilities, S.RUNNING
        self.content, self.at = bytearray(content), 0
        self.config = bytearray(CONFIG.ljust(256, b"\0"))
        self.read_error: Optional[BaseException] = None
        self.write_error: Optional[BaseException] = None
        self.resets = 0

    def get_abilities(self) -> int:
        return self.abilities

    def get_state(self) -> int:
        return self.state

    def set_state(self, state: S) -> None:
        if (self.state, state) not in ARCS:
            raise OSError(errno.EINVAL, "no arc")
        if state is S.PRE_COPY or (state is S.STOP_COPY and self.state is S.STOP):
            self.at = 0
        if state is S.RESUMING:
            self.content.clear()
        self.state = state

    def get_stop_copy_size(self) -> int:
        return len(self.content)

    def _limit(self) -> int:
        return len(self.content) if self.state is S.STOP_COPY else len(self.content) // 2

    def get_precopy_size(self) -> tuple[int, int, bool]:
        if self.state is not S.PRE_COPY:
            raise OSError(errno.EINVAL, "not in pre-copy")
        return max(self._limit() - self.at, 0), 0, False

    def readinto(self, buffer: memoryview) -> int:
        if self.read_error is not None:
            raise self.read_error
        data = self.content[self.at : min(self._limit(), self.at + len(buffer))]
        buffer[: len(data)] = data
        self.at += len(data)
        return len(data)

    def write(self, data: memoryview) -> int:
        if self.write_error is not None:
            raise self.write_error
        self.content += data[:7]  # a driver may take less than it is given
        return min(len(data), 7)

    def reset(self) -> None:
        self.resets += 1
        self.state = S.RUNNING
        self.content.clear()

    def read_config(self, offset: int, size: int) -> int:
        return int.from_bytes(self.config[offset : offset + size], "little")

    def write_config(self, offset: int, size: int, value: int) -> None:
        self.config[offset : offset + size] = value.to_bytes(size, "little")


KNOWN = ferry.Device(name="mtty-1", driver="mtty")


def described(device: Device) -> ferry.MigrationDevice:
    return ferry.MigrationDevice(device, KNOWN, config_size=len(CONFIG))


def captured() -> bytes:
    sink = io.BytesIO()
    ferry.capture([described(Device(STATE))], sink)
    return sink.getvalue()


class Capture(unittest.TestCase):
    def test_a_device_is_captured_and_restored(self) -> None:
        source, sink = Device(STATE), io.BytesIO()
        phases: list[Phase] = []
        summary = ferry.capture([described(source)], sink, on_progress=lambda progress: phases.append(progress.phase))
        self.assertEqual(summary.outcomes, (ferry.Outcome.STOPPED,))
        self.assertEqual((summary.state_size, source.state), (len(STATE), S.STOP))
        self.assertLessEqual({Phase.RUNNING, Phase.STOPPED}, set(phases))
        with ferry.StreamReader(io.BytesIO(sink.getvalue())) as reader:
            self.assertEqual((reader.devices[0].name, reader.devices[0].physical), ("mtty-1", CONFIG))
            self.assertEqual(reader.state_file(0).read(), STATE)

        target = Device()
        summary = ferry.replay(io.BytesIO(sink.getvalue()), [described(target)])
        self.assertEqual(summary.outcomes, (ferry.Outcome.RESTORED,))
        self.assertEqual((bytes(target.content), target.state), (STATE, S.RUNNING))

    def test_paths_and_descriptors(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a.dms")
            summary = ferry.capture([described(Device(STATE))], path, resume=True, pre_copy=False)
            self.assertEqual(summary.outcomes, (ferry.Outcome.RUNNING_AS_BEFORE,))
            self.assertEqual(os.listdir(folder), ["a.dms"])
            target = Device()
            ferry.replay(path, [described(target)], leave_stopped=True)
            self.assertEqual((bytes(target.content), target.state), (STATE, S.STOP))
            with open(path, "r+b") as file:
                file.truncate(0)
                ferry.capture([described(Device(STATE))], file.fileno())
                os.lseek(file.fileno(), 0, os.SEEK_SET)
                summary = ferry.replay(file.fileno(), [described(Device())], check=True)
            self.assertEqual(summary.outcomes, (ferry.Outcome.UNTOUCHED,))

    def test_a_device_that_fails_runs_on(self) -> None:
        for error in (OSError(errno.EIO, "as told"), ZeroDivisionError("a bug")):
            source = Device(STATE)
            source.read_error = error
            with self.assertRaises(ferry.MigrationError) as raised, tempfile.TemporaryDirectory() as folder:
                try:
                    ferry.capture([described(source)], os.path.join(folder, "a.dms"))
                finally:
                    self.assertEqual(os.listdir(folder), [])
            self.assertEqual((raised.exception.code, raised.exception.device), (ferry.Code.DEVICE, 0))
            self.assertEqual(raised.exception.errno, errno.EIO)
            self.assertEqual(raised.exception.outcomes, (ferry.Outcome.RUNNING_AS_BEFORE,))
            self.assertIs(raised.exception.__cause__, error)
            self.assertEqual(source.state, S.RUNNING)

    def test_an_interrupt_brings_the_device_back(self) -> None:
        source = Device(STATE)
        source.read_error = KeyboardInterrupt()
        with self.assertRaises(KeyboardInterrupt):
            ferry.capture([described(source)], io.BytesIO())
        self.assertEqual(source.state, S.RUNNING)

    def test_it_is_cancelled(self) -> None:
        source = Device(STATE)
        with self.assertRaises(ferry.MigrationError) as raised:
            ferry.capture([described(source)], io.BytesIO(), is_cancelled=lambda: True)
        self.assertEqual(raised.exception.code, ferry.Code.CANCELLED)
        self.assertEqual((source.state, bytes(source.content)), (S.RUNNING, STATE))

    def test_what_hears_of_it_may_end_it(self) -> None:
        def stop(_: object) -> None:
            raise ZeroDivisionError

        source = Device(STATE)
        with self.assertRaises(ZeroDivisionError):
            ferry.capture([described(source)], io.BytesIO(), on_progress=stop)
        self.assertEqual(source.state, S.RUNNING)

    def test_a_sink_that_fails(self) -> None:
        class Full(io.BytesIO):
            def write(self, data: object) -> int:
                raise OSError(errno.ENOSPC, "as told")

        source = Device(STATE)
        with self.assertRaises(ferry.MigrationError) as raised:
            ferry.capture([described(source)], Full())
        self.assertEqual((raised.exception.code, raised.exception.errno), (ferry.Code.CALLBACK, errno.ENOSPC))
        self.assertEqual(source.state, S.RUNNING)

    def test_what_cannot_be_written_to_leaves_the_device_alone(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            fifo = os.path.join(folder, "fifo")
            os.mkfifo(fifo)
            for path, error in ((folder, IsADirectoryError), (fifo, FileExistsError)):
                source = Device(STATE)
                with self.assertRaises(error):
                    ferry.capture([described(source)], path)
                self.assertEqual((source.state, source.at), (S.RUNNING, 0))
            self.assertEqual(os.listdir(folder), ["fifo"])

    def test_a_whole_stream_without_its_name_is_kept(self) -> None:
        source = Device(STATE)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a.dms")

            def block(_: object) -> None:
                os.makedirs(path, exist_ok=True)

            with self.assertRaises(ferry.MigrationError) as raised:
                ferry.capture([described(source)], path, on_progress=block)
            self.assertEqual((raised.exception.code, raised.exception.errno), (ferry.Code.SYSTEM, errno.EISDIR))
            self.assertEqual((raised.exception.outcomes, source.state), ((ferry.Outcome.STOPPED,), S.STOP))
            kept = os.path.join(folder, *(each for each in os.listdir(folder) if each != "a.dms"))
            self.assertIn(kept, raised.exception.message)
            target = Device()
            ferry.replay(kept, [described(target)])
            self.assertEqual(bytes(target.content), STATE)

    def test_devices_may_keep_what_they_are_given(self) -> None:
        class Keeper(Device):
            kept: list[tuple[memoryview, bytes]] = []

            def readinto(self, buffer: memoryview) -> int:
                count = super().readinto(buffer)
                self.kept.append((buffer[:count], bytes(buffer[:count])))
                return count

            def write(self, data: memoryview) -> int:
                self.kept.append((data[:7], bytes(data[:7])))
                return super().write(data)

        sink = io.BytesIO()
        ferry.capture([described(Keeper(STATE))], sink)
        ferry.replay(io.BytesIO(sink.getvalue()), [described(Keeper())])
        self.assertEqual(b"".join(each for each, _ in Keeper.kept), STATE * 2)
        self.assertTrue(all(each == content for each, content in Keeper.kept))

    def test_a_device_that_says_it_read_more_than_fits(self) -> None:
        class Liar(Device):
            def readinto(self, buffer: memoryview) -> int:
                return len(buffer) + 1

        source = Liar(STATE)
        with self.assertRaises(ferry.MigrationError) as raised:
            ferry.capture([described(source)], io.BytesIO())
        self.assertIsInstance(raised.exception.__cause__, ValueError)
        self.assertEqual((raised.exception.outcomes, source.state), ((ferry.Outcome.RUNNING_AS_BEFORE,), S.RUNNING))

    def test_options_that_are_none(self) -> None:
        with self.assertRaises(ferry.MigrationError) as raised:
            ferry.capture([described(Device(STATE))], io.BytesIO(), level=30)
        self.assertEqual(raised.exception.code, ferry.Code.ARGUMENT)
        with self.assertRaises(ferry.MigrationError):
            ferry.capture([], io.BytesIO())


class PASIDs:
    """What attaches PASIDs, and fails at one if it is told to."""

    def __init__(self, refused: Optional[int] = None) -> None:
        self.domains: list[ferry.PASIDDomain] = []
        self.attached: dict[int, ferry.PASIDBinding] = {}
        self.refused = refused

    def get_pasid_abilities(self) -> ferry.PASIDAbilities:
        return ferry.PASIDAbilities(20, ferry.Permissions.EXECUTE | ferry.Permissions.PRIVILEGED, 0b10, True)

    def allocate_domains(self, domains: Sequence[ferry.PASIDDomain]) -> None:
        self.domains = list(domains)

    def attach_pasid(self, binding: ferry.PASIDBinding) -> None:
        if binding.pasid == self.refused:
            raise OSError(errno.EBUSY, "as told")
        self.attached[binding.pasid] = binding

    def detach_pasid(self, pasid: int) -> None:
        del self.attached[pasid]

    def release_domains(self) -> None:
        self.domains = []


class Bindings(unittest.TestCase):
    def setUp(self) -> None:
        self.domains = (ferry.PASIDDomain(1), ferry.PASIDDomain(4, ferry.NestedTable(1, b"abc"), has_fault_queue=True))
        self.bindings = (ferry.PASIDBinding(5, 1), ferry.PASIDBinding(9, 4, ferry.Permissions.EXECUTE))
        known = ferry.Device(name="mtty-1", driver="mtty", domains=self.domains, bindings=self.bindings)
        sink = io.BytesIO()
        ferry.capture([ferry.MigrationDevice(Device(STATE), known, config_size=len(CONFIG))], sink)
        self.stream = sink.getvalue()

    def replay(self, pasids: Optional[PASIDs], **options: bool) -> Device:
        target = Device()
        device = ferry.MigrationDevice(target, KNOWN, config_size=len(CONFIG), pasids=pasids)
        ferry.replay(io.BytesIO(self.stream), [device], bindings=True, **options)
        return target

    def test_they_are_attached(self) -> None:
        pasids = PASIDs()
        self.assertEqual(self.replay(pasids).state, S.RUNNING)
        self.assertEqual(tuple(pasids.domains), self.domains)
        self.assertEqual(tuple(pasids.attached.values()), self.bindings)

    def test_none_is_left_of_what_failed(self) -> None:
        pasids = PASIDs(refused=9)
        with self.assertRaises(ferry.MigrationError) as raised:
            self.replay(pasids)
        self.assertEqual(raised.exception.errno, errno.EBUSY)
        self.assertIsInstance(raised.exception.__cause__, OSError)
        self.assertEqual((pasids.domains, pasids.attached), ([], {}))

    def test_somebody_has_to_attach_them(self) -> None:
        with self.assertRaises(ferry.MigrationError) as raised:
            self.replay(None)
        self.assertEqual(raised.exception.outcomes, (ferry.Outcome.UNTOUCHED,))


class Descriptors(unittest.TestCase):
    def test_a_descriptor_of_no_device(self) -> None:
        with open(os.devnull, "rb") as file:
            for options in ({}, {"iommufd": file.fileno(), "device_id": 1, "address_space": 2}):
                with self.assertRaises(ferry.Error) as raised:
                    ferry.VFIODevice(file.fileno(), **options)
                self.assertEqual(raised.exception.code, ferry.Code.DEVICE)
            with self.assertRaises(ferry.Error) as raised:
                ferry.VFIODevice(file.fileno(), address_space=2)
            self.assertEqual(raised.exception.code, ferry.Code.ARGUMENT)


class Replay(unittest.TestCase):
    def test_no_device_is_touched_for_a_damaged_stream(self) -> None:
        data = captured()
        for at in range(len(data)):
            target = Device()
            with self.assertRaises(ferry.MigrationError) as raised:
                ferry.replay(io.BytesIO(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]), [described(target)])
            self.assertEqual(raised.exception.outcomes, (ferry.Outcome.UNTOUCHED,))
            self.assertEqual((bytes(target.content), target.state, target.resets), (b"", S.RUNNING, 0))

    def test_a_device_that_refuses_the_state_is_reset(self) -> None:
        target = Device()
        target.write_error = OSError(errno.EINVAL, "as told")
        with self.assertRaises(ferry.MigrationError) as raised:
            ferry.replay(io.BytesIO(captured()), [described(target)])
        self.assertEqual((raised.exception.code, raised.exception.errno), (ferry.Code.DEVICE, errno.EINVAL))
        self.assertGreater(target.resets, 0)

    def test_a_device_that_cannot_migrate(self) -> None:
        with self.assertRaises(ferry.MigrationError) as raised:
            ferry.replay(io.BytesIO(captured()), [described(Device(abilities=0))])
        self.assertEqual(raised.exception.code, ferry.Code.INCOMPATIBLE)
        self.assertEqual(raised.exception.outcomes, (ferry.Outcome.UNTOUCHED,))


if __name__ == "__main__":
    unittest.main()
