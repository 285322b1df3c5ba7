"""Which modules of a model have attention weights to record, and the weights of one call."""

import inspect
import math
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.errors import UserError, did_you_mean
from heedful.shapes import ShapeError, describe
from heedful.structure import Attention

_KEYS = frozenset({"key", "memory"})
_VARIABLE = frozenset({inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD})


def attentions(model: nn.Module, names: str = "*") -> dict[str, nn.Module]:
    """The modules of a model that can be recorded, by name; `names` chooses some, with * and ?.

    These are all with a method ``align(query, key, ...) -> [*B, T, S]``, or ``[*B, H, T, S]`` with heads, that takes
    whatever their `forward` takes: the weights behind the same call. A second argument called `memory` is as good. Of
    modules inside one another only the outermost counts, so that a multi-head attention is one.
    """
    return {name: module for name, module in _outermost("", model) if fnmatchcase(name, names)}


def expect_attentions(model: nn.Module, names: str) -> dict[str, nn.Module]:
    """The same, at least one.

    Raises: UserError, when no module that can be recorded has such a name; lists those there are.
    """
    chosen = attentions(model, names)
    if not chosen:
        all_modules = attentions(model)
        without = "no module of this model has a method align(query, key, ...)"
        hint = did_you_mean(names, all_modules) if all_modules else without
        raise UserError(f"no attention is called {names!r}", hint=hint)
    return chosen


def weights_of(
    module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, name: str
) -> Float[Tensor, "B H T S"]:
    """The weights of one call, as ``[B, H, T, S]`` whatever its batch axes; H is 1 for a single attention.

    Raises: ShapeError, when `align` returns anything else than weights for these queries and keys; names the module.
    """
    weights = module.align(*args, **kwargs)  # pyright: ignore[reportCallIssue]
    signature = inspect.signature(module.align)  # pyright: ignore[reportArgumentType]
    bound = signature.bind(*args, **kwargs).arguments
    query, key = (bound[name] for name in list(signature.parameters)[:2])
    size = query.shape[-2], (key.key if isinstance(key, Memory) else key).shape[-2]
    if not isinstance(weights, Tensor) or not weights.is_floating_point() or tuple(weights.shape[-2:]) != size:
        kind = describe(weights) if isinstance(weights, Tensor) else type(weights).__name__
        raise ShapeError(
            f"align of {name!r} ({type(module).__name__}) returned {kind}, expected weights "
            f"[*B, {size[0]}, {size[1]}] or [*B, H, {size[0]}, {size[1]}]: one for each query and key of the call."
        )
    weights = weights if _has_heads(module, weights, query, key) else weights.unsqueeze(-3)
    # Not -1: there may be no keys, and of no numbers the number of rows cannot be inferred.
    return weights.reshape(math.prod(weights.shape[:-3]), *weights.shape[-3:])


def _has_heads(module: nn.Module, weights: Tensor, query: Tensor, key: Tensor | Memory) -> bool:
    """Whether the weights have one axis more than the batch axes of the call."""
    if isinstance(module, Attention):
        return False  # it may meet a memory of more batch axes than the query, which look like heads
    # The keys of a memory may lie by head already, so that their axes tell nothing of the batch.
    batch = max(query.ndim, query.ndim if isinstance(key, Memory) else key.ndim) - 2
    return weights.ndim - 2 > batch


def _outermost(prefix: str, module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    if _aligns(module):
        yield prefix or "attention", module
        return
    for name, child in module.named_children():
        yield from _outermost(f"{prefix}.{name}" if prefix else name, child)


def _aligns(module: nn.Module) -> bool:
    """Whether a module has a method `align` that can be called as its `forward` is."""
    # Of the class: a child module or a setting that happens to be called `align` is no method.
    if not inspect.isfunction(getattr(type(module), "align", None)):
        return False
    accepted = inspect.signature(type(module).align).parameters  # pyright: ignore[reportAttributeAccessIssue]
    called = inspect.signature(type(module).forward).parameters
    first = list(accepted)[1:3]  # after self
    if len(first) < 2 or first[0] != "query" or first[1] not in _KEYS:
        return False
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in accepted.values()):
        return True
    # The recorder repeats a call of `forward` with `align`, which must accept every argument of it.
    kinds = {parameter.kind for parameter in accepted.values()}
    return all(
        name in accepted or (parameter.kind in _VARIABLE and parameter.kind in kinds)
        for name, parameter in called.items()
    )
