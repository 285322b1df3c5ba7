"""Which papers a model comes from: those that the docstrings of its very parts name as their source."""

import re
from collections.abc import Iterator
from typing import Any

from torch import nn

from heedful.papers import table, vision
from heedful.papers.paper import Paper

_NAMED = re.compile(r"arXiv:(\d{4}\.\d{4,5})|\b([A-Z]\d{2}-\d{4})\b|\b(10\.\d{4,}/[^\s)]+)")
_OURS = "heedful."


def cite(model: Any) -> list[Paper]:
    """The papers behind the parts of a model: its layers, and the score, region and choice of each attention.

    `model` is a module, or a trained model as `heedful.load` gives one. Papers come in the order of the parts, each
    once; ``print(paper.bibtex())`` gives the entry for a bibliography. Parts that are not of this package have none.

    >>> import heedful
    >>> layer = heedful.Attention(heedful.Additive(8, 8, 8), choice=heedful.Sparse(heedful.Sparsemax()))
    >>> [str(paper) for paper in heedful.cite(layer)]
    ['Bahdanau et al. 2015, arXiv:1409.0473', 'Luong et al. 2015, ...', 'Martins et al. 2016, arXiv:1602.02068']

    Raises: TypeError, for anything that is no module and has no `model`.
    """
    module = model if isinstance(model, nn.Module) else getattr(model, "model", None)
    if not isinstance(module, nn.Module):
        raise TypeError(f"expected a torch.nn.Module or what heedful.load returns, got {type(model).__name__}")
    found = (paper for part in _parts(module) for paper in papers_of(type(part)))
    return list(dict.fromkeys(found))


def papers_of(kind: type) -> list[Paper]:
    """The papers that the docstring of a class of this package names and that are known here."""
    if not kind.__module__.startswith(_OURS):
        return []
    return [_PAPERS[name] for name in names_in(kind.__doc__ or "") if name in _PAPERS]


def names_in(text: str) -> list[str]:
    """The numbers at arXiv, in the ACL anthology, or of publishers (DOI) that a text names, in order."""
    return [next(filter(None, found)) for found in _NAMED.findall(text)]


def _parts(module: nn.Module) -> Iterator[Any]:
    """The modules of a model, each followed by the plain values that it holds, such as a region."""
    for part in module.modules():
        yield part
        for value in vars(part).values():
            yield from _values(value)


def _values(value: Any) -> Iterator[Any]:
    """A value of this package and what it holds, such as both regions of an intersection; no modules."""
    if isinstance(value, nn.Module) or not type(value).__module__.startswith(_OURS):
        return
    yield value
    for inner in getattr(value, "__dict__", {}).values():
        yield from _values(inner)


def _known_names(paper: Paper) -> list[str]:
    """The names by which a docstring may call a paper; the anthology's are the ends of its DOIs."""
    return [name for name in (paper.arxiv, paper.doi, paper.doi.rpartition("/")[2]) if name]


_PAPERS = {
    name: paper
    for of_field in (table, vision)
    for paper in vars(of_field).values()
    if isinstance(paper, Paper)
    for name in _known_names(paper)
}
