"""Blocks computed again in the backward pass, with torch's checks on what they are computed from.

`torch.utils.checkpoint` keeps the inputs of a block as they are. Were one of them changed in place in the meantime, the
block would be computed again from other numbers, and the gradient would be wrong without a word. torch's own operators
compare a tensor's version; so do blocks.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from heedful.kernel import transforms
from heedful.kernel.form import Tanh
from heedful.kernel.problem import Problem


def checkpointed(function: Callable[..., Any], problem: Problem, *inputs: Any) -> Any:
    """``function(problem, *inputs)``, of which the backward pass keeps the inputs alone (checkpointing).

    Raises: RuntimeError, in the backward pass, when a tensor of the problem or of `inputs` was changed in place.
    """
    # torch.func allows no hooks on what is saved, so there everything is kept.
    if not torch.is_grad_enabled() or transforms.func_transforms():
        return function(problem, *inputs)
    # A compiled graph works on copies of what is changed in place, and its tensors have no versions.
    if torch.compiler.is_compiling():
        return checkpoint(function, problem, *inputs, use_reentrant=False)
    tensors = [*_tensors_of(problem), *(each for each in inputs if isinstance(each, Tensor))]
    return checkpoint(_Checked(function, tensors), problem, *inputs, use_reentrant=False)


class _Checked:
    """A function that refuses to run again once one of its tensors has changed."""

    def __init__(self, function: Callable[..., Any], tensors: list[Tensor]) -> None:
        self._function = function
        # Tensors of inference mode keep no version, and take no part in a backward pass.
        self._versions = [(tensor, tensor._version) for tensor in tensors if not tensor.is_inference()]

    def __call__(self, *inputs: Any) -> Any:
        for tensor, version in self._versions:
            if tensor._version != version:
                raise RuntimeError(
                    f"a tensor of shape {list(tensor.shape)} that attention needs for its gradient has been modified "
                    f"by an inplace operation: it is at version {tensor._version}, expected version {version}. "
                    "Blocks of queries are computed again in the backward pass: change a copy, or change it afterwards."
                )
        return self._function(*inputs)


def _tensors_of(problem: Problem) -> Iterator[Tensor]:
    bounds = problem.bounds
    weight = problem.form.weight if isinstance(problem.form, Tanh) else None
    for each in (problem.x, problem.y, problem.keep, weight, bounds.start, bounds.stop):
        if each is not None:
            yield each
    yield from (gate.centre for gate in bounds.gates)
