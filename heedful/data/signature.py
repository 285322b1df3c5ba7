"""What a file is that is not UTF-8 text: other encodings, archives and office files, told by their first bytes."""

import codecs

_ARCHIVE = "it looks like {}: unpack it first"
_OTHER_UTF = "it looks like {0}: save it as UTF-8, for instance: iconv -f {0} -t utf-8"
_SIGNATURES = (
    (b"\x1f\x8b", "it looks like gzip: give it a name that ends in .gz, or unpack it"),
    # UTF-32 before UTF-16, whose mark is the beginning of its own.
    (b"\xff\xfe\x00\x00", _OTHER_UTF.format("UTF-32")),
    (b"\x00\x00\xfe\xff", _OTHER_UTF.format("UTF-32")),
    (b"\xff\xfe", _OTHER_UTF.format("UTF-16")),
    (b"\xfe\xff", _OTHER_UTF.format("UTF-16")),
    (b"PK\x03\x04", "it looks like a zip or office file (.xlsx, .docx): export it as plain text or .csv"),
    (b"\xd0\xcf\x11\xe0", "it looks like an old office file (.xls, .doc): export it as plain text or .csv"),
    (b"%PDF-", "it looks like a PDF: export it as plain text"),
    (b"BZh", _ARCHIVE.format("bzip2")),
    (b"\xfd7zXZ\x00", _ARCHIVE.format("xz")),
    (b"\x28\xb5\x2f\xfd", _ARCHIVE.format("zstd")),
    (b"7z\xbc\xaf\x27\x1c", _ARCHIVE.format("7z")),
    (b"PAR1", "it looks like Parquet: export it as .csv or .jsonl"),
    (b"ARROW1", "it looks like an Arrow file: export it as .csv or .jsonl"),
    (b"SQLite format 3\x00", "it looks like an SQLite database: export the table as .csv"),
)
_TAR = slice(257, 262)
"""Where the header of a tar archive holds the word "ustar"."""

_WITHOUT_MARK = ("UTF-32LE", "UTF-32BE", "UTF-16LE", "UTF-16BE")
"""Encodings that are recognised without a byte order mark."""


def describe_bytes(head: bytes) -> str | None:
    """A hint that names the format of a file from its first bytes, and what to do; None where it is not recognised.

    Only for a file that is known not to be UTF-8 text: a text may begin with "%PDF-" or "BZh" too.
    """
    for signature, hint in _SIGNATURES:
        if head.startswith(signature):
            return hint
    if head[_TAR] == b"ustar":
        return _ARCHIVE.format("a tar archive")
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
