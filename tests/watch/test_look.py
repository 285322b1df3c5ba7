"""The map read as alignment is found among all, by the error it makes, and written down so that it is read again."""

import pytest
import torch
from torch import nn

from heedful import Attention, MultiHead
from heedful.data.batch import Example
from heedful.data.pharaoh import Links
from heedful.data.token_words import TokenWords
from heedful.errors import UserError
from heedful.task.translate.config import Look
from heedful.watch import look as look_module
from heedful.watch.look import Gold, choose_look, default_look, error_rate, read, word_links


class Pointing(nn.Module):
    """Two layers of two heads; head 1 of layer "b" points from word t to word t, one step late; head 0 backwards."""

    def __init__(self):
        super().__init__()
        self.a, self.b = MultiHead(4, 2), MultiHead(4, 2)

    def logits(self, source, lengths, target_in):
        steps = target_in.shape[1]
        self.a(torch.zeros(len(source), steps, 4), torch.zeros(*source.shape, 4))
        self.b(torch.zeros(len(source), steps, 4), torch.zeros(*source.shape, 4))


@pytest.fixture
def pointing(monkeypatch):
    model = Pointing()

    def align(query, memory, value=None, *, keep=None, region=None, offset=0):
        weights = torch.zeros(query.shape[0], 2, query.shape[1], memory.shape[1])
        backwards = torch.eye(memory.shape[1] - 1).flip(0)
        weights[:, 0, 1:, :-1] = backwards[: query.shape[1] - 1]
        weights[:, 1] = torch.eye(memory.shape[1] + 1, memory.shape[1])[: query.shape[1]].roll(1, 0)
        return weights

    monkeypatch.setattr(model.b, "align", align)
    return model


def _gold(length):
    words = TokenWords(tuple("abcdef"[:length]), tuple((i,) for i in range(length)))
    ended = TokenWords((*words.texts, "</s>"), tuple((i,) for i in range(length + 1)))
    links = frozenset((i, i) for i in range(length))
    return Gold(Example([4] * length, [4] * length), ended, words, Links(links, links))


def test_the_right_head_is_found_at_the_right_step(pointing):
    look, error = choose_look(pointing, "*", [_gold(3), _gold(5)])
    assert (look.module, look.head, look.shift) == ("b", 1, 1)
    assert (look.even, look.carry, look.threshold) == (0, 0, 0), "of equals the plainest"
    assert error == 0


def test_the_error_of_a_look_is_that_of_its_links(pointing):
    from heedful.watch.look import replay

    gold = [_gold(4)]
    maps = replay(pointing, "*", [one.example for one in gold])
    assert error_rate(Look(module="b", head=1, shift=1), maps, gold) == 0
    assert error_rate(Look(module="b", head=0, shift=1), maps, gold) == 1
    assert error_rate(Look(module="b", head=1, shift=0), maps, gold) == 1


def test_where_the_end_does_not_count_a_word_goes_with_its_next_best():
    weights = torch.tensor([[0.6, 0.1, 0.3], [0.1, 0.3, 0.6]])  # the last column is the end of the source
    words = TokenWords(("a", "b"), ((0,), (1,)))
    ended = TokenWords(("x", "y", "</s>"), ((0,), (1,), (2,)))
    maps = {"m": torch.cat([weights, weights[:1]]).unsqueeze(0)}
    assert word_links(Look(module="m"), maps, source=ended, target=words) == [(0, 0)]
    assert word_links(Look(module="m", end=False), maps, source=ended, target=words) == [(0, 0), (1, 1)]


def test_a_shift_reads_one_row_later():
    heads = torch.arange(2 * 4 * 3, dtype=torch.float32).view(2, 4, 3)
    assert torch.equal(read(Look(module="x", head=1), {"x": heads}), heads[1, :3])
    assert torch.equal(read(Look(module="x", head=1, shift=1), {"x": heads}), heads[1, 1:])
    assert torch.equal(read(Look(module="x"), {"x": heads}), heads.mean(0)[:3])


def test_the_mean_of_all_layers_counts_each_layer_once_however_many_heads_it_has():
    maps = {"x": torch.rand(2, 4, 3), "y": torch.rand(5, 4, 3)}
    assert torch.equal(read(Look(module=None), maps), ((maps["x"].mean(0) + maps["y"].mean(0)) / 2)[:3])


def test_where_each_layer_is_half_right_their_mean_is_read(monkeypatch):
    right = torch.eye(5)[:, :5]
    unsure = torch.full((1, 5), 0.2)
    halves = [torch.where((torch.arange(5) % 2 == odd)[:, None], right, unsure).unsqueeze(0) for odd in (0, 1)]
    maps = {"a": halves[0], "b": halves[1]}
    monkeypatch.setattr(look_module, "replay", lambda model, pattern, examples: [maps] * len(examples))
    look, error = choose_look(nn.Linear(2, 2), "*", [_gold(4)] * 2)
    assert (look.module, error) == (None, 0)
    assert str(look) == "all layers, all heads"


def test_the_mean_of_all_layers_has_no_head():
    with pytest.raises(UserError, match="mean of all layers has no heads"):
        Look(module=None, head=1)


def test_without_gold_the_last_layer_but_one_is_read():
    layers = nn.ModuleList([Attention(), Attention(), Attention()])
    assert default_look(layers, "*").module == "1"
    assert default_look(nn.ModuleList([Attention()]), "*").module == "0"
    assert default_look(nn.Linear(2, 2), "*") is None
    assert choose_look(nn.Linear(2, 2), "*", [_gold(2)]) is None
