"""What a file is that is not the text or the picture expected of it, told by its first bytes."""

import codecs
from typing import NamedTuple

_OTHER_UTF = "it looks like {0}: save it as UTF-8, for instance: iconv -f {0} -t utf-8"
_MARKS = (
    # UTF-32 before UTF-16, whose mark is the beginning of its own.
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


class Format(NamedTuple):
    """What a file is, and what to do with it where text or a picture is expected."""

    name: str
    for_text: str = "expected text in UTF-8"
    for_picture: str = ""


def _archive(name: str) -> Format:
    return Format(name, "unpack it first", "unpack it")


_PHOTO = "convert it to .jpg"
_FRAME = "export a frame as .png"
_TABLE = "export it as .csv or .jsonl"
_TEXT = "export it as plain text"
_DAMAGED = "it is damaged; copy or download it again"

_FORMATS = (
    (b"\x1f\x8b", Format("a gzip archive", "give it a name that ends in .gz, or unpack it", "unpack it")),
    (b"PK\x03\x04", Format("a zip archive or office file (.xlsx, .docx)", f"{_TEXT} or .csv", "unpack it")),
    (b"\xd0\xcf\x11\xe0", Format("an old office file (.xls, .doc)", f"{_TEXT} or .csv")),
    (b"%PDF-", Format("a PDF", _TEXT, "export its pages as .png")),
    (b"BZh", _archive("a bzip2 archive")),
    (b"\xfd7zXZ\x00", _archive("an xz archive")),
    (b"\x28\xb5\x2f\xfd", _archive("a zstd archive")),
    (b"7z\xbc\xaf\x27\x1c", _archive("a 7z archive")),
    (b"Rar!\x1a\x07", _archive("a RAR archive")),
    (b"PAR1", Format("Parquet", _TABLE)),
    (b"ARROW1", Format("an Arrow file", _TABLE)),
    (b"SQLite format 3\x00", Format("an SQLite database", "export the table as .csv")),
    (b"\x93NUMPY", Format("an array of NumPy")),
    (b"\x89HDF", Format("an HDF5 file")),
    (b"RIFF....WAVE", Format("a recording (.wav)")),
    (b"RIFF....AVI ", Format("a film (.avi)", for_picture=_FRAME)),
    (b"\x1aE\xdf\xa3", Format("a film (.mkv or .webm)", for_picture=_FRAME)),
    # Pillow alone reads no HEIC and no raw photos, and AVIF only in newer versions.
    (b"....ftypheic", Format("a HEIC photo", for_picture=f"{_PHOTO} (on iPhones: Settings, Camera, Formats)")),
    (b"....ftypheix", Format("a HEIC photo", for_picture=_PHOTO)),
    (b"....ftypmif1", Format("a HEIF photo", for_picture=_PHOTO)),
    (b"....ftypavif", Format("an AVIF picture", for_picture=_PHOTO)),
    (b"....ftypcrx ", Format("a raw photo (.cr3)", for_picture="export it as .jpg")),
    # After the photos, which are in the same container.
    (b"....ftyp", Format("a film (.mp4 or .mov)", for_picture=_FRAME)),
    (b"\x89PNG\r\n", Format("a picture (.png)", for_picture=_DAMAGED)),
    (b"\xff\xd8\xff", Format("a picture (.jpg)", for_picture=_DAMAGED)),
    (b"II*\x00", Format("a picture (.tif)", for_picture=_DAMAGED)),
    (b"MM\x00*", Format("a picture (.tif)", for_picture=_DAMAGED)),
    (b"GIF8", Format("a picture (.gif)", for_picture=_DAMAGED)),
    (b"RIFF....WEBP", Format("a picture (.webp)", for_picture=_DAMAGED)),
)
"""What a file begins with, and what it is; "." stands for any byte."""

_TAR = slice(257, 262)
"""Where the header of a tar archive holds the word "ustar"."""

_WITHOUT_MARK = ("UTF-32LE", "UTF-32BE", "UTF-16LE", "UTF-16BE")
"""Encodings that are recognised without a byte order mark."""


def format_of(head: bytes) -> Format | None:
    """The format of a file by its first bytes; None where it is not recognised.

    Only for a file that is known to be no text and no picture: a text may begin with "%PDF-" or "BZh" too.
    """
    for signature, kind in _FORMATS:
        if len(head) >= len(signature) and all(a in (b, ord(".")) for a, b in zip(signature, head, strict=False)):
            return kind
    return _archive("a tar archive") if head[_TAR] == b"ustar" else None


def describe_bytes(head: bytes) -> str | None:
    """A hint that names the format of a file that is not UTF-8, and what to do; None where it is not recognised."""
    encoding = next((encoding for mark, encoding in _MARKS if head.startswith(mark)), None)
    if encoding is not None:
        return _OTHER_UTF.format(encoding)
    kind = format_of(head)
    if kind is not None:
        return f"it looks like {kind.name}: {kind.for_text}"
    # A text with a stray NUL is no other encoding. In UTF-16, Latin letters have a NUL each.
    if _begins(head, "UTF-8") is not None and 4 * head.count(0) < len(head):
        return None
    scores = {encoding: _ascii_in(head, encoding) for encoding in _WITHOUT_MARK}
    best = max(_WITHOUT_MARK, key=lambda encoding: scores[encoding])
    if scores[best]:
        return _OTHER_UTF.format(best)
    return "it looks like a binary file: expected text in UTF-8" if b"\0" in head else None


def _ascii_in(head: bytes, encoding: str) -> int:
    """The number of ASCII characters in these bytes if they begin a text of this encoding, else 0.

    Texts of every script have blanks, line ends or digits. In the other byte order these become rare Chinese
    characters, so that the right order has the most of them.
    """
    text = _begins(head, encoding)
    return 0 if text is None or "\0" in text else sum(map(str.isascii, text))


def _begins(head: bytes, encoding: str) -> str | None:
    """The text that these bytes begin, of which the last character may be cut; None if they are no such text."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return None
