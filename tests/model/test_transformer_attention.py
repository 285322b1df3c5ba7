"""Transformers with any attention: causal, step by step, whatever the padding, the score, the region, the choice."""

from typing import Any

import pytest
import torch
from torch import Tensor

from heedful.errors import UserError
from heedful.model.attention_config import CHOICES, REGIONS, SCORES, AttentionConfig
from heedful.model.attention_sections import SelfSections, TextSections, TransformerSections
from heedful.model.language import CausalTransformer, CausalTransformerConfig
from heedful.model.text import TextClassifier, TextConfig
from heedful.model.transformer import Transformer, TransformerConfig
from heedful.model.weighted_transformer import WeightedTransformerConfig, weighted_transformer
from heedful.score import General
from heedful.shapes import take_rows
from heedful.structure import MultiHead

WORDS = 13
CERTAIN = [name for name in CHOICES if name != "gumbel"]  # it draws anew at every call
ATTENTIONS = [AttentionConfig(score=score, max_length=9) for score in SCORES]
ATTENTIONS += [AttentionConfig(score="general", region=name, radius=2) for name in (*REGIONS, "window & predicted")]
ATTENTIONS += [AttentionConfig(score="dot", choice=choice, best=2) for choice in CERTAIN]
SIZES: dict[str, Any] = {"width": 12, "heads": 3, "feedforward": 18}


def named(attention: AttentionConfig) -> str:
    return f"{attention.score}-{attention.region}-{attention.choice}"


def transformer(sections: TransformerSections, **settings: Any) -> Transformer:
    torch.manual_seed(0)
    shape = {**SIZES, "encoder_layers": 1, "decoder_layers": 2, "tie": "target"}
    return Transformer.for_texts(TransformerConfig(attention=sections, **(shape | settings)), WORDS, WORDS).eval()


def texts() -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    source = torch.randint(1, WORDS, (3, 7), generator=generator)
    return source, torch.tensor([7, 4, 2]), torch.randint(3, WORDS, (3, 5), generator=generator)


def both(attention: AttentionConfig) -> TransformerSections:
    return TransformerSections(self=attention, source=attention)


@pytest.fixture(params=ATTENTIONS, ids=named)
def model(request: pytest.FixtureRequest) -> Transformer:
    return transformer(both(request.param))


def test_the_past_does_not_know_the_future(model: Transformer) -> None:
    source, lengths, target = texts()
    before = model.logits(source, lengths, target)
    for changed in range(target.shape[1]):
        other = target.clone()
        other[:, changed:] = (target[:, changed:] + 3) % WORDS
        assert torch.equal(before[:, :changed], model.logits(source, lengths, other)[:, :changed])


def steps_equal_all_at_once(model: Transformer) -> None:
    source, lengths, target = texts()
    expected, memory = model.logits(source, lengths, target), model.encode(source, lengths)
    real = torch.arange(source.shape[1]) < lengths.unsqueeze(1)
    state = model.start(memory)
    for t in range(target.shape[1]):
        logits, state, attention = model.step(target[:, t], state, memory)
        torch.testing.assert_close(logits, expected[:, t], atol=1e-5, rtol=1e-5)
        assert attention is not None
        assert (attention()[~real] == 0).all()


def test_one_step_at_a_time_equals_all_at_once(model: Transformer) -> None:
    steps_equal_all_at_once(model)


def test_padding_and_company_change_nothing(model: Transformer) -> None:
    source, lengths, target = texts()
    together = model.logits(source, lengths, target)
    for row, length in enumerate(lengths.tolist()):
        one = slice(row, row + 1)
        alone = model.logits(source[one, :length], lengths[one], target[one])
        torch.testing.assert_close(alone[0], together[row], atol=1e-5, rtol=1e-5)


def test_rows_may_share_a_memory(model: Transformer) -> None:
    source, lengths, _ = texts()
    memory = model.encode(source, lengths)
    repeated = take_rows(memory, torch.arange(3).repeat_interleave(2))
    shared_state, repeated_state = model.start(memory), model.start(repeated)
    for tokens in ([1, 1, 1, 1, 1, 1], [3, 4, 5, 6, 7, 3], [4, 3, 3, 7, 6, 5]):
        shared = model.step(torch.tensor(tokens), shared_state, model.share(memory, 2))
        apart = model.step(torch.tensor(tokens), repeated_state, repeated)
        torch.testing.assert_close(shared.logits, apart.logits)
        assert shared.attention is not None
        assert apart.attention is not None
        torch.testing.assert_close(shared.attention(), apart.attention())
        shared_state, repeated_state = shared.state, apart.state


@pytest.mark.parametrize("attention", ATTENTIONS, ids=named)
def test_every_weight_that_is_trained_gets_a_gradient(attention: AttentionConfig) -> None:
    """With several processes, training waits for the gradient of every weight that asks for one."""
    model = transformer(both(attention)).train()
    source, lengths, target = texts()
    model.logits(source, lengths, target).square().sum().backward()
    trained = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    assert [name for name, weight in trained.items() if weight.grad is None] == []


@pytest.mark.parametrize("branched", ["source", "self", "both"])
@pytest.mark.parametrize("region", ["window", "predicted", "causal"])
def test_branches_take_any_attention(branched: str, region: str) -> None:
    torch.manual_seed(0)
    shape = {**SIZES, "encoder_layers": 1, "decoder_layers": 1, "tie": "target", "branched": branched}
    attention = both(AttentionConfig(score="general", region=region, radius=1))
    model = weighted_transformer(WeightedTransformerConfig(attention=attention, **shape), WORDS, WORDS).eval()
    assert {type(one.attention.score) for one in model.modules() if isinstance(one, MultiHead)} == {General}
    steps_equal_all_at_once(model)


