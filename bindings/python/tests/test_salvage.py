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

    def test_a_file_that_cannot_seek(self) -> None:
        class Pipe(io.BytesIO):
            def seek(self, *_: int) -> int:
                raise io.UnsupportedOperation("as told")

        with self.assertRaises(io.UnsupportedOperation):
            ferry.SalvageReader(Pipe())


if __name__ == "__main__":
    unittest.main()
