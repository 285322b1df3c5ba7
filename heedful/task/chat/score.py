"""Scores replies: perplexity, accuracy of tokens and replies, and recall of the true reply among candidates."""

import random
from collections.abc import Sequence
from typing import Any, cast

import torch

from heedful.data.batch import Example, collate, pad_sources
from heedful.data.bucket import batches_by_length
from heedful.data.dialogue import Dialogue, prepare_replies
from heedful.decode import likelihood
from heedful.metric.perplexity import perplexity
from heedful.shapes import PAD
from heedful.task.answering import evaluating
from heedful.task.batches import summed_loss
from heedful.task.chat.partner import Partner
from heedful.task.chat.ranking import ROWS, evenly_spaced, rank_replies

RECALL = {10: (1, 2, 5), 100: (1, 10)}
"""For each number of candidates n, the values of k in `recall_at_k_of_n`."""


def evaluate(
    partner: Partner,
    dialogues: Sequence[Dialogue],
    *,
    beam: int | None = None,
    candidates: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Scores the replies in dialogues, each given its true context.

    Perplexity is ``exp`` of the mean negative log-likelihood of a token. EOS counts as a token, marks do not, and words
    outside the vocabulary count as the unknown token. `token_accuracy` is how often the most likely token is correct,
    given the true tokens before it. `exact` is how often the reply found is the true one.
    `recall_at_k_of_n` is how often the true reply is among the best k of n candidates by log-likelihood per token. The
    others are drawn from the other replies of the file; in ties, the true reply comes last. If there are `candidates`,
    replies are also ranked among all of them, see `rank_replies`.
    Source: recall is Lowe et al. 2015, section 4.4 (arXiv:1506.08909).
    Raises: UserError, when there is no reply to score, or none is among the candidates.
    """
    data, longest = partner.config.data, partner.config.longest_scored
    prepared = prepare_replies(dialogues, partner.tokeniser, data.context_limit, learn=data.learn, max_reply=longest)
    examples = prepared.examples
    total, tokens = likelihood_of(partner, examples)
    loss = -total / tokens
    left_out = {"dialogues_of_one_turn": len(prepared.single_turns), "replies_left_out": len(prepared.empty)}
    left_out |= {"replies_too_long": len(prepared.too_long)}
    results: dict[str, Any] = {"dialogues": len(dialogues), "replies": len(examples), "tokens": tokens}
    results |= {"perplexity": round(perplexity(loss), 4), "loss": round(loss, 4)}
    results |= {"token_accuracy": round(_right_tokens(partner, examples) / tokens, 4)}
    results |= {"exact": round(_exact(partner, examples, beam), 4)}
    results |= recall(partner, examples)
    results |= {} if candidates is None else rank_replies(partner, examples, candidates)
    results |= {"contexts_cut": len(prepared.cut)} | {name: count for name, count in left_out.items() if count}
    return results | {"beam": beam or partner.config.decode.beam}


def likelihood_of(partner: Partner, examples: Sequence[Example]) -> tuple[float, int]:
    """The total log-likelihood of the replies in nats, and their number of tokens including EOS."""
    lengths, most = _lengths(examples), partner.config.decode.tokens
    with evaluating(partner.model):
        nll, tokens = summed_loss(partner.model, lengths, lambda rows: collate(examples, rows), tokens=most)
    return -nll, tokens


def recall(partner: Partner, examples: Sequence[Example]) -> dict[str, Any]:
    """How often the true reply is ranked among the best of randomly drawn candidates.

    Returns: `recall_at_k_of_n` for each n that the file has enough distinct replies for, and `recall_contexts`, the
        number of contexts.
    """
    settings = partner.config.score
    pool = [list(ids) for ids in dict.fromkeys(tuple(example.target) for example in examples)]
    sampled = [examples[row] for row in evenly_spaced(len(examples), settings.contexts)]
    results: dict[str, Any] = {}
    for size, cutoffs in RECALL.items():
        if len(pool) >= size:
            ranks = _ranks(partner, sampled, pool, size)
            for cutoff in cutoffs:
                results[f"recall_at_{cutoff}_of_{size}"] = round(sum(rank < cutoff for rank in ranks) / len(ranks), 4)
    return results | ({"recall_contexts": len(sampled)} if results else {})


def _ranks(partner: Partner, examples: Sequence[Example], pool: Sequence[list[int]], size: int) -> list[int]:
    """The rank of each true reply among `size` candidates, from 0."""
    draw = random.Random(partner.config.score.seed)
    candidates = [[example.target, *_distractors(draw, pool, example.target, size - 1)] for example in examples]
    ranks: list[int] = []
    with evaluating(partner.model):
        for first in range(0, len(examples), max(1, ROWS // size)):
            part = slice(first, first + max(1, ROWS // size))
            sources = [example.source for example in examples[part]]
            source, lengths = (tensor.to(partner.device) for tensor in pad_sources(sources))
            model = cast(Any, partner.model)
            scores = likelihood(model, model.encode(source, lengths), candidates=candidates[part])
            counts = [[len(ids) + 1 for ids in row] for row in candidates[part]]
            scores = scores / torch.tensor(counts, device=scores.device)
            # The true reply is in column 0. Ties count against it: a model that tells nothing apart scores 0.
            ranks += (scores[:, 1:] >= scores[:, :1]).sum(1).tolist()
    return ranks


def _distractors(draw: random.Random, pool: Sequence[list[int]], true: list[int], count: int) -> list[list[int]]:
    """Distinct replies drawn from the pool, without the true one."""
    # One more than needed is drawn, since the true reply may be among them.
    drawn = draw.sample(range(len(pool)), count + 1)
    return [pool[row] for row in drawn if pool[row] != true][:count]


def _right_tokens(partner: Partner, examples: Sequence[Example]) -> int:
    """How many tokens are the most likely ones, given the true tokens before them."""
    right = 0
    with evaluating(partner.model):
        for rows in batches_by_length(_lengths(examples), partner.config.decode.tokens):
            batch = collate(examples, rows).to(partner.device)
            logits = cast(Any, partner.model).logits(batch.source, batch.source_lengths, batch.target_in)
            right += int(((logits.argmax(-1) == batch.target_out) & (batch.target_out != PAD)).sum())
    return right


def _exact(partner: Partner, examples: Sequence[Example], beam: int | None) -> float:
    """The fraction of replies that search finds exactly."""
    hypotheses = partner.search([example.source for example in examples], beam or partner.config.decode.beam)
    pairs = zip(hypotheses, examples, strict=True)
    return sum(hypothesis.tokens == example.target for hypothesis, example in pairs) / len(examples)


def _lengths(examples: Sequence[Example]) -> list[int]:
    return [max(len(example.source), len(example.target)) + 1 for example in examples]
