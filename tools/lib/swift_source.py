"""Swift source as the tools that check it see it: code and comments apart, and what the code declares.

A lexer and a walk over braces, no parser: it relies on the layout that `swift format` gives, in which a declaration
begins its line. It knows no regular-expression literals; the tree has none.
"""

import bisect
import collections
import os
import re

TOKEN = re.compile(r'//[^\n]*|/\*|#*"""|#*"')
NESTED_COMMENT = re.compile(r"/\*|\*/")
TYPE_KEYWORDS = ("struct", "class", "enum", "protocol", "actor")
ATTRIBUTE = r"@\w+(?:\((?:[^()]|\([^()]*\))*\))?"
MODIFIER = (
    r"(?:public|package|internal|fileprivate|private|open)(?:\(set\))?|static|class(?=\s+(?:func|var|subscript))"
    r"|final|mutating|nonmutating|consuming|borrowing|indirect|override|required|convenience|lazy|weak|dynamic"
    r"|unsafe|nonisolated(?:\(\w+\))?|unowned(?:\(\w+\))?|prefix|postfix|infix|isolated|distributed"
)
DECLARATION = re.compile(
    rf"^[ \t]*(?P<before>(?:(?:{ATTRIBUTE}|{MODIFIER})\s+)*)"
    r"(?P<keyword>struct|class|enum|protocol|actor|extension|typealias|associatedtype|func|init|subscript|var|let|case)"
    r"\b(?P<failable>[?!]?)\s*(?P<name>`\w+`|[\w.]+|[-+*/%=<>!&|^~?]+)?",
    re.M,
)

Declaration = collections.namedtuple("Declaration", "keyword name before line start depth owner header")
# owner: the Declaration of the type, protocol or extension around it; header: its code as far as the brace that opens
# its body, or the end of its line; depth: how many braces are open around it.


class Source:
    """One file. `code` has as many characters as the text, with blanks for comments and the text of literals."""

    def __init__(self, text):
        self.text = text
        self.lines = text.split("\n")
        self.comments = []  # (start, end) in the text, without the line's end
        self._code = []
        self._scan(0, None)
        self.code = "".join(self._code)
        self._starts = [0]
        for line in self.lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def line(self, offset):
        """The number of the line at `offset`, from 1."""
        return bisect.bisect_right(self._starts, offset)

    def column(self, offset):
        return offset - self._starts[self.line(offset) - 1]

    def _blank(self, start, end):
        self._code.append(re.sub(r"[^\n]", " ", self.text[start:end]))

    def _scan(self, position, closing):
        """Takes code apart from `position`: all of it, or as far as the parenthesis that ends an interpolation."""
        text, depth = self.text, 0
        token = re.compile(TOKEN.pattern + r"|[()]") if closing else TOKEN
        while True:
            match = token.search(text, position)
            if match is None:
                self._code.append(text[position:])
                return len(text)
            self._code.append(text[position : match.start()])
            found, position = match.group(), match.end()
            if found in ("(", ")"):
                depth += 1 if found == "(" else -1
                self._code.append(found if depth >= 0 else " ")
                if depth < 0:
                    return position
            elif found.startswith("//"):
                self.comments.append(match.span())
                self._blank(*match.span())
            elif found == "/*":
                position = self._block_comment(match.start())
            else:
                position = self._literal(match.start(), found)

    def _block_comment(self, start):
        depth, position = 1, start + 2
        while depth:
            match = NESTED_COMMENT.search(self.text, position)
            if match is None:
                position = len(self.text)
                break
            depth += 1 if match.group() == "/*" else -1
            position = match.end()
        self.comments.append((start, position))
        self._blank(start, position)
        return position

    def _literal(self, start, opening):
        hashes = opening.count("#")
        quote = opening.lstrip("#")
        ends = re.compile(
            re.escape(quote + "#" * hashes) + r"|\\" + "#" * hashes + r"(?:\(|.)" + ("" if len(quote) == 3 else r"|\n"),
            re.S,
        )
        position, blank = start + len(opening), start
        while True:
            match = ends.search(self.text, position)
            if match is None:
                self._blank(blank, len(self.text))
                return len(self.text)
            position = match.end()
            if match.group().endswith("(") and match.group().startswith("\\"):
                self._blank(blank, position)
                position = blank = self._scan(position, ")")
            elif not match.group().startswith("\\"):
                self._blank(blank, position)
                return position

    def declarations(self):
        """What the code declares, in order, local variables included."""
        code, found = self.code, []
        starts = {match.start(): match for match in DECLARATION.finditer(code)}
        events = sorted(
            [(position, 1, None) for position in starts]
            + [(match.start(), 0, match.group()) for match in re.finditer(r"[{}]", code)]
        )
        open_braces, pending = [], None
        for position, _, brace in events:
            if brace == "{":
                open_braces.append(pending)
                pending = None
            elif brace == "}":
                if open_braces:
                    open_braces.pop()
                pending = None
            else:
                match = starts[position]
                owner = next((each for each in reversed(open_braces) if each), None)
                if open_braces and open_braces[-1] is None:
                    owner = None  # in a function's body
                end = code.find("{", match.end())
                header = code[match.start() : end if end >= 0 else len(code)]
                keyword, name = match["keyword"], (match["name"] or "").strip("`")
                if keyword not in TYPE_KEYWORDS + ("extension",):
                    header = self._signature(match.start())
                offset = match.start("before") if match["before"] else match.start("keyword")
                declaration = Declaration(
                    keyword, name, match["before"].split(), self.line(offset), match.start(), len(open_braces),
                    owner, header,
                )
                found.append(declaration)
                if keyword in TYPE_KEYWORDS + ("extension",):
                    pending = declaration
        return found

    def _signature(self, start):
        """The code of a member from `start` as far as its body or its line's end outside of parentheses."""
        depth = 0
        for match in re.finditer(r"[()\[\]{\n]", self.code[start:]):
            character = match.group()
            if character in "([":
                depth += 1
            elif character in ")]":
                depth -= 1
            elif not depth and character in "{\n":
                return self.code[start : start + match.start()]
        return self.code[start:]


def swift_files(root, paths):
    """The Swift files in `paths` below `root`, sorted; hidden folders, such as .build, are left out."""
    found = []
    for path in paths:
        if path.endswith(".swift"):
            found.append(path)
        for folder, folders, files in os.walk(os.path.join(root, path)):
            folders[:] = [name for name in folders if not name.startswith(".")]
            found += [os.path.relpath(os.path.join(folder, name), root) for name in files if name.endswith(".swift")]
    return sorted(found)


def read(path):
    with open(path, encoding="utf-8") as file:
        return Source(file.read())
