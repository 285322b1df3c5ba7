"""Chat from end to end through the command line: train, check, predict, score, look, and talk."""

import io
import json
import os
import pty
import random
import re
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from heedful.cli.run import run

SETTINGS = {
    "data.text.tokeniser": "word",
    "model.hidden": 16,
    "model.embed": 16,
    "train.steps": 30,
    "train.valid_every": 15,
    "train.tokens": 400,
    "train.rate": 1e-2,
    "train.warmup": 5,
    "train.average": 0,
    "train.precision": "float32",
    "decode.longest": 8,
    "decode.precision": "float32",
}


@pytest.fixture(scope="session")
def talks(tmp_path_factory):
    """Dialogues of four turns as jsonl, and the same as plain text."""
    folder = tmp_path_factory.mktemp("talks")
    draw = random.Random(1)
    for name, count in (("train", 150), ("valid", 20), ("test", 20)):
        found = [[" ".join(draw.choices("abcdefgh", k=draw.randint(1, 4))) for _ in range(4)] for _ in range(count)]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps({"turns": turns}) + "\n" for turns in found))
        (folder / f"{name}.txt").write_text("\n\n".join("\n".join(turns) for turns in found) + "\n")
    return folder


@pytest.fixture(scope="session")
def partner(talks):
    """The run folder of one short training."""
    pytest.importorskip("lightning")
    words = ["train", "chat", "--train", str(talks / "train.jsonl"), "--valid", str(talks / "valid.txt")]
    words += ["--test", str(talks / "test.jsonl"), "--model", "rnnsearch", "--out", str(talks / "run")]
    assert run(words + [word for name, value in SETTINGS.items() for word in ("--set", f"{name}={value}")]) == 0
    return talks / "run"


@pytest.fixture
def call(capsys):
    """Runs a command that must succeed; gives standard output and standard error."""

    def call(*words):
        capsys.readouterr()
        status = run([str(word) for word in words])
        captured = capsys.readouterr()
        assert status == 0, captured.err
        return captured.out, captured.err

    return call


@pytest.fixture
def said(monkeypatch):
    """Puts lines on standard input."""

    def say(text):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    return say


def test_training_leaves_a_folder_that_tells_what_it_reached(partner):
    lines = [json.loads(line) for line in (partner / "metrics.jsonl").read_text().splitlines()]
    found = [line["valid_perplexity"] for line in lines if "valid_perplexity" in line]
    assert len(found) == 2
    assert 1 < found[-1] < 40
    readme = (partner / "README.md").read_text()
    assert "test perplexity" in readme
    assert "heedful chat" in readme


def test_scores_are_one_object(partner, talks, call):
    out, _ = call("eval", partner, talks / "test.jsonl", "--json", "--set", "score.contexts=10")
    found = json.loads(out)
    assert found["replies"] == 60
    wanted = {"perplexity", "token_accuracy", "exact", "recall_at_1_of_10", "tokens", "recall_contexts"}
    assert wanted <= set(found)
    plain, _ = call("eval", partner, talks / "test.txt", "--json", "--set", "score.contexts=10")
    assert json.loads(plain) == found, "the same dialogues in another format"


def test_replies_are_ranked_among_the_candidates_of_a_file(partner, talks, call, tmp_path, capsys):
    replies = {turn for line in (talks / "test.jsonl").read_text().splitlines() for turn in json.loads(line)["turns"]}
    (tmp_path / "candidates.txt").write_text("".join(f"1 {reply}\n" for reply in sorted(replies)))
    words = ["eval", partner, talks / "test.jsonl", "--json", "--set", "score.contexts=7"]
    found = json.loads(call(*words, "--candidates", tmp_path / "candidates.txt")[0])
    assert (found["candidates"], found["recall_contexts"]) == (len(replies), 7)
    assert 0 <= found["response_accuracy"] <= found["recall_at_10_of_candidates"] <= 1
    (tmp_path / "empty.txt").write_text("\n")
    assert run([*map(str, words), "--candidates", str(tmp_path / "empty.txt")]) == 1
    assert "it holds no candidate" in capsys.readouterr().err


