"""States, beyond the vectors: the tree, JSON, and rows for pandas and pyarrow."""

from __future__ import annotations

import importlib.util
import io
import unittest

from support import corpus

import ferry

TWO = corpus("mtty/mtty2-5.state")


class States(unittest.TestCase):
    def test_the_tree(self) -> None:
        with ferry.State(TWO) as state:
            root = state.root
        self.assertEqual((state.layout, state.certainty), ("mtty", ferry.Certainty.CERTAIN))
        self.assertEqual(root["header"]["magic"].value, 0x7E9D09898C3E2C4E)
        self.assertEqual(root["header"]["magic"].place, (0, 8))
        port = root["ports"][0]
        self.assertEqual((port.path, port["count"].path, port["count"].value), ("ports[0]", "ports[0].count", 5))
        self.assertEqual(port["dlab"].meaning, "no")
        self.assertEqual(port["padding1"].value, b"\0")
        self.assertEqual(sum(1 for _ in root.walk()), 52)
        with self.assertRaises(KeyError):
            root["nothing"]

    def test_items_that_are_not_kept_are_counted(self) -> None:
        sink = io.BytesIO()
        with ferry.StreamWriter(sink, raw=True) as writer:
            number = writer.introduce()
            for iteration in range(10000):
                writer.write(number, b"x", phase=ferry.Phase.PRE_COPY, iteration=iteration)
        with ferry.State(sink.getvalue(), layout="dms") as state:
            records = state.root["records"]
        self.assertGreater(records.elided, 0)
        total = len(records.fields) + records.elided
        self.assertEqual([each.path for each in records.fields[:2]], ["records[0]", "records[1]"])
        self.assertEqual([each.path for each in records.fields[-4:]], [f"records[{total - behind}]" for behind in (4, 3, 2, 1)])
        self.assertEqual(records.fields[-5].path, f"records[{len(records.fields) - 5}]")

    def test_json(self) -> None:
        with ferry.State(TWO) as state:
            found = state.json()
            self.assertEqual((found["byteCount"], found["sound"], found["layout"]["name"]), (len(TWO), True, "mtty"))

    def test_findings(self) -> None:
        with ferry.State(TWO[:-3], layout="mtty") as state:
            self.assertFalse(state.is_sound)
            self.assertEqual(state.findings[0].severity, ferry.Severity.ERROR)
            self.assertTrue(state.findings[0].path and state.findings[0].message)

    def test_the_bytes_are_copied(self) -> None:
        data = bytearray(TWO)
        with ferry.State(data) as state:
            data[:] = bytes(len(data))
            self.assertEqual(state.root["header"]["magic"].value, 0x7E9D09898C3E2C4E)

    def test_rows(self) -> None:
        with ferry.State(TWO) as state:
            rows = state.rows()
        self.assertEqual(
            rows[0],
            {"path": "header.magic", "kind": "integer", "offset": 0, "size": 8, "value": 0x7E9D09898C3E2C4E, "meaning": None},
        )
        self.assertEqual(len({row["path"] for row in rows}), len(rows))

    @unittest.skipUnless(importlib.util.find_spec("pandas"), "pandas is not installed")
    def test_pandas(self) -> None:
        with ferry.State(TWO) as state:
            frame, rows = state.to_pandas(), state.rows()
        self.assertEqual(frame["path"].tolist(), [row["path"] for row in rows])
        self.assertEqual(frame["value"].tolist(), [row["value"] for row in rows])
        self.assertEqual(frame["offset"].isna().tolist(), [row["offset"] is None for row in rows])

    @unittest.skipUnless(importlib.util.find_spec("pyarrow"), "pyarrow is not installed")
    def test_pyarrow(self) -> None:
        with ferry.State(TWO) as state:
            table, rows = state.to_arrow().to_pylist(), state.rows()
        self.assertEqual(
            [(row["path"], row["offset"], row["meaning"]) for row in table],
            [(row["path"], row["offset"], row["meaning"]) for row in rows],
        )
        for found, row in zip(table, rows):
            value = row["value"]
            self.assertEqual(found["content"], value if isinstance(value, bytes) else None)
            self.assertEqual(found["value"], None if value is None or isinstance(value, bytes) else str(value))


if __name__ == "__main__":
    unittest.main()
