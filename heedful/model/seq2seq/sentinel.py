"""Adaptive attention: a visual sentinel lets a word look at the picture, or at what the decoder knows already."""

from dataclasses import replace
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.errors import UserError
from heedful.layer.readout import beside
from heedful.layer.recurrent import CELLS, Layers, Stack, State
from heedful.model.seq2seq.config import SeqToSeqConfig
from heedful.model.seq2seq.encoder import Source
from heedful.model.seq2seq.look import SourceAttention


class AdaptiveState(NamedTuple):
    """``h_{t-1}``, and for an LSTM its memory cell, of every layer: a tuple of ``[B, H]`` each."""

    layers: Layers


class Adaptive(nn.Module):
    """Recurrent layers of ``x_t = [E y_{t-1}; v_g]``, whose state ``h_t`` queries all places and one sentinel.

    ``v_i = relu(W_a a_i)``, ``v_g = relu(W_b mean_i a_i)``. The sentinel is
    ``s_t = sig(W_x x_t + W_h h_{t-1}) tanh(m_t)`` of the memory cell ``m_t`` (of a GRU: of its state). One softmax runs
    over the scores of all ``v_i`` and of ``S s_t``; beta is the sentinel's weight. The word comes from
    ``W_p (c_t + h_t)``, where ``c_t`` is the weighted sum of places and sentinel. That equals
    ``beta s_t + (1 - beta) c_t`` of the paper, whose alphas are divided by ``1 - beta``.

    While it trains, the sentinel is hidden at a random half of the steps. Without that, most seeds end with a beta of 1
    at a word that has to be looked at. A step's weights are those of the places: they sum to ``1 - beta``.
    Parameters: ``places``, ``whole``, ``gate``, ``sentinel_key`` (Linear), ``stack``, ``look``, ``readout``.
    Raises: UserError, for a region or a score that goes by positions: the sentinel has none.
    Source: Lu et al. 2017, eq. 3-13 (arXiv:1612.01887), whose ``W_s`` is ours times the keys' projection.
    """

    hide_sentinel = 0.5
    """The share of training steps at which the sentinel is hidden."""

    def __init__(self, config: SeqToSeqConfig, annotation_dim: int) -> None:
        super().__init__()
        if config.attention.region != "everywhere" or config.attention.score == "location":
            raise UserError(
                f"decoder 'adaptive' got attention.region {config.attention.region!r} and attention.score "
                f"{config.attention.score!r}, but its sentinel has no position",
                hint="leave the region at 'everywhere' and choose another score than 'location'",
            )
        width = config.hidden
        self.places = _linear(annotation_dim, width)
        self.whole = _linear(annotation_dim, width)
        self.look = SourceAttention(config.attention, width, width)
        # v_g is the same at every step. It enters where the context of other decoders does.
        self.stack = Stack(
            CELLS[config.cell],
            config.embed,
            width,
            extra_dim=width,
            layers=config.layers,
            dropout=config.dropout,
        )
        self.gate = _linear(config.embed + 2 * width, width)
        self.sentinel_key = _linear(width, width)
        self.readout = _linear(width, width)
        self.output_dim = width

    def read(self, annotations: Float[Tensor, "B S A"], keep: Bool[Tensor, "B S"]) -> Memory:
        """The places ``v_i``, with keys projected once."""
        return self.look.project(torch.relu(self.places(annotations)), keep)

    def start(self, source: Source) -> AdaptiveState:
        """The state before the first step."""
        return AdaptiveState(self.stack.begin(source.state))

    def unroll(
        self, embedded: Float[Tensor, "B T E"], source: Source, position: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T H"]:
        """``c_t + h_t`` of all steps."""
        hidden, sentinels = self._states(embedded, source)
        return self.look.attention(hidden, self._with_sentinels(source.attended, sentinels)) + hidden

    def step(
        self, embedded: Float[Tensor, "R E"], state: AdaptiveState, source: Source
    ) -> tuple[Float[Tensor, "R H"], AdaptiveState, Float[Tensor, "R S"]]:
        """``c_t + h_t`` of one step, the state after it, and the weights of the places."""
        # The hypotheses of a sentence are queries of one memory, each of which sees its own sentinel only.
        sentences = source.attended.key.shape[0]
        sentences_and_rows = sentences, embedded.shape[0] // max(1, sentences)
        whole = self._whole(source).repeat_interleave(sentences_and_rows[1], 0)
        layers = self.stack(self.stack.project(embedded), whole, state.layers)
        sentinel = self._sentinel(embedded, whole, state.layers[-1], layers[-1])
        hidden = layers[-1][0].unflatten(0, sentences_and_rows)
        memory = self._with_sentinels(source.attended, sentinel.unflatten(0, sentences_and_rows))
        context, weights = self._attend(hidden, memory)
        return (context + hidden).flatten(0, 1), AdaptiveState(layers), weights.flatten(0, 1)

    def _states(
        self, embedded: Float[Tensor, "B T E"], source: Source
    ) -> tuple[Float[Tensor, "B T H"], Float[Tensor, "B T H"]]:
        """``h_t`` and ``s_t`` of all steps: neither depends on where the decoder attends."""
        layers, whole = self.stack.begin(source.state), self._whole(source)
        states, sentinels = [], []
        for word, base in zip(embedded.unbind(1), self.stack.project(embedded).unbind(1), strict=True):
            before, layers = layers[-1], self.stack(base, whole, layers)
            states.append(layers[-1][0])
            sentinels.append(self._sentinel(word, whole, before, layers[-1]))
        return torch.stack(states, dim=1), torch.stack(sentinels, dim=1)

    def _whole(self, source: Source) -> Float[Tensor, "B H"]:
        """``v_g``."""
        return torch.relu(self.whole(source.summary))

    def _sentinel(
        self, embedded: Float[Tensor, "B E"], whole: Float[Tensor, "B H"], before: State, after: State
    ) -> Float[Tensor, "B H"]:
        """``s_t``: what the decoder knows at this step, in place of a look at the picture."""
        return torch.sigmoid(self.gate(beside(embedded, whole, before[0]))) * torch.tanh(after[-1])

    def _attend(
        self, hidden: Float[Tensor, "B T H"], memory: Memory
    ) -> tuple[Float[Tensor, "B T H"], Float[Tensor, "B T S"]]:
        """The context, and the weights of the places alone."""
        weights = self.look.attention.align(hidden, memory)
        context = weights.to(memory.value.dtype) @ memory.value
        return context, weights[..., : weights.shape[-1] - hidden.shape[1]]

    def _with_sentinels(self, places: Memory, sentinels: Float[Tensor, "B T H"]) -> Memory:
        """The places, and after them a sentinel for each of T queries, which only that query sees."""
        rows, count = sentinels.shape[:2]
        visible = torch.eye(count, dtype=torch.bool, device=sentinels.device).expand(rows, count, count)
        if self.training:
            shown = torch.rand(rows, count, device=sentinels.device) >= self.hide_sentinel
            visible = visible & shown.unsqueeze(-1)
        kept = torch.ones_like(places.key[..., 0], dtype=torch.bool) if places.keep is None else places.keep
        keep = torch.cat([kept.unsqueeze(1).expand(-1, count, -1), visible], dim=-1)
        keys = Memory(self.sentinel_key(sentinels), sentinels).project(self.look.attention.score)
        return replace(places.extend(keys), keep=keep)


def _linear(inputs: int, outputs: int) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
