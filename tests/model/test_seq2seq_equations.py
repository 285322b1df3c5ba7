"""Decoders against their papers, written again as plain loops over words in NumPy, and what sets them apart."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from heedful.model.attention_config import AttentionConfig
from heedful.model.seq2seq import DECODERS, SeqToSeq, SeqToSeqConfig
from heedful.model.seq2seq.look import SourceAttention

Array = NDArray[np.float64]
SOURCE = torch.tensor([[5, 3, 7, 9, 4]])
TARGET = torch.tensor([[1, 8, 6, 4]])
LENGTHS = torch.tensor([5])


def make_model(seed: int = 5, **changes: object) -> SeqToSeq:
    torch.manual_seed(seed)
    config = SeqToSeqConfig(embed=5, hidden=6).model_copy(update=changes)
    model = SeqToSeq.for_texts(config, 11, 13).double().eval()
    for parameter in model.parameters():
        parameter.data = 0.6 * torch.randn_like(parameter)
    return model


def logits(model: SeqToSeq, source: Tensor = SOURCE) -> Tensor:
    return model.logits(source, torch.tensor([source.shape[1]]), TARGET)


def weights(model: SeqToSeq, source: Tensor = SOURCE, target: Tensor = TARGET) -> Tensor:
    """Where the model looks at every step, ``[T, S]``."""
    memory = model.encode(source, torch.tensor([source.shape[1]]))
    state, rows = model.start(memory), []
    for token in target.unbind(1):
        step = model.step(token, state, memory)
        state = step.state
        rows.append(step.attention())
    return torch.cat(rows)


def numbers(model: SeqToSeq) -> dict[str, Array]:
    return {name: tensor.numpy() for name, tensor in model.state_dict().items()}


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def softmax(x: Array) -> Array:
    return np.exp(x - x.max()) / np.exp(x - x.max()).sum()


def additive(n: dict[str, Array], query: Array, annotations: Array) -> Array:
    """``v^T tanh(W s + U h_j)``, one j at a time."""
    score = "decoder.look.attention.score."
    w, bias = n[f"{score}query_projection.weight"], n[f"{score}query_projection.bias"]
    u, v = n[f"{score}key_projection.weight"], n[f"{score}weight"]
    return softmax(np.array([v @ np.tanh(w @ query + bias + u @ h) for h in annotations]))


def annotations_of(model: SeqToSeq) -> tuple[Array, Array]:
    """All ``h_j = [hf_j; hb_j]``, and ``hb_1``."""
    annotations = model.encoder(SOURCE, LENGTHS).states[0].detach().numpy()
    return annotations, annotations[0, 6:]


def rnnsearch(model: SeqToSeq) -> tuple[Array, Array]:
    """Section A.1-A.2 of Bahdanau et al., line by line: logits and alpha of every step."""
    n = numbers(model)
    h, first = annotations_of(model)
    u_z, u_r = np.split(n["decoder.stack.bottom.gate_weight"].T, 2)
    u = n["decoder.stack.bottom.candidate_weight"].T
    w_z, w_r, w = np.split(n["decoder.stack.input_weight"], 3)
    b_z, b_r, b = np.split(n["decoder.stack.bottom.bias"], 3)
    c_z, c_r, c_h = np.split(n["decoder.stack.bottom.extra_weight"].T, 3)
    out, out_bias = n["decoder.readout.projection.weight"], n["decoder.readout.projection.bias"]
    u_o, v_o, c_o = out[:, :6], out[:, 6:11], out[:, 11:]

    s = np.tanh(n["start_state.projection.weight"] @ first + n["start_state.projection.bias"])
    all_logits, all_alpha = [], []
    for y in TARGET[0].tolist():
        ey = n["target_embedding.weight"][y]
        alpha = additive(n, s, h)
        c = sum(alpha[j] * h[j] for j in range(len(h)))
        tt = u_o @ s + v_o @ ey + c_o @ c + out_bias
        t = np.array([max(tt[2 * k], tt[2 * k + 1]) for k in range(len(tt) // 2)])
        all_logits.append(n["output.weight"] @ t + n["output.bias"])
        all_alpha.append(alpha)
        z = sigmoid(w_z @ ey + b_z + u_z @ s + c_z @ c)
        r = sigmoid(w_r @ ey + b_r + u_r @ s + c_r @ c)
        s = (1 - z) * s + z * np.tanh(w @ ey + b + u @ (r * s) + c_h @ c)
    return np.stack(all_logits), np.stack(all_alpha)


def test_rnnsearch_is_the_paper_s() -> None:
    model = make_model()
    expected, alpha = rnnsearch(model)
    np.testing.assert_allclose(logits(model)[0].detach().numpy(), expected, atol=1e-12)
    np.testing.assert_allclose(weights(model).detach().numpy(), alpha, atol=1e-12)


def luong(model: SeqToSeq, *, feeding: bool) -> tuple[Array, Array]:
    """Section 3 of Luong et al. with an LSTM, line by line."""
    n = numbers(model)
    h, first = annotations_of(model)
    if feeding:
        w, b = n["decoder.stack.input_weight"], n["decoder.stack.bottom.bias"]
        fed_w, u = n["decoder.stack.bottom.extra_weight"].T, n["decoder.stack.bottom.hidden_weight"].T
        order = [0, 1, 3, 2]  # ours is i, f, o, g; torch's i, f, g, o
    else:
        w, u = n["decoder.recurrent.run.weight_ih_l0"], n["decoder.recurrent.run.weight_hh_l0"]
        b = n["decoder.recurrent.run.bias_ih_l0"] + n["decoder.recurrent.run.bias_hh_l0"]
        fed_w, order = np.zeros((24, 6)), [0, 1, 2, 3]
    out = n["decoder.attentional.projection.weight" if feeding else "decoder.readout.projection.weight"]
    out_bias = n["decoder.attentional.projection.bias" if feeding else "decoder.readout.projection.bias"]

    state, memory = np.tanh(n["start_state.projection.weight"] @ first + n["start_state.projection.bias"]).reshape(2, 6)
    fed = np.zeros(6)
    all_logits, all_alpha = [], []
    for y in TARGET[0].tolist():
        gates = np.split(w @ n["target_embedding.weight"][y] + fed_w @ fed + u @ state + b, 4)
        i, f, g, o = (gates[k] for k in order)
        memory = sigmoid(f) * memory + sigmoid(i) * np.tanh(g)
        state = sigmoid(o) * np.tanh(memory)
        alpha = additive(n, state, h)
        c = alpha @ h
        fed = np.tanh(out @ np.concatenate([c, state]) + out_bias)
        all_logits.append(n["output.weight"] @ fed + n["output.bias"])
        all_alpha.append(alpha)
    return np.stack(all_logits), np.stack(all_alpha)


def grammar(model: SeqToSeq) -> tuple[Array, Array]:
    """Section 2.1 of Vinyals et al. with one LSTM layer, line by line."""
    n = numbers(model)
    h, first = annotations_of(model)
    w, b = n["decoder.stack.input_weight"], n["decoder.stack.bottom.bias"]
    fed_w, u = n["decoder.stack.bottom.extra_weight"].T, n["decoder.stack.bottom.hidden_weight"].T
    d, memory = np.tanh(n["start_state.projection.weight"] @ first + n["start_state.projection.bias"]).reshape(2, 6)
    fed = np.zeros(6 + 12)
    all_logits, all_alpha = [], []
    for y in TARGET[0].tolist():
        i, f, o, g = np.split(w @ n["target_embedding.weight"][y] + fed_w @ fed + u @ d + b, 4)
        memory = sigmoid(f) * memory + sigmoid(i) * np.tanh(g)
        d = sigmoid(o) * np.tanh(memory)
        alpha = additive(n, d, h)
        fed = np.concatenate([d, alpha @ h])
        all_logits.append(n["output.weight"] @ fed + n["output.bias"])
        all_alpha.append(alpha)
    return np.stack(all_logits), np.stack(all_alpha)


def test_grammar_is_the_paper_s() -> None:
    model = make_model(decoder="grammar", cell="lstm")
    expected, alpha = grammar(model)
    np.testing.assert_allclose(logits(model)[0].detach().numpy(), expected, atol=1e-12)
    np.testing.assert_allclose(weights(model).detach().numpy(), alpha, atol=1e-12)


def lstm(n: dict[str, Array], word: Array, extra: Array, state: Array, memory: Array) -> tuple[Array, Array]:
    """One step of the LSTM of a decoder's stack: the new state and memory cell."""
    w, b = n["decoder.stack.input_weight"], n["decoder.stack.bottom.bias"]
    extra_w, u = n["decoder.stack.bottom.extra_weight"].T, n["decoder.stack.bottom.hidden_weight"].T
    i, f, o, g = np.split(w @ word + extra_w @ extra + u @ state + b, 4)
    memory = sigmoid(f) * memory + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(memory), memory


