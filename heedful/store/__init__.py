"""Files that survive: atomic writes, weights and settings without code, one-line errors for damaged files."""

from heedful.store.atomic import replacing, write_text_atomically
from heedful.store.folder import check_folder, read_text, read_yaml, write_yaml
from heedful.store.jsonl import strict_json
from heedful.store.weights import load_module, load_tensors, read_metadata, save_tensors

__all__ = [
    "check_folder",
    "load_module",
    "load_tensors",
    "read_metadata",
    "read_text",
    "read_yaml",
    "replacing",
    "save_tensors",
    "strict_json",
    "write_text_atomically",
    "write_yaml",
]
