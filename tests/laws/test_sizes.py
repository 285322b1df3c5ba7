"""Any number of batch axes, any lengths, every dtype: the answer is the oracle's."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from heedful.attention import align, attend
from heedful.score import Dot
from heedful.testing import Sample, exact, within_budget
from heedful.testing.mechanism import Mechanism
from heedful.testing.variants import CHOICES, REGIONS, SCORES, Sizes, make_region, make_score

LENGTH = st.sampled_from([0, 1, 2, 3, 5, 7, 11])
BATCH = st.sampled_from([(), (1,), (3,), (2, 3), (3, 1), (0,), (2, 0)])
DTYPE = st.sampled_from([torch.float64, torch.float32, torch.bfloat16, torch.float16])
EXACT_CHOICES = sorted(set(CHOICES) - {"gumbel"})


@settings(max_examples=100, derandomize=True)
@given(
    st.sampled_from(sorted(SCORES)),
    st.sampled_from(sorted(REGIONS)),
    st.sampled_from(EXACT_CHOICES),
    BATCH,
    LENGTH,
    LENGTH,
    st.booleans(),
)
def test_every_size_agrees_with_the_oracle(
    score: str, region: str, choice: str, batch: tuple[int, ...], queries: int, keys: int, keep: bool
) -> None:
    case = SCORES[score]
    sample = Sample.draw(case.query_dim, case.key_dim, batch=batch, queries=queries, keys=keys, keep=keep)
    built = make_region(region, Sizes(batch, queries, keys, case.query_dim))
    mechanism = Mechanism(make_score(score), built, CHOICES[choice]())
    spec = mechanism.spec(sample)
    weights = torch.from_numpy(exact.align(sample.query, sample.key, spec))
    context = torch.from_numpy(exact.attend(sample.query, sample.key, sample.value, spec=spec))
    torch.testing.assert_close(mechanism.weights(sample), weights, rtol=0, atol=1e-9)
    torch.testing.assert_close(mechanism.context(sample), context, rtol=0, atol=1e-9)


@settings(max_examples=60, derandomize=True)
@given(
    st.sampled_from(sorted(SCORES)),
    st.sampled_from(sorted(REGIONS)),
    st.sampled_from(EXACT_CHOICES),
    DTYPE,
    BATCH,
    LENGTH,
    LENGTH,
)
def test_every_dtype_keeps_its_promises(
    score: str, region: str, choice: str, dtype: torch.dtype, batch: tuple[int, ...], queries: int, keys: int
) -> None:
    case = SCORES[score]
    sample = Sample.draw(case.query_dim, case.key_dim, batch=batch, queries=queries, keys=keys, keep=True).to(dtype)
    built = make_region(region, Sizes(batch, queries, keys, case.query_dim), dtype)
    mechanism = Mechanism(make_score(score, dtype), built, CHOICES[choice]())
    weights, context = mechanism.weights(sample), mechanism.context(sample)
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    assert weights.dtype == wide
    assert weights.shape == (*batch, queries, keys)
    assert context.dtype == dtype
    assert context.shape == (*batch, queries, 2)
    assert context.isfinite().all()
    total = weights.sum(-1)
    some = mechanism.visible(sample).any(-1)
    assert (total[~some] == 0).all()
    assert (total <= 1 + 1e-5).all()
    if not mechanism.gated:
        torch.testing.assert_close(total[some], torch.ones_like(total[some]))


@settings(max_examples=10, derandomize=True)
@given(BATCH, st.sampled_from([1, 2, 3, 7]))
def test_one_key_gives_its_value(batch: tuple[int, ...], queries: int) -> None:
    for name, case in SCORES.items():
        sample = Sample.draw(case.query_dim, case.key_dim, batch=batch, queries=queries, keys=1)
        context = attend(sample.query, sample.key, sample.value, score=make_score(name))
        torch.testing.assert_close(context, sample.value.expand(*batch, queries, 2))


def test_identical_keys_give_the_mean_of_their_values() -> None:
    for name in sorted(set(SCORES) - {"location"}):
        case = SCORES[name]
        sample = Sample.draw(case.query_dim, case.key_dim)
        key = sample.key[:, :1].expand_as(sample.key)
        for choice in ("soft", "soft-sharp", "sparsemax", "entmax15"):
            context = attend(sample.query, key, sample.value, score=make_score(name), choice=CHOICES[choice]())
            torch.testing.assert_close(context, sample.value.mean(-2, keepdim=True).expand_as(context))


def test_scores_of_ten_thousand_stay_finite() -> None:
    key = torch.tensor([[100.0], [-100.0], [99.0], [0.0]])
    for sign in (1.0, -1.0):
        query = torch.tensor([[sign * 100.0]], requires_grad=True)
        for name, make in CHOICES.items():
            weights = align(query, key, score=Dot(1.0), choice=make())
            best = int((query.detach() @ key.T).argmax())
            assert weights[0, best] > 0.999, name
            if weights.requires_grad:
                (slope,) = torch.autograd.grad((weights * key.T).sum(), query)
                assert slope.isfinite().all(), name


def test_masked_rows_in_half_precision_stay_zero() -> None:
    for dtype in (torch.float16, torch.bfloat16):
        sample = Sample.draw(5, 5, keep=True).to(dtype)
        context = attend(sample.query * 100, sample.key * 100, sample.value, keep=sample.keep)
        assert context.isfinite().all()
        assert (context[-1] == 0).all()


def test_bfloat16_is_near_float64() -> None:
    for name, case in SCORES.items():
        sample = Sample.draw(case.query_dim, case.key_dim).to(torch.bfloat16)
        score = make_score(name, torch.bfloat16)
        mechanism = Mechanism(score, REGIONS["everywhere"](Sizes((3,), 5, 7, 5)), CHOICES["soft"]())
        context = mechanism.context(sample)
        truth = torch.from_numpy(exact.attend(sample.query, sample.key, sample.value, spec=mechanism.spec(sample)))
        within_budget(context, truth.bfloat16() + 0.02, truth, name=name)
