"""A saved translator is the same one when it is loaded, and needs only the core for that."""

import subprocess
import sys

import pytest
import torch

import heedful
from heedful.task.folder import load_settings
from heedful.task.translate.config import TranslateConfig


@pytest.mark.parametrize("name", ["transformer", "weighted-transformer", "rnnsearch"])
def test_what_is_saved_is_loaded(make_translator, tmp_path, name):
    translator = make_translator(name)
    translator.save(tmp_path / "run")
    again = heedful.load(tmp_path / "run")
    texts = ["a b c", "h g"]
    assert [one.text for one in again.predict(texts)] == [one.text for one in translator.predict(texts)]
    assert again.config == translator.config
    assert not again.model.training


def test_a_chosen_look_is_kept(make_translator, tmp_path):
    translator = make_translator(look={"module": "decoder.0.source", "head": 1, "shift": 1, "threshold": 0.2})
    translator.save(tmp_path)
    assert load_settings(TranslateConfig, tmp_path).look == translator.config.look
    assert heedful.load(tmp_path).look.head == 1


def test_a_shared_vocabulary_is_stored_once(make_translator, tmp_path):
    translator = make_translator("rnnsearch")
    shared = type(translator)(
        translator.config.model_copy(update={"data": translator.config.data.model_copy(update={"shared": True})}),
        translator.model,
        {"shared": translator.source},
    )
    shared.save(tmp_path)
    assert sorted(path.name for path in tmp_path.glob("*.vocab.json")) == ["shared.vocab.json"]
    again = heedful.load(tmp_path)
    torch.testing.assert_close(again.model.state_dict(), shared.model.state_dict())


def test_the_readme_has_the_next_commands(make_translator, tmp_path):
    make_translator().save(tmp_path / "a run")
    readme = (tmp_path / "a run" / "README.md").read_text()
    assert f"heedful predict '{tmp_path / 'a run'}'" in readme
    assert "heedful.load(" in readme


def test_loading_and_predicting_needs_no_extra(make_translator, tmp_path):
    make_translator().save(tmp_path)
    code = (
        "import sys\n"
        "for name in ('lightning', 'sacrebleu', 'matplotlib', 'numba', 'fastapi'): sys.modules[name] = None\n"
        "import heedful\n"
        f"found = heedful.load({str(tmp_path)!r}).predict(['a b'])[0]\n"
        "assert found.attention is not None\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