def applied(n: dict[str, Array], layer: str, x: Array) -> Array:
    return n[f"decoder.{layer}.weight"] @ x + n[f"decoder.{layer}.bias"]


def show_attend_tell(model: SeqToSeq) -> tuple[Array, Array]:
    """Section 3.1 and eq. 7 of Xu et al., line by line: logits and alpha of every step."""
    n = numbers(model)
    a, first = annotations_of(model)
    h, memory = np.tanh(n["start_state.projection.weight"] @ first + n["start_state.projection.bias"]).reshape(2, 6)
    all_logits, all_alpha = [], []
    for y in TARGET[0].tolist():
        ey = n["target_embedding.weight"][y]
        alpha = additive(n, h, a)  # of the state before the step
        z = sigmoid(applied(n, "gate", h)) * (alpha @ a)
        h, memory = lstm(n, ey, z, h, memory)
        said = np.tanh(ey + applied(n, "readout.projection", np.concatenate([h, z])))  # of the state after it
        all_logits.append(n["output.weight"] @ said + n["output.bias"])
        all_alpha.append(alpha)
    return np.stack(all_logits), np.stack(all_alpha)


def adaptive(model: SeqToSeq) -> tuple[Array, Array]:
    """Sections 2.2 and 2.3 of Lu et al., line by line: logits and alpha-hat of the places at every step."""
    n = numbers(model)
    a, first = annotations_of(model)
    h, memory = np.tanh(n["start_state.projection.weight"] @ first + n["start_state.projection.bias"]).reshape(2, 6)
    v = np.maximum(np.stack([applied(n, "places", each) for each in a]), 0)
    summary = model.encode(SOURCE, LENGTHS).summary[0].detach().numpy()  # the final state, which a picture has not
    v_g = np.maximum(applied(n, "whole", summary), 0)
    all_logits, all_alpha = [], []
    for y in TARGET[0].tolist():
        ey, before = n["target_embedding.weight"][y], h
        h, memory = lstm(n, ey, v_g, h, memory)
        s = sigmoid(applied(n, "gate", np.concatenate([ey, v_g, before]))) * np.tanh(memory)
        hat = additive(n, h, np.vstack([v, applied(n, "sentinel_key", s)]))
        beta, alpha = hat[-1], hat[:-1] / (1 - hat[-1])
        c_hat = beta * s + (1 - beta) * (alpha @ v)
        all_logits.append(n["output.weight"] @ applied(n, "readout", c_hat + h) + n["output.bias"])
        all_alpha.append(hat[:-1])
    return np.stack(all_logits), np.stack(all_alpha)


