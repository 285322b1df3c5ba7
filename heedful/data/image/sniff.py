"""Says what a file is that should be a picture and is none: a web page, a pointer of git-LFS, a film."""

from pathlib import Path

from heedful.store import reading

_HEAD = 512
"""Bytes that are looked at."""

_SIGNATURES = [
    (b"%PDF", "a PDF: export its pages as .png"),
    (b"PK\x03\x04", "a zip archive or an office document: unpack it"),
    (b"\x1f\x8b", "a gzip archive: unpack it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"),
    (b"Rar!", "a RAR archive: unpack it"),
    (b"RIFF....WAVE", "a recording (.wav), not a picture"),
    (b"RIFF....AVI ", "a film (.avi): export a frame as .png"),
    (b"\x1aE\xdf\xa3", "a film (.mkv or .webm): export a frame as .png"),
    (b"\x93NUMPY", "an array of NumPy, not a picture"),
    (b"\x89HDF", "an HDF5 file, not a picture"),
]
"""What a file begins with, and what it is; "." stands for any byte."""

_BRANDS = {
    b"heic": "a HEIC photo, which Pillow does not read: convert it to .jpg (on iPhones: Settings, Camera, Formats)",
    b"heix": "a HEIC photo, which Pillow does not read: convert it to .jpg",
    b"mif1": "a HEIF photo, which Pillow does not read: convert it to .jpg",
    b"crx ": "a raw photo (.cr3): export it as .jpg",
}
"""Of files in the ISO base media format, whose fifth to eighth bytes are "ftyp"."""


def what_it_is(path: Path) -> str:
    """What a file is that Pillow could not identify as a picture, and what to do with it, in a few words."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if not head:
        return "an empty file"
    if head.startswith(b"version ") and b"git-lfs" in head:
        return "a git-LFS pointer, not the picture itself: run git lfs pull"
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "a film (.mp4 or .mov): export a frame as .png")
    for signature, what in _SIGNATURES:
        if len(head) >= len(signature) and all(a in (b, ord(".")) for a, b in zip(signature, head, strict=False)):
            return what
    return _kind_of_text(head) or "in no format that Pillow reads"


def is_text_file(path: Path) -> bool:
    """Whether a file begins as a text does, so that it is a table or a list rather than a picture; never if empty."""
    with reading(path), path.open("rb") as stream:
        head = stream.read(_HEAD)
    return bool(head) and _is_text(head)


def _kind_of_text(head: bytes) -> str | None:
    """What a text is, by how it begins; None for what is no text."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return "a web page (HTML), as servers send in place of a missing picture: download it again"
    if text.startswith(b"<svg") or (text.startswith(b"<?xml") and b"<svg" in text):
        return "a drawing (SVG): export it as .png"
    if text.startswith(b"<"):
        return "an XML file, not a picture"
    return "a text file, not a picture" if _is_text(head) else None


def _is_text(head: bytes) -> bool:
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # The cut may fall within a character, which is up to four bytes long.
        return error.start >= _HEAD - 4
    return b"\x00" not in head
