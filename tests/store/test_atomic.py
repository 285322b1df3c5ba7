"""Atomic writes: the old file or the new one, whatever goes wrong."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from heedful.errors import UserError
from heedful.store import replacing, write_text_atomically


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_text_is_written_and_replaced(tmp_path):
    path = tmp_path / "deep" / "notes.txt"
    write_text_atomically(path, "一\n")
    write_text_atomically(path, "二\n")
    assert path.read_bytes() == "二\n".encode()
    assert names_in(path.parent) == ["notes.txt"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "notes.txt"
    write_text_atomically(path, "old")

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match=r"notes\.txt: cannot write.*space"):
        write_text_atomically(path, "new")
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["notes.txt"]


def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "notes.txt"
    write_text_atomically(path, "old")

    def interrupted():
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["notes.txt"]


def test_a_place_that_is_no_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        write_text_atomically(tmp_path / "file" / "notes.txt", "new")


@pytest.mark.skipif(os.name != "posix", reason="asks the system about processes")
def test_what_a_killed_process_left_is_swept_but_not_what_another_is_writing(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead = f".notes.txt.{ended.pid}.tmp"
    others = [f".notes.txt.{os.getppid()}.tmp", f".more.txt.{ended.pid}.tmp", ".notes.txt.x.tmp"]
    for name in (dead, *others):
        (tmp_path / name).write_text("half")
    write_text_atomically(tmp_path / "notes.txt", "new")
    assert names_in(tmp_path) == sorted(["notes.txt", *others])
