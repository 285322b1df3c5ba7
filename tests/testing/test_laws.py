"""Each law goes red on an attention that breaks it: a law that cannot fail says nothing."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from heedful import attention
from heedful.choice import Choice, Hard, Soft
from heedful.region import Causal, Everywhere, Padding, Region, Window
from heedful.score import Additive, Concat, Dot, Location
from heedful.testing import LawBroken, Mechanism, Sample, check_attention, check_score, laws
from heedful.testing.variants import SCORES, make_score

SAMPLE = Sample.draw(5, 5, keep=True)
SQUARE = Sample.draw(5, 5, queries=5, keys=5)
DOT = Dot(1.0)


def broken(
    attend: Callable[..., Tensor] | None = None,
    align: Callable[..., Tensor] | None = None,
    *,
    region: Region | None = None,
    choice: Choice | None = None,
) -> Mechanism:
    """Heedful's own attention with a part replaced."""
    return Mechanism(
        DOT,
        Everywhere() if region is None else region,
        Soft() if choice is None else choice,
        attend=attention.attend if attend is None else attend,
        align=attention.align if align is None else align,
    )


def expect_red(law: Callable[[Mechanism, Sample], None], mechanism: Mechanism, sample: Sample, message: str) -> None:
    """The law holds for heedful's own attention, and is broken by this one."""
    law(Mechanism(mechanism.score, mechanism.region, mechanism.choice), sample)
    with pytest.raises(LawBroken, match=message):
        law(mechanism, sample)


def test_a_softmax_that_ignores_keep() -> None:
    def align(query, key, *, keep, **words):
        return attention.align(query, key, **words)

    expect_red(laws.rows_sum_to_one_or_zero, broken(align=align), SAMPLE, "may not be seen has weight 0")


def test_weights_that_are_not_normalised() -> None:
    def align(query, key, **words):
        return attention.align(query, key, **words) * 0.99

    expect_red(laws.rows_sum_to_one_or_zero, broken(align=align), SAMPLE, "a row sums to 1")


def test_negative_weights() -> None:
    def align(query, key, **words):
        return -attention.align(query, key, **words)

    expect_red(laws.rows_sum_to_one_or_zero, broken(align=align), SAMPLE, "not negative")


def test_an_empty_row_that_becomes_the_mean() -> None:
    def attend(query, key, value, *, keep, engine, **words):
        scores = (query @ key.mT).masked_fill(~keep.unsqueeze(-2), -1e9)
        return torch.softmax(scores, -1) @ value

    expect_red(laws.empty_rows_give_nothing, broken(attend), SAMPLE, "may see nothing gets zeros")


def test_an_empty_row_that_teaches() -> None:
    def attend(query, key, value, **words):
        context = attention.attend(query, key, value, **words)
        return context + (query - query.detach()).sum(-1, keepdim=True)  # zero forwards, not backwards

    expect_red(laws.empty_rows_give_nothing, broken(attend), SAMPLE, "has gradient 0")


def test_a_nan_that_is_masked_on_the_way_back_is_seen_by_anomaly_mode() -> None:
    def attend(query, key, value, *, keep, engine, **words):
        visible = keep.unsqueeze(-2)
        weights = torch.softmax((query @ key.mT).masked_fill(~visible, -torch.inf), -1)
        return torch.where(visible, weights, 0.0) @ value

    with pytest.warns(UserWarning, match="SoftmaxBackward0"), pytest.raises(RuntimeError, match="nan values"):
        laws.empty_rows_give_nothing(broken(attend), SAMPLE)


def test_a_query_that_is_only_masked() -> None:
    score = Additive(5, 5, 3).double()

    def attend(query, key, value, *, keep, engine, score, **words):
        context = attention.attend(query, key, value, keep=keep, engine=engine, score=score, **words)
        return context + 0 * score.project_query(query).nan_to_num().sum(-1, keepdim=True)  # 0 * NaN backwards

    mechanism = Mechanism(score, Everywhere(), Soft(), attend=attend)
    expect_red(laws.empty_queries_are_inert, mechanism, SAMPLE, "a query that may see nothing is inert")


def test_memory_that_is_only_masked() -> None:
    def attend(query, key, value, *, keep, engine, **words):
        weights = attention.align(query, key, keep=keep, **words)
        return weights @ value  # 0 * NaN is NaN

    expect_red(laws.unseen_memory_is_inert, broken(attend), SAMPLE, "is inert")


def test_a_gradient_that_reads_masked_memory() -> None:
    score = Additive(5, 5, 3).double()

    def attend(query, key, value, *, keep, engine, score, **words):
        context = attention.attend(query, key, value, keep=keep, engine=engine, score=score, **words)
        return context + 0 * score.project_key(key).nan_to_num().sum()  # right forwards; 0 * NaN backwards

    mechanism = Mechanism(score, Everywhere(), Soft(), attend=attend)
    expect_red(laws.unseen_memory_is_inert, mechanism, SAMPLE, "is inert")


