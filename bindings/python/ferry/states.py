"""States: what is in the bytes that a driver handed out.

`State(data)` detects the layout and takes the state apart; `State.translate()` checks it against a device, and translates it.
"""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Optional, Union

from ferry._library import NULL, Buffer, Handle, SinkCallbacks, c_text, call, collected, ffi, lib, pointer, text

# The value of a field: an integer of up to 128 bits, a text, bytes; None where it has fields, or bytes that are not kept.
Value = Union[int, str, bytes, None]
# Offset and size in bytes.
Place = tuple[int, int]


class Certainty(enum.IntEnum):
    """How sure a layout is."""

    GIVEN = 0  # the caller said it
    POSSIBLE = 1  # a guess, by the length or the driver
    LIKELY = 2  # the content has its shape
    CERTAIN = 3  # the content says so


class Severity(enum.IntEnum):
    """How bad a finding is."""

    NOTE = 0
    WARNING = 1  # not as the driver writes it, though it may be accepted
    ERROR = 2  # the state is unsound


class Kind(enum.IntEnum):
    """What a field is."""

    INTEGER = 1
    TEXT = 2
    BYTES = 3
    STRUCTURE = 4
    ARRAY = 5


@dataclass(frozen=True)
class Finding:
    """What a layout has to say of a state: at which field, "" for the whole, and about which bytes."""

    severity: Severity
    path: str
    message: str
    place: Place


@dataclass(frozen=True)
class Field:
    """A field of a state, with the fields in it.

    name:     its name; an item of an array has the array's.
    path:     the names from the whole state on, such as "ports[0].lcr".
    meaning:  the label that the layout gives the value, or None.
    place:    the bytes that it was read from; None if it was computed.
    fields:   of a structure or an array; of a long array the first items and the last four.
    elided:   the items of an array that are not kept.
    """

    name: str
    path: str
    kind: Kind
    value: Value
    meaning: Optional[str]
    place: Optional[Place]
    fields: tuple[Field, ...]
    elided: int

    def __getitem__(self, key: Union[str, int]) -> Field:
        """The field with this name, or at this index."""
        if isinstance(key, int):
            return self.fields[key]
        for each in self.fields:
            if each.name == key:
                return each
        raise KeyError(key)

    def walk(self) -> Iterator[Field]:
        """This field and all in it, in the order of the state."""
        yield self
        for each in self.fields:
            yield from each.walk()


@dataclass(frozen=True)
class Translation:
    """What became of a state: the report has every rewrite and refusal (one of the `devices` of schemas/translate.schema.json).

    state: the result; None unless it is accepted.
    """

    is_accepted: bool
    state: Optional[bytes]
    report: dict[str, Any]


