"""Atomic writes: the old file or the new one, whatever goes wrong."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from heedful.errors import UserError
from heedful.store import make_folder, replacing, save_tensors, write_text_atomically


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


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_new_file_has_the_permissions_that_the_umask_leaves(tmp_path, umask):
    old = os.umask(umask)
    try:
        write_text_atomically(tmp_path / "notes.txt", "new")
        with replacing(tmp_path / "private.txt") as temporary:  # as libraries do that write through `tempfile`
            temporary.unlink()
            os.close(os.open(temporary, os.O_CREAT | os.O_WRONLY, 0o600))
        save_tensors(tmp_path / "weights.safetensors", {"a": torch.zeros(2)})
    finally:
        os.umask(old)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("notes.txt", "private.txt", "weights.safetensors"), 0o666 & ~umask)


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("old")
    path.chmod(0o640)
    write_text_atomically(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    make_folder(tmp_path / "deep" / "er")
    make_folder(tmp_path / "deep" / "er")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file: cannot make this folder: File exists"):
        make_folder(tmp_path / "file")