def test_positions_in_the_source_follow_the_words_that_advance() -> None:
    """A window on the source is around the position of the next source word, not of the step."""
    torch.manual_seed(0)
    sections = TransformerSections(source=AttentionConfig(region="window", radius=1))
    config = TransformerConfig(**SIZES, encoder_layers=1, decoder_layers=1, tie="target", attention=sections)
    advances = torch.arange(WORDS) >= 8
    model = Transformer.for_texts(config, WORDS, WORDS, advances=advances).eval()
    source, lengths, _ = texts()
    steps_equal_all_at_once(model)
    memory = model.encode(source, lengths)
    state = model.start(memory)
    seen: list[list[bool]] = []
    for token in (1, 8, 4, 9):  # positions 0, 1, 1, 2
        step = model.step(torch.full((3,), token), state, memory)
        state = step.state
        assert step.attention is not None
        seen.append((step.attention()[0] > 0).tolist())
    assert [[place for place, looked in enumerate(row) if looked] for row in seen] == [
        [0, 1], [0, 1, 2], [0, 1, 2], [1, 2, 3]
    ]  # fmt: skip


def test_a_window_of_the_self_attention_is_kept_in_encoder_and_decoder() -> None:
    model = transformer(TransformerSections(self=AttentionConfig(region="window", radius=1)), position="none")
    source, lengths, target = texts()
    before, other = model.logits(source, lengths, target), target.clone()
    other[:, 0] = (target[:, 0] + 3) % WORDS
    after = model.logits(source, lengths, other)
    # Two layers with one word to each side reach two words back.
    assert torch.equal(before[:, 3:], after[:, 3:])
    assert not torch.equal(before[:, 2], after[:, 2])
    states = model.encoder(source, torch.tensor([7, 7, 7])).states
    source = source.clone()
    source[:, 0] = (source[:, 0] + 3) % WORDS
    changed = model.encoder(source, torch.tensor([7, 7, 7])).states
    assert torch.equal(states[:, 2:], changed[:, 2:])
    assert not torch.equal(states[:, 1], changed[:, 1])


def test_the_defaults_draw_the_weights_of_plain_multi_head_attention() -> None:
    """Settings that are left out must give the weights that a seed has always given."""
    plain = MultiHead(12, 3)
    for attention in (
        module for module in transformer(TransformerSections()).modules() if isinstance(module, MultiHead)
    ):
        assert repr(attention) == repr(plain)
        assert attention.state_dict().keys() == plain.state_dict().keys()


@pytest.mark.parametrize("attention", ATTENTIONS, ids=named)
def test_a_language_model_takes_any_attention(attention: AttentionConfig) -> None:
    torch.manual_seed(0)
    model = CausalTransformer(CausalTransformerConfig(**SIZES, layers=2, attention=SelfSections(self=attention)), WORDS)
    tokens = texts()[2]
    expected, state = model.eval().logits(tokens), None
    for t in range(tokens.shape[1]):
        features, state = model.forward_step(tokens[:, t : t + 1], state)
        torch.testing.assert_close(model.output(model.pre_logits(features[:, 0])), expected[:, t], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("what", [{"score": "location"}, {"region": "predicted"}, {"region": "window & predicted"}])
def test_positions_from_the_beginning_and_a_reach_are_refused(what: dict[str, str]) -> None:
    with pytest.raises(UserError, match=r"with reach 5 .*set model\.reach to null"):
        CausalTransformerConfig(**SIZES, reach=5, attention=SelfSections(self=AttentionConfig(**what)))


@pytest.mark.parametrize("attention", ATTENTIONS, ids=named)
def test_a_classifier_takes_any_self_attention(attention: AttentionConfig) -> None:
    torch.manual_seed(0)
    config = TextConfig(
        encoder="transformer", embed=6, hidden=12, heads=3, feedforward=8, attention=TextSections(self=attention)
    )
    model = TextClassifier(config, WORDS, 3).eval()
    source, lengths, _ = texts()
    together = model.logits(source, lengths, lengths.unsqueeze(1))
    for row, length in enumerate(lengths.tolist()):
        one = slice(row, row + 1)
        alone = model.logits(source[one, :length], lengths[one], lengths[one].unsqueeze(1))
        torch.testing.assert_close(alone[0], together[row], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("sections", "source", "target"),
    [
        (TransformerSections(), None, None),
        (TransformerSections(self=AttentionConfig(score="location", max_length=9)), 9, 9),
        (TransformerSections(source=AttentionConfig(score="location", max_length=9)), 9, None),
    ],
)
def test_scores_of_positions_limit_lengths(sections, source, target) -> None:
    config = TransformerConfig(attention=sections)
    assert (config.longest_source, config.longest_target) == (source, target)


def test_settings_of_before_there_were_sections_are_those_of_the_pooling() -> None:
    old = {"score": "general", "region": "window", "choice": "soft", "width": None, "radius": 3, "temperature": 1.0}
    read = TextConfig.model_validate({"encoder": "transformer", "attention": old})
    assert read.attention.pooling == AttentionConfig(**old)
    assert read.attention.self == AttentionConfig(score="scaled-dot")
    assert TextConfig.model_validate(read.model_dump()) == read