def test_predict_is_a_filter(partner, call, said, tmp_path):
    (tmp_path / "in.txt").write_text("a b\n\nc\n")
    from_file, _ = call("predict", partner, tmp_path / "in.txt")
    said("a b\n\nc\n")
    from_pipe, _ = call("predict", partner, "-")
    assert from_pipe == from_file
    assert len(from_file.splitlines()) == 3
    (tmp_path / "in.jsonl").write_text('{"turns": ["a b"]}\n{"context": ["a", "b", "c"]}\n')
    out, _ = call("predict", partner, tmp_path / "in.jsonl", "--json")
    records = [json.loads(line) for line in out.splitlines()]
    assert records[0]["reply"] == from_file.splitlines()[0]
    assert set(records[1]) == {"reply", "score"}


def test_show_draws_the_reply_over_the_turns(partner, call):
    out, _ = call("show", partner, "a b", "c d", "e")
    assert "<own>" in out
    assert out.count("<other>") == 2
    every, _ = call("show", partner, "a b", "c d", "e", "--all")
    assert "RNNsearch: source attention" in every


def test_check_counts_what_is_wrong(partner, talks, call, tmp_path, monkeypatch):
    out, _ = call("check", "chat", talks / "train.txt")
    assert "dialogues of a single turn" in out
    monkeypatch.chdir(tmp_path)  # so that places are short enough for a line
    Path("a.jsonl").write_text('{"turns": ["a"]}\n{"turns": ["a b c", "", "d"]}\n')
    out, _ = call("check", "chat", "a.jsonl", "--run", partner)
    rows = {name.strip(): rest.split() for name, _, rest in (line.partition("  ") for line in out.splitlines())}
    assert rows["dialogues of a single turn"] == ["1", "a.jsonl:1"]
    assert rows["empty replies"] == ["1", "a.jsonl:2,", "turn", "2"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jsonl", '{"turns": ["only one"]}\n', "there is no reply to learn in 1 dialogues"),
        ("a.txt", "one\n\ntwo\n", "there is no reply to learn in 2 dialogues"),
        ("a.jsonl", '{"turns": ["a", 1]}\n', "a.jsonl:1, turn 2"),
        ("a.jsonl", '{"context": "a"}\n', "there is a 'context' but no 'reply'"),
        ("a.tsv", "a\n", "expected 2 columns, found no tab"),
        ("a.jsonl", "", "the file is empty"),
    ],
)
def test_bad_files_are_one_line(talks, tmp_path, capsys, name, content, words):
    pytest.importorskip("lightning")
    (tmp_path / name).write_text(content)
    given = ["train", "chat", "--train", str(tmp_path / name), "--valid", str(talks / "valid.jsonl")]
    extra = ["--out", str(tmp_path / "run"), "--set", "data.text.tokeniser=word"]
    assert run([*given, *extra]) == 1
    told = capsys.readouterr().err.splitlines()
    assert words in next(line for line in told if line.startswith("error:"))
    assert not any("Traceback" in line for line in told)


def test_what_is_left_out_is_told(talks, tmp_path, capsys):
    pytest.importorskip("lightning")
    (tmp_path / "a.txt").write_text("alone\n\na\nb\nc\n")
    given = ["train", "chat", "--train", str(tmp_path / "a.txt"), "--valid", str(talks / "valid.jsonl")]
    settings = SETTINGS | {"train.steps": 1, "data.max_context": 2}
    words = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    assert run([*given, "--out", str(tmp_path / "run"), *words]) == 0
    told = capsys.readouterr().err
    assert f"training: left out: 1 dialogues of a single turn, which has no reply; the first is {tmp_path}" in told
    assert "training: cut at the front: the context of 1 replies" in told


def test_a_talk_through_a_pipe_gives_replies_alone(partner, call, said):
    said("a b\n\n  \nc\n/history\n/attention\n/oops\n/reset\na b\n/quit\nnever read\n")
    out, told = call("chat", partner)
    replies = out.splitlines()
    assert len(replies) == 3
    assert replies[2] == replies[0], "after a reset it knows no more than at first"
    assert f"you: a b\n it: {replies[0]}\nyou: c\n it: {replies[1]}" in told
    assert "<other>" in told
    assert "no command is called '/oops'" in told
    assert "forgotten" in told
    expected, _ = call("show", partner, "a b", replies[0], "c", "--set", "decode.beam=4")
    assert expected.startswith(replies[1])


