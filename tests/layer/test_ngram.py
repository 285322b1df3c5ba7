"""N-grams: values by hand, padding, short texts, and windows that do not know where they stand."""

import pytest
import torch

from heedful.layer.ngram import NGrams
from heedful.shapes import ShapeError, keep_from_lengths


def test_a_window_reads_the_words_around_each_word_and_zeros_beyond_the_text() -> None:
    ngrams = NGrams(2, 3, (1, 2, 3, 4)).double()
    vectors = torch.randn(1, 5, 2, dtype=torch.float64)
    found = ngrams(vectors, torch.ones(1, 5, dtype=torch.bool))
    around = torch.cat([torch.zeros(3, 2).double(), vectors[0], torch.zeros(3, 2).double()])
    for index, width in enumerate((1, 2, 3, 4)):
        convolution = ngrams.convolutions[index]
        for word in range(5):
            first = 3 + word - (width - 1) // 2
            wanted = torch.einsum("ki,oik->o", around[first : first + width], convolution.weight) + convolution.bias
            torch.testing.assert_close(found[0, word, 3 * index : 3 * index + 3], wanted.relu())


def test_padding_is_not_read_and_gives_nothing() -> None:
    ngrams = NGrams(2, 3).double()
    vectors, lengths = torch.randn(3, 6, 2, dtype=torch.float64), torch.tensor([1, 6, 2])
    torch.nn.init.normal_(ngrams.convolutions[0].bias, mean=1.0)
    keep = keep_from_lengths(lengths, 6)
    found = ngrams(torch.where(keep.unsqueeze(-1), vectors, torch.nan), keep)
    assert found[~keep].eq(0).all()
    for row, length in enumerate(lengths.tolist()):  # texts shorter than every window have features too
        alone = ngrams(vectors[row : row + 1, :length], torch.ones(1, length, dtype=torch.bool))
        torch.testing.assert_close(alone[0], found[row, :length])


def test_the_maximum_does_not_tell_where_an_ngram_stands() -> None:
    ngrams = NGrams(4, 7)
    filler, words = torch.randn(4), torch.randn(3, 4)
    texts = filler.repeat(2, 20, 1)
    texts[0, 4:7], texts[1, 11:14] = words, words
    found = ngrams(texts, torch.ones(2, 20, dtype=torch.bool)).amax(1)
    torch.testing.assert_close(found[0], found[1])


@pytest.mark.parametrize("widths", [(), (3, 0)])
def test_windows_without_words_are_refused(widths: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="at least one, each 1 or more"):
        NGrams(2, 3, widths)
