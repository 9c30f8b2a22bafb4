"""The text of a delivered file as UTF-8, whatever it was delivered in."""

from __future__ import annotations

import codecs
import gzip
import zlib
from itertools import chain
from typing import TYPE_CHECKING

from cxe.landing.records import FileRejectedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCK_BYTES = 1 << 22
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# What Windows programs call Latin-1; it differs from it only where Latin-1 has control codes.
LATIN1 = "cp1252"


class Utf8Text:
    """Blocks of UTF-8 text without byte order mark, read once from front to back.

    The first character beyond ASCII decides: when it is no UTF-8 the file is Latin-1. A file that
    was UTF-8 up to a later point is damaged, and is not read as something else.

    Attributes:
        encoding: what the file was read as; final once the blocks are exhausted.
        lines: how many of its lines have been read; a last line without end counts then too.
    """

    def __init__(self, path: Path) -> None:
        """Name the file; `.gz` says that it is compressed."""
        self.encoding = "utf-8"
        self.lines = 0
        self._path = path
        self._decoder: codecs.IncrementalDecoder = codecs.getincrementaldecoder("utf-8")()
        self._is_decided = False
        self._begun = 0  # bytes of a line whose end is still to come

    def __iter__(self) -> Iterator[bytes]:
        """Yield the blocks.

        Raises:
            FileRejectedError: compressed data is damaged or cut off, or bytes are no text.
        """
        blocks = self._raw_blocks()
        first = next(blocks, b"")
        if first.startswith(UTF16_MARKS):
            self._decide("utf-16")
        for raw in chain([first.removeprefix(codecs.BOM_UTF8)], blocks, [b""]):
            if block := self._to_utf8(raw):
                yield block
                self.lines += block.count(b"\n")
                last_line_end = block.rfind(b"\n")
                begun = len(block) - last_line_end - 1
                self._begun = begun if last_line_end >= 0 else self._begun + begun
        self.lines += self._begun > 0

    def _to_utf8(self, raw: bytes) -> bytes:
        if self.encoding != "utf-16" and raw.isascii() and raw and not self._decoder.getstate()[0]:
            return raw
        try:
            text = self._decoder.decode(raw, final=not raw)
        except UnicodeDecodeError as error:
            if self._is_decided or not error.object[: error.start].isascii():
                raise self._undecodable(error) from error
            self._decide(LATIN1)
            return self._to_utf8(error.object)
        self._is_decided = self._is_decided or not text.isascii()
        return text.encode()

    def _decide(self, encoding: str) -> None:
        self.encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._is_decided = True

    def _raw_blocks(self) -> Iterator[bytes]:
        compressed = self._path.suffix == ".gz"
        with gzip.open(self._path) if compressed else self._path.open("rb") as stream:
            try:
                while block := stream.read(BLOCK_BYTES):
                    yield block
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise FileRejectedError(
                    f"{self._path.name}: the compressed data is damaged or cut off after line "
                    f"{self.lines}: deliver the file again."
                ) from error

    def _undecodable(self, error: UnicodeDecodeError) -> FileRejectedError:
        before = error.object[: error.start]
        line = self.lines + before.count(b"\n") + 1
        last_line_end = before.rfind(b"\n")
        begun = len(before) - last_line_end - 1
        column = 1 + (begun if last_line_end >= 0 else self._begun + begun)
        return FileRejectedError(
            f"{self._path.name}, line {line}, byte {column}: neither UTF-8 nor Latin-1, the file "
            "is damaged: export it again as UTF-8."
        )
