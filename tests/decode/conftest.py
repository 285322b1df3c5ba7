"""Small random translators, sentences for them, and what search is checked against: replaying an output.

`heedful` is imported inside the functions: pytest reads this file before the shape checks are in place. Test files
reach them through the fixture `kit`, for they cannot import from here.
"""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest


def translator(seed: int, words: int = 7) -> Any:
    """A Transformer that knows nothing, firmly: its probabilities are far from even."""
    import torch

    from heedful.model.transformer import Transformer, TransformerConfig

    torch.manual_seed(seed)
    config = TransformerConfig(
        width=10, heads=2, encoder_layers=1, decoder_layers=2, feedforward=13, tie="none", norm="post"
    )
    model = Transformer.for_texts(config, 11, words).eval()
    with torch.no_grad():
        model.output.weight *= 1.7
    return model


def recurrent(seed: int, **settings: Any) -> Any:
    """A recurrent one, as firm."""
    import torch

    from heedful.model.seq2seq import SeqToSeq, SeqToSeqConfig

    torch.manual_seed(seed)
    model = SeqToSeq.for_texts(SeqToSeqConfig(embed=5, hidden=7, **settings), 11, 7).eval()
    with torch.no_grad():
        model.output.weight *= 3.0
    return model


def sentences(seed: int, rows: int = 5, longest: int = 7) -> Any:
    """Padded sources and their lengths."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, longest + 1, (rows,), generator=generator)
    lengths[0] = longest
    return torch.randint(3, 11, (rows, longest), generator=generator), lengths


@dataclass
class Replay:
    """What a model says of an output: log-probability, and where it looked for each token, EOS included."""

    log_probability: float
    attention: Any


def replay(model: Any, source: Any, length: int, outputs: list[list[int]]) -> list[Replay]:
    """Force outputs (EOS among their tokens if it was said) on the model, one token at a time.

    All outputs are of one sentence and without padding; each is a row of its own.
    """
    import torch

    from heedful.shapes import BOS

    rows, longest = len(outputs), max(map(len, outputs))
    heard = torch.tensor([output + [0] * (longest - len(output)) for output in outputs])
    said = torch.cat([torch.full((rows, 1), BOS), heard[:, :-1]], dim=1)
    with torch.no_grad():
        memory = model.encode(source[None, :length].expand(rows, -1), torch.full((rows,), length))
        state, gains, maps = model.start(memory), [], []
        for t in range(longest):
            step = model.step(said[:, t], state, memory)
            state = step.state
            gains.append(torch.log_softmax(step.logits, -1).gather(1, heard[:, t : t + 1]))
            maps.append(None if step.attention is None else step.attention())
    total = torch.cat(gains, dim=1)
    looks = None if maps[0] is None else torch.stack(maps, dim=1)
    return [
        Replay(total[row, : len(output)].sum().item(), None if looks is None else looks[row, : len(output)])
        for row, output in enumerate(outputs)
    ]


class Unshared:
    """The same model, hiding that rows can share a memory."""

    def __init__(self, model: Any) -> None:
        self.encode, self.start, self.step = model.encode, model.start, model.step


class Blind(Unshared):
    """The same model, saying nothing of where it looks."""

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self.step = lambda *given: model.step(*given)._replace(attention=None)


@pytest.fixture
def kit() -> SimpleNamespace:
    """The helpers above."""
    return SimpleNamespace(translator=translator, sentences=sentences, replay=replay, Unshared=Unshared, Blind=Blind)


@pytest.fixture(params=["transformer", "rnnsearch", "feedback"])
def model(request: pytest.FixtureRequest) -> Any:
    """A translator of each sort: attention alone, recurrent and looking, recurrent and not looking."""
    if request.param == "transformer":
        return translator(0)
    if request.param == "rnnsearch":
        return recurrent(0)
    return recurrent(0, decoder="feedback", bidirectional=False, start="final")
