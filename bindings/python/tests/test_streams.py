"""Readers and writers: where bytes come from and go, what is lent, and what fails."""

from __future__ import annotations

import contextlib
import gc
import io
import itertools
import os
import pathlib
import tempfile
import threading
import unittest
from typing import Any

from support import CORPORA, corpus

import ferry

STATE = bytes(range(256)) * 1024  # 256 KiB


def stream(state: bytes = STATE, **options: Any) -> bytes:
    sink = io.BytesIO()
    with ferry.StreamWriter(sink, **options) as writer:
        writer.write(writer.introduce(ferry.Device(name="a")), state)
    return sink.getvalue()


def states(reader: ferry.StreamReader) -> list[bytes]:
    found = [bytearray() for _ in reader.devices]
    for record in reader:
        if isinstance(record, ferry.Chunk):
            found[record.device] += record.data
    return [bytes(each) for each in found]


class Reading(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "a.dms")
        with open(self.path, "wb") as file:
            file.write(stream())

    def test_a_path_a_descriptor_and_a_file_give_the_same(self) -> None:
        with ferry.StreamReader(self.path) as reader:
            self.assertEqual(states(reader), [STATE])
        with ferry.StreamReader(pathlib.Path(self.path)) as reader:
            self.assertEqual(reader.devices, (ferry.Device(name="a"),))
        with open(self.path, "rb") as file, ferry.StreamReader(file.fileno()) as reader:
            self.assertEqual(states(reader), [STATE])
            os.fstat(file.fileno())  # still open
        with open(self.path, "rb") as file, ferry.StreamReader(file) as reader:
            self.assertEqual(states(reader), [STATE])

    def test_a_file_without_readinto_will_do(self) -> None:
        class Slow:
            def __init__(self, data: bytes) -> None:
                self.rest = data

            def read(self, count: int) -> bytes:
                data, self.rest = self.rest[: min(count, 777)], self.rest[min(count, 777) :]
                return data

        with ferry.StreamReader(Slow(stream())) as reader:  # type: ignore[arg-type]
            self.assertEqual(states(reader), [STATE])

    def test_a_path_that_is_not_there(self) -> None:
        with self.assertRaises(FileNotFoundError):
            ferry.StreamReader(self.path + "x")

    def test_iteration_goes_on_where_it_was(self) -> None:
        with ferry.StreamReader(self.path) as reader:
            first = next(reader)
            self.assertIsInstance(first, ferry.Chunk)
            self.assertEqual([type(each) for each in reader], [ferry.Summary, ferry.End])
            self.assertEqual(list(reader), [])

    def test_data_that_nobody_asked_for_is_not_verified(self) -> None:
        with ferry.StreamReader(self.path) as reader:
            self.assertEqual([each.is_verified for each in reader if isinstance(each, ferry.Summary)], [False])

    def test_digests_of_every_algorithm_are_checked(self) -> None:
        def verified(source: Any) -> list[bool]:
            found = []
            with ferry.StreamReader(source) as reader:
                for record in reader:
                    if isinstance(record, ferry.Chunk):
                        record.data
                    elif isinstance(record, ferry.Summary):
                        found.append(record.is_verified)
            return found

        # The second has SHA-256.
        for name, count in (("raw", 1), ("unknown-records", 1), ("three-devices", 3)):
            name, every = f"streams/{name}.dms", [True] * count
            self.assertEqual(verified(CORPORA / name), every)
            self.assertEqual(verified(io.BytesIO(corpus(name))), every)
            with tempfile.TemporaryFile() as file:
                file.write(b"before it" + corpus(name))
                file.flush()
                os.lseek(file.fileno(), 9, os.SEEK_SET)
                self.assertEqual(verified(file.fileno()), every)

    def test_the_state_as_a_file(self) -> None:
        three = io.BytesIO(corpus("streams/three-devices.dms"))
        with ferry.StreamReader(three) as reader, io.BufferedReader(reader.state_file(1)) as file:
            self.assertEqual(file.read(), corpus("mtty/mtty1-1.state"))
        with ferry.StreamReader(self.path) as reader:
            self.assertEqual(reader.state_file(0).read(), STATE)
        with ferry.StreamReader(self.path) as reader:
            with self.assertRaises(ValueError):
                reader.state_file(1)
        # The state's end says that it was checked: what was passed over before was not.
        with ferry.StreamReader(self.path) as reader:
            next(reader)
            with self.assertRaises(ferry.Error) as raised:
                reader.state_file(0).read()
            self.assertEqual(raised.exception.code, ferry.Code.UNVERIFIED)

    def test_there_is_one_file_of_a_state(self) -> None:
        with ferry.StreamReader(self.path) as reader:
            file = reader.state_file(0)
            head = file.read(100)
            for device in (0, 1):
                with self.assertRaisesRegex(ValueError, "already"):
                    reader.state_file(device)
            self.assertEqual(head + file.read(), STATE)

    def test_damage_is_an_error_that_says_where(self) -> None:
        data = bytearray(stream(raw=True))
        data[-200] ^= 1
        with ferry.StreamReader(io.BytesIO(data)) as reader:
            with self.assertRaises(ferry.Error) as raised:
                states(reader)
            again = raised.exception
            with self.assertRaises(ferry.Error) as raised:
                next(reader)
            self.assertEqual(raised.exception.message, again.message)
        self.assertEqual((again.code, str(again)), (ferry.Code.CHECKSUM, again.message))
        self.assertIsNotNone(again.offset)
        self.assertTrue(again.expected and again.found)


