"""Forward readers for the walk over a header: one that counts where it is, one that inflates as it goes."""

from __future__ import annotations

import zlib
from typing import Any, BinaryIO

from heartbox.contract import limit
from heartbox.problems import Problem

_CHUNK = 1 << 16


class Cursor:
    """A forward reader that knows where it is, refuses to run past the end, and can record.

    Parameters
    ----------
    stream : to read from, at its present place
    name : the file's base name, for messages
    n_bytes : size of the file; None where only reading shows it
    record_bytes : the most that may be recorded
    """

    def __init__(self, stream: Any, name: str, n_bytes: int | None, record_bytes: int) -> None:
        self.stream = stream
        self.name = name
        self.n_bytes = n_bytes
        self.at: int = stream.tell()
        self.record: bytearray | None = None
        self.record_bytes = record_bytes
        self.ahead = b""

    def peek(self, n: int) -> bytes:
        """Return the next bytes, fewer at the end, without going past them."""
        if len(self.ahead) < n:
            self.ahead += self.stream.read(n - len(self.ahead))
        return self.ahead[:n]

    def take(self, n: int) -> bytes:
        """Return the next bytes and go past them; ``dicom-damaged`` when there are fewer."""
        if self.n_bytes is not None and self.at + n > self.n_bytes:
            raise self.broken_off()
        data: bytes = self.ahead[:n]
        self.ahead = self.ahead[n:]
        if len(data) < n:
            data += self.stream.read(n - len(data))
        if len(data) < n:
            raise self.broken_off()
        self.at += n
        if self.record is not None:
            self.record += data
            if len(self.record) > self.record_bytes:
                raise Problem("dicom-damaged", name=self.name, reason="an element is too long")
        return data

    def skip(self, n: int) -> None:
        """Go past bytes without reading them where the stream can."""
        if self.record is not None:
            self.take(n)
            return
        if self.n_bytes is not None and self.at + n > self.n_bytes:
            raise self.broken_off()
        self.at += n
        self.ahead = b""
        self.stream.seek(self.at)

    def broken_off(self) -> Problem:
        """Return the refusal of a file that ends too early."""
        return Problem("dicom-damaged", name=self.name, reason="it breaks off before its pixels")


class Inflated:
    """A raw deflate stream, read forwards in small pieces; it never holds more than one piece.

    Raises
    ------
    Problem
        ``too-large`` past the limit ``inflated_header_bytes``; ``dicom-damaged``.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.stream = stream
        self.name = name
        self.inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self.ready = b""
        self.at = 0
        self.most = int(limit("inflated_header_bytes"))

    def __enter__(self) -> Inflated:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file below."""
        self.stream.close()

    def tell(self) -> int:
        """Return the count of inflated bytes gone past."""
        return self.at

    def read(self, n: int) -> bytes:
        """Return the next inflated bytes, fewer at the end."""
        pieces = []
        while n > 0 and (self.ready or self.more()):
            piece = self.ready[:n]
            self.ready = self.ready[len(piece) :]
            pieces.append(piece)
            n -= len(piece)
            self.at += len(piece)
        return b"".join(pieces)

    def seek(self, to: int) -> None:
        """Go forwards to a place; backwards is not possible."""
        while self.at < to:
            if not self.read(min(_CHUNK, to - self.at)):
                raise Problem("dicom-damaged", name=self.name, reason="its deflated data break off")

    def more(self) -> bool:
        """Inflate one more piece; tell whether there was one."""
        if self.at > self.most:
            raise Problem("too-large", name=self.name, limit=self.most)
        try:
            while not self.ready and not self.inflate.eof:
                data = self.inflate.unconsumed_tail or self.stream.read(_CHUNK)
                if not data:
                    return False
                self.ready = self.inflate.decompress(data, _CHUNK)
        except zlib.error as error:
            raise Problem("dicom-damaged", name=self.name, reason="its deflated data are damaged") from error
        return bool(self.ready)
