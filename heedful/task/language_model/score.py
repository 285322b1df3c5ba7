"""How well a language model knows a text: nats and bits, per token and per character."""

import math
from typing import Any

from heedful.metric.perplexity import perplexity
from heedful.task.language_model.texts import Text, Tokens, as_tokens
from heedful.task.language_model.writer import Writer

_LOG_2 = math.log(2.0)


def evaluate(writer: Writer, text: Text) -> dict[str, Any]:
    """Scores every token of a text but the very first, the tokens before it given.

    Windows overlap by the context of the settings, so that only the first of them asks for tokens with little before
    them. Characters count all that the tokens stand for, an end of line as one: so models with other tokenisers
    compare. Unknown characters are scored as what they are to the model, one token, and `unknown` is their share.
    Returns: perplexity and nats_per_token, nats_per_character, bits_per_character, tokens, characters, unknown, window
        and context.
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
    """Loss in nats per token and perplexity of validation text, in windows side by side, as training has them."""
    most = writer.config.data.valid_most
    runs = tokens.runs(writer.config.data.window, 0)
    asked = 0
    for number, run in enumerate(runs):
        asked += run.target_count
        if asked >= most:
            runs = runs[: number + 1]
            break
    total, count = writer.nll(runs)
    return {"loss": total / count, "perplexity": perplexity(total / count)}