class Lending(unittest.TestCase):
    def test_data_is_lent_without_a_copy_and_taken_back(self) -> None:
        with ferry.StreamReader(io.BytesIO(stream())) as reader:
            chunk = next(each for each in reader if isinstance(each, ferry.Chunk))
            data = chunk.data
            self.assertTrue(data.readonly)
            self.assertEqual(data, STATE)
            self.assertIs(chunk.data, data)
            next(reader)
            with self.assertRaises(ValueError):
                data[0]
            with self.assertRaises(ValueError):
                chunk.data

    def test_a_slice_that_is_kept_holds_the_reader_up(self) -> None:
        with contextlib.ExitStack() as stack:
            reader = stack.enter_context(ferry.StreamReader(io.BytesIO(stream())))
            chunk = next(reader)
            assert isinstance(chunk, ferry.Chunk)
            part = chunk.data[100:200]
            for _ in range(2):
                with self.assertRaises(BufferError):
                    next(reader)
                with self.assertRaises(BufferError):
                    reader.close()
            self.assertEqual(part, STATE[100:200])
            del part
            self.assertIsInstance(next(reader), ferry.Summary)

    def test_what_is_kept_hides_no_other_exception(self) -> None:
        with self.assertRaises(ZeroDivisionError), ferry.StreamReader(io.BytesIO(stream())) as reader:
            chunk = next(reader)
            assert isinstance(chunk, ferry.Chunk)
            part = chunk.data[:4]
            raise ZeroDivisionError
        self.assertEqual(part, STATE[:4])
        self.assertFalse(reader.closed)
        del part
        reader.close()

    def test_threads_cannot_take_memory_from_each_other(self) -> None:
        data = stream(STATE * 16, chunk_size=1 << 16)
        for _ in range(5):
            with ferry.StreamReader(io.BytesIO(data)) as reader:
                faults: list[BaseException] = []

                def read() -> None:
                    while True:
                        try:
                            record = next(reader, None)
                            if record is None:
                                return
                            if isinstance(record, ferry.Chunk) and bytes(record.data) != STATE[: record.size]:
                                raise AssertionError(f"other bytes at {record.offset}")
                        except (BufferError, ValueError):
                            continue  # another thread went on
                        except ferry.Error as error:
                            if error.code is not ferry.Code.BUSY:
                                faults.append(error)
                                return
                        except BaseException as error:
                            faults.append(error)
                            return

                threads = [threading.Thread(target=read) for _ in range(4)]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                self.assertEqual(faults, [])

    def test_data_outlives_what_refers_to_its_reader(self) -> None:
        def lent() -> memoryview:
            chunk = next(ferry.StreamReader(io.BytesIO(stream())))
            assert isinstance(chunk, ferry.Chunk)
            return chunk.data

        data = lent()
        gc.collect()
        self.assertEqual(data, STATE)

    def test_parts_that_outlive_their_view_are_lent_too(self) -> None:
        with ferry.StreamReader(io.BytesIO(stream(STATE * 16))) as reader:
            chunk = next(reader)
            assert isinstance(chunk, ferry.Chunk)
            head = chunk.data[:16]
            body = chunk.data[16:]
            del body
            for _ in range(2):
                with self.assertRaises(BufferError):
                    next(reader)
                self.assertEqual(head, STATE[:16])
                self.assertEqual(chunk.data[:256], STATE[:256])
            del head
            self.assertIsInstance(next(reader), ferry.Chunk)

    def test_callbacks_may_keep_what_they_are_given(self) -> None:
        kept: list[memoryview] = []

        class Keeper(io.BytesIO):
            def write(self, data: Any) -> int:
                kept.append(data[:])
                return super().write(data)

            def readinto(self, buffer: Any) -> int:
                count = super().readinto(buffer)
                kept.append(memoryview(buffer)[:count])
                return count

        sink = Keeper()
        with ferry.StreamWriter(sink) as writer:
            writer.write(writer.introduce(ferry.Device(name="a")), STATE)
        self.assertEqual(b"".join(kept), sink.getvalue())
        kept.clear()
        with ferry.StreamReader(Keeper(sink.getvalue())) as reader:
            self.assertEqual(states(reader), [STATE])
        self.assertEqual(b"".join(kept), sink.getvalue())
        for each in kept:
            each[:] = bytes(len(each))

    def test_a_source_that_gives_a_wrong_count(self) -> None:
        for count in (-1, 1 << 40, None, "1"):

            class Liar(io.BytesIO):
                def readinto(self, buffer: Any) -> Any:
                    return count

            with ferry.StreamReader(Liar()) as reader, self.assertRaises(ferry.Error) as raised:
                next(reader)
            self.assertIsInstance(raised.exception.__cause__, ValueError)


