"""The questions: attend, align, select.

    context = attend(query, key, value, score=Additive(...), region=Window(64) & Causal(), choice=Soft())
    weights = align(query, key, score=..., region=..., choice=...)      # the same map, seen

Self-attention and source-target attention are the same function: what differs is which sequence is the memory.
"""

from jaxtyping import Bool, Float
from torch import Tensor

from heedful import kernel
from heedful.attention.memory import Memory, ScoreLike
from heedful.attention.pose import DOT, EVERYWHERE, SOFT, Words, as_memory, pose
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
    """Look at a memory: the values, weighed by how well their keys answer each query.

    `key` may be a `Memory`, which brings its own values and keep (and its score, where none is given); `value`
    None means the keys are the values. `keep` is boolean, True = may look: ``[*B, S]`` for all queries, or
    ``[*B, T, S]``. Batch axes of size 1 broadcast; heads are a batch axis.

    Returns: ``[*B, T, V]``; a query that may see nothing gets zeros, and so does its gradient.
    Raises: ShapeError, when shapes, dtypes or devices do not fit, naming both; EngineError, when `engine` is
        "plain", "cpu", "gpu" or "sdpa" and cannot do this.
    Memory: O(T + S) of the fused engine, else bounded by a block of queries, forward and backward.
    Source: Bahdanau et al. 2015, eq. 5-6 (arXiv:1409.0473); Vaswani et al. 2017, eq. 1 (arXiv:1706.03762).
    """
    question = pose(query, as_memory(key, value), Words(score, region, choice), keep=keep)
    return question.spread(kernel.attend(question.problem, question.value, engine))


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
    """How much of each key every query takes: the map that `attend` multiplies with the values.

    Returns: rows that sum to 1, or to 0 where nothing may be seen, or to less where the region gates
        (`Predicted`); in at least float32.
    Raises: ShapeError, as `attend`.
    Memory: O(T S), the map itself; `align_blocks` gives it by rows, `pooled_map` and `row_summary` in short.
    """
    question = pose(query, as_memory(key, None), Words(score, region, choice), keep=keep)
    return question.spread(kernel.align(question.problem, engine))


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
    """Choose one key for each query: hard attention with all that a policy gradient needs.

    The probability is that of the softmax of the scores over the visible keys, whichever way `choice` draws:
    ``Hard()`` takes the best, ``Hard(Gumbel())`` samples. `log_probability` and `entropy` carry gradients to the
    scores; `context` is the chosen value (times the region's gate, if it has one). With ``key`` a plain set of
    vectors and no `value` this is index selection from a set.

    Returns: Selection(context ``[*B, T, V]``, index ``[*B, T]``, log_probability, entropy); index -1 and zeros
        where nothing may be seen.
    Raises: ShapeError and EngineError, as `attend`.
    Memory: O(T + S) of the fused engine, else bounded by a block of queries, forward and backward.
    Source: Xu et al. 2015, section 4.1 (arXiv:1502.03044).
    """
    question = pose(query, as_memory(key, value), Words(score, region, choice), keep=keep)
    context, *others = kernel.select(question.problem, question.value, engine)
    return Selection(question.spread(context), *(question.spread(each, axis=-1) for each in others))