@pytest.mark.parametrize(("decoder", "paper"), [("show-attend-tell", show_attend_tell), ("adaptive", adaptive)])
def test_captioners_are_their_papers(decoder: str, paper: Callable[[SeqToSeq], tuple[Array, Array]]) -> None:
    model = make_model(decoder=decoder, cell="lstm")
    expected, alpha = paper(model)
    np.testing.assert_allclose(logits(model)[0].detach().numpy(), expected, atol=1e-12)
    np.testing.assert_allclose(weights(model).detach().numpy(), alpha, atol=1e-12)


def with_sentinel_score(model: SeqToSeq, infinite: float) -> SeqToSeq:
    """A sentinel that takes everything, or nothing: its key lies where w^T tanh is extreme, for every query."""
    score = model.decoder.look.attention.score
    with torch.no_grad():
        model.decoder.sentinel_key.weight.zero_()
        # The key's features are +-1e4 with the sign of w: tanh is then +-1 whatever the query is, the score +-|w|.
        score.key_projection.weight.copy_(torch.eye(6))
        model.decoder.sentinel_key.bias.copy_(infinite * 1e4 * score.weight.sign())
        score.weight.mul_(100.0)
    return model


def test_a_sentinel_that_takes_all_hides_the_places_and_one_that_takes_nothing_leaves_them_as_they_are() -> None:
    blind = with_sentinel_score(make_model(decoder="adaptive", cell="lstm"), 1.0)
    memory = blind.encode(SOURCE, LENGTHS)
    token, torn = TARGET[:, 0], blind.decoder.read(torch.randn(1, 5, 12).double(), memory.keep)
    here, there = (blind.step(token, blind.start(memory), memory._replace(memory=m)) for m in (memory.memory, torn))
    assert here.attention().sum() < 1e-9
    torch.testing.assert_close(here.logits, there.logits)

    looking = with_sentinel_score(make_model(decoder="adaptive", cell="lstm", dropout=0.0), -1.0)
    assert weights(looking).sum(-1).min() > 1 - 1e-9
    looking.decoder.hide_sentinel = 1.0  # at every step
    torch.testing.assert_close(logits(looking.train()), logits(looking.eval()))


