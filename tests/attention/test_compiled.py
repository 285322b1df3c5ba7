"""Attention compiled whole and exported: regions that intersect, sizes that change, without a break in the graph."""

import subprocess
import sys

CODE = """
import torch
from heedful import *
torch.manual_seed(1)
calls = {
    "an intersection": lambda query, key: attend(query, key, region=Window(2) & Causal()),
    "causal": lambda query, key: attend(query, key, region=Causal()),
    "a callable": lambda query, key: align(query, key, score=lambda q, k: q @ k.mT, choice=Sparse(), region=Causal()),
}
for name, call in calls.items():
    compiled = torch.compile(call, backend="eager", fullgraph=True)
    for queries, keys in ((5, 9), (6, 11)):  # the second pair makes both sizes symbols
        query, key = torch.randn(2, queries, 8), torch.randn(2, keys, 8)
        torch.testing.assert_close(compiled(query, key), call(query, key), msg=name)
    print(name)
heads = MultiHead(8, 2, attention=Attention(region=Window(2) & Causal())).eval()
states = torch.randn(2, 6, 8)
exported = torch.export.export(heads, (states, states), strict=True).module()
torch.testing.assert_close(exported(states, states), heads(states, states))
print("exported")
"""


def test_it_is_compiled_and_exported_without_a_break() -> None:
    """In a process of its own: torch's tracer cannot read the check of shapes that tests put around everything."""
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.stdout.split("\n") == ["an intersection", "causal", "a callable", "exported", ""], done.stderr[-3000:]
