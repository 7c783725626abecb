"""Streams verified, and salvaged from files in any condition."""

from __future__ import annotations

import io
import pathlib
import tempfile
import unittest

from support import CORPORA, corpus

import ferry

WHOLE = "streams/three-devices.dms"


class Verifying(unittest.TestCase):
    def test_a_whole_stream(self) -> None:
        expected = ferry.Totals(state_size=660184, device_count=3, unverified_count=0)
        path = CORPORA / WHOLE
        self.assertEqual(ferry.verify(path), expected)
        with open(path, "rb") as file:
            self.assertEqual(ferry.verify(file), expected)
        with open(path, "rb") as file:
            self.assertEqual(ferry.verify(file.fileno()), expected)

    def test_a_damaged_stream(self) -> None:
        with self.assertRaises(ferry.Error) as raised:
            ferry.verify(CORPORA / "streams/flipped-bit.dms")
        self.assertEqual((raised.exception.code, raised.exception.offset), (ferry.Code.CHECKSUM, 558))

    def test_a_source_that_fails(self) -> None:
        class Broken(io.BytesIO):
            def readinto(self, buffer: object) -> int:
                raise OSError(5, "as told")

        with self.assertRaises(ferry.Error) as raised:
            ferry.verify(Broken())
        self.assertEqual((raised.exception.code, raised.exception.errno), (ferry.Code.CALLBACK, 5))


class Salvaging(unittest.TestCase):
    def test_what_is_whole_is_given_as_a_reader_gives_it(self) -> None:
        with ferry.SalvageReader(CORPORA / WHOLE) as reader:
            state = b"".join(bytes(each.data) for each in reader if isinstance(each, ferry.Chunk) and each.device == 1)
            self.assertEqual(state, corpus("mtty/mtty1-1.state"))
            damage = reader.damage()
            self.assertEqual((damage.condition, damage.device_count, damage.fault), (ferry.Condition.WHOLE, 3, None))
            self.assertEqual(damage.damaged, ferry.Ranges((), 0, 0))
            self.assertTrue(all(reader.loss(device).is_whole for device in range(3)))
            self.assertEqual(reader.loss(1), ferry.Loss(True, False, 60, ferry.Ranges((), 0, 0), None))

    def test_behind_damage_it_goes_on(self) -> None:
        data = bytearray(corpus(WHOLE))
        with ferry.StreamReader(io.BytesIO(data)) as reader:
            chunks = [each for each in reader if isinstance(each, ferry.Chunk) and each.device == 0]
        data[chunks[3].place + 40] ^= 1
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "damaged.dms")
            path.write_bytes(data)
            sources = [path, io.BytesIO(data), open(path, "rb")]
            descriptor = open(path, "rb")
            for source in [*sources, descriptor.fileno()]:
                with ferry.SalvageReader(source) as reader:
                    with self.assertRaises(ferry.Error) as raised:
                        reader.damage()
                    self.assertEqual(raised.exception.code, ferry.Code.ORDER)
                    found = [each for each in reader if isinstance(each, ferry.Chunk) and each.device == 0]
                    self.assertEqual([each.offset for each in found], [each.offset for each in chunks if each is not chunks[3]])
                    damage, loss = reader.damage(), reader.loss(0)
                self.assertEqual(damage.condition, ferry.Condition.DAMAGED)
                self.assertEqual((damage.fault or (None,))[0], ferry.Code.CHECKSUM)
                self.assertEqual(damage.damaged.ranges[0][0], chunks[3].place)
                self.assertFalse(loss.is_whole)
                self.assertEqual(loss.missing.ranges, ((chunks[3].offset, chunks[3].size),))
            sources[2].close()  # type: ignore[union-attr]
            descriptor.close()

    def test_a_device_whose_introduction_is_lost_is_among_the_devices(self) -> None:
        # Of the last device there is state, or only a summary.
        for state, kind in ((b"state", ferry.Chunk), (b"", ferry.Summary)):
            sink = io.BytesIO()
            with ferry.StreamWriter(sink) as writer:
                for name in ("first", "last"):
                    number = writer.introduce(ferry.Device(name=name))
                writer.write(number, state)
            data = bytearray(sink.getvalue())
            data[data.index(b"last")] ^= 1
            with ferry.SalvageReader(io.BytesIO(data)) as reader:
                self.assertEqual(reader.devices, (ferry.Device(name="first"),))
                found = [
                    (type(record), reader.devices[record.device])
                    for record in reader
                    if isinstance(record, (ferry.Chunk, ferry.Summary)) and record.device == 1
                ]
                self.assertEqual(found[0], (kind, ferry.Device()))
                self.assertEqual(reader.devices, (ferry.Device(name="first"), ferry.Device()))
                self.assertTrue(reader.loss(1).is_identity_lost)

    def test_a_device_of_which_nothing_is_intact_is_there_at_the_end(self) -> None:
        sink, physical = io.BytesIO(), bytes(range(64))
        with ferry.StreamWriter(sink) as writer:
            writer.introduce(ferry.Device(name="first"))
            writer.introduce(ferry.Device(name="last", physical=physical))
            data = bytearray(sink.getvalue())
        for part in (b"last", physical):
            data[data.index(part)] ^= 1
        with ferry.SalvageReader(io.BytesIO(data)) as reader:
            self.assertEqual(len(reader.devices), 1)
            self.assertEqual(list(reader), [])
            self.assertEqual(reader.damage().device_count, 2)
            self.assertEqual(reader.devices, (ferry.Device(name="first"), ferry.Device()))

    def test_a_file_that_cannot_seek(self) -> None:
        class Pipe(io.BytesIO):
            def seek(self, *_: int) -> int:
                raise io.UnsupportedOperation("as told")

        with self.assertRaises(io.UnsupportedOperation):
            ferry.SalvageReader(Pipe())


if __name__ == "__main__":
    unittest.main()