class Feeding(unittest.TestCase):
    def test_pieces_of_any_size(self) -> None:
        data = corpus("streams/three-devices.dms")
        for size in (1, 13, 4096, len(data)):
            found: dict[int, bytearray] = {}
            with ferry.StreamDecoder() as decoder:
                self.assertIsNone(decoder.devices)
                for at in range(0, len(data), size):
                    for record in decoder.feed(data[at : at + size]):
                        if isinstance(record, ferry.Chunk):
                            found.setdefault(record.device, bytearray()).extend(record.data)
                decoder.finish()
                self.assertEqual(len(decoder.devices or ()), 3)
            self.assertEqual(found[1], corpus("mtty/mtty1-1.state"))

    def test_records_have_to_be_taken(self) -> None:
        with ferry.StreamDecoder() as decoder:
            records = decoder.feed(stream())
            next(records)
            with self.assertRaises(ValueError):
                decoder.feed(b"more")
            with self.assertRaises(ValueError):
                decoder.finish()
            self.assertEqual(len(list(records)), 2)
            self.assertEqual(list(decoder.feed()), [])
            decoder.finish()

    def test_it_goes_on_after_an_iteration_that_ended_early(self) -> None:
        found, kept, data = bytearray(), [], bytearray(stream(STATE * 16))
        with ferry.StreamDecoder() as decoder:
            for piece in (data, b""):
                with self.assertRaises(BufferError):
                    for record in decoder.feed(piece):
                        if isinstance(record, ferry.Chunk):
                            found += record.data
                            kept.append(record.data[:4])
            kept.clear()
            for limit in (1, 2, 9):
                for record in itertools.islice(decoder.feed(), limit):
                    if isinstance(record, ferry.Chunk):
                        found += record.data
            decoder.finish()
        self.assertEqual(found, STATE * 16)
        data.clear()  # nothing refers to it

    def test_it_goes_on_after_another_thread(self) -> None:
        with ferry.StreamDecoder() as decoder:
            records = decoder.feed(stream())
            with decoder._alone(), self.assertRaises(ferry.Error) as raised:
                next(records)
            self.assertEqual(raised.exception.code, ferry.Code.BUSY)
            self.assertEqual([type(each) for each in decoder.feed()], [ferry.Chunk, ferry.Summary, ferry.End])
            decoder.finish()

    def test_a_torn_stream(self) -> None:
        with ferry.StreamDecoder() as decoder:
            list(decoder.feed(stream()[:-1]))
            with self.assertRaises(ferry.Error) as raised:
                decoder.finish()
        self.assertEqual(raised.exception.code, ferry.Code.TORN)

    def test_a_fault_is_given_again(self) -> None:
        with ferry.StreamDecoder() as decoder:
            for _ in range(2):
                with self.assertRaises(ferry.Error) as raised:
                    list(decoder.feed(b"x" * 100))
                self.assertEqual(raised.exception.code, ferry.Code.NOT_A_STREAM)