class State(Handle):
    """A device's state, taken apart by its layout. Any bytes are: what is wrong with them are findings.

    layout: a name of `ferry layout list`; without it the content tells it, and the kernel's `driver` if that is given. An Error
            whose code is UNDECIDED says that they do not.
    """

    def __init__(self, data: Buffer, *, layout: Optional[str] = None, driver: Optional[str] = None) -> None:
        kept: list[Any] = []
        lent = pointer(data)
        self._adopt("ferry_state", lib.ferry_state_open, lent, len(lent), c_text(layout, kept), c_text(driver, kept))
        summary = ffi.new("ferry_state_summary *")
        call(lib.ferry_state_summarize, self._number, summary)
        # The layout's name.
        self.layout: str = text(summary.layout) or ""
        # How sure that is.
        self.certainty = Certainty(summary.certainty)
        # Whether nothing is wrong with it. A state that is not sound must not be loaded.
        self.is_sound = bool(summary.is_sound)
        # Whether it ends where its layout does.
        self.is_complete = bool(summary.is_complete)
        # The number of its bytes.
        self.size: int = summary.size
        # The number of findings beyond those of `findings`.
        self.more_findings: int = summary.more_findings
        self._finding_count: int = summary.finding_count

    def __enter__(self) -> State:
        return self

    @property
    def findings(self) -> list[Finding]:
        """What the layout has to say of it."""
        finding, found = ffi.new("ferry_finding *"), []
        for index in range(self._finding_count):
            call(lib.ferry_state_finding, self._number, index, finding)
            place = (finding.offset, finding.size)
            found.append(Finding(Severity(finding.severity), text(finding.path) or "", text(finding.message) or "", place))
        return found

    @property
    def root(self) -> Field:
        """The state as a whole, with all its fields."""
        c = ffi.new("ferry_field *")
        return self._field(c, 0, "", None)

    def _field(self, c: Any, number: int, above: str, index: Optional[int]) -> Field:
        """The field with this number, an item if it has an index; `above` is the path of what it is in."""
        call(lib.ferry_state_field, self._number, number, c)
        name, kind = text(c.name) or "", Kind(c.kind)
        if index is not None:
            path = f"{above}[{index}]"
        else:
            path = f"{above}.{name}" if above else name if number else ""
        meaning, place = text(c.meaning), (c.offset, c.size) if c.has_place else None
        value: Value = None
        if kind is Kind.INTEGER:
            value = (c.integer_upper << 64) + c.integer
        elif kind is not Kind.ARRAY and c.content != NULL:
            content = bytes(ffi.buffer(c.content, c.content_size))
            value = content.decode("utf-8", "replace") if kind is Kind.TEXT else content
        elif c.content_size == 0 and kind in (Kind.TEXT, Kind.BYTES):
            value = "" if kind is Kind.TEXT else b""
        first, count, elided = c.first_child, c.child_count, c.elided_count
        fields = []
        for each in range(count):
            # The items that are not kept stood before the last four.
            place_in_array = each + elided if each >= count - 4 else each
            fields.append(self._field(c, first + each, path, place_in_array if kind is Kind.ARRAY else None))
        return Field(name, path, kind, value, meaning, place, tuple(fields), elided)

    def json(self) -> dict[str, Any]:
        """The state with all fields and findings (schemas/dissect.schema.json)."""
        found: dict[str, Any] = json.loads(collected(lib.ferry_state_json, self._number))
        return found

    def rows(self) -> list[dict[str, Any]]:
        """The fields that have a value, each as a dictionary: path, kind, offset, size, value, meaning."""
        return [
            {
                "path": each.path,
                "kind": each.kind.name.lower(),
                "offset": each.place[0] if each.place else None,
                "size": each.place[1] if each.place else None,
                "value": each.value,
                "meaning": each.meaning,
            }
            for each in self.root.walk()
            if each.kind not in (Kind.STRUCTURE, Kind.ARRAY)
        ]

    def to_pandas(self) -> Any:
        """`rows()` as a pandas.DataFrame. ImportError if pandas is not installed."""
        import pandas  # type: ignore[import-untyped, import-not-found, unused-ignore]

        frame = pandas.DataFrame(self.rows(), columns=["path", "kind", "offset", "size", "value", "meaning"], dtype=object)
        return frame.astype({"offset": "UInt64", "size": "UInt64"})

    def to_arrow(self) -> Any:
        """`rows()` as a pyarrow.Table. ImportError if pyarrow is not installed.

        A column has one type there: `value` has texts, and integers as their decimal digits; bytes are in `content`.
        """
        import pyarrow  # type: ignore[import-untyped, import-not-found, unused-ignore]

        rows = self.rows()
        values = [None if isinstance(row["value"], (bytes, type(None))) else str(row["value"]) for row in rows]
        contents = [row["value"] if isinstance(row["value"], bytes) else None for row in rows]
        columns = {
            "path": pyarrow.array([row["path"] for row in rows], pyarrow.string()),
            "kind": pyarrow.array([row["kind"] for row in rows], pyarrow.string()),
            "offset": pyarrow.array([row["offset"] for row in rows], pyarrow.uint64()),
            "size": pyarrow.array([row["size"] for row in rows], pyarrow.uint64()),
            "value": pyarrow.array(values, pyarrow.string()),
            "content": pyarrow.array(contents, pyarrow.binary()),
            "meaning": pyarrow.array([row["meaning"] for row in rows], pyarrow.string()),
        }
        return pyarrow.table(columns)

    def translate(
        self,
        layout: Optional[str] = None,
        *,
        target: Union[str, bytes, None] = None,
        source: Union[str, bytes, None] = None,
        allowed: Iterable[str] = (),
        scrub: bool = False,
    ) -> Translation:
        """Translates the state without loss, or not at all; the result says which.

        layout:         that of the result; None for the same, with which it is checked.
        target, source: what is known of the devices, as YAML (schemas/device-facts.schema.json).
        allowed:        the names of losses that are accepted, as `ferry translate --allow` takes them.
        scrub:          whether bytes that mean nothing become zeros.
        """
        kept: list[Any] = []
        translation = ffi.new("ferry_translation *")
        translation.layout = c_text(layout, kept)
        for member, facts in (("target_facts", target), ("source_facts", source)):
            if facts is not None:
                data = facts.encode() if isinstance(facts, str) else bytes(facts)
                kept.append(ffi.new("char[]", data))
                setattr(translation, member, kept[-1])
                setattr(translation, member + "_size", len(data))
        names = [c_text(name, kept) for name in allowed]
        array = ffi.new("char *[]", names)
        translation.allowed, translation.allowed_count = ffi.cast("const char *const *", array), len(names)
        translation.flags = lib.FERRY_TRANSLATION_SCRUB if scrub else 0
        accepted, output = ffi.new("int32_t *"), bytearray()
        sink = SinkCallbacks(output.extend)
        report = collected(lib.ferry_state_translate, self._number, translation, accepted, sink.c)
        return Translation(bool(accepted[0]), bytes(output) if accepted[0] else None, json.loads(report))
