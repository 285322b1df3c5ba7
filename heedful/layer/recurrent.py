"""Recurrent layers: torch's GRU and LSTM for whole sequences, and cells for decoders that attend at each step.

`Recurrent` processes a sequence whose inputs are all known in one call. If the input of step i depends on the context
of step i, a decoder loops over a `Stack` of cells. Inputs that do not depend on the loop are projected before it, in
one product.

State: a tuple of tensors, (hidden,) for a GRU and (hidden, cell) for an LSTM; ``[B, L, H]`` each for L layers in
`Recurrent`, and a tuple over layers of ``[B, H]`` each in a `Stack`.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.functional import linear
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from heedful.layer.dropout import Dropout
from heedful.layer.fused_lstm import fused_lstm_runs_in, say_that_float32_serves
from heedful.layer.precision import for_products, product_dtype

State = tuple[Tensor, ...]
Layers = tuple[State, ...]


class GatedCell(nn.Module):
    """The gated recurrent unit with the reset gate inside the product, as in the original paper.

    ``z = sig(x_z + U_z h)``, ``r = sig(x_r + U_r h)``, ``h' = (1 - z) h + z tanh(x + U (r h))``, where the inputs
    ``x = base + C extra`` enter both gates and the candidate. torch's GRU differs in two ways: its ``z`` keeps the OLD
    state, and its reset gate acts after the product.
    Parameters: ``bias`` [3H], ``extra_weight`` [C, 3H], ``gate_weight`` [H, 2H], ``candidate_weight`` [H, H];
    columns are z, r, candidate. Weights are stored as ``x @ weight`` needs them, so that the loop transposes nothing.
    Source: Cho et al. 2014, eq. 5-8 (arXiv:1406.1078); Bahdanau et al. 2015, section A.1.1 (arXiv:1409.0473).
    """

    def __init__(self, extra_dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(3 * hidden_dim))
        self.extra_weight = nn.Parameter(torch.empty(extra_dim, 3 * hidden_dim))
        self.gate_weight = nn.Parameter(torch.empty(hidden_dim, 2 * hidden_dim))
        self.candidate_weight = nn.Parameter(torch.empty(hidden_dim, hidden_dim))
        nn.init.xavier_uniform_(self.extra_weight)
        _orthogonal_blocks(self.gate_weight)
        nn.init.orthogonal_(self.candidate_weight)

    def forward(self, base: Float[Tensor, "*#B G"], extra: Float[Tensor, "B C"], state: State) -> State:
        """The next state; `base` is the projection computed before the loop, bias included."""
        (hidden,) = state
        gated = 2 * hidden.shape[-1]
        inputs = torch.addmm(base, extra, self.extra_weight)
        gates = torch.sigmoid(torch.addmm(inputs[:, :gated], hidden, self.gate_weight))
        update, reset = gates.chunk(2, dim=-1)
        candidate = torch.tanh(torch.addmm(inputs[:, gated:], reset * hidden, self.candidate_weight))
        return (torch.lerp(hidden, candidate, update),)


class LongCell(nn.Module):
    """The long short-term memory: ``c' = f c + i g``, ``h' = o tanh(c')``, all four from ``base + C extra + U h``.

    Parameters: ``bias`` [4H], ``extra_weight`` [C, 4H], ``hidden_weight`` [H, 4H]; columns are i, f, o (sigmoid)
    and g (tanh). The forget gate's bias starts at 1.
    Source: Hochreiter and Schmidhuber 1997; forget gates by Gers et al. 2000, eq. 1-7 (no peepholes).
    """

    def __init__(self, extra_dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(4 * hidden_dim))
        self.extra_weight = nn.Parameter(torch.empty(extra_dim, 4 * hidden_dim))
        self.hidden_weight = nn.Parameter(torch.empty(hidden_dim, 4 * hidden_dim))
        nn.init.xavier_uniform_(self.extra_weight)
        _orthogonal_blocks(self.hidden_weight)
        with torch.no_grad():
            self.bias[hidden_dim : 2 * hidden_dim] = 1.0

    def forward(self, base: Float[Tensor, "*#B G"], extra: Float[Tensor, "B C"], state: State) -> State:
        """The next hidden and cell state; `base` is the projection computed before the loop, bias included."""
        hidden, memory = state
        gated = 3 * hidden.shape[-1]
        inputs = torch.addmm(torch.addmm(base, extra, self.extra_weight), hidden, self.hidden_weight)
        enter, forget, leave = torch.sigmoid(inputs[:, :gated]).chunk(3, dim=-1)
        memory = torch.addcmul(forget * memory, enter, torch.tanh(inputs[:, gated:]))
        return leave * torch.tanh(memory), memory


class Kind(NamedTuple):
    """A type of recurrent layer: the class for whole sequences, the cell for loops, and the tensors of its state.

    torch's weights consist of `gates` blocks of rows. The second block is the gate that keeps the old state (an LSTM's
    forget gate, a GRU's update gate); its bias is initialised to `keeps`.
    """

    whole: type[nn.GRU] | type[nn.LSTM]
    cell: type[GatedCell] | type[LongCell]
    parts: int
    gates: int
    keeps: float


GRU = Kind(nn.GRU, GatedCell, parts=1, gates=3, keeps=0.0)
LSTM = Kind(nn.LSTM, LongCell, parts=2, gates=4, keeps=1.0)
CELLS: dict[str, Kind] = {"gru": GRU, "lstm": LSTM}


class Recurrent(nn.Module):
    """Layers of torch's GRU or LSTM over whole sequences; padding is never read.

    Outputs and states of both directions are concatenated, forwards first. `forget` is the initial bias of the gates
    that keep the state (None: 1 for an LSTM's forget gates, 0 for a GRU's update gates). At 1 a state depends on words
    far back, at -2 mostly on the current word.
    """

    def __init__(
        self,
        kind: Kind,
        input_dim: int,
        hidden_dim: int,
        *,
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        forget: float | None = None,
    ) -> None:
        super().__init__()
        self.run = kind.whole(
            input_dim,
            hidden_dim,
            num_layers=layers,
            bidirectional=bidirectional,
            # Dropout is between layers: torch warns if there is only one layer.
            dropout=dropout if layers > 1 else 0.0,
            batch_first=True,
        )
        self.output_dim = hidden_dim * (2 if bidirectional else 1)
        for name, parameter in self.run.named_parameters():
            _draw_torch_parameter(name, parameter, kind.gates)
            # torch has two biases, which are added: only one of them is set.
            if name.startswith("bias_ih"):
                keeps = kind.keeps if forget is None else forget
                nn.init.constant_(parameter.detach()[hidden_dim : 2 * hidden_dim], keeps)

    def forward(
        self,
        inputs: Float[Tensor, "B S I"],
        state: State | None = None,
        *,
        lengths: Int[Tensor, " B"] | None = None,
    ) -> tuple[Float[Tensor, "B S D"], State]:
        """Outputs of the top layer, zero on padding, and the final state of every layer ``[B, L, D]``.

        With `lengths` the final state of a row is that of its last step, and the backward direction starts there.
        """
        dtype = product_dtype(inputs)
        # torch runs a fused LSTM in autocast's dtype if its inputs are float32 and all rows have one length. Other
        # inputs, and a GRU, run in loops that every processor supports.
        fused = isinstance(self.run, nn.LSTM) and inputs.device.type == "cpu" and inputs.dtype != dtype
        if not fused or fused_lstm_runs_in(dtype, learns=torch.is_grad_enabled()):
            return self._run(inputs, state, lengths)
        say_that_float32_serves(dtype)
        state = None if state is None else tuple(part.float() for part in state)
        with torch.autocast("cpu", enabled=False):
            outputs, final = self._run(inputs.float(), state, lengths)
        # The fused LSTM returns autocast's dtype: callers get the same dtype on every processor.
        return outputs.to(dtype), tuple(part.to(dtype) for part in final)

    def step(self, inputs: Float[Tensor, "B I"], state: State) -> tuple[Float[Tensor, "B D"], State]:
        """One step: the top layer's output, and the state of every layer after it."""
        outputs, after = self(inputs.unsqueeze(1), state)
        return outputs.squeeze(1), after

    def _run(self, inputs: Tensor, state: State | None, lengths: Tensor | None) -> tuple[Tensor, State]:
        """Runs torch's layers in the current precision."""
        start = None if state is None else self._to_torch(state)
        if lengths is None:
            outputs, final = self.run(inputs, start)
        else:
            packed = pack_padded_sequence(inputs, lengths.cpu(), batch_first=True, enforce_sorted=False)
            packed_outputs, final = self.run(packed, start)
            outputs, _ = pad_packed_sequence(packed_outputs, batch_first=True, total_length=inputs.shape[1])
        return outputs, self._from_torch(final)

    def _to_torch(self, state: State) -> Tensor | State:
        """``[B, L, H]`` each to torch's ``[L, B, H]``, in a tuple only for the LSTM."""
        # torch's layers require contiguous states.
        parts = tuple(part.transpose(0, 1).contiguous() for part in state)
        return parts if isinstance(self.run, nn.LSTM) else parts[0]

    def _from_torch(self, final: Tensor | State) -> State:
        """From torch's ``[L * directions, B, H]`` to ``[B, L, directions * H]`` each."""
        parts = (final,) if isinstance(final, Tensor) else final
        layers = self.run.num_layers
        return tuple(part.unflatten(0, (layers, -1)).permute(2, 0, 1, 3).flatten(2) for part in parts)


class Stack(nn.Module):
    """Layers of cells for a loop: the first reads its inputs and `extra`, each further one the layer below.

    `extra` is known only inside the loop: the context, or a vector that is fed back.
    """

    def __init__(
        self, kind: Kind, input_dim: int, hidden_dim: int, *, extra_dim: int, layers: int = 1, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.bottom = kind.cell(extra_dim, hidden_dim)
        self.upper = nn.ModuleList(kind.cell(hidden_dim, hidden_dim) for _ in range(layers - 1))
        self.input_weight = nn.Parameter(torch.empty(self.bottom.bias.shape[0], input_dim))
        nn.init.xavier_uniform_(self.input_weight)
        self.dropout = Dropout(dropout)

    def project(self, inputs: Float[Tensor, "... I"]) -> Float[Tensor, "... G"]:
        """``W x + bias`` of the first layer, which does not depend on the loop, for all steps in one product."""
        return linear(inputs, self.input_weight, self.bottom.bias)

    def begin(self, state: State) -> Layers:
        """A state ``[B, L, H]`` split into layers, in the dtype of the loop's products."""
        return tuple(zip(*(for_products(part).unbind(1) for part in state), strict=True))

    def forward(self, base: Float[Tensor, "B G"], extra: Float[Tensor, "B C"], layers: Layers) -> Layers:
        """The next state of every layer; ``layers[-1][0]`` is the top hidden state."""
        after = [self.bottom(base, extra, layers[0])]
        for cell, state in zip(self.upper, layers[1:], strict=True):
            after.append(cell(cell.bias, self.dropout(after[-1][0]), state))
        return tuple(after)


def _orthogonal_blocks(weight: Tensor) -> None:
    """Initialises ``[H, k * H]`` with k orthogonal squares, so that no gate scales the state at first."""
    for block in weight.detach().split(weight.shape[0], dim=1):
        nn.init.orthogonal_(block)


def _draw_torch_parameter(name: str, parameter: Tensor, gates: int) -> None:
    """Initialises a parameter of torch's layers like those of our cells, gate by gate."""
    if name.startswith("bias"):
        nn.init.zeros_(parameter)
        return
    draw = nn.init.orthogonal_ if name.startswith("weight_hh") else nn.init.xavier_uniform_
    # Drawn as a whole, a weight would have the fan-out of all gates together, and start too small.
    for block in parameter.detach().chunk(gates, dim=0):
        draw(block)
