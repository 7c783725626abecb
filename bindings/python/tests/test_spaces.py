"""Spaces over functions of the caller's, beyond the vectors."""

from __future__ import annotations

import unittest

from support import corpus, dumped

import ferry

SPACE = dumped("qemu-virtio-net-ats.txt")
WINDOW_DATA = 0xD8  # which the device serves


class Spaces(unittest.TestCase):
    def setUp(self) -> None:
        self.profile = ferry.Profile(corpus("profiles/virtio-net.yaml"))
        self.addCleanup(self.profile.close)
        self.device = bytearray(SPACE)
        self.error: BaseException | None = None

    def read(self, offset: int, size: int) -> int:
        if self.error is not None:
            raise self.error
        return int.from_bytes(self.device[offset : offset + size], "little")

    def write(self, offset: int, size: int, value: int) -> None:
        if self.error is not None:
            raise self.error
        self.device[offset : offset + size] = value.to_bytes(size, "little")

    def space(self) -> ferry.VirtualConfigSpace:
        space = self.profile.serve(ferry.Host(SPACE), self.read, self.write)
        self.addCleanup(space.close)
        return space

    def test_what_a_function_raises_is_the_cause(self) -> None:
        space = self.space()
        self.error = OSError(19, "gone")
        with self.assertRaises(ferry.Error) as raised:
            space.read(WINDOW_DATA, 4)
        self.assertEqual((raised.exception.code, raised.exception.errno), (ferry.Code.CALLBACK, 19))
        self.assertIs(raised.exception.__cause__, self.error)
        for self.error in (ZeroDivisionError("a bug"), OSError("without a number"), OSError(-5, "no errno")):
            with self.assertRaises(ferry.Error) as raised:
                space.read(WINDOW_DATA, 4)
            self.assertEqual(raised.exception.errno, 5)
            self.assertIs(raised.exception.__cause__, self.error)
        self.error = KeyboardInterrupt()
        with self.assertRaises(KeyboardInterrupt):
            space.write(WINDOW_DATA, 4, 0)
        self.error = None
        self.assertEqual(space.read(0, 4), 0x10411AF4)

    def test_a_value_that_is_none(self) -> None:
        space = self.profile.serve(ferry.Host(SPACE), lambda *_: 1 << 40, self.write)
        with self.assertRaises(ferry.Error) as raised:
            space.read(WINDOW_DATA, 4)
        self.assertIsInstance(raised.exception.__cause__, OverflowError)
        for wrong in (lambda: space.read(-1, 4), lambda: space.read(0, 1 << 33), lambda: space.write(0, 4, -1)):
            with self.assertRaises(OverflowError):
                wrong()
        space.close()

    def test_a_space_outlives_its_profile(self) -> None:
        space = self.space()
        self.profile.close()
        self.assertEqual(space.read(0, 2), 0x1AF4)

    def test_a_function_may_use_other_objects_and_not_its_own(self) -> None:
        other = self.space()
        codes = []

        def read(offset: int, size: int) -> int:
            for each in (other, space):
                try:
                    each.read(WINDOW_DATA, 4)
                except ferry.Error as error:
                    codes.append(error.code)
            return 7

        space = self.profile.serve(ferry.Host(SPACE), read, self.write)
        self.assertEqual(space.read(WINDOW_DATA, 4), 7)
        self.assertEqual(codes, [ferry.Code.BUSY])
        space.close()

    def test_effects_are_flags(self) -> None:
        space = self.space()
        self.assertEqual(space.write(4, 2, 6), ferry.Effects.COMMAND)
        self.assertEqual(space.write(0x14, 4, 0xFEB00000), ferry.Effects.BASE_ADDRESS)

    def test_states_of_a_wrong_size(self) -> None:
        space = self.space()
        for state in (
            ferry.SpaceState(bytes(5000)),
            ferry.SpaceState(bytes(256), bytes(10)),
            ferry.SpaceState(bytes(256), profile_name="x" * 256),
        ):
            with self.assertRaises(ValueError):
                space.restore(state)
        with self.assertRaises(ferry.Error) as raised:
            space.restore(ferry.SpaceState(bytes(100)))
        self.assertEqual(raised.exception.code, ferry.Code.ARGUMENT)

    def test_hosts_of_all_kinds(self) -> None:
        host = ferry.Host(SPACE, label="x", physical_function=SPACE, bar_sizes={0: 4096}, ids=(1, 2), is_vfio_region=True)
        self.assertIn("x", str(self.profile.check(host).report))
        with self.assertRaises(ValueError):
            self.profile.check(ferry.Host(SPACE, bar_sizes={6: 1}))
        with self.assertRaises(ValueError):
            self.profile.check(ferry.Host(SPACE, label="a\0b"))

    def test_maps(self) -> None:
        self.assertIn("ranges", self.profile.map())
        self.assertNotEqual(self.profile.map(), self.profile.map(ferry.Host(SPACE)))


if __name__ == "__main__":
    unittest.main()
