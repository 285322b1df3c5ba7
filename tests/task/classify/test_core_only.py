"""A saved classifier is used with the core packages alone."""

import subprocess
import sys

CODE = """
import sys
from pathlib import Path

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("lightning", "torchmetrics", "sacrebleu", "matplotlib", "numba", "fastapi"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
import heedful
from heedful.cli.run import run

folder = Path(sys.argv[1])
for name in ("birnn", "han"):
    found = heedful.load(folder / name).predict(["a b. c d."])[0]
    assert found.words and found.label in ("neg", "pos", "中")
assert run(["show", str(folder / "han"), "a b"]) == 0
(folder / "a.tsv").write_text("a\\tneg\\n")
assert run(["eval", str(folder / "han"), str(folder / "a.tsv")]) == 0
"""


def test_loading_predicting_and_scoring_need_no_extra(make_classifier, tmp_path):
    for name in ("birnn", "han"):
        make_classifier(name).save(tmp_path / name)
    words = [sys.executable, "-c", CODE, str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "calibration_error" in done.stdout
