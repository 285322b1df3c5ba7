"""The closed table of translators: a name at the edge, a configured model behind it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from torch import nn

from heedful.errors import UserError, did_you_mean
from heedful.model.seq2seq import PRESETS, SeqToSeq, SeqToSeqConfig
from heedful.model.transformer import Transformer, TransformerConfig
from heedful.task import papers
from heedful.task.papers import Paper


@dataclass(frozen=True)
class Family:
    """A family of models: how it is configured and built, and which of its attentions look at the source."""

    config: type[BaseModel]
    build: Callable[[Any, int, int], nn.Module]
    source_attention: str


_RECURRENT = Family(SeqToSeqConfig, SeqToSeq, "decoder.look*")
_TRANSFORMER = Family(TransformerConfig, Transformer, "decoder.*.source")


@dataclass(frozen=True)
class Name:
    """A model that can be asked for by name."""

    family: Family
    preset: BaseModel
    summary: str
    paper: Paper
    train: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Where training settings other than the general ones serve it better."""


MODELS: dict[str, Name] = {
    "transformer": Name(
        _TRANSFORMER,
        TransformerConfig(),
        "attention alone: many heads, trained all words at once",
        papers.ATTENTION_IS_ALL_YOU_NEED,
        {"rate": 2e-3},
    ),
    "rnnsearch": Name(
        _RECURRENT,
        PRESETS["rnnsearch"],
        "bidirectional GRU, additive attention before every step",
        papers.ALIGN_AND_TRANSLATE,
    ),
    "luong": Name(
        _RECURRENT,
        PRESETS["luong"],
        "LSTM, global attention with score general, input feeding",
        papers.EFFECTIVE_APPROACHES,
    ),
    "luong-local": Name(
        _RECURRENT,
        PRESETS["luong-local"],
        "the same with local-p: a learned centre and a window",
        papers.EFFECTIVE_APPROACHES,
    ),
    "sutskever": Name(
        _RECURRENT,
        PRESETS["sutskever"],
        "LSTM without attention: all of the source in one vector",
        papers.SEQUENCE_TO_SEQUENCE,
    ),
    "cho": Name(
        _RECURRENT,
        PRESETS["cho"],
        "GRU without attention that sees the source vector at every step",
        papers.PHRASE_REPRESENTATIONS,
    ),
}

_ALIASES = {"bahdanau": "rnnsearch", "attention": "rnnsearch", "seq2seq": "sutskever", "rnn": "rnnsearch"}


def model_named(name: str) -> tuple[str, Name]:
    """The entry of a name, and the name it goes by here ("bahdanau" is "rnnsearch").

    Raises: UserError for an unknown name, with the likeliest.
    """
    known = _ALIASES.get(name, name)
    if known not in MODELS:
        raise UserError(f"no model is called {name!r}", hint=did_you_mean(name, [*MODELS, *_ALIASES]))
    return known, MODELS[known]