class Writing(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.path = os.path.join(self.folder, "a.dms")

    def test_a_file_appears_when_it_is_whole(self) -> None:
        with ferry.StreamWriter(self.path) as writer:
            number = writer.introduce()
            self.assertFalse(os.path.exists(self.path))
            with writer.state_file(number) as file:
                file.write(STATE)
        with ferry.StreamReader(self.path) as reader:
            self.assertEqual(states(reader), [STATE])
        self.assertEqual(os.listdir(self.folder), ["a.dms"])
        mask = os.umask(0)
        os.umask(mask)
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o666 & ~mask)

    def test_nothing_is_left_of_what_failed(self) -> None:
        with self.assertRaises(ZeroDivisionError), ferry.StreamWriter(self.path) as writer:
            writer.introduce()
            raise ZeroDivisionError
        with self.assertRaises(ferry.Error):
            ferry.StreamWriter(self.path, level=99)
        writer = ferry.StreamWriter(self.path)
        del writer
        gc.collect()
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_whole_file_without_its_name_is_kept(self) -> None:
        with self.assertRaises(IsADirectoryError) as raised, ferry.StreamWriter(self.path) as writer:
            writer.introduce()
            os.mkdir(self.path)
        self.assertEqual(ferry.verify(raised.exception.filename).device_count, 1)
        with self.assertRaises(IsADirectoryError):
            ferry.StreamWriter(self.path)
        self.assertEqual(len(os.listdir(self.folder)), 2)

    def test_a_fork_leaves_the_file_alone(self) -> None:
        with ferry.StreamWriter(self.path) as writer:
            number = writer.introduce()
            child = os.fork()
            if child == 0:
                try:
                    writer.close()
                finally:
                    os._exit(0)
            self.assertEqual(os.waitpid(child, 0)[1], 0)
            writer.write(number, STATE)
        with ferry.StreamReader(self.path) as reader:
            self.assertEqual(states(reader), [STATE])

    def test_a_stream_that_an_exception_ends_is_torn(self) -> None:
        sink = io.BytesIO()
        with self.assertRaises(ZeroDivisionError), ferry.StreamWriter(sink) as writer:
            writer.write(writer.introduce(), STATE)
            raise ZeroDivisionError
        with ferry.StreamReader(io.BytesIO(sink.getvalue())) as reader, self.assertRaises(ferry.Error) as raised:
            states(reader)
        self.assertEqual(raised.exception.code, ferry.Code.TORN)

    def test_a_descriptor_and_a_file_that_takes_little(self) -> None:
        class Little(io.BytesIO):
            def write(self, data: Any) -> int:
                return super().write(data[:100])

        read, write = os.pipe()
        with open(read, "rb") as source, open(write, "wb") as sink:
            with ferry.StreamWriter(sink.fileno()) as writer:
                writer.write(writer.introduce(), b"hello")
            sink.close()
            with ferry.StreamReader(source) as reader:
                self.assertEqual(states(reader), [b"hello"])
        little = Little()
        with ferry.StreamWriter(little) as writer:
            writer.write(writer.introduce(), STATE)
        with ferry.StreamReader(io.BytesIO(little.getvalue())) as reader:
            self.assertEqual(states(reader), [STATE])

    def test_any_bytes_will_do(self) -> None:
        sink = io.BytesIO()
        with ferry.StreamWriter(sink) as writer:
            number = writer.introduce()
            for data in (b"ab", bytearray(b"cd"), memoryview(b"xefx")[1:3], memoryview(bytes(8)).cast("Q")):
                writer.write(number, data)
        with ferry.StreamReader(io.BytesIO(sink.getvalue())) as reader:
            self.assertEqual(states(reader), [b"abcdef" + bytes(8)])

    def test_interrupts_without_pending_bits(self) -> None:
        for count in (0, 1, 8, 9, 65, 2048):
            sink, msix = io.BytesIO(), ferry.MSIX(0x8000, bytes(16 * count))
            with ferry.StreamWriter(sink) as writer:
                writer.introduce(ferry.Device(interrupts=ferry.Interrupts(msix=msix)))
            with ferry.StreamReader(io.BytesIO(sink.getvalue())) as reader:
                self.assertEqual(reader.devices[0].interrupts, ferry.Interrupts(msix=msix))
            self.assertEqual(msix.pending_bits, bytes(-(-count // 8)))

    def test_a_sink_that_fails(self) -> None:
        class Full(io.RawIOBase):
            def write(self, data: Any) -> int:
                raise OSError(28, "as told")

        with self.assertRaises(ferry.Error) as raised:
            ferry.StreamWriter(Full())
        self.assertEqual((raised.exception.code, raised.exception.errno), (ferry.Code.CALLBACK, 28))
        self.assertIsInstance(raised.exception.__cause__, OSError)

    def test_an_interrupt_comes_through(self) -> None:
        class Interrupted(io.BytesIO):
            def readinto(self, buffer: Any) -> int:
                raise KeyboardInterrupt

        with ferry.StreamReader(Interrupted()) as reader, self.assertRaises(KeyboardInterrupt):
            next(reader)


class Closing(unittest.TestCase):
    def test_twice_is_fine_and_use_afterwards_is_an_error(self) -> None:
        objects = [
            ferry.StreamReader(io.BytesIO(stream())),
            ferry.StreamDecoder(),
            ferry.StreamWriter(io.BytesIO()),
            ferry.Profile(corpus("profiles/mtty.yaml")),
            ferry.State(corpus("mtty/mtty1-1.state")),
        ]
        uses = [
            lambda: next(objects[0]),
            lambda: list(objects[1].feed(b"")),
            lambda: objects[2].introduce(),
            lambda: objects[3].name,
            lambda: objects[4].root,
        ]
        for each, use in zip(objects, uses):
            self.assertFalse(each.closed)
            each.close()
            each.close()
            self.assertTrue(each.closed)
            with self.assertRaises(ferry.Error) as raised:
                use()
            self.assertEqual(raised.exception.code, ferry.Code.HANDLE)

    def test_nothing_is_left_open_by_what_is_dropped(self) -> None:
        with tempfile.NamedTemporaryFile() as file:
            file.write(stream())
            file.flush()
            before = len(os.listdir("/proc/self/fd"))
            for _ in range(100):
                reader = ferry.StreamReader(file.name)
                chunk = next(reader)
                assert isinstance(chunk, ferry.Chunk)
                chunk.data
            del reader, chunk
            gc.collect()
            self.assertEqual(len(os.listdir("/proc/self/fd")), before)

    def test_another_thread_meanwhile_is_refused(self) -> None:
        reached, go_on = threading.Event(), threading.Event()

        class Waiting(io.BytesIO):
            def readinto(self, buffer: Any) -> int:
                reached.set()
                go_on.wait(60)
                return super().readinto(buffer)

        with ferry.StreamReader(Waiting(stream())) as reader:
            thread = threading.Thread(target=next, args=(reader,))
            thread.start()
            reached.wait(60)
            with self.assertRaises(ferry.Error) as raised:
                next(reader)
            go_on.set()
            thread.join()
            self.assertEqual(raised.exception.code, ferry.Code.BUSY)
            self.assertIsInstance(next(reader), ferry.Summary)


if __name__ == "__main__":
    unittest.main()