def test_while_it_trains_the_sentinel_is_hidden_at_half_of_the_steps() -> None:
    model = make_model(decoder="adaptive", cell="lstm").train()
    shown = torch.stack([weights(model).sum(-1) < 1 - 1e-12 for _ in range(40)])
    assert 0.35 < shown.double().mean() < 0.65
    assert (weights(model.eval()).sum(-1) < 1 - 1e-12).all()


@pytest.mark.parametrize("decoder", ["luong", "luong-feeding"])
def test_luong_is_the_paper_s(decoder: str) -> None:
    model = make_model(decoder=decoder, cell="lstm")
    expected, alpha = luong(model, feeding=decoder == "luong-feeding")
    np.testing.assert_allclose(logits(model)[0].detach().numpy(), expected, atol=1e-12)
    np.testing.assert_allclose(weights(model).detach().numpy(), alpha, atol=1e-12)


def test_general_with_the_identity_is_dot() -> None:
    general = make_model(decoder="luong", merge="sum", attention=AttentionConfig(score="general"))
    dot = make_model(decoder="luong", merge="sum", attention=AttentionConfig(score="dot"))
    parameters = general.state_dict()
    parameters["decoder.look.attention.score.weight"].copy_(torch.eye(6))
    dot.load_state_dict({name: tensor for name, tensor in parameters.items() if "score" not in name})
    torch.testing.assert_close(logits(general), logits(dot))
    parameters["decoder.look.attention.score.weight"][0, 1] = 1.0
    assert not torch.allclose(logits(general), logits(dot))


def test_input_feeding_widens_the_first_layer() -> None:
    for layers in (1, 2):
        without = make_model(decoder="luong", layers=layers).decoder.recurrent.run
        assert without.weight_ih_l0.shape[1] == 5
        stack = make_model(decoder="luong-feeding", layers=layers).decoder.stack
        assert stack.input_weight.shape[1] + stack.bottom.extra_weight.shape[0] == 5 + 6


def test_input_feeding_remembers_where_it_looked() -> None:
    """What goes back is h~, which the context reaches: another source at step 1 changes the state at step 2."""
    for decoder, remembers in (("luong", False), ("luong-feeding", True), ("grammar", True)):
        model = make_model(decoder=decoder, start="zero")
        states = []
        for source in (SOURCE, SOURCE.flip(1)):
            memory = model.encode(source, LENGTHS)
            state = model.start(memory)
            for token in (1, 8):
                state = model.step(torch.tensor([token]), state, memory).state
            hidden = state.layers[0][0]
            states.append(hidden)
        assert torch.allclose(*states) != remembers


def test_peek_without_its_summary_is_feedback() -> None:
    peek, feedback = make_model(decoder="peek"), make_model(decoder="feedback")
    feedback.load_state_dict(peek.state_dict())
    assert not torch.allclose(logits(peek), logits(feedback))
    for model in (peek, feedback):
        model.decoder.glimpse.weight.data.zero_()
    torch.testing.assert_close(logits(peek), logits(feedback))


def test_simple_does_not_hear_what_was_said() -> None:
    other = torch.tensor([[1, 9, 10, 11]])
    for decoder in DECODERS:
        model = make_model(decoder=decoder)
        same = torch.allclose(logits(model), model.logits(SOURCE, LENGTHS, other))
        assert same == (decoder == "simple")


@pytest.mark.parametrize("decoder", ["bahdanau", "luong", "luong-feeding", "grammar", "show-attend-tell", "adaptive"])
def test_weights_follow_the_state(decoder: str) -> None:
    """The detector of static attention: with the same source, another state must look elsewhere."""
    model = make_model(decoder=decoder)
    memory = model.encode(SOURCE, LENGTHS)
    moved = memory._replace(state=tuple(part + 1.0 for part in memory.state))
    maps = [model.step(TARGET[:, 0], model.start(m), m).attention() for m in (memory, moved)]
    assert (maps[0] - maps[1]).abs().max() > 1e-3
    assert weights(model).var(dim=0).max() > 1e-5