def test_a_talk_ends_with_the_lines(partner, call, said):
    said("")
    assert call("chat", partner)[0] == ""
    said("a")
    assert len(call("chat", partner)[0].splitlines()) == 1


def test_words_are_drawn_by_seed(partner, call, said):
    found = []
    for options in (["--seed", 1], ["--seed", 1], ["--seed", 2]):
        said("a\n" * 6)
        found.append(call("chat", partner, "--sample", "--temperature", 2, *options)[0])
    assert found[0] == found[1] != found[2]


def test_searching_and_drawing_do_not_go_together(partner, capsys, said):
    assert run(["chat", str(partner), "--beam", "2", "--sample"]) == 1
    assert "--beam searches" in capsys.readouterr().err


def test_only_a_partner_talks(tmp_path, capsys):
    (tmp_path / "config.yaml").write_text("task: chat\nmodel: {name: nobody}\n")
    assert run(["chat", str(tmp_path)]) == 1
    assert "no model is called 'nobody'" in capsys.readouterr().err


_OWN_TERMINAL = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background jobs are born deaf to it, and so are their children
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # what is typed as Ctrl-C is a signal to whoever owns the terminal
os.execv(sys.executable, [sys.executable, "-m", "heedful", *sys.argv[1:]])
"""

# Readline may put the sequence that turns bracketed paste on between the line's begin and the prompt.
_PROMPT = re.compile(r"(?:^|[\r\n]|\x1b\[\?2004h)> \Z")


class Terminal:
    """A command in a pseudo-terminal, typed to and read from."""

    def __init__(self, *words):
        self._ours, theirs = pty.openpty()
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "TERM": "xterm", "COLUMNS": "120", "INPUTRC": os.devnull}
        command = [sys.executable, "-c", _OWN_TERMINAL, *map(str, words)]
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        os.close(theirs)
        self.seen = ""

    def type(self, text):
        os.write(self._ours, text.encode())

    def wait_for(self, text, seconds=120.0):
        """What came up to the text, which must come."""
        return self._read_until(re.compile(re.escape(text)), seconds)

    def wait_for_prompt(self, seconds=120.0):
        """What came up to the prompt: where a line begins and nothing follows, since "</s> " of a map is none.

        What is typed before it would meet a terminal that still keeps lines, where Ctrl-D means another thing.
        """
        return self._read_until(_PROMPT, seconds)

    def _read_until(self, pattern, seconds):
        end = time.monotonic() + seconds
        while not (found := pattern.search(self.seen)):
            assert time.monotonic() < end, f"{pattern.pattern!r} did not come, only {self.seen!r}"
            if select.select([self._ours], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self._ours, 65536).decode(errors="replace")
                except OSError:  # the other end is closed
                    assert pattern.search(self.seen), self.seen
        before, self.seen = self.seen[: found.start()], self.seen[found.end() :]
        return before

    def leave(self, text, seconds=60.0):
        """Types a farewell until the command has ended, and returns its status.

        Once is not always enough, as people know: Python sees a Ctrl-C that comes between the prompt and the wait for
        a key only when the next key comes.
        """
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, f"it does not end, and says {self.seen!r}"
            self.type(text)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=5)
        os.close(self._ours)
        return self.process.returncode


@pytest.mark.parametrize("leave", ["\x04", "\x03", "/quit\n"], ids=["Ctrl-D", "Ctrl-C", "quit"])
def test_a_talk_in_a_terminal(partner, leave):
    terminal = Terminal("chat", partner)
    try:
        terminal.wait_for_prompt()
        terminal.type("a b\n")
        terminal.wait_for("a b\r\n")
        assert terminal.wait_for_prompt().strip(), "a reply"
        terminal.type("\x1b[A\n")  # the line before, once more
        terminal.wait_for("a b\r\n")
        terminal.wait_for_prompt()
        terminal.type("/history\n")
        assert terminal.wait_for_prompt().count("you: a b") == 2
        terminal.type("/attention\n")
        assert "RNNsearch: source attention" in terminal.wait_for_prompt()
        assert terminal.leave(leave) == 0
        assert "Traceback" not in terminal.seen
    finally:
        if terminal.process.poll() is None:
            terminal.process.send_signal(signal.SIGKILL)
            terminal.process.wait()
