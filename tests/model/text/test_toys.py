"""Classifiers look where they should on toy texts, and models that cannot look do not.

A planted text has one trigger word; its label is the class word right behind it, and other class words stand all over.
That a model answers right does not show that it looks there: a recurrent layer carries the answer anywhere, so that the
mean of its states does as well. So where the weights are largest is tested: at the trigger or at the word behind it.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from heedful.model.text import PRESETS, TextClassifier, TextConfig
from heedful.watch import record

TRIGGER, CLASS, CLASSES, FILLER, WORDS = 4, 5, 4, 9, 30
LEARNT = 0.99
CHANCE = 0.3
"""More than any model hits that cannot look: 2 of 60 words, or one of 6 sentences, by luck."""

SMALL: dict[str, Any] = {
    "embed": 32,
    "hidden": 32,
    "maps": 32,
    "dropout": 0.0,
    "embed_dropout": 0.0,
    "word_dropout": 0.0,
}


pytestmark = pytest.mark.usefixtures("unchecked_shapes")


class Texts(NamedTuple):
    """A labelled batch, and where its triggers stand: the sentence, and the word in the whole text."""

    tokens: Tensor
    lengths: Tensor
    sentences: Tensor
    labels: Tensor
    sentence: Tensor
    word: Tensor


Make = Callable[[int, torch.Generator], Texts]


def planted(sentences: int, words: int) -> Make:
    """Makes texts of so many sentences and words in each; a fifth of the words are class words."""

    def make(rows: int, draw: torch.Generator) -> Texts:
        shape = (rows, sentences, words)
        tokens = torch.randint(FILLER, WORDS, shape, generator=draw)
        noise = torch.randint(CLASS, CLASS + CLASSES, shape, generator=draw)
        tokens = torch.where(torch.rand(shape, generator=draw) < 0.2, noise, tokens)
        sentence = torch.randint(sentences, (rows,), generator=draw)
        word = torch.randint(words - 1, (rows,), generator=draw)
        labels = torch.randint(CLASSES, (rows,), generator=draw)
        tokens[torch.arange(rows), sentence, word] = TRIGGER
        tokens[torch.arange(rows), sentence, word + 1] = CLASS + labels
        lengths = torch.full((rows,), sentences * words)
        counts = torch.full((rows, sentences), words)
        return Texts(tokens.flatten(1), lengths, counts, labels, sentence, sentence * words + word)

    return make


def learn(name: str, make: Make, *, steps: int, seed: int = 0, **changes: Any) -> TextClassifier:
    """A preset, small, after so many steps of 64 texts."""
    torch.manual_seed(seed)
    draw = torch.Generator().manual_seed(seed + 1)
    settings = PRESETS[name].model_dump() | SMALL | changes
    model = TextClassifier(TextConfig(**settings), WORDS, CLASSES)
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(steps):
        optimiser.zero_grad()
        (model.loss(make(64, draw)).total / 64).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        model.output.to_bounds()
    return model.eval()


def dropouts(name: str) -> dict[str, Any]:
    """A preset's own. Without them a model may answer one label for lack of a sign of others, and look nowhere then."""
    return {rate: getattr(PRESETS[name], rate) for rate in ("dropout", "embed_dropout", "word_dropout")}


def unseen(make: Make) -> Texts:
    return make(500, torch.Generator().manual_seed(99))


@torch.no_grad()
def accuracy(model: TextClassifier, texts: Texts) -> float:
    found = model.logits(texts.tokens, texts.lengths, texts.sentences).argmax(1)
    return (found == texts.labels).float().mean().item()


def hits(model: TextClassifier, texts: Texts) -> tuple[float, float]:
    """How often the trigger's sentence has most weight; how often in it the trigger or the word behind it has."""
    looks = model.looks(texts.tokens, texts.lengths, texts.sentences)
    sentences = looks.get("sentences", torch.ones(len(texts.tokens), 1))
    sentence = texts.sentence if "sentences" in looks else torch.zeros_like(texts.sentence)
    words = looks["words"].unflatten(1, (sentences.shape[1], -1))
    best = words[torch.arange(len(words)), sentence].argmax(1) + sentence * words.shape[2]
    hit = (best == texts.word) | (best == texts.word + 1)
    return (sentences.argmax(1) == sentence).float().mean().item(), hit.float().mean().item()


def one_telling_word(rows: int, draw: torch.Generator) -> Texts:
    """Sixty words of which one, anywhere, is a class word: the label."""
    tokens = torch.randint(FILLER, WORDS, (rows, 60), generator=draw)
    word, labels = torch.randint(60, (rows,), generator=draw), torch.randint(CLASSES, (rows,), generator=draw)
    tokens[torch.arange(rows), word] = CLASS + labels
    lengths = torch.full((rows,), 60)
    return Texts(tokens, lengths, lengths.unsqueeze(1), labels, torch.zeros_like(word), word)


def trigrams(rows: int, draw: torch.Generator) -> Texts:
    """Twenty words with the same three in one of four orders, somewhere: the order is the label."""
    orders = torch.tensor([[4, 5, 6], [5, 6, 4], [6, 4, 5], [4, 6, 5]])
    tokens = torch.randint(FILLER, WORDS, (rows, 20), generator=draw)
    word, labels = torch.randint(18, (rows,), generator=draw), torch.randint(CLASSES, (rows,), generator=draw)
    tokens[torch.arange(rows).unsqueeze(1), word.unsqueeze(1) + torch.arange(3)] = orders[labels]
    lengths = torch.full((rows,), 20)
    return Texts(tokens, lengths, lengths.unsqueeze(1), labels, torch.zeros_like(word), word)


