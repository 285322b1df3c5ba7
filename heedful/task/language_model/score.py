"""Scores a text with a language model: nats and bits, per token and per character."""

import math
from typing import Any

from heedful.metric.perplexity import perplexity
from heedful.task.language_model.texts import Text, Tokens, as_tokens
from heedful.task.language_model.writer import Writer

_LOG_2 = math.log(2.0)


def evaluate(writer: Writer, text: Text) -> dict[str, Any]:
    """Scores every token of a text except the first, given the tokens before it.

    Windows overlap by ``decode.context`` tokens, so that only the first window scores tokens with little context.
    Numbers per character make models with different tokenisers comparable; an end of line counts as one character.
    An unknown character is scored as the unknown token. `unknown` is the fraction of unknown tokens.
    Returns: perplexity, nats_per_token, nats_per_character, bits_per_character, tokens, characters, unknown, window and
        context.
    """
    tokens = as_tokens(text, writer.tokeniser, writer.config.data)
    config = writer.config
    total, count = writer.nll(tokens.runs(config.data.window, config.context))
    return {
        "perplexity": perplexity(total / count),
        "nats_per_token": total / count,
        "nats_per_character": total / tokens.characters,
        "bits_per_character": total / tokens.characters / _LOG_2,
        "tokens": count,
        "characters": tokens.characters,
        "unknown": tokens.unknown,
        "window": config.data.window,
        "context": config.context,
    }


def validation_numbers(writer: Writer, tokens: Tokens) -> dict[str, float]:
    """Loss in nats per token and perplexity of validation text, in windows that do not overlap, as in training."""
    limit = writer.config.data.valid_most
    runs = tokens.runs(writer.config.data.window, 0)
    scored = 0
    # Only whole windows are scored, so that slightly more than the limit may be.
    for number, run in enumerate(runs):
        scored += run.target_count
        if scored >= limit:
            runs = runs[: number + 1]
            break
    total, count = writer.nll(runs)
    return {"loss": total / count, "perplexity": perplexity(total / count)}
