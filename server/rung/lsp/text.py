r"""Documents and positions, right in every encoding.

Corrects pygls, whose documents end lines at form feeds and other separators no editor counts, rebuild the whole text
for each keystroke, and move positions past the end of a line. Lines end at ``\n``, ``\r\n`` and ``\r`` only;
positions past the end of a line or of the document mean that end; a position inside a character means its start.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from pathlib import Path

from lsprotocol import types
from pygls.uris import to_fs_path, uri_scheme
from pygls.workspace import PositionCodec, ServerTextPosition, TextDocument, Workspace

from rung.errors import ContextError
from rung.types.pattern import lazy
from rung.types.request import Position, Range

_LINE = lazy(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_END = ("\r", "\n")


def split_lines(text: str) -> list[str]:
    """The lines with their ends; the last has none and is empty where the text ends with a line's end."""
    lines = _LINE.findall(text)
    if not lines or lines[-1].endswith(_END):
        lines.append("")
    return lines


def _content(line: str) -> int:
    """The length of a line without its end."""
    if line.endswith("\r\n"):
        return len(line) - 2
    return len(line) - 1 if line.endswith(_END) else len(line)


def _points(line: str, units: int, encoding: str) -> int:
    """How many code points of the line lie before so many of the client's units."""
    if encoding == "utf-32" or line.isascii():
        return min(units, len(line))
    if encoding == "utf-8":
        raw = line.encode("utf-8", "surrogatepass")
        cut = min(units, len(raw))
        while cut < len(raw) and raw[cut] & 0xC0 == 0x80:
            cut -= 1
        return len(raw[:cut].decode("utf-8", "surrogatepass"))
    raw = line.encode("utf-16-le", "surrogatepass")
    cut = min(2 * units, len(raw))
    if cut < len(raw) and raw[cut + 1] & 0xFC == 0xDC and cut and raw[cut - 1] & 0xFC == 0xD8:
        cut -= 2
    return len(raw[:cut].decode("utf-16-le", "surrogatepass"))


def _units(text: str, encoding: str) -> int:
    """How many of the client's units the text takes."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-8":
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


class Codec(PositionCodec):
    """Positions in the client's units to code points and back, clamped to the lines."""

    @property
    def _name(self) -> str:
        return str(getattr(self.encoding, "value", self.encoding) or "utf-16")

    def client_num_units(self, string: str) -> int:
        """How many of the client's units the text takes."""
        return _units(string, self._name)

    def position_from_client_units(self, lines: Sequence[str], position: types.Position) -> ServerTextPosition:
        """In code points; ``lines`` may or may not have an empty last line."""
        if position.line >= len(lines):
            if not lines:
                return ServerTextPosition(0, 0)
            last = lines[-1]
            if last.endswith(_END):
                return ServerTextPosition(len(lines), 0)
            return ServerTextPosition(len(lines) - 1, len(last))
        line = lines[position.line]
        line = line[: _content(line)]
        return ServerTextPosition(max(position.line, 0), _points(line, max(position.character, 0), self._name))

    def position_to_client_units(
        self, lines: Sequence[str], position: ServerTextPosition | types.Position
    ) -> types.Position:
        """In the client's units."""
        if position.line >= len(lines):
            if not lines:
                return types.Position(0, 0)
            last = lines[-1]
            if last.endswith(_END):
                return types.Position(len(lines), 0)
            return types.Position(len(lines) - 1, _units(last, self._name))
        line = lines[position.line]
        return types.Position(position.line, _units(line[: min(position.character, _content(line))], self._name))


