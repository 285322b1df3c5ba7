"""Files that survive: atomic writes, weights and settings without code, one-line errors for damaged files."""

from heedful.store.atomic import make_folder, replacing, write_text_atomically
from heedful.store.folder import check_folder, read_text, read_yaml, write_yaml
from heedful.store.jsonl import strict_json
from heedful.store.reading import is_folder, list_folder, reading
from heedful.store.weights import load_module, load_tensors, read_metadata, save_tensors

__all__ = [
    "check_folder",
    "is_folder",
    "list_folder",
    "load_module",
    "load_tensors",
    "make_folder",
    "read_metadata",
    "read_text",
    "read_yaml",
    "reading",
    "replacing",
    "save_tensors",
    "strict_json",
    "write_text_atomically",
    "write_yaml",
]
