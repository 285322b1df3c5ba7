"""Captioners learn to name flagged regions, where they look; with a dead attention or a blank picture they cannot.

A picture has nine regions with an object each; two are flagged. Its caption is "X on Y": the object of the first
flagged region, a grammar word, the object of the second. A region's state knows nothing of the others, and the decoder
begins from their mean, which has lost which object is flagged.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.model.caption import (
    AdaptiveCaptionerConfig,
    HardCaptionerConfig,
    SoftCaptionerConfig,
    TransformerCaptionerConfig,
    adaptive,
    hard,
    soft,
    transformer,
)
from heedful.model.encoder import Encoded
from heedful.model.picture import PictureConfig
from heedful.shapes import BOS, EOS

pytestmark = pytest.mark.usefixtures("unchecked_shapes")

REGIONS, OBJECTS, FIRST = 9, 10, 4
ON = FIRST + OBJECTS
WORDS = ON + 1
WIDTH = 32


class Batch(NamedTuple):
    """Regions, and "X on Y"; `place` are the two flagged regions."""

    source: Tensor
    source_lengths: Tensor
    target_in: Tensor
    target_out: Tensor
    place: Tensor


def draw(rows: int, generator: torch.Generator) -> Batch:
    objects = torch.randint(0, OBJECTS, (rows, REGIONS), generator=generator)
    place = torch.rand(rows, REGIONS, generator=generator).argsort(1)[:, :2]
    flags = nn.functional.one_hot(place, REGIONS).float().transpose(1, 2)
    source = torch.cat([nn.functional.one_hot(objects, OBJECTS).float(), flags], dim=-1)
    named = FIRST + objects.gather(1, place)
    on, begin, end = (torch.full((rows, 1), word) for word in (ON, BOS, EOS))
    out = torch.cat([named[:, :1], on, named[:, 1:], end], dim=1)
    return Batch(source, torch.full((rows,), REGIONS), torch.cat([begin, out[:, :-1]], dim=1), out, place)


class Regions(nn.Module):
    """A linear state of each region."""

    def __init__(self) -> None:
        super().__init__()
        self.output_dim = WIDTH
        self.linear = nn.Linear(OBJECTS + 2, WIDTH)

    def forward(self, source: Tensor, lengths: Tensor) -> Encoded:
        return Encoded(self.linear(source), torch.ones(source.shape[:2], dtype=torch.bool))


SIZES: dict[str, Any] = {"embed": 32, "hidden": 48, "dropout": 0.0}
BUILD: dict[str, Callable[[], Any]] = {
    "soft": lambda: soft(SoftCaptionerConfig(penalty=0.02, **SIZES), WORDS, encoder=Regions()),
    "hard": lambda: hard(HardCaptionerConfig(**SIZES), WORDS, encoder=Regions()),
    "adaptive": lambda: adaptive(AdaptiveCaptionerConfig(**SIZES), WORDS, encoder=Regions()),
    "transformer": lambda: transformer(
        TransformerCaptionerConfig(
            picture=PictureConfig(hidden=WIDTH), heads=2, layers=2, feedforward=48, dropout=0.0
        ),
        WORDS,
        encoder=Regions(),
    ),
}  # fmt: skip
STEPS = {"soft": 400, "hard": 500, "adaptive": 400, "transformer": 400}
LEARNT, BLIND = 0.95, 0.3


def learn(model: nn.Module, steps: int, *, least: int = 0) -> None:
    """Trains until unseen captions are right, for `least` steps at least."""
    generator = torch.Generator().manual_seed(1)
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(1, steps + 1):
        model.train()
        loss = model.loss(draw(64, generator))
        optimiser.zero_grad()
        (loss.total / loss.tokens).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        if step % 50 == 0 and step >= least and exact(model) >= 0.99:
            break
    model.eval()


def speak(model: Any, batch: Batch, memory: Any = None, frozen: bool = False) -> tuple[Tensor, Tensor]:
    """Greedy words ``[B, T]``, and where the model looked ``[B, T, S]``; `frozen` looks as at the first step."""
    model.eval()
    with torch.no_grad():
        memory = model.encode(batch.source, batch.source_lengths) if memory is None else memory
        state, token, words, maps = model.start(memory), batch.target_in[:, 0], [], []
        for _ in range(batch.target_out.shape[1]):
            step = model.step(token, state, memory)
            state, token = step.state, step.logits.argmax(-1)
            words.append(token)
            maps.append(step.attention())
    return torch.stack(words, dim=1), torch.stack(maps, dim=1)


def unseen() -> Batch:
    return draw(256, torch.Generator().manual_seed(2))


def exact(model: Any, memory: Any = None) -> float:
    batch = unseen()
    return (speak(model, batch, memory)[0] == batch.target_out).all(1).double().mean().item()


def flat(nest: Any) -> Any:
    """A memory whose keys are all alike: attention to it is even."""
    if isinstance(nest, Memory):
        return replace(nest, key=torch.zeros_like(nest.key))
    if isinstance(nest, tuple):
        items = [flat(item) for item in nest]
        return type(nest)(*items) if hasattr(nest, "_fields") else tuple(items)
    return nest


def encoded(model: Any, source: Tensor) -> Any:
    with torch.no_grad():
        return model.encode(source, torch.full((source.shape[0],), REGIONS))


@pytest.mark.parametrize("name", BUILD)
def test_it_names_the_flagged_regions_where_it_looks(name: str) -> None:
    torch.manual_seed(0)
    model, batch = BUILD[name](), unseen()
    # A sentinel takes over grammar only after the objects are right.
    learn(model, STEPS[name], least=300 if name == "adaptive" else 0)
    assert exact(model) >= LEARNT
    _, maps = speak(model, batch)
    hits = maps[:, [0, 2]].argmax(-1) == batch.place
    assert hits.float().mean() >= 0.9, "chance is 1 in 9"
    moved = (maps[:, 0] - maps[:, 2]).abs().amax(-1)
    assert moved.mean() >= 0.3
    # Controls: what a dead attention, a blank picture and another picture leave.
    assert exact(model, flat(encoded(model, batch.source))) <= BLIND
    assert exact(model, encoded(model, torch.zeros_like(batch.source))) <= BLIND
    assert exact(model, encoded(model, batch.source.roll(1, 0))) <= BLIND
    if name == "adaptive":
        check_sentinel(model, batch, maps)


def check_sentinel(model: Any, batch: Batch, maps: Tensor) -> None:
    """Grammar reads the sentinel, objects the regions; a sentinel that takes all makes the objects wrong."""
    beta = 1 - maps.sum(-1)
    assert (beta[:, 1].mean() - beta[:, [0, 2]].mean()) >= 0.5
    words, _ = speak(model, batch, nothing_to_see(encoded(model, batch.source)))
    assert (words[:, 1] == ON).float().mean() >= 0.9
    assert (words[:, [0, 2]] == batch.target_out[:, [0, 2]]).float().mean() <= BLIND


def nothing_to_see(memory: Any) -> Any:
    """The memory with no region to look at: all weight is the sentinel's."""
    return memory._replace(memory=replace(memory.memory, keep=torch.zeros_like(memory.keep)))


def test_the_first_step_s_weights_would_not_do() -> None:
    """The control of a static attention: the words after the first, read with the first word's weights, are wrong."""
    torch.manual_seed(0)
    model, batch = BUILD["soft"](), unseen()
    learn(model, STEPS["soft"])
    memory = encoded(model, batch.source)
    _, maps = speak(model, batch, memory)
    seen = maps[:, :1] @ memory.memory.value  # the region of the first look alone
    one = Memory(memory.memory.key[:, :1], seen, None, memory.memory.score)
    assert exact(model, memory._replace(memory=one, keep=torch.ones(256, 1, dtype=torch.bool))) <= BLIND
