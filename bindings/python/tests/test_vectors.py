"""The vectors that all languages read, through the package."""

from __future__ import annotations

import io
import json
import unittest
from typing import Any, Callable

from support import changed, corpus, fnv1a, unrolled, vectors

import ferry

# What the package has no words for: the library would refuse it.
INEXPRESSIBLE = {
    "check: a flag that is not known",
    "encode: a flag that is not known",
    "encode: a subsystem without ids",
    "translate: a flag that is not known",
}


def error(found: ferry.Error) -> dict[str, Any]:
    """An exception as the vectors have it."""
    places = {name: getattr(found, name) for name in ("offset", "line", "column", "record", "device", "expected", "found")}
    given = {
        "status": f"FERRY_ERROR_{found.code.name}",
        "code": int(found.code),
        "message": found.message,
        "system": found.errno,
    }
    return {name: value for name, value in {**given, **places}.items() if value is not None}


class Vectors(unittest.TestCase):
    maxDiff = None

    def each(self, file: str, call: str, action: Callable[[dict[str, Any]], None]) -> None:
        """Does something with each case of a call."""
        cases = [case for case in vectors(file)["cases"] if case["call"] == call and case["name"] not in INEXPRESSIBLE]
        self.assertTrue(cases)
        for case in cases:
            with self.subTest(case["name"]):
                action(case)

    def check(self, case: dict[str, Any], action: Callable[[], Any]) -> None:
        if "error" in case:
            with self.assertRaises(ferry.Error) as raised:
                action()
            self.assertEqual(error(raised.exception), case["error"])
        else:
            self.assertEqual(action(), case["result"])

    # ---- vPCI.

    def profile(self, case: dict[str, Any]) -> ferry.Profile:
        return ferry.Profile(corpus(case["profile"]) if "profile" in case else case["text"])

    def host(self, given: dict[str, Any]) -> ferry.Host:
        flags = given.get("flags", 0)
        space = unrolled(vectors("profiles.json")["spaces"][given["space"]])
        return ferry.Host(
            space[: given.get("space_size", 4096)],
            label=given.get("label"),
            bar_sizes=dict(given.get("bar_sizes", [])),
            ids=(given["vendor_id"], given["device_id"]) if flags & 1 else None,
            is_vfio_region=bool(flags & 2),
            is_cut=bool(flags & 4),
            iommu=ferry.IOMMU(given.get("pasid_width", 0), bool(flags & 16), bool(flags & 32)) if flags & 8 else None,
        )

    def test_profiles(self) -> None:
        self.each("profiles.json", "load", self.profiles)

    def profiles(self, case: dict[str, Any]) -> None:
        def load() -> Any:
            with self.profile(case) as profile:
                return {"name": profile.name, "digest": profile.digest, "bytes": profile.synthesize()}

        if "result" in case:
            case["result"]["bytes"] = unrolled(case["result"]["bytes"])
        self.check(case, load)

    def test_checks(self) -> None:
        self.each("profiles.json", "check", self.checks)

    def checks(self, case: dict[str, Any]) -> None:
        def check() -> Any:
            with self.profile(case) as profile:
                found = profile.check(self.host(case["host"]))
            return {"verdict": int(found.verdict), "report": found.report}

        if "result" in case:
            case["result"]["report"] = json.loads(case["result"]["report"])
        self.check(case, check)

    def test_refusals(self) -> None:
        self.each("profiles.json", "open", self.refusals)

    def refusals(self, case: dict[str, Any]) -> None:
        def serve() -> Any:
            with self.profile(case) as profile:
                profile.serve(self.host(case["host"]), lambda *_: 0, lambda *_: None).close()
            return {}

        self.check(case, serve)

    def test_spaces(self) -> None:
        self.each("config-space.json", "space", self.spaces)

    def spaces(self, case: dict[str, Any]) -> None:
        host = self.host(case["host"])
        device = bytearray(host.space).ljust(4096, b"\0")
        failure, writes = [0], []

        def read(offset: int, size: int) -> int:
            if failure[0]:
                raise OSError(failure[0], "as told")
            return int.from_bytes(device[offset : offset + size], "little")

        def write(offset: int, size: int, value: int) -> None:
            writes.append([offset, size, value])
            if failure[0]:
                raise OSError(failure[0], "as told")
            device[offset : offset + size] = value.to_bytes(size, "little")

        with self.profile(case) as profile, profile.serve(host, read, write) as space:
            kept: list[ferry.SpaceState] = []
            for step in case["result"]["steps"]:
                if step["call"] == "fail":
                    failure[0] = step["errno"]
                    continue
                try:
                    done = self.step(space, step, kept)
                except ferry.Error as raised:
                    self.assertEqual(error(raised), step.get("error"))
                    self.assertIsInstance(raised.__cause__, OSError if failure[0] else type(None))
                else:
                    self.assertEqual(done, {name: step[name] for name in done})
                    self.assertNotIn("error", step)
        self.assertEqual(writes, case["result"]["device_writes"])

    def step(self, space: ferry.VirtualConfigSpace, step: dict[str, Any], kept: list[ferry.SpaceState]) -> dict[str, Any]:
        call, size = step["call"], step.get("size")
        if call == "read":
            return {"value": space.read(step["offset"], size)}
        if call == "read_all":
            data = b"".join(space.read(at, size).to_bytes(size, "little") for at in range(0, step["end"], size))
            self.assertEqual(data, unrolled(step["bytes"]))
        elif call == "write":
            return {"effects": int(space.write(step["offset"], size, step["value"]))}
        elif call == "reset":
            space.reset()
        elif call == "save":
            state = space.save()
            kept.append(state)
            for member in ("shown", "emulated_bits"):
                self.assertEqual(getattr(state, member), unrolled(step[member]))
            return {"profile_name": state.profile_name, "profile_digest": state.profile_digest}
        elif call == "restore":
            state = kept[-1]
            digest = step.get("profile_digest", state.profile_digest)
            space.restore(ferry.SpaceState(state.shown, state.emulated_bits, state.profile_name, digest))
        else:
            self.fail(call)
        return {}

    # ---- Streams.

    def test_decoding(self) -> None:
        self.each("streams.json", "decode", self.decoding)

    def decoding(self, case: dict[str, Any]) -> None:
        data = changed(corpus(case["stream"]), case)
        for piece in (len(data) or 1, 100):
            found: dict[str, Any] = {"devices": [], "records": []}
            states: list[bytearray] = []
            with ferry.StreamDecoder() as decoder:
                try:
                    for at in range(0, len(data), piece):
                        for record in decoder.feed(data[at : at + piece]):
                            states = states or [bytearray() for _ in decoder.devices or ()]
                            found["records"].append(self.record(record, states))
                    decoder.finish()
                except ferry.Error as raised:
                    found["error"] = error(raised)
                devices = decoder.devices or ()
            states = states or [bytearray() for _ in devices]
            found["devices"] = list(devices)
            expected = dict(case["result"])
            sums = expected.pop("states")
            expected["devices"] = [self.device(each) for each in expected["devices"]]
            # The package gives the devices together with the first record behind them.
            expected["records"] = [each for each in expected["records"] if each["kind"] != "devices"]
            self.assertEqual(found, expected)
            self.assertEqual([(len(state), fnv1a(state)) for state in states], [(each["size"], each["fnv1a"]) for each in sums])

    def record(self, record: ferry.Record, states: list[bytearray]) -> dict[str, Any]:
        if isinstance(record, ferry.Chunk):
            states[record.device] += record.data
            return {
                "kind": "state",
                "offset": record.place,
                "device": record.device,
                "state_offset": record.offset,
                "state_size": record.size,
                "phase": int(record.phase),
                "iteration": record.iteration,
                "flags": int(record.flags),
            }
        found = {"offset": record.place, "state_size": record.size}
        if isinstance(record, ferry.Summary):
            return {**found, "kind": "summary", "device": record.device, "is_verified": int(record.is_verified)}
        return {**found, "kind": "end", "device_count": record.device_count}

    def device(self, given: dict[str, Any]) -> ferry.Device:
        parts, pci, interrupts, guest_space = given.get("parts", 0), None, None, None
        if parts & 1:
            pci = ferry.PCIIdentity(
                given.get("vendor_id", 0),
                given.get("device_id", 0),
                (given.get("subsystem_vendor_id", 0), given.get("subsystem_id", 0)) if parts & 2 else None,
                given.get("class_code", 0) if parts & 4 else None,
                given.get("revision_id", 0) if parts & 4 else 0,
            )
        if "interrupts" in given:
            i = given["interrupts"]
            table, pending = (bytes.fromhex(i.get(name, "")) for name in ("msix_table", "msix_pending_bits"))
            msi = [i.get(f"msi_{name}", 0) for name in ("control", "address", "data", "mask_bits", "pending_bits")]
            interrupts = ferry.Interrupts(
                i.get("asserted_pins", 0) if i["parts"] & 1 else None,
                ferry.MSI(*msi) if i["parts"] & 2 else None,
                ferry.MSIX(i.get("msix_control", 0), table, pending) if i["parts"] & 4 else None,
            )
        if "shown" in given:
            bits = unrolled(given["emulated_bits"]) if "emulated_bits" in given else None
            guest_space = ferry.SpaceState(
                unrolled(given["shown"]), bits, given.get("profile_name"), given.get("profile_digest")
            )
        return ferry.Device(
            name=given.get("name"),
            driver=given.get("driver"),
            pci=pci,
            migration_flags=given.get("migration_flags", 0) if parts & 8 else None,
            stop_copy_size=given.get("stop_copy_size", 0) if parts & 16 else None,
            circumstances=ferry.Circumstances(given.get("circumstances", 0)) if parts & 32 else None,
            regions=tuple(ferry.Region(*each) for each in given.get("regions", [])),
            physical=unrolled(given["physical"]) if "physical" in given else None,
            guest_space=guest_space,
            interrupts=interrupts,
            domains=tuple(
                ferry.PASIDDomain(
                    each["id"],
                    ferry.NestedTable(each["data_type"], bytes.fromhex(each["data"])) if each["is_nested"] else None,
                    bool(each["has_fault_queue"]),
                )
                for each in given.get("domains", [])
            ),
            bindings=tuple(
                ferry.PASIDBinding(pasid, domain, ferry.Permissions(permissions))
                for pasid, domain, permissions in given.get("bindings", [])
            ),
        )

    def test_salvage(self) -> None:
        self.each("streams.json", "salvage", self.salvage)

    def salvage(self, case: dict[str, Any]) -> None:
        def ranges(found: ferry.Ranges) -> dict[str, Any]:
            return {"ranges": [list(each) for each in found.ranges], "count": found.count, "size": found.size}

        def read() -> Any:
            chunks = []
            with ferry.SalvageReader(io.BytesIO(changed(corpus(case["stream"]), case))) as reader:
                for record in reader:
                    if isinstance(record, ferry.Chunk):
                        chunks.append([record.device, record.offset, len(record.data), fnv1a(record.data)])
                damage = reader.damage()
                losses = []
                for device in range(damage.device_count):
                    loss = reader.loss(device)
                    losses.append(
                        {
                            "is_whole": int(loss.is_whole),
                            "is_identity_lost": int(loss.is_identity_lost),
                            "intact_size": loss.intact_size,
                            "missing": ranges(loss.missing),
                            **({} if loss.missing_from is None else {"missing_from": loss.missing_from}),
                        }
                    )
            return {
                "chunks": chunks,
                "condition": damage.condition.name.lower(),
                "missing_record_count": damage.missing_record_count,
                "damaged": ranges(damage.damaged),
                "fault": damage.fault and damage.fault[1],
                "losses": losses,
            }

        self.check(case, read)

    def test_encoding(self) -> None:
        self.each("streams.json", "encode", self.encoding)

    def encoding(self, case: dict[str, Any]) -> None:
        options, stream = dict(case["options"]), io.BytesIO()
        raw = options.pop("flags", 0) == 1
        states = [
            bytes((i * each["step"] + (i * each["step"] >> 8)) & 255 for i in range(each["size"])) for each in case["states"]
        ]

        def encode() -> Any:
            with ferry.StreamWriter(stream, raw=raw, **options) as writer:
                for device in case["devices"]:
                    writer.introduce(self.device(device))
                for device, phase, iteration, flags, at, size in case["steps"]:
                    # A number that the enumerations lack is the library's to refuse.
                    writer.write(device, states[device][at : at + size], phase=phase, iteration=iteration, flags=flags)
            data = bytearray(stream.getvalue())
            for at, size in case["result"]["random"]:
                self.assertTrue(any(data[at : at + size]))
                data[at : at + size] = bytes(size)
            sum = {"bytes": data.hex()} if "bytes" in case["result"] else {"fnv1a": fnv1a(bytes(data))}
            return {"size": len(data), "random": case["result"]["random"], **sum}

        self.check(case, encode)

    # ---- States.

    def state(self, case: dict[str, Any]) -> ferry.State:
        data = changed(corpus(case["state"]), case) if "state" in case else bytes.fromhex(case["bytes"])
        return ferry.State(data, layout=case.get("layout"), driver=case.get("driver"))

    def test_dissection(self) -> None:
        self.each("states.json", "dissect", self.dissection)

    def dissection(self, case: dict[str, Any]) -> None:
        def dissect() -> Any:
            with self.state(case) as state:
                return {
                    "layout": state.layout,
                    "certainty": state.certainty.name.lower(),
                    "is_sound": int(state.is_sound),
                    "is_complete": int(state.is_complete),
                    "size": state.size,
                    "more_findings": state.more_findings,
                    "findings": [
                        {
                            "severity": each.severity.name.lower(),
                            "path": each.path,
                            "message": each.message,
                            "place": list(each.place),
                        }
                        for each in state.findings
                    ],
                    "fields": self.nested(state.root),
                }

        if "result" in case:
            case["result"]["fields"] = self.expected(case["result"]["fields"], 0)
        self.check(case, dissect)

    def nested(self, field: ferry.Field) -> dict[str, Any]:
        """A field as the vectors have it, with those in it in place of their numbers."""
        found: dict[str, Any] = {
            "name": field.name,
            "kind": field.kind.name.lower(),
            "fields": [self.nested(each) for each in field.fields],
        }
        if field.meaning is not None:
            found["meaning"] = field.meaning
        if field.place is not None:
            found["place"] = list(field.place)
        if field.kind is ferry.Kind.INTEGER:
            found["integer"] = str(field.value)
        if field.kind is ferry.Kind.TEXT:
            found["text"] = field.value
        return found

    def expected(self, fields: list[dict[str, Any]], number: int) -> dict[str, Any]:
        field = dict(fields[number])
        first, count = field.pop("children", (0, 0))
        field["fields"] = [self.expected(fields, first + index) for index in range(count)]
        return field

    def test_translation(self) -> None:
        self.each("states.json", "translate", self.translation)

    def translation(self, case: dict[str, Any]) -> None:
        def translate() -> Any:
            with self.state(case) as state:
                found = state.translate(
                    case.get("to"),
                    target=case.get("target_facts"),
                    source=case.get("source_facts"),
                    allowed=case.get("allowed", ()),
                    scrub=case.get("flags", 0) == 1,
                )
            return {"is_accepted": int(found.is_accepted), "output": (found.state or b"").hex(), "report": found.report}

        if "result" in case:
            case["result"]["report"] = json.loads(case["result"]["report"])
        self.check(case, translate)

    # ---- Errors.

    def test_codes(self) -> None:
        expected = {name: number for name, number in vectors("errors.json")["statuses"].items() if number}
        self.assertEqual({f"FERRY_ERROR_{code.name}": int(code) for code in ferry.Code}, expected)

    def test_what_is_left_out_is_there(self) -> None:
        names = {case["name"] for file in ("profiles.json", "streams.json", "states.json") for case in vectors(file)["cases"]}
        self.assertLessEqual(INEXPRESSIBLE, names)


if __name__ == "__main__":
    unittest.main()
