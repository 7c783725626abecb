"""The declarations of ferry.h, as cffi takes them: from the header itself, so that they cannot drift."""

import contextlib
import pathlib
import re
import sys
import tempfile

import cffi


def declarations(header: str) -> str:
    """What cffi's cdef() takes of the text of ferry.h: all of it, without what only a preprocessor needs."""
    lines, skipped = [], 0
    for line in header.splitlines():
        if line.startswith("#if"):
            skipped += line == "#ifdef __cplusplus"
        elif line.startswith("#endif"):
            skipped = 0
        number = re.match(r"#define (FERRY_\w+) (UINT32_MAX|UINT64_MAX)$", line)
        if number:
            lines.append(f"#define {number[1]} {2 ** int(number[2][4:6]) - 1}")
        elif not line.startswith("#") and not skipped:
            lines.append(line)
    return "\n".join(lines)


def version(header: str) -> str:
    """The library's version that the header says."""
    found = re.search(r'^#define FERRY_VERSION "(.+)"$', header, re.M)
    if not found:
        raise ValueError("ferry.h: expected FERRY_VERSION, found none")
    return found[1]


def module(header: str) -> str:
    """The source of ferry/_declarations.py: what cffi makes of the header, so that the package need not read it."""
    ffi = cffi.FFI()
    ffi.cdef(declarations(header))
    ffi.set_source("ferry._declarations", None)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
        path = pathlib.Path(folder, "declarations.py")
        ffi.emit_python_code(str(path))
        return f'# mypy: ignore-errors\nHEADER_VERSION = "{version(header)}"\n{path.read_text()}'
