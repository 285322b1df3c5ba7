"""Attention as functions: attend, align, select.

    context = attend(query, key, value, score=Additive(...), region=Window(64) & Causal(), choice=Soft())
    weights = align(query, key, score=..., region=..., choice=...)      # the map behind it

Self-attention and source-target attention are the same function: they differ in which sequence is the memory.
"""

from jaxtyping import Bool, Float
from torch import Tensor

from heedful import kernel
from heedful.attention.memory import Memory, ScoreLike
from heedful.attention.problem import DOT, EVERYWHERE, SOFT, AttentionSpec, as_memory, build_problem
from heedful.choice import Choice, Hard, Selection
from heedful.region import Region

_HARD = Hard()


def attend(
    query: Float[Tensor, "... T Q"],
    key: Float[Tensor, "... S K"] | Memory,
    value: Float[Tensor, "... _ V"] | None = None,
    *,
    score: ScoreLike = DOT,
    region: Region = EVERYWHERE,
    choice: Choice = SOFT,
    keep: Bool[Tensor, "..."] | None = None,
    engine: str = "auto",
) -> Float[Tensor, "... T V"]:
    """Attention: the values, weighted by how well their keys match each query.

    Args:
        query: ``[*B, T, Q]``. Batch axes of size 1 broadcast; heads are a batch axis.
        key: ``[*B, S, K]``, or a `Memory`, which brings its own values and keep, and its score if none is passed.
        value: ``[*B, S, V]``; None means that the keys are the values.
        score: how well a key matches a query.
        region: which keys a query may attend to.
        choice: how scores become weights.
        keep: boolean, True = may attend: ``[*B, S]`` for all queries, or ``[*B, T, S]``. A mask with one axis fewer
            than the key is always read as ``[*B, S]``.
        engine: "auto" takes the fastest that can; "plain", "cpu", "gpu" or "sdpa" forces one.

    Returns: ``[*B, T, V]``. A query that may attend to nothing gets zeros, and so does its gradient.
    Raises: ShapeError, when shapes, dtypes or devices do not fit, naming both; TypeError, when an argument is of
        another kind; EngineError, when `engine` is "plain", "cpu", "gpu" or "sdpa" and cannot do this.
    Memory: O(T + S) by a fused engine, else bounded by a block of queries, forward and backward.
    Source: Bahdanau et al. 2015, eq. 5-6 (arXiv:1409.0473); Vaswani et al. 2017, eq. 1 (arXiv:1706.03762).

        >>> import torch
        >>> from heedful import Additive, Causal, attend
        >>> states = torch.randn(2, 7, 16)
        >>> attend(states, states, score=Additive(16, 16, 32), region=Causal()).shape
        torch.Size([2, 7, 16])
    """
    built = build_problem(query, as_memory(key, value), AttentionSpec(score, region, choice, keep))
    return built.expand_queries(kernel.attend(built.problem, built.value, engine))


def align(
    query: Float[Tensor, "... T Q"],
    key: Float[Tensor, "... S K"] | Memory,
    *,
    score: ScoreLike = DOT,
    region: Region = EVERYWHERE,
    choice: Choice = SOFT,
    keep: Bool[Tensor, "..."] | None = None,
    engine: str = "auto",
) -> Float[Tensor, "... T S"]:
    """The attention weights: the map that `attend` multiplies with the values. Arguments as in `attend`.

    Returns: ``[*B, T, S]`` in at least float32. Rows sum to 1, to 0 where nothing may be seen, or to less than 1 where
        the region gates the weights (`Predicted`).
    Raises: ShapeError and EngineError, as `attend`.
    Memory: O(T S), the map itself; `align_blocks` yields it by rows, `survey` computes statistics without storing it.

        >>> import torch
        >>> from heedful import Window, align
        >>> align(torch.zeros(3, 4), torch.zeros(3, 4), region=Window(1))
        tensor([[0.5000, 0.5000, 0.0000],
                [0.3333, 0.3333, 0.3333],
                [0.0000, 0.5000, 0.5000]])
    """
    built = build_problem(query, as_memory(key, None), AttentionSpec(score, region, choice, keep))
    return built.expand_queries(kernel.align(built.problem, engine))


def select(
    query: Float[Tensor, "... T Q"],
    key: Float[Tensor, "... S K"] | Memory,
    value: Float[Tensor, "... _ V"] | None = None,
    *,
    score: ScoreLike = DOT,
    region: Region = EVERYWHERE,
    choice: Hard = _HARD,
    keep: Bool[Tensor, "..."] | None = None,
    engine: str = "auto",
) -> Selection:
    """Choose one key for each query: hard attention, with what a policy gradient needs. Arguments as in `attend`.

    ``Hard()`` takes the best key, ``Hard(Gumbel())`` samples one. The probability is that of the softmax of the scores
    over the visible keys, however `choice` draws. `log_probability` and `entropy` carry gradients to the scores;
    `context` is the chosen value (times the region's gate, if it has one). With `key` a plain set of vectors and no
    `value` this selects an index from a set.

    Returns: Selection(context ``[*B, T, V]``, index ``[*B, T]``, log_probability ``[*B, T]``, entropy ``[*B, T]`` in
        nats); index -1 and zeros where nothing may be seen.
    Raises: ShapeError and EngineError, as `attend`; TypeError, when `choice` is not Hard.
    Memory: O(T + S) by a fused engine, else bounded by a block of queries, forward and backward.
    Source: Xu et al. 2015, section 4.1 (arXiv:1502.03044).

        >>> import torch
        >>> from heedful import select
        >>> keys = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> select(torch.tensor([[0.0, 3.0]]), keys).index
        tensor([1])
    """
    if not isinstance(choice, Hard):
        raise TypeError(f"select takes Hard, which chooses one key for each query, got {choice!r}: use attend for it.")
    built = build_problem(query, as_memory(key, value), AttentionSpec(score, region, choice, keep))
    context, *others = kernel.select(built.problem, built.value, engine)
    return Selection(built.expand_queries(context), *(built.expand_queries(each, axis=-1) for each in others))
