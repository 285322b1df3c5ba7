"""Which of torch's transforms a call runs in: forward-mode derivatives, and those of torch.func.

The operators of the fused engines and torch's SDPA know gradients alone, computed backwards: under other transforms
their derivatives would be missing, or silently zero. Plain torch knows all of them.
"""

import torch
from torch.autograd import forward_ad


def forward_mode() -> bool:
    """Whether forward-mode derivatives may be asked for: inside ``forward_ad.dual_level``, or ``torch.func.jvp``."""
    # No public way tells; -1 stands for no level.
    return forward_ad._current_level >= 0  # pyright: ignore[reportPrivateUsage]


def func_gradients() -> int:
    """How many transforms of torch.func that differentiate are active: ``grad``, ``vjp``, ``jvp``; not ``vmap``."""
    if not func_transforms():
        return 0
    functorch = torch._C._functorch  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]
    kinds = functorch.TransformType
    return sum(level.key() in (kinds.Grad, kinds.Jvp) for level in functorch.get_interpreter_stack() or ())


def func_transforms() -> bool:
    """Whether a transform of torch.func is active, ``vmap`` among them."""
    # torch.compile cannot trace the question; it has its own answer to transforms inside of what it compiles.
    if torch.compiler.is_compiling():
        return False
    return torch._C._are_functorch_transforms_active()  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue]


def differentiates() -> bool:
    """Whether derivatives are asked for that only plain torch has."""
    return not torch.compiler.is_compiling() and (forward_mode() or func_gradients() > 0)
