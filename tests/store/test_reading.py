"""What the system refuses to read is told with place and reason, and a folder lists what is meant."""

import pytest
import torch

from heedful.errors import UserError
from heedful.store import check_folder, is_folder, list_folder, read_metadata, read_text, read_yaml, save_tensors


def refuse(monkeypatch, name):
    def refused(*arguments, **named):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(f"pathlib.Path.{name}", refused)


def test_a_folder_is_listed_in_order_without_hidden_entries(tmp_path):
    for name in ("b", "a", ".c"):
        (tmp_path / name).write_text("x")
    assert [entry.name for entry in list_folder(tmp_path)] == ["a", "b"]
    assert is_folder(tmp_path)
    assert not is_folder(tmp_path / "a")
    assert not is_folder(tmp_path / "nothing")
    with pytest.raises(UserError, match="nothing: cannot read this folder: No such file"):
        list_folder(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("method", "read", "what"),
    [
        ("iterdir", list_folder, "folder"),
        ("is_dir", is_folder, "file"),
        ("is_file", lambda path: check_folder(path, ["config.yaml"]), "folder"),
        ("read_bytes", read_text, "file"),
        ("read_bytes", read_yaml, "file"),
    ],
)
def test_what_must_not_be_read_is_told(tmp_path, monkeypatch, method, read, what):
    refuse(monkeypatch, method)
    with pytest.raises(UserError, match=f"{tmp_path.name}: cannot read this {what}: Permission denied"):
        read(tmp_path)


def test_weights_that_must_not_be_read_are_not_damaged(tmp_path, monkeypatch):
    path = tmp_path / "model.safetensors"
    save_tensors(path, {"a": torch.zeros(2)})
    refuse(monkeypatch, "open")
    with pytest.raises(UserError, match=r"model\.safetensors: cannot read this file: Permission denied"):
        read_metadata(path)


def test_a_missing_run_folder_is_told_even_beside_folders_that_must_not_be_read(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file: this is a file"):
        check_folder(tmp_path / "file", [])
    refuse(monkeypatch, "iterdir")
    with pytest.raises(UserError, match="nothing: there is no such folder"):
        check_folder(tmp_path / "nothing", [])


def test_a_date_that_does_not_exist_is_no_yaml(tmp_path):
    (tmp_path / "a.yaml").write_text("when: 2024-13-45\n")
    with pytest.raises(UserError, match=r"a\.yaml: this is not plain YAML"):
        read_yaml(tmp_path / "a.yaml")
