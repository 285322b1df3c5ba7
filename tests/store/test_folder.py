"""Settings and run folders: read back as written, damage in one line."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from heedful.errors import UserError
from heedful.store import check_folder, read_text, read_yaml, write_yaml

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.text(), VALUES, max_size=5))
@example({"\x85": "\u2028", "中文": ["一", float("inf")]})
def test_settings_come_back_as_they_were(tmp_path_factory, settings):
    path = tmp_path_factory.mktemp("settings") / "config.yaml"
    write_yaml(path, settings)
    assert read_yaml(path) == settings
    assert list(read_yaml(path)) == list(settings)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\nb: [1, 2\nc: 3\n", r"config\.yaml:3: this is not plain YAML"),
        (b"a: 1\nb: \xff\n", r"config\.yaml:2: this is not UTF-8: byte 0xff"),
        (b"a: 1\nb: \x07\n", r"config\.yaml: this is not plain YAML"),
        (b"- 1\n- 2\n", r"config\.yaml: expected settings"),
        (b"1: 2\n", "expected settings"),
        (b"", "expected settings"),
    ],
)
def test_a_damaged_settings_file_is_named(tmp_path, content, message):
    path = tmp_path / "config.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_yaml(path)


def test_settings_that_would_run_code_are_refused(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(f"a: !!python/object/apply:os.mkdir ['{tmp_path}/ran']\n")
    with pytest.raises(UserError, match="not plain YAML"):
        read_yaml(path)
    assert not (tmp_path / "ran").exists()


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"gone\.txt: cannot read"):
        read_text(tmp_path / "gone.txt")


def test_a_whole_folder_passes_and_a_file_too_few_is_named(tmp_path):
    (tmp_path / "config.yaml").write_text("a: 1\n")
    check_folder(tmp_path, ["config.yaml"])
    with pytest.raises(UserError, match=r"has no model\.safetensors"):
        check_folder(tmp_path, ["config.yaml", "model.safetensors"])


def test_a_folder_that_is_not_there_is_answered_with_a_guess(tmp_path):
    (tmp_path / "german").mkdir()
    with pytest.raises(UserError, match=r"no such folder.*did you mean 'german'"):
        check_folder(tmp_path / "germann", [])
    with pytest.raises(UserError, match=r"no such folder.*expected a folder"):
        check_folder(tmp_path / "none" / "german", [])