FLAT, DOCUMENTS = planted(1, 60), planted(6, 10)


def test_a_recurrent_model_looks_at_the_trigger_among_sixty_words() -> None:
    texts, model = unseen(FLAT), learn("birnn", FLAT, steps=150, **dropouts("birnn"))
    assert accuracy(model, texts) >= LEARNT
    assert hits(model, texts)[1] >= LEARNT
    torch.nn.init.zeros_(model.words.pooling.query)  # pyright: ignore  # the mean: it does need to look
    assert hits(model, texts)[1] <= CHANCE
    assert accuracy(model, texts) <= 0.8


@pytest.mark.slow
def test_where_it_looks_hangs_on_its_forget_gates_and_not_on_the_seed() -> None:
    """An LSTM whose gates start open carries what the trigger told along, and looks where it still knows."""
    texts = unseen(FLAT)
    closed = [learn("birnn", FLAT, steps=150, seed=seed, **dropouts("birnn")) for seed in range(1, 6)]
    opened = [learn("birnn", FLAT, steps=400, seed=seed, forget=1.0, **dropouts("birnn")) for seed in range(1, 6)]
    assert min(accuracy(model, texts) for model in (*closed, *opened)) >= LEARNT
    assert min(hits(model, texts)[1] for model in closed) >= LEARNT
    assert min(hits(model, texts)[1] for model in opened) <= 0.5


@pytest.mark.slow
def test_an_asking_layer_looks_at_the_trigger_among_ngrams() -> None:
    texts, model = unseen(FLAT), learn("cnn-attention", FLAT, steps=100)
    assert accuracy(model, texts) >= LEARNT
    assert hits(model, texts)[1] >= LEARNT
    for parameter in model.words.pooling.attention.parameters():  # pyright: ignore  # the mean of all n-grams
        torch.nn.init.zeros_(parameter)
    assert hits(model, texts)[1] <= CHANCE
    assert accuracy(model, texts) <= 0.8


@pytest.mark.slow
def test_the_mean_answers_as_well_and_looks_nowhere() -> None:
    texts, model = unseen(FLAT), learn("birnn", FLAT, steps=400, pooling="mean")  # .994 to 1 are right after 300
    assert accuracy(model, texts) >= LEARNT
    assert hits(model, texts)[1] <= CHANCE


def test_a_hierarchy_finds_the_sentence_and_the_word() -> None:
    texts, model = unseen(DOCUMENTS), learn("han", DOCUMENTS, steps=100)
    assert accuracy(model, texts) >= LEARNT
    assert min(hits(model, texts)) >= LEARNT
    swapped = texts._replace(sentence=texts.sentence.roll(1), word=texts.word.roll(1))  # where others' triggers are
    assert max(hits(model, swapped)) <= CHANCE


@pytest.mark.slow
def test_a_hierarchy_of_means_answers_as_well_and_looks_nowhere() -> None:
    texts, model = unseen(DOCUMENTS), learn("han", DOCUMENTS, steps=150, pooling="mean")
    assert accuracy(model, texts) >= LEARNT
    assert max(hits(model, texts)) <= CHANCE


def test_a_bag_of_words_that_looks_finds_the_telling_word() -> None:
    texts = unseen(one_telling_word)
    looking = learn("words", one_telling_word, steps=100, pooling="attention")
    assert accuracy(looking, texts) >= LEARNT
    assert hits(looking, texts)[1] >= LEARNT
    mean = learn("words", one_telling_word, steps=100)
    assert hits(mean, texts)[1] <= CHANCE
    assert accuracy(mean, texts) < accuracy(looking, texts) - 0.1


def test_a_transformer_looks_at_the_telling_word_by_way_of_its_layer() -> None:
    # Its states hold each other's words, so that the pooling alone says little: weights are followed through the layer
    # and its residual (Abnar and Zuidema 2020, arXiv:2005.00928).
    texts = unseen(one_telling_word)
    settings = {"heads": 2, "feedforward": 64, "layers": 1} | dropouts("transformer")
    model = learn("transformer", one_telling_word, steps=100, **settings)
    assert accuracy(model, texts) >= LEARNT
    for trained, least, most in ((model, LEARNT, 1.0), (learn("transformer", FLAT, steps=0, **settings), 0.0, CHANCE)):
        with torch.no_grad(), record(trained) as seen:
            trained.features(texts.tokens, texts.lengths, texts.sentences)
        inside = seen.maps["words.encoder.layers.0.self"].mean(1)
        pooled = seen.maps["words.pooling.attention"][:, 0]
        followed = (pooled @ inside + pooled).squeeze(1)
        assert least <= (followed.argmax(1) == texts.word).float().mean() <= most


def test_ngrams_tell_the_orders_of_three_words_which_a_bag_of_words_cannot() -> None:
    texts = unseen(trigrams)
    assert accuracy(learn("textcnn", trigrams, steps=100), texts) >= 0.99
    assert accuracy(learn("words", trigrams, steps=100), texts) <= 0.35
