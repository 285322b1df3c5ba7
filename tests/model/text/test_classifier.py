"""The laws of every classifier: padding, sentences without words, rows alone, gradients, recording."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from heedful.data import Document, DocumentBatch, collate_documents
from heedful.errors import UserError
from heedful.layer.precision import products_in
from heedful.layer.recurrent import LSTM, Recurrent
from heedful.model.text import PRESETS, TextClassifier, TextConfig, group_sentences
from heedful.shapes import PAD, ShapeError
from heedful.watch import record

SIZE, CLASSES = 13, 4
SMALL: dict[str, Any] = {"embed": 5, "hidden": 6, "maps": 4, "heads": 3, "feedforward": 7}
EVERY = pytest.mark.parametrize("name", PRESETS)
LOOKING = [name for name in PRESETS if name in ("birnn", "cnn-attention", "han", "transformer")]


def build(name: str, **changes: Any) -> TextClassifier:
    """A preset, small and in float64, with every parameter drawn."""
    torch.manual_seed(3)
    settings = PRESETS[name].model_dump() | SMALL | changes
    model = TextClassifier(TextConfig(**settings), SIZE, CLASSES).double().eval()
    for parameter in model.parameters():
        parameter.data = 0.7 * torch.randn_like(parameter)
    model.embedding.weight.data[PAD] = 0.0
    return model


def documents() -> list[Document]:
    """Of unequal numbers of sentences, of unequal lengths, one long, one empty inside, one empty altogether."""
    draw = torch.Generator().manual_seed(5)
    shapes = [[3, 1, 4], [2], [1, 0, 33, 2, 1], [], [1]]
    return [
        Document([torch.randint(4, SIZE, (length,), generator=draw).tolist() for length in shape], row % CLASSES)
        for row, shape in enumerate(shapes)
    ]


def logits(model: TextClassifier, batch: DocumentBatch) -> Tensor:
    return model.logits(batch.tokens, batch.lengths, batch.sentences)


def padded(batch: DocumentBatch) -> DocumentBatch:
    """The same batch with three tokens more, garbage, and three sentences more, empty."""
    more = torch.randint(0, SIZE, (len(batch.tokens), 3))
    tokens = torch.cat([batch.tokens, more], dim=1)
    real = torch.arange(tokens.shape[1]) < batch.lengths.unsqueeze(1)
    tokens = torch.where(real, tokens, torch.randint(0, SIZE, tokens.shape))
    sentences = torch.cat([batch.sentences, torch.zeros(len(tokens), 3, dtype=torch.int64)], dim=1)
    return DocumentBatch(tokens, batch.lengths, sentences, batch.labels, batch.rows, batch.tokens_total)


@EVERY
def test_padding_of_tokens_and_sentences_changes_nothing(name: str) -> None:
    model, batch = build(name), collate_documents(documents())
    torch.testing.assert_close(logits(model, padded(batch)), logits(model, batch))


@EVERY
def test_a_batch_of_one_is_its_row(name: str) -> None:
    model, whole = build(name), logits(build(name), collate_documents(documents()))
    for row, document in enumerate(documents()):
        torch.testing.assert_close(logits(model, collate_documents([document]))[0], whole[row])


@EVERY
def test_a_sentence_without_words_is_no_sentence(name: str) -> None:
    model = build(name)
    with_gaps = [Document([[], *one.sentences[:1], [], *one.sentences[1:], []], one.label) for one in documents()]
    torch.testing.assert_close(
        logits(model, collate_documents(with_gaps)), logits(model, collate_documents(documents()))
    )


@EVERY
def test_the_order_of_words_matters_to_all_but_the_bag(name: str) -> None:
    model, words = build(name), [4, 5, 6, 7, 8, 9]
    there, back = (logits(model, collate_documents([Document([text])])) for text in (words, words[::-1]))
    assert torch.allclose(there, back) == (name == "words")


@EVERY
def test_only_the_hierarchy_knows_where_sentences_end(name: str) -> None:
    model = build(name)
    one, two = Document([[4, 5, 6, 7]]), Document([[4, 5], [6, 7]])
    same = torch.allclose(logits(model, collate_documents([one])), logits(model, collate_documents([two])))
    assert same == (name != "han")


@EVERY
def test_gradients_are_finite_and_reach_every_parameter(name: str) -> None:
    model = build(name).train()
    loss = model.loss(collate_documents(documents()))
    loss.total.backward()
    for part, parameter in model.named_parameters():
        assert parameter.grad is not None, part
        assert parameter.grad.isfinite().all(), part
        assert parameter.grad.ne(0).any(), part
    assert model.embedding.weight.grad is not None
    assert model.embedding.weight.grad[PAD].eq(0).all()


@pytest.mark.parametrize("name", LOOKING)
def test_recording_changes_no_bit(name: str) -> None:
    model, batch = build(name), collate_documents(documents())
    for mode in (model.eval(), build(name, dropout=0.3, embed_dropout=0.3).train()):
        torch.manual_seed(1)
        wanted = logits(mode, batch)
        torch.manual_seed(1)
        with record(mode) as seen:
            assert logits(mode, batch).equal(wanted)
        assert all(calls for calls in seen.calls.values())


@EVERY
def test_half_precision_trains(name: str) -> None:
    model, batch = build(name).float(), collate_documents(documents())  # without dropout: the same numbers
    wanted = model.loss(batch).total
    with products_in(torch.bfloat16, "cpu"):
        total = model.loss(batch).total
    assert total.dtype == torch.float32
    torch.testing.assert_close(total, wanted, rtol=0.05, atol=0.05)
    total.backward()
    assert all(one.grad is not None and one.grad.isfinite().all() for one in model.parameters())


@EVERY
def test_the_loss_is_the_cross_entropy_of_labelled_texts(name: str) -> None:
    model, batch = build(name, smoothing=0.2), collate_documents(documents())
    loss = model.loss(batch)
    assert loss.tokens == len(documents())
    wanted = cross_entropy(logits(model, batch), batch.labels, reduction="sum")
    torch.testing.assert_close(loss.nll, wanted)
    if name != "sa-lstm":
        smooth = cross_entropy(logits(model, batch), batch.labels, reduction="sum", label_smoothing=0.2)
        torch.testing.assert_close(loss.total, smooth)


@EVERY
def test_a_text_without_a_label_counts_for_nothing(name: str) -> None:
    model, all_of_them = build(name), documents()
    labelled = model.loss(collate_documents(all_of_them[:2]))
    unlabelled = [Document(one.sentences) for one in all_of_them[2:]]
    mixed = model.loss(collate_documents([*all_of_them[:2], *unlabelled]))
    torch.testing.assert_close(mixed.total, labelled.total)
    torch.testing.assert_close(mixed.nll, labelled.nll)
    assert mixed.tokens == 2
    blank = model.loss(collate_documents(all_of_them, [], all_rows=[2]))
    blank.total.backward()
    assert (blank.total.item(), blank.tokens) == (0.0, 0)
    assert all(one.grad is None or one.grad.eq(0).all() for one in model.parameters())


@EVERY
def test_looks_are_rows_of_weights_over_words_and_sentences(name: str) -> None:
    model, batch = build(name), collate_documents(documents())
    looks = model.looks(batch.tokens, batch.lengths, batch.sentences)
    words = looks["words"]
    assert words.shape == batch.tokens.shape
    real = torch.arange(words.shape[1]) < batch.lengths.unsqueeze(1)
    assert words[~real].eq(0).all()
    if name != "han":
        assert set(looks) == {"words"}
        torch.testing.assert_close(words.sum(1), torch.ones(len(words)).to(words))
        return
    for row, counts in enumerate(batch.sentences.tolist()):
        for piece in words[row, : sum(counts)].split(counts):
            torch.testing.assert_close(piece.sum(), torch.tensor(float(len(piece) > 0)).to(piece))
    torch.testing.assert_close(looks["sentences"].sum(1), torch.ones(len(words)).to(words))
    assert looks["sentences"][batch.sentences == 0].eq(0).all()


@pytest.mark.parametrize("name", ["birnn", "cnn-attention", "han"])
def test_looks_are_what_the_recorder_sees(name: str) -> None:
    model, batch = build(name), collate_documents(documents())
    looks = model.looks(batch.tokens, batch.lengths, batch.sentences)
    with record(model) as seen:
        logits(model, batch)
    calls = seen.calls["words.pooling.attention"]
    if name != "han":
        torch.testing.assert_close(seen.maps["words.pooling.attention"][:, 0, 0], looks["words"])
        return
    assert set(seen.calls) == {"words.pooling.attention", "sentences.pooling.attention"}
    groups = group_sentences(batch.sentences, batch.tokens.shape[1])
    assert len(groups) == len(calls) > 1
    for group, call in zip(groups, calls, strict=True):
        for row, length in enumerate(group.lengths.tolist()):
            found = looks["words"].flatten()[group.token[row, :length]]
            torch.testing.assert_close(call[row, 0, 0, :length], found)


def test_a_static_query_of_zeros_is_the_mean_of_means() -> None:
    model, batch = build("han"), collate_documents(documents())
    assert model.sentences is not None
    for level in (model.words, model.sentences):
        nn.init.zeros_(level.pooling.query)  # pyright: ignore
    mean = build("han", pooling="mean")
    mean.load_state_dict(model.state_dict(), strict=False)
    torch.testing.assert_close(logits(model, batch), logits(mean, batch))
    looks = model.looks(batch.tokens, batch.lengths, batch.sentences)
    torch.testing.assert_close(looks["sentences"][0, :3], torch.full((3,), 1 / 3).double())


def test_a_similarity_that_is_constant_pools_the_average() -> None:
    model, batch = build("cnn-attention"), collate_documents(documents())
    nn.init.zeros_(model.words.pooling.attention.score.weight)  # pyright: ignore
    features = model.features(batch.tokens, batch.lengths, batch.sentences)
    states = model.words.encoder(model.vectors(batch.tokens), batch.lengths)  # zeros on padding
    torch.testing.assert_close(features[:, : states.shape[2]], states.sum(1) / batch.lengths.unsqueeze(1))


def test_the_model_of_zhou_adds_directions_looks_and_squashes() -> None:
    model, batch = build("birnn"), collate_documents([Document([[4, 5, 6]])])
    outputs, _ = model.recurrent(model.embedding(batch.tokens))
    states = (outputs[..., :6] + outputs[..., 6:])[0]
    alpha = torch.softmax(torch.tanh(states) @ model.words.pooling.query, dim=0)  # pyright: ignore
    wanted = torch.tanh(alpha @ states)
    torch.testing.assert_close(model.features(batch.tokens, batch.lengths, batch.sentences)[0], wanted)


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention", "context", "asked"])
def test_any_pooling_goes_with_birnn_and_han(pooling: str) -> None:
    attention = {"score": "general" if pooling == "asked" else "dot"}
    for name in ("birnn", "han"):
        model = build(name, pooling=pooling, attention=attention)
        assert logits(model, collate_documents(documents())).isfinite().all()


def test_the_linear_gain_weighs_every_state_by_its_place() -> None:
    model, batch = build("sa-lstm"), collate_documents([Document([[4, 5, 6]], 1), Document([[7]], 2)])
    parts = []
    for text, label in (([4, 5, 6], 1), ([7], 2)):
        for end in range(1, len(text) + 1):
            scores = logits(model, collate_documents([Document([text[:end]])]))
            share = 2 * end / (len(text) * (len(text) + 1))
            parts.append(share * cross_entropy(scores, torch.tensor([label])))
    torch.testing.assert_close(model.loss(batch).total, torch.stack(parts).sum())


def test_pretrained_layers_arrive_bit_for_bit() -> None:
    model = TextClassifier(TextConfig(**PRESETS["sa-lstm"].model_dump() | SMALL), SIZE, CLASSES)
    embedding, recurrent = nn.Embedding(SIZE, 5), Recurrent(LSTM, 5, 6)
    model.transplant(embedding, recurrent)
    assert model.embedding.weight.equal(embedding.weight)
    for name, tensor in recurrent.state_dict().items():
        assert model.recurrent.state_dict()[name].equal(tensor)
        assert model.recurrent.state_dict()[name].data_ptr() != tensor.data_ptr()
    batch = collate_documents(documents())
    states = model.eval().words.encoder(model.vectors(batch.tokens), batch.lengths)
    assert states.equal(recurrent(embedding(batch.tokens), lengths=batch.lengths)[0])


def test_pretrained_layers_that_do_not_fit_are_refused() -> None:
    model = TextClassifier(TextConfig(**PRESETS["sa-lstm"].model_dump() | SMALL), SIZE, CLASSES)
    with pytest.raises(UserError, match="embedding"):
        model.transplant(nn.Embedding(SIZE + 1, 5), Recurrent(LSTM, 5, 6))
    with pytest.raises(UserError, match="recurrent layers"):
        model.transplant(nn.Embedding(SIZE, 5), Recurrent(LSTM, 5, 6, layers=2))
    with pytest.raises(UserError, match="'cnn' has no recurrent layers"):
        build("textcnn").transplant(nn.Embedding(SIZE, 5), Recurrent(LSTM, 5, 6))


def test_training_keeps_the_rows_of_the_output_short() -> None:
    pytest.importorskip("lightning")
    from heedful.train.optimiser import make_optimiser
    from heedful.train.settings import TrainSettings

    model = build("textcnn", max_norm=0.5).train()
    assert model.output.weight.norm(dim=1).max() > 0.5
    optimiser = make_optimiser(model, TrainSettings(rate=1e-3))
    model.loss(collate_documents(documents())).total.backward()
    optimiser.step()
    torch.testing.assert_close(model.output.weight.norm(dim=1).clamp(min=0.5), torch.full((CLASSES,), 0.5).double())


def test_word_vectors_can_be_brought() -> None:
    model, vectors = build("textcnn"), torch.randn(SIZE, 5, dtype=torch.float64)
    model.start_from(vectors, torch.tensor([False] * 4 + [True] * (SIZE - 4)))
    assert model.embedding.weight[4:].equal(vectors[4:])


def test_sentences_that_are_not_all_the_tokens_are_refused() -> None:
    with pytest.raises(ShapeError, match="sentences of"):
        build("han").logits(torch.tensor([[4, 5, 6]]), torch.tensor([3]), torch.tensor([[1, 1]]))
