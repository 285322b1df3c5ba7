"""Configs: every published preset runs, and every unknown name or impossible width is answered with the fix."""

import pytest
import torch
from pydantic import ValidationError

from heedful.errors import UserError
from heedful.layer.reader import MERGES
from heedful.model.attention_config import AttentionConfig
from heedful.model.seq2seq import PRESETS, SeqToSeq, SeqToSeqConfig
from heedful.model.seq2seq.config import LOOKING, NAMES
from heedful.model.seq2seq.encoder import STARTS
from heedful.model.seq2seq.model import DECODERS
from heedful.watch import attentions


@pytest.mark.parametrize("name", PRESETS)
def test_presets_run(name: str) -> None:
    model = SeqToSeq.for_texts(PRESETS[name].model_copy(update={"embed": 3, "hidden": 3}), 11, 13).eval()
    result = model.logits(torch.tensor([[4, 5, 2]]), torch.tensor([3]), torch.tensor([[1, 4]]))
    assert result.shape == (1, 2, 13)


@pytest.mark.parametrize(("what", "table"), [("decoder", DECODERS), ("merge", MERGES), ("start", STARTS)])
def test_settings_and_tables_have_the_same_names(what: str, table: dict[str, object]) -> None:
    assert NAMES[what] == tuple(table)


def test_the_decoders_that_look_are_those_named() -> None:
    models = {name: SeqToSeq.for_texts(SeqToSeqConfig(decoder=name, embed=3, hidden=4), 11, 13) for name in DECODERS}
    assert tuple(name for name, model in models.items() if attentions(model, "decoder.look*")) == LOOKING


@pytest.mark.parametrize(
    ("changes", "meant"),
    [
        ({"decoder": "bahdanu"}, "bahdanau"),
        ({"cell": "lsmt"}, "lstm"),
        ({"merge": "concatenate"}, "concat"),
        ({"start": "zeros"}, "zero"),
        ({"tie": "targets"}, "target"),
    ],
)
def test_an_unknown_name_is_answered_with_the_likeliest(changes: dict[str, str], meant: str) -> None:
    with pytest.raises(UserError, match=f"did you mean '{meant}'"):
        SeqToSeqConfig(**changes)


@pytest.mark.parametrize(
    ("changes", "meant"),
    [
        ({"score": "aditive"}, "additive"),
        ({"region": "windows"}, "window"),
        ({"region": "window & casual"}, "causal"),
        ({"choice": "softt"}, "soft"),
    ],
)
def test_an_unknown_attention_is_answered_with_the_likeliest(changes: dict[str, str], meant: str) -> None:
    with pytest.raises(UserError, match=f"did you mean '{meant}'"):
        AttentionConfig(**changes)


def test_a_misspelt_option_is_refused() -> None:
    with pytest.raises(ValidationError, match="hiden"):
        SeqToSeqConfig(hiden=3)  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize("score", ["dot", "scaled-dot", "cosine"])
def test_scores_without_weights_need_equal_widths(score: str) -> None:
    config = SeqToSeqConfig(embed=3, hidden=4, attention=AttentionConfig(score=score))
    with pytest.raises(UserError, match=r"4 wide and the source's 8.*merge"):
        SeqToSeq.for_texts(config, 11, 13)
    SeqToSeq.for_texts(config.model_copy(update={"merge": "sum"}), 11, 13)
    SeqToSeq.for_texts(config.model_copy(update={"bidirectional": False}), 11, 13)


def test_handing_over_the_state_needs_equal_widths() -> None:
    with pytest.raises(UserError, match=r"start 'final'.*8 and 4"):
        SeqToSeq.for_texts(SeqToSeqConfig(embed=3, hidden=4, start="final"), 11, 13)


def test_tying_needs_equal_widths() -> None:
    with pytest.raises(UserError, match="embed 3 and hidden 4"):
        SeqToSeq.for_texts(SeqToSeqConfig(embed=3, hidden=4, tie="target"), 11, 13)


def test_tying_all_needs_one_vocabulary() -> None:
    with pytest.raises(UserError, match="11 source and 13 target"):
        SeqToSeq.for_texts(SeqToSeqConfig(embed=4, hidden=4, tie="all"), 11, 13)


def test_a_source_of_another_family_is_refused() -> None:
    blind, looking = (
        SeqToSeq.for_texts(SeqToSeqConfig(decoder=name, embed=3, hidden=4), 11, 13) for name in ("peek", "luong")
    )
    memory = blind.encode(torch.tensor([[4, 2]]), torch.tensor([2]))
    with pytest.raises(ValueError, match="without attention"):
        looking.step(torch.tensor([1]), looking.start(memory), memory)
