"""Few labels and much text: what pretraining learns is worth points of accuracy and makes runs more alike (SA-LSTM)."""

from statistics import mean, stdev
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from heedful.data import Document, collate_documents
from heedful.model.pretrain import PretrainConfig, Pretraining
from heedful.model.text import PRESETS, TextClassifier
from heedful.shapes import BOS, EOS

LENGTH, WORDS = 20, 44
SIZE: dict[str, Any] = {"embed": 32, "hidden": 64, "word_dropout": 0.0}


pytestmark = pytest.mark.usefixtures("unchecked_shapes")


class Texts(NamedTuple):
    """Texts of a class each, which tells what words follow which."""

    tokens: Tensor
    labels: Tensor


def draw(rows: int, seed: int) -> Texts:
    """Two classes of texts with the same words as often: in each a word is followed by one of four, others in each."""
    rules = torch.Generator().manual_seed(77)
    follow = torch.stack(
        [torch.stack([torch.randperm(WORDS - 4, generator=rules) for _ in range(4)], dim=1) for _ in range(2)]
    )
    dice = torch.Generator().manual_seed(seed)
    labels = torch.randint(2, (rows,), generator=dice)
    words = [torch.randint(WORDS - 4, (rows,), generator=dice)]
    for _ in range(LENGTH - 1):
        follower = torch.randint(4, (rows,), generator=dice)
        words.append(follow[labels, words[-1], follower])
    return Texts(4 + torch.stack(words, dim=1), labels)


UNLABELLED, LABELLED, UNSEEN = draw(20_000, 1).tokens, draw(200, 2), draw(1000, 3)


def pretrained(texts: Tensor, seed: int) -> Pretraining:
    """A language model after two passes of 64 texts a step."""
    torch.manual_seed(seed)
    model = Pretraining(PretrainConfig(objective="next-word", **SIZE), WORDS)
    ends = [torch.full((len(texts), 1), one) for one in (BOS, EOS)]
    inputs, targets = torch.cat([ends[0], texts], 1), torch.cat([texts, ends[1]], 1)
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    for rows in [rows for _ in range(2) for rows in torch.randperm(len(texts)).split(64)]:
        loss = model.loss(SimpleNamespace(inputs=inputs[rows], targets=targets[rows]))
        optimiser.zero_grad()
        (loss.total / loss.tokens).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
    return model


def accuracy(start: Pretraining | None, seed: int) -> float:
    """Of unseen texts, after forty passes over the labelled ones from such a start."""
    torch.manual_seed(seed)
    config = PRESETS["sa-lstm"].model_copy(update=SIZE)
    model = TextClassifier(config, WORDS, 2)
    if start is not None:
        model.transplant(start.embedding, start.recurrent)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    for rows in [rows for _ in range(40) for rows in torch.randperm(len(LABELLED.tokens)).split(50)]:
        batch = collate_documents(
            [Document([LABELLED.tokens[row].tolist()], int(LABELLED.labels[row])) for row in rows]
        )
        loss = model.loss(batch)
        optimiser.zero_grad()
        (loss.total / loss.tokens).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
    lengths = torch.full((len(UNSEEN.tokens),), LENGTH)
    with torch.no_grad():
        found = model.eval().logits(UNSEEN.tokens, lengths, lengths.unsqueeze(1)).argmax(1)
    return float((found == UNSEEN.labels).double().mean())


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_two_hundred_labels_tell_more_after_text_without_labels() -> None:
    """Words of the same texts in any order hold nothing to learn, and so are no help."""
    order = torch.rand(UNLABELLED.shape, generator=torch.Generator().manual_seed(4)).argsort(1)
    seeds = (1, 2, 3)
    scratch = [accuracy(None, seed) for seed in seeds]
    begun = [accuracy(pretrained(UNLABELLED, seed), seed) for seed in seeds]
    control = [accuracy(pretrained(UNLABELLED.gather(1, order), seed), seed) for seed in seeds]
    shown = f"from scratch {scratch}, pretrained {begun}, on words in any order {control}"
    assert mean(begun) >= mean(scratch) + 0.05, shown
    assert stdev(begun) < stdev(scratch), shown
    assert mean(control) < mean(scratch) + 0.05, shown
