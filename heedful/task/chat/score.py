"""How good replies are: perplexity, tokens and replies that are right, and recall of the true reply among others."""

import random
from collections.abc import Sequence
from typing import Any, cast

import torch

from heedful.data.batch import Example, collate, pad_sources
from heedful.data.dialogue import Dialogue, prepare_replies
from heedful.decode import likelihood
from heedful.metric.perplexity import perplexity
from heedful.shapes import PAD
from heedful.task.answering import evaluating
from heedful.task.batches import batches, summed_loss
from heedful.task.chat.partner import Partner
from heedful.task.chat.ranking import ROWS, rank_replies, spread

RECALL = {10: (1, 2, 5), 100: (1, 10)}
"""Among how many candidates the true reply is looked for, and how high it has to stand."""


def evaluate(
    partner: Partner,
    dialogues: Sequence[Dialogue],
    *,
    beam: int | None = None,
    candidates: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Scores the replies of dialogues, each after what was said before it in truth.

    Perplexity is ``exp`` of the mean negative log-likelihood of a token, the end of each reply counted as one, marks
    not counted; a word that the vocabulary lacks counts as the unknown one. `token_accuracy` is how often the likeliest
    token is the right one, the words before it given; `exact` how often the whole reply found is the true one.
    `recall_at_k_of_n` is how often the true reply is among the k best of n candidates by log-likelihood a token, the
    others being drawn from other replies of the file; of equals the true one stands last. Where there are
    `candidates`, every reply is ranked among all of them as well, see `rank_replies`.
    Source: recall is Lowe et al. 2015, section 4.4 (arXiv:1506.08909).
    Raises: UserError, when there is no reply to score, or none is among the candidates.
    """
    data, most = partner.config.data, partner.config.longest_scored
    made = prepare_replies(dialogues, partner.tokeniser, data.window, learn=data.learn, max_reply=most)
    examples = made.examples
    total, tokens = likelihood_of(partner, examples)
    loss = -total / tokens
    left_out = {"dialogues_of_one_turn": len(made.single_turns), "replies_left_out": len(made.empty)}
    left_out |= {"replies_too_long": len(made.too_long)}
    results: dict[str, Any] = {"dialogues": len(dialogues), "replies": len(examples), "tokens": tokens}
    results |= {"perplexity": round(perplexity(loss), 4), "loss": round(loss, 4)}
    results |= {"token_accuracy": round(_right_tokens(partner, examples) / tokens, 4)}
    results |= {"exact": round(_exact(partner, examples, beam), 4)}
    results |= recall(partner, examples)
    results |= {} if candidates is None else rank_replies(partner, examples, candidates)
    results |= {"contexts_cut": len(made.cut)} | {name: count for name, count in left_out.items() if count}
    return results | {"beam": beam or partner.config.decode.beam}


def likelihood_of(partner: Partner, examples: Sequence[Example]) -> tuple[float, int]:
    """The log-likelihood of all replies in nats, and how many tokens that is, ends counted."""
    lengths, most = _lengths(examples), partner.config.decode.tokens
    with evaluating(partner.model):
        nll, tokens = summed_loss(partner.model, lengths, lambda rows: collate(examples, rows), tokens=most)
    return -nll, tokens


def recall(partner: Partner, examples: Sequence[Example]) -> dict[str, Any]:
    """How often the true reply stands high among candidates; nothing where the file has too few different replies.

    Returns: `recall_at_k_of_n`, and `recall_contexts`, of how many contexts.
    """
    settings = partner.config.score
    pool = [list(ids) for ids in dict.fromkeys(tuple(one.target) for one in examples)]
    chosen = [examples[row] for row in spread(len(examples), settings.contexts)]
    results: dict[str, Any] = {}
    for size, heights in RECALL.items():
        if len(pool) >= size:
            places = _places(partner, chosen, pool, size)
            for height in heights:
                results[f"recall_at_{height}_of_{size}"] = round(sum(p < height for p in places) / len(places), 4)
    return results | ({"recall_contexts": len(chosen)} if results else {})


def _places(partner: Partner, chosen: Sequence[Example], pool: Sequence[list[int]], size: int) -> list[int]:
    """Where the true reply stands among `size` candidates, from 0."""
    draw = random.Random(partner.config.score.seed)
    candidates = [[one.target, *_others(draw, pool, one.target, size - 1)] for one in chosen]
    places: list[int] = []
    with evaluating(partner.model):
        for first in range(0, len(chosen), max(1, ROWS // size)):
            part = slice(first, first + max(1, ROWS // size))
            source, lengths = (t.to(partner.device) for t in pad_sources([one.source for one in chosen[part]]))
            model = cast(Any, partner.model)
            scores = likelihood(model, model.encode(source, lengths), candidates=candidates[part])
            counts = torch.tensor([[len(ids) + 1 for ids in own] for own in candidates[part]], device=scores.device)
            scores = scores / counts
            places += (scores[:, 1:] >= scores[:, :1]).sum(1).tolist()
    return places


def _others(draw: random.Random, pool: Sequence[list[int]], true: list[int], count: int) -> list[list[int]]:
    """Replies drawn from the pool, all different, none the true one."""
    drawn = draw.sample(range(len(pool)), count + 1)
    return [pool[row] for row in drawn if pool[row] != true][:count]


def _right_tokens(partner: Partner, examples: Sequence[Example]) -> int:
    """How many tokens are the likeliest, the true ones before them given."""
    right = 0
    with evaluating(partner.model):
        for rows in batches(_lengths(examples), partner.config.decode.tokens):
            batch = collate(examples, rows).to(partner.device)
            logits = cast(Any, partner.model).logits(batch.source, batch.source_lengths, batch.target_in)
            right += int(((logits.argmax(-1) == batch.target_out) & (batch.target_out != PAD)).sum())
    return right


def _exact(partner: Partner, examples: Sequence[Example], beam: int | None) -> float:
    """The share of replies that are found word by word."""
    found = partner.search([one.source for one in examples], beam or partner.config.decode.beam)
    return sum(one.tokens == true.target for one, true in zip(found, examples, strict=True)) / len(examples)


def _lengths(examples: Sequence[Example]) -> list[int]:
    return [max(len(one.source), len(one.target)) + 1 for one in examples]