class Text(TextDocument):
    """A document: an open one as the editor has it, any other as the disk had it when first looked at."""

    def __init__(  # noqa: D417, PLR0917 - the rest, and the order, are pygls's
        self,
        uri: str,
        source: str | None = None,
        version: int | None = None,
        language_id: str | None = None,
        sync_kind: types.TextDocumentSyncKind = types.TextDocumentSyncKind.Incremental,
        position_codec: PositionCodec | None = None,
    ) -> None:
        """Make one.

        Args:
            source: the text; None: read from the disk when it is first asked for.
        """
        super().__init__(
            uri, source, version, language_id, sync_kind=sync_kind, position_codec=position_codec or Codec()
        )
        self._rows: list[str] | None = None
        self._starts: list[int] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the editor holds it; only then has it a version."""
        return self.version is not None

    @property
    def source(self) -> str:
        """The whole text. A file is read once, whatever is not UTF-8 in it replaced; its line ends stay.

        Raises:
            ContextError: it is not open, and no file that can be read.
        """
        if self._source is None:
            self._source = "".join(self._rows) if self._rows is not None else self._read()
        return self._source

    @property
    def lines(self) -> Sequence[str]:
        """The lines with their ends; a text that ends with a line's end has no empty last line here."""
        rows = self._all_rows()
        return tuple(rows if rows[-1] else rows[:-1])

    def apply_change(self, change: types.TextDocumentContentChangeEvent) -> None:
        """Do what the editor did, whole text or one range."""
        if isinstance(change, types.TextDocumentContentChangePartial):
            self._replace(change.range, change.text)
        else:
            self._source, self._rows = change.text, None
        self._starts = None

    def points(self, span: types.Range) -> Range:
        """The editor's range in code points, start before end."""
        ends = sorted((p.line, p.character) for p in map(self._point, (span.start, span.end)))
        return Range(Position(*ends[0]), Position(*ends[1]))

    def client_range(self, span: Range) -> types.Range:
        """A range in code points as the editor counts."""
        rows = self._all_rows()
        ends = (ServerTextPosition(p.line, p.character) for p in (span.start, span.end))
        return types.Range(*(self._position_codec.position_to_client_units(rows, end) for end in ends))

    def offset(self, position: Position) -> int:
        """How many code points of the text lie before the position."""
        rows = self._all_rows()
        if position.line >= len(rows):
            return len(self.source)
        return self._row_starts()[position.line] + min(position.character, _content(rows[position.line]))

    def position(self, offset: int) -> Position:
        """The position before which so many code points lie."""
        starts = self._row_starts()
        rows = self._all_rows()
        offset = max(offset, 0)
        line = bisect.bisect_right(starts, offset) - 1
        return Position(line, min(offset - starts[line], _content(rows[line])))

    def text_in(self, span: Range) -> str:
        """What stands in a range of code points."""
        return self.source[self.offset(span.start) : self.offset(span.end)]

    def offset_at_server_position(self, server_position: ServerTextPosition) -> int:
        """How many code points of the text lie before the position."""
        return self.offset(Position(server_position.line, server_position.character))

    def server_position_at_offset(self, offset: int) -> ServerTextPosition:
        """The position before which so many code points lie."""
        found = self.position(offset)
        return ServerTextPosition(found.line, found.character)

    def _point(self, position: types.Position) -> ServerTextPosition:
        return self._position_codec.position_from_client_units(self._all_rows(), position)

    def _all_rows(self) -> list[str]:
        if self._rows is None:
            self._rows = split_lines(self.source)
        return self._rows

    def _row_starts(self) -> list[int]:
        if self._starts is None:
            self._starts = list(itertools.accumulate(map(len, self._all_rows()[:-1]), initial=0))
        return self._starts

    def _replace(self, span: types.Range, text: str) -> None:
        """Swap the touched lines only: a keystroke in a long file costs no more than in a short one."""
        rows = self._all_rows()
        (top, left), (bottom, right) = sorted((p.line, p.character) for p in map(self._point, (span.start, span.end)))
        fresh = rows[top][:left] + text + rows[bottom][right:]
        if top and fresh.startswith("\n") and rows[top - 1].endswith("\r"):
            top -= 1
            fresh = rows[top] + fresh
        new = split_lines(fresh)
        if bottom < len(rows) - 1:
            new.pop()  # the empty piece after the last end: the next row stands there
        rows[top : bottom + 1] = new
        self._source = None

    def _read(self) -> str:
        path = to_fs_path(self.uri) if uri_scheme(self.uri) == "file" else None
        if path is None:
            raise ContextError("The document is not open in the editor.", "Open it and try again.")
        try:
            return Path(path).read_bytes().decode("utf-8-sig", "replace")
        except OSError as error:
            raise ContextError(f"{path} cannot be read: {error.strerror}.", "Check the file and try again.") from None


class Documents(Workspace):
    """The workspace, with documents of ours."""

    def __init__(
        self,
        root_uri: str | None,
        sync_kind: types.TextDocumentSyncKind = types.TextDocumentSyncKind.Incremental,
        workspace_folders: Sequence[types.WorkspaceFolder] | None = None,
        position_encoding: types.PositionEncodingKind | str | None = types.PositionEncodingKind.Utf16,
    ) -> None:
        super().__init__(root_uri, sync_kind, workspace_folders, position_encoding)
        self._position_codec = Codec(position_encoding)

    def get_text_document(self, doc_uri: str) -> Text:
        """The open document, or one that reads the file when first looked at."""
        document = super().get_text_document(doc_uri)
        assert isinstance(document, Text)
        return document

    def _create_text_document(
        self, doc_uri: str, source: str | None = None, version: int | None = None, language_id: str | None = None
    ) -> Text:
        return Text(doc_uri, source, version, language_id, self._sync_kind, self._position_codec)
