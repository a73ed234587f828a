"""reStructuredText to blocks, well enough for documentation and docstrings: no directive is executed, no file included."""

from __future__ import annotations

import re
from dataclasses import dataclass

from synapse.extract.blocks import Blocks, tidy

_UNDERLINE = re.compile(r"^([=\-`:.'\"~^_*+#<>])\1{2,}\s*$")
_DIRECTIVE = re.compile(r"^\.\.\s+(?:\|[^|]+\|\s+)?([\w:.+-]+)::\s*(.*)$")
_FIELD = re.compile(r"^:([\w*\- .,`\[\]|]+):(?:\s+(.*))?$")
_BULLET = re.compile(r"^(?:[-*+•]|\(?(?:\d+|[a-zA-Z#])[.)])\s+")
_ROLE = re.compile(r":(?:[\w+.-]+:){0,2}[\w+.-]+:`([^`]+)`|`([^`]+)`_{0,2}")
_TARGET = re.compile(r"^(.*?)\s*<[^<>]*>$", re.S)
_STRONG = re.compile(r"(\*\*?)(?=\S)(.+?)(?<=\S)\1(?!\w)", re.S)
_SUBSTITUTION = re.compile(r"\|([\w .-]+)\|(?:__?)?")
# Their content is prose that belongs to the text; of every other directive only the argument of these shapes matters.
_PROSE = frozenset(
    """
    note tip hint warning caution danger error important attention admonition seealso deprecated versionadded versionchanged topic
    rubric epigraph pull-quote glossary container class tab tabs
    """.split()  # noqa: SIM905 - one word per line would fill a page
)
_CODE = frozenset({"code", "code-block", "sourcecode", "parsed-literal", "prompt", "doctest", "testcode", "ipython", "console"})
_OBJECTS = re.compile(
    r"^(?:\w+:)?(?:function|method|class|attribute|data|exception|module|decorator|setting|option|envvar|event|signal|c?macro|type|classmethod|staticmethod|property|py:\w+)$"
)


@dataclass(frozen=True)
class _Line:
    indent: int
    text: str


def inline(text: str) -> str:
    """Inline markup taken off: roles and links keep their words, literals their letters."""
    literals: list[str] = []

    def keep(match: re.Match[str]) -> str:
        literals.append(match.group(1))
        return f"\x00{len(literals) - 1}\x00"

    text = re.sub(r"``(.+?)``", keep, text, flags=re.S)
    text = _ROLE.sub(_role, text)
    text = _STRONG.sub(r"\2", text)
    text = _SUBSTITUTION.sub(r"\1", text)
    text = text.replace("\\ ", "").replace("\\*", "*").replace("\\_", "_")
    return re.sub(r"\x00(\d+)\x00", lambda match: literals[int(match.group(1))], text)


def _role(match: re.Match[str]) -> str:
    content = match.group(1) or match.group(2)
    titled = _TARGET.match(content)
    if titled and titled.group(1):
        return titled.group(1)
    if match.group(1) and content.startswith("~"):
        return content[1:].rpartition(".")[2]
    # SQLAlchemy writes ``_orm.Session`` and ``.Session`` for names it resolves itself.
    return re.sub(r"^(?:_\w+)?\.", "", content.lstrip("!"))


def _field_name(field: str) -> str:
    """``param int limit`` as ``limit``; ``return`` as ``Returns``."""
    kind, _, rest = field.partition(" ")
    if kind in ("param", "parameter", "arg", "argument", "keyword", "kwarg", "raises", "raise", "except", "var", "ivar", "cvar", "attr"):
        name = rest.split(" ")[-1] or kind
        return f"Raises {name}" if kind in ("raises", "raise", "except") else name
    return {"return": "Returns", "returns": "Returns", "rtype": "Return type", "type": "Type"}.get(kind, kind) + (
        f" {rest}" if rest else ""
    )


