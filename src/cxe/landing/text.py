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
    """

    def __init__(self, path: Path) -> None:
        """Name the file; `.gz` says that it is compressed."""
        self.encoding = "utf-8"
        self._path = path
        self._lines_passed = 0

    def __iter__(self) -> Iterator[bytes]:
        """Yield the blocks.

        Raises:
            FileRejectedError: compressed data is damaged or cut off, or bytes are no text.
        """
        blocks = self._raw_blocks()
        first = next(blocks, b"")
        if first.startswith(UTF16_MARKS):
            self.encoding = "utf-16"
        elif first.startswith(codecs.BOM_UTF8):
            first = first.removeprefix(codecs.BOM_UTF8)
        decoder = codecs.getincrementaldecoder(self.encoding)()
        decided = self.encoding != "utf-8"
        for raw in chain([first], blocks, [b""]):
            if self.encoding == "utf-8" and raw.isascii() and raw and not decoder.getstate()[0]:
                block = raw
            else:
                try:
                    text = decoder.decode(raw, final=not raw)
                except UnicodeDecodeError as error:
                    if decided or not error.object[: error.start].isascii():
                        raise self._undecodable(error) from error
                    self.encoding = LATIN1
                    decoder = codecs.getincrementaldecoder(LATIN1)()
                    try:
                        text = decoder.decode(error.object, final=not raw)
                    except UnicodeDecodeError as second:
                        raise self._undecodable(second) from second
                decided = decided or not text.isascii()
                block = text.encode()
            if block:
                yield block
                self._lines_passed += block.count(b"\n")

    def _raw_blocks(self) -> Iterator[bytes]:
        compressed = self._path.suffix == ".gz"
        with gzip.open(self._path) if compressed else self._path.open("rb") as stream:
            try:
                while block := stream.read(BLOCK_BYTES):
                    yield block
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise FileRejectedError(
                    f"{self._path.name}: the compressed data is damaged or cut off after line "
                    f"{self._lines_passed}: deliver the file again."
                ) from error

    def _undecodable(self, error: UnicodeDecodeError) -> FileRejectedError:
        before = error.object[: error.start]
        line = self._lines_passed + before.count(b"\n") + 1
        column = error.start - before.rfind(b"\n")
        return FileRejectedError(
            f"{self._path.name}, line {line}, byte {column}: neither UTF-8 nor Latin-1, the file "
            "is damaged: export it again as UTF-8."
        )