def test_a_score_that_looks_at_nan() -> None:
    def nosy(query: Tensor, key: Tensor) -> Tensor:
        return query @ key.mT + key.mean()  # the mean over the whole memory, masked or not

    sample = Sample.draw(5, 5, keep=True)
    laws.unseen_memory_is_inert(Mechanism(nosy, Everywhere(), Soft()), sample)  # heedful clears it before the score
    with pytest.raises(LawBroken, match="its own query alone"):
        check_score(lambda query, key: query @ key.mT + query.mean() * key.sum(-1).unsqueeze(-2), 5, 5)


def test_an_attention_that_reads_positions() -> None:
    def attend(query, key, value, **words):
        return attention.attend(query, key + torch.arange(key.shape[-2]).unsqueeze(-1), value, **words)

    expect_red(laws.order_changes_nothing, broken(attend), SAMPLE, "order of the memory")


def test_weights_that_a_shift_changes() -> None:
    class Square(Choice):
        def forward(self, scores, visible=None):
            weights = scores.square() if visible is None else scores.square().masked_fill(~visible, 0.0)
            return weights / weights.sum(-1, keepdim=True).clamp_min(1e-30)

    laws.shift_changes_nothing(broken(), SAMPLE)
    with pytest.raises(LawBroken, match="shift"):
        laws.shift_changes_nothing(broken(choice=Square()), SAMPLE)


def test_a_map_that_is_not_what_was_used() -> None:
    def align(query, key, **words):
        return attention.align(query, key, **words).roll(1, -1)

    expect_red(laws.attend_is_align_times_value, broken(align=align), Sample.draw(5, 5), "align @ value")


def test_rows_that_see_each_other() -> None:
    def attend(query, key, value, **words):
        return attention.attend(query - query.mean(0, keepdim=True), key, value, **words)

    expect_red(laws.batch_of_one_is_its_row, broken(attend), SAMPLE, "batch of one")


def test_padding_that_counts() -> None:
    def attend(query, key, value, **words):
        return attention.attend(query, key, value, **words) / key.shape[-2]

    expect_red(laws.padding_changes_nothing, broken(attend), SAMPLE, "padding that is not kept")


def test_a_cache_that_counts_from_the_start() -> None:
    def attend(query, memory, value=None, **words):
        place = torch.arange(query.shape[-2], dtype=query.dtype).unsqueeze(-1)  # position 0 at every step
        return attention.attend(query * (1 + place), memory, value, **words)

    expect_red(laws.one_step_at_a_time_is_all_at_once, broken(attend, region=Causal()), SQUARE, "one step at a time")


def test_a_causal_attention_that_peeks() -> None:
    def attend(query, key, value=None, *, region, **words):
        return attention.attend(query, key, value, region=Everywhere(), **words)

    expect_red(laws.later_keys_change_nothing, broken(attend, region=Causal()), SQUARE, "causal prefix")


def test_a_gradient_that_is_scaled() -> None:
    def attend(query, key, value, **words):
        context = attention.attend(query, key, value, **words)
        return context + (context - context.detach()) * 0.01

    sample = Sample.draw(5, 5, batch=(2,), queries=2, keys=3)
    expect_red(laws.gradients_are_right, broken(attend), sample, "finite differences")


def test_a_score_of_the_wrong_shape() -> None:
    with pytest.raises(LawBroken, match=r"a score is \[\*B, T, S\]"):
        check_score(lambda query, key: (query @ key.mT).mT, 5, 5)


def test_a_static_attention_is_not_told_apart_by_the_laws_but_by_its_query() -> None:
    # The linear concat keeps every law and cannot look: systems.md 2.5 asks for the variance over queries.
    concat, dot = Concat(5, 5).double(), Dot(1.0)
    sample = Sample.draw(5, 5)
    static = attention.align(sample.query, sample.key, score=concat)
    dynamic = attention.align(sample.query, sample.key, score=dot)
    assert static.var(dim=-2).max() < 1e-30
    assert dynamic.var(dim=-2).max() > 1e-3


@pytest.mark.parametrize("name", sorted(set(SCORES) - {"location"}))
def test_every_score_passes_the_check_for_users(name: str) -> None:
    check_score(make_score(name), SCORES[name].query_dim, SCORES[name].key_dim)


def test_a_score_that_reads_positions_says_so() -> None:
    score = Location(5, 17).double()
    check_score(score, 5, 3, reads_positions=True)
    with pytest.raises(LawBroken, match="order of the memory"):
        check_score(score, 5, 3)


def test_the_check_for_users_names_the_words() -> None:
    class Half(Choice):
        def forward(self, scores, visible=None):
            return Soft()(scores, visible) / 2

    with pytest.raises(LawBroken, match=r"(?s)a row sums to 1.*Dot\(scale=1.0\).*Window\(1\).*Half\(\)"):
        check_attention(DOT, region=Window(1), choice=Half(), sample=SAMPLE)


def test_check_attention_takes_every_kind_of_words() -> None:
    check_attention(DOT, sample=SAMPLE)
    check_attention(DOT, region=Padding(torch.tensor([7, 3, 0])) & Causal(), choice=Hard(), sample=SAMPLE)