@pytest.mark.parametrize(
    ("decoder", "score"), [("static", "additive"), ("static", "general"), ("bahdanau", "linear-concat")]
)
def test_static_weights_have_no_variance_over_steps(decoder: str, score: str) -> None:
    maps = weights(make_model(decoder=decoder, attention=AttentionConfig(score=score)))
    torch.testing.assert_close(maps, maps[:1].expand_as(maps))
    assert maps.var(dim=1).min() > 1e-5


def test_a_static_query_is_the_summary() -> None:
    model = make_model(decoder="static", attention=AttentionConfig(score="dot"))
    memory = model.encode(SOURCE, LENGTHS)
    annotations = model.encoder(SOURCE, LENGTHS).states
    expected = torch.softmax(annotations[0] @ memory.summary[0], dim=0)
    torch.testing.assert_close(weights(model)[0], expected)


def test_the_window_moves_with_the_step_and_stops_at_the_end() -> None:
    source, target = SOURCE[:, :3], torch.tensor([[1, 8, 6, 4, 5]])
    model = make_model(decoder="luong", attention=AttentionConfig(region="window", radius=1))
    seen = weights(model, source, target).gt(0).tolist()
    assert seen == [[1, 1, 0], [1, 1, 1], [0, 1, 1], [0, 1, 1], [0, 1, 1]]


def test_a_causal_decoder_reads_up_to_its_step() -> None:
    source, target = SOURCE[:, :3], torch.tensor([[1, 8, 6, 4]])
    for decoder in ("bahdanau", "luong"):
        model = make_model(decoder=decoder, attention=AttentionConfig(region="causal"))
        assert weights(model, source, target).gt(0).tolist() == [[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 1, 1]]


def test_local_p_is_local_for_each_length() -> None:
    """The predicted centre scales with the row's own length, not with the padded one."""
    model = make_model(decoder="luong", attention=AttentionConfig(region="predicted", radius=1))
    predicted = model.decoder.look.attention.region
    predicted.weight.data.fill_(1e3)
    predicted.projection.weight.data.zero_()
    model.decoder.look.attention.score.weight.data.zero_()
    padded = torch.cat([SOURCE, torch.tensor([[5, 3, 7, 0, 0]])])
    memory = model.encode(padded, torch.tensor([5, 3]))
    step = model.step(torch.tensor([1, 1]), model.start(memory), memory)
    assert step.attention().gt(0).tolist() == [[0, 1, 1, 1, 0], [1, 1, 1, 0, 0]]  # v tanh(0) = 0: the middle


def test_a_starved_decoder_knows_nothing_of_the_source() -> None:
    for decoder in ("luong", "bahdanau", "feedback"):
        memory = make_model(decoder=decoder, start="zero", cell="lstm").encode(SOURCE, LENGTHS)
        assert all(part.eq(0).all() and part.shape == (1, 1, 6) for part in memory.state)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_final_hands_the_encoder_s_state_over(cell: str) -> None:
    model = make_model(decoder="luong", cell=cell, start="final", bidirectional=False, layers=2)
    memory = model.encode(SOURCE, LENGTHS)
    annotations = model.encoder(SOURCE, LENGTHS).states
    torch.testing.assert_close(memory.state[0][:, -1], annotations[:, -1])
    torch.testing.assert_close(memory.summary, annotations[:, -1])


def test_keys_are_projected_once() -> None:
    model, calls = make_model(), []
    score = model.decoder.look.attention.score
    score.key_projection.register_forward_hook(lambda *_: calls.append(1))
    logits(model)
    assert len(calls) == 1
    assert isinstance(model.decoder.look, SourceAttention)


def test_tied_weights_are_one() -> None:
    torch.manual_seed(0)
    shapes = {"none": (False, False), "target": (True, False), "all": (True, True)}
    for tie, (output, source) in shapes.items():
        model = SeqToSeq.for_texts(SeqToSeqConfig(embed=6, hidden=6, tie=tie), 11, 11)
        assert (model.output.weight is model.target_embedding.weight) == output
        assert (model.encoder.embedding.weight is model.target_embedding.weight) == source
