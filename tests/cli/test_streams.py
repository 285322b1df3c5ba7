"""Standard streams that are closed, full or no longer read end a command with a status and one line."""

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from heedful.cli.run import replace_closed_streams, run

CITE = ["cite", "bahdanau"]
QUICK = [sys.executable, "-m", "heedful", "--version"]


@pytest.fixture
def output(monkeypatch):
    """Replaces standard output by a stream over a file descriptor."""
    streams = []

    def replaced(descriptor):
        streams.append(os.fdopen(descriptor, "w", encoding="utf-8"))
        monkeypatch.setattr(sys, "stdout", streams[-1])

    yield replaced
    for stream in streams:
        stream.close()


def test_a_reader_that_has_ended_is_status_141(output, capsys):
    reader, writer = os.pipe()
    os.close(reader)
    output(writer)
    assert run(CITE) == 141
    assert capsys.readouterr().err == ""
    sys.stdout.write("more")
    sys.stdout.flush()


def test_a_reader_that_ends_in_the_middle_is_status_141(output, capsys, monkeypatch):
    reader, writer = os.pipe()
    os.close(reader)
    output(writer)

    def writes(*arguments, **named):  # as `predict` does after each chunk: typer meets the broken pipe first
        print("answer", flush=True)

    monkeypatch.setattr("heedful.task.translate.task.read_pairs", writes)
    assert run(["check", "translate", "a"]) == 141
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_status_1_with_place_and_reason(output, capsys):
    output(os.open("/dev/full", os.O_WRONLY))
    assert run(CITE) == 1
    assert capsys.readouterr().err == (
        "error: cannot write: No space left on device (standard output)\nhint: free some space\n"
    )


def test_closed_standard_output_is_an_error_only_for_what_writes_to_it(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", None)
    replace_closed_streams()
    assert run(CITE) == 1
    assert capsys.readouterr().err.startswith("error: there is no standard output\nhint: ")
    monkeypatch.setattr(sys, "stdin", None)
    replace_closed_streams()
    assert run(["cite", "rnnserch"]) == 1
    assert "did you mean 'rnnsearch'" in capsys.readouterr().err


def test_closed_standard_error_is_silent(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stderr", None)
    replace_closed_streams()
    assert run(["cite", "rnnserch"]) == 1
    sys.stderr.close()
    assert capsys.readouterr().out == "", "not on standard output instead"


@pytest.mark.skipif(os.name != "posix", reason="closes streams as a shell does")
def test_the_numbers_of_closed_streams_are_not_given_to_other_files():
    for closed, status in (("<&-", 0), (">&-", 1), ("2>&-", 0)):
        done = subprocess.run(["sh", "-c", f'"$0" "$@" {closed}', *QUICK], capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stderr
        assert "Traceback" not in done.stderr
    code = (
        "import os, sys, tempfile\nfrom heedful.cli.run import replace_closed_streams\nreplace_closed_streams()\n"
        "sys.exit(tempfile.TemporaryFile().fileno())"
    )
    done = subprocess.run(["sh", "-c", '"$0" -c "$1" <&- >&- 2>&-', sys.executable, code], check=False)
    assert done.returncode > 2


class Full(io.RawIOBase):
    """A stream that drops what it cannot write, as an unbuffered one does."""

    def writable(self):
        return True

    def write(self, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_is_told_where_nothing_is_left_to_flush(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(Full(), write_through=True))
    assert run(CITE) == 1
    assert "error: cannot write: No space left on device (standard output)" in capsys.readouterr().err


def test_a_path_that_must_not_be_read_is_status_1(tmp_path, monkeypatch, capsys):
    (tmp_path / "a.tsv").write_text("a\tb\n")
    monkeypatch.setattr(os, "access", lambda *arguments, **named: False)
    assert run(["check", "translate", str(tmp_path / "a.tsv")]) == 1
    assert f"'{tmp_path / 'a.tsv'}' is not readable.\nhint: check the permissions" in capsys.readouterr().err


def test_what_the_system_refuses_elsewhere_is_status_1_too(monkeypatch, capsys):
    def refused(*arguments):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), "somewhere")

    monkeypatch.setattr("heedful.task.translate.task.read_pairs", refused)
    assert run(["check", "translate", "a"]) == 1
    assert "error: cannot read or write: Too many open files (somewhere)" in capsys.readouterr().err
