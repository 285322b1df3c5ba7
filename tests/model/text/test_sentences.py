"""Sentences are grouped by length: every one once, little padding, back in their places."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from heedful.model.text.sentences import group_sentences, read_sentences, scatter_sentence_weights, scatter_word_weights

COUNTS = st.lists(st.lists(st.integers(0, 40), min_size=1, max_size=6).filter(any), min_size=1, max_size=5)


def batch_of(counts: list[list[int]]) -> tuple[Tensor, Tensor]:
    """Tokens that number every word of the batch from 1, and how many each sentence has."""
    width, most = max(map(sum, counts)), max(map(len, counts))
    tokens, sentences = torch.zeros(len(counts), width, dtype=torch.int64), torch.zeros(len(counts), most).long()
    number = 1
    for row, own in enumerate(counts):
        tokens[row, : sum(own)] = torch.arange(number, number + sum(own))
        sentences[row, : len(own)] = torch.tensor(own)
        number += sum(own)
    return tokens, sentences


@given(COUNTS)
def test_every_sentence_is_read_once_with_its_own_words(counts: list[list[int]]) -> None:
    tokens, sentences = batch_of(counts)
    seen: dict[int, list[int]] = {}
    for group in group_sentences(sentences, tokens.shape[1]):
        for sentence, words, length in zip(group.sentence, group.token, group.lengths, strict=True):
            seen[int(sentence)] = tokens.flatten()[words[: int(length)]].tolist()
    most, number = sentences.shape[1], 1
    for row, own in enumerate(counts):
        for place, length in enumerate(own):
            assert seen.pop(row * most + place, []) == list(range(number, number + length))
            number += length
    assert not seen


@given(COUNTS)
def test_vectors_come_back_in_order_without_the_empty_ones(counts: list[list[int]]) -> None:
    tokens, sentences = batch_of(counts)

    def first_word(words: Tensor, lengths: Tensor) -> Tensor:
        return torch.stack([words[:, 0], lengths], dim=1).double()

    vectors, real = read_sentences(tokens, sentences, first_word)
    for row, own in enumerate(counts):
        lengths = [length for length in own if length]
        assert real[row] == len(lengths)
        assert vectors[row, : len(lengths), 1].tolist() == lengths
        starts = torch.tensor([0, *lengths]).cumsum(0)[:-1]
        assert vectors[row, : len(lengths), 0].equal(tokens[row, starts].double())
        assert vectors[row, len(lengths) :].eq(0).all()


@given(COUNTS)
def test_weights_come_back_to_their_words_and_sentences(counts: list[list[int]]) -> None:
    tokens, sentences = batch_of(counts)
    groups = group_sentences(sentences, tokens.shape[1])
    weights = [tokens.flatten()[group.token].double() for group in groups]
    assert scatter_word_weights(groups, weights, tokens).equal(tokens.double())
    real = sentences > 0
    above = torch.arange(1.0, real.sum(1).max() + 1).expand(len(counts), -1)
    back = scatter_sentence_weights(above, sentences)
    assert back[~real].eq(0).all()
    for row in range(len(counts)):
        assert back[row, real[row]].tolist() == list(range(1, int(real[row].sum()) + 1))


@given(COUNTS)
def test_groups_are_at_most_four_times_their_tokens(counts: list[list[int]]) -> None:
    for group in group_sentences(batch_of(counts)[1], max(map(sum, counts))):
        assert group.token.numel() <= 4 * int(group.lengths.sum())


def test_one_long_sentence_does_not_make_the_short_ones_dear() -> None:
    sentences = torch.tensor([[5000] + [10] * 100])
    groups = group_sentences(sentences, 6000)
    assert sum(group.token.numel() for group in groups) <= 4 * 6000
    assert len(groups) == 2


def test_a_very_long_text_makes_few_groups() -> None:
    lengths = torch.randint(1, 80, (1, 2500), generator=torch.Generator().manual_seed(0))
    groups = group_sentences(lengths, int(lengths.sum()))
    assert len(groups) <= 3
    assert sum(group.token.numel() for group in groups) <= 4 * int(lengths.sum())