class _Reader:
    """Reads lines into blocks. The level of a heading is the order in which its underline was first met."""

    def __init__(self, source: str, blocks: Blocks, base_level: int) -> None:
        self.lines = [_Line(len(line) - len(line.lstrip()), line.strip()) for line in source.expandtabs(8).splitlines()]
        self.blocks = blocks
        self.base_level = base_level
        self.styles: list[str] = []
        self.at = 0

    def run(self) -> None:
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if not line.text:
                self.at += 1
            elif not (self._section() or self._explicit(line) or self._doctest(line) or self._grid(line)):
                self._paragraph(line)

    def _section(self) -> bool:
        """A title with its underline, with or without an overline."""
        line, following = self.lines[self.at], self._peek(1)
        over = _UNDERLINE.match(line.text)
        if over and following.text and _UNDERLINE.match(self._peek(2).text) and self._peek(2).text[0] == line.text[0]:
            self._heading(following.text, "=" + line.text[0])
            self.at += 3
            return True
        if over and len(line.text) > 3 and not following.text:
            self.at += 1
            return True
        if (
            not over
            and _UNDERLINE.match(following.text)
            and len(following.text) >= min(len(line.text), 4)
            and following.indent == line.indent
        ):
            self._heading(line.text, following.text[0])
            self.at += 2
            return True
        return False

    def _heading(self, text: str, style: str) -> None:
        if style not in self.styles:
            self.styles.append(style)
        self.blocks.heading(inline(text), min(6, self.base_level + self.styles.index(style)))

    def _explicit(self, line: _Line) -> bool:
        """A directive, a comment, a target or a footnote: all that begins with two dots."""
        if not (line.text.startswith(".. ") or line.text == ".."):
            return False
        directive = _DIRECTIVE.match(line.text)
        self.at += 1
        if directive is None:
            self._skip_body(line.indent)
            return True
        name, argument = directive.group(1).lower(), directive.group(2)
        if name in _CODE:
            self._options(line.indent)
            self._code(line.indent)
        elif _OBJECTS.match(name) and argument:
            # Its body follows at a deeper indent and is read as ordinary text.
            self.blocks.heading(inline(argument), 6)
            self._options(line.indent)
        elif name in _PROSE:
            self._options(line.indent)
            prefix = {
                "versionadded": "Added in version ",
                "versionchanged": "Changed in version ",
                "deprecated": "Deprecated since version ",
            }
            self.blocks.paragraph(inline(prefix.get(name, "") + argument))
        else:
            self._skip_body(line.indent)
        return True

    def _options(self, indent: int) -> None:
        while self.at < len(self.lines) and self._peek(0).indent > indent and re.match(r"^:[\w-]+:", self._peek(0).text):
            self.at += 1

    def _skip_body(self, indent: int) -> None:
        while self.at < len(self.lines) and (not self._peek(0).text or self._peek(0).indent > indent):
            self.at += 1

    def _code(self, indent: int) -> None:
        start = self.at
        self._skip_body(indent)
        self.blocks.code("\n".join(" " * line.indent + line.text for line in self.lines[start : self.at]))

    def _doctest(self, line: _Line) -> bool:
        if not line.text.startswith(">>>"):
            return False
        start = self.at
        while self.at < len(self.lines) and self._peek(0).text:
            self.at += 1
        self.blocks.code("\n".join(" " * each.indent + each.text for each in self.lines[start : self.at]))
        return True

    def _grid(self, line: _Line) -> bool:
        """A table drawn with +---+ or columns of ===: a paragraph per row."""
        if not re.match(r"^\+[-=+]{3,}$|^=+(\s+=+)+$", line.text):
            return False
        while self.at < len(self.lines) and self._peek(0).text:
            text = self._peek(0).text
            if not re.match(r"^[+=\-\s]+$", text):
                cells = [tidy(cell) for cell in re.split(r"\s*\|\s*|\s{2,}", text)]
                self.blocks.paragraph(inline(" | ".join(cell for cell in cells if cell)))
            self.at += 1
        return True

    def _paragraph(self, first: _Line) -> None:
        """Lines up to a blank one, a new list item or a field; a final ``::`` makes what is indented below it code."""
        words = [_BULLET.sub("", first.text)]
        field = _FIELD.match(first.text)
        if field:
            words = [f"{_field_name(field.group(1))}: {field.group(2) or ''}"]
        self.at += 1
        hanging = False
        while self.at < len(self.lines):
            line = self._peek(0)
            if not line.text or _BULLET.match(line.text) or _FIELD.match(line.text) or line.text.startswith(".. "):
                break
            if line.indent > first.indent and len(words) == 1 and not field and not _BULLET.match(first.text) and len(first.text) < 80:
                hanging = True
                break
            if line.indent < first.indent:
                break
            words.append(line.text)
            self.at += 1
        text = " ".join(words)
        literal = text.endswith("::")
        if literal:
            text = text[:-1] if not text.endswith(" ::") and text != "::" else text[:-2]
        if hanging and not text.endswith((".", ":", ",", ";")):
            # A definition list's term: what follows at a deeper indent defines it.
            text = text + ":"
        self.blocks.paragraph(inline(text))
        if literal:
            self._code(first.indent)

    def _peek(self, ahead: int) -> _Line:
        return self.lines[self.at + ahead] if self.at + ahead < len(self.lines) else _Line(0, "")


def read_rst(source: str, blocks: Blocks, *, base_level: int = 1) -> None:
    """Append the text of a reStructuredText source to blocks; its first heading style gets ``base_level``."""
    _Reader(source, blocks, base_level).run()
