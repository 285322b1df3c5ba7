"""Greedy search: each token the likeliest, cut or ended, sentence by sentence."""

from typing import Any

import pytest
import torch
from torch import Tensor

from heedful.decode import greedy
from heedful.shapes import BOS, EOS, PAD, take_rows


@pytest.mark.parametrize("longest", [1, 3, 17])
def test_every_token_is_the_likeliest(kit: Any, model: Any, longest: int) -> None:
    source, lengths = kit.sentences(1, rows=7)
    for row, one in enumerate(greedy(model, model.encode(source, lengths), attention=True, max_length=longest)):
        length, said = int(lengths[row]), [BOS, *one.tokens]
        with torch.no_grad():
            logits = model.logits(source[row : row + 1, :length], torch.tensor([length]), torch.tensor([said]))[0]
        logits[:, [PAD, BOS]] = -torch.inf
        best = logits.argmax(-1).tolist()
        assert best[: len(one.tokens)] == one.tokens
        ended = len(one.tokens) < longest
        assert not ended or best[-1] == EOS
        (again,) = kit.replay(model, source[row], length, [[*one.tokens, EOS] if ended else one.tokens])
        assert one.log_probability == pytest.approx(again.log_probability, abs=1e-4)
        assert one.score == one.log_probability
        if one.attention is not None and one.tokens:
            torch.testing.assert_close(
                one.attention[:, :length], again.attention[: len(one.tokens)], atol=1e-5, rtol=1e-5
            )


def test_finished_sentences_leave_the_batch(kit: Any) -> None:
    model, (source, lengths) = kit.translator(2), kit.sentences(2, rows=11)
    rows: list[int] = []
    plain_step = model.step

    def step(token: Tensor, state: Any, memory: Any) -> Any:
        rows.append(token.shape[0])
        return plain_step(token, state, memory)

    model.step = step
    outputs = greedy(model, model.encode(source, lengths), max_length=23)
    steps = [len(one.tokens) + (len(one.tokens) < 23) for one in outputs]
    assert rows == [sum(count > step for count in steps) for step in range(max(steps))]
    assert len(set(rows)) > 1


def test_nothing_in_nothing_out(kit: Any, model: Any) -> None:
    memory = take_rows(model.encode(*kit.sentences(1)), torch.empty(0, dtype=torch.long))
    assert greedy(model, memory, max_length=5) == []


def test_no_length_is_refused(kit: Any, model: Any) -> None:
    with pytest.raises(ValueError, match="max_length is 0"):
        greedy(model, model.encode(*kit.sentences(1)), max_length=0)
