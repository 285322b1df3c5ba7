"""``heedful scenes`` writes pictures and tables that the other commands read."""

import json

from heedful.cli.run import run


def test_it_writes_pictures_and_tables_and_says_what_is_held_out(tmp_path, capsys):
    folder = tmp_path / "scenes"
    counts = ["--train", "5", "--valid", "2", "--test", "2", "--held-out", "3", "--seed", "2"]
    assert run(["scenes", str(folder), *counts]) == 0
    said = capsys.readouterr().err
    assert said.startswith("training has none of: red ")
    assert "held-out.jsonl: 3 pictures; exact without looking: at most 0.333" in said
    for split, count in (("train", 5), ("valid", 2), ("test", 2), ("held-out", 3)):
        rows = [json.loads(line) for line in (folder / f"{split}.jsonl").read_text().splitlines()]
        assert len(rows) == count
        assert all((folder / row["image"]).read_bytes().startswith(b"\x89PNG") for row in rows)
