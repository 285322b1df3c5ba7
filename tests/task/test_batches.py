"""Batches hold every sentence once and keep to their size; the stream stops and goes on."""

from hypothesis import given
from hypothesis import strategies as st

from heedful.data.batch import Example, collate
from heedful.data.bucket import BatchPlan, batches_by_length, lengths_of
from heedful.task.batches import Batches, in_chunks


@given(lengths=st.lists(st.integers(1, 40), max_size=50), tokens=st.integers(1, 100))
def test_every_sentence_is_in_one_batch_of_bounded_size(lengths, tokens):
    made = list(batches_by_length(lengths, tokens))
    assert sorted(i for batch in made for i in batch) == list(range(len(lengths)))
    for batch in made:
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= tokens


def test_the_stream_goes_on_after_the_batch_it_stopped_at():
    examples = [Example([4] * (1 + i % 5), [5] * (1 + i % 3)) for i in range(23)]

    def stream():
        plan = BatchPlan(lengths_of(examples), tokens=20, seed=1)
        return Batches(plan, lambda share: collate(examples, share.rows, all_rows=share.all_rows))

    whole = [batch.rows for batch in stream()]
    first = stream()
    batches_so_far = iter(first)
    taken = [next(batches_so_far).rows, next(batches_so_far).rows]
    second = stream()
    second.load_state_dict(first.state_dict())
    assert taken + [batch.rows for batch in second] == whole
    assert len(second) == len(whole)


def test_lines_are_given_in_chunks_as_soon_as_they_are_there():
    taken = []

    def lines():
        for line in "abcde":
            taken.append(line)
            yield line

    chunks = in_chunks(lines(), 2)
    assert next(chunks) == ["a", "b"]
    assert taken == ["a", "b"]
    assert list(chunks) == [["c", "d"], ["e"]]
