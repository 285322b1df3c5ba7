"""The losses of Show, Attend and Tell: a penalty on cells that nothing looks at, and REINFORCE for sampled cells."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from heedful.choice.hard import Selection, moving_baseline, reinforce
from heedful.layer.loss import TextBatch, TokenLoss
from heedful.model.seq2seq import SeqToSeq
from heedful.model.seq2seq.show_attend_tell import Looks, ShowAttendTell
from heedful.shapes import PAD


@runtime_checkable
class Objective(Protocol):
    """What a captioner is trained by: a module that computes the loss of a batch."""

    def __call__(self, network: SeqToSeq, batch: TextBatch, /) -> TokenLoss:
        """The loss, summed over the real words of the captions."""
        ...


class DoublyStochastic(nn.Module):
    """The likelihood of the words, and ``weight sum_i (1 - sum_t alpha_ti)^2``: every cell is to be looked at.

    The sum over t has the real words of a caption, EOS included, and that over i the real cells. A caption of T words
    has a total weight of T, so that with more than T cells the penalty cannot be 0; it then asks for even attention.
    Source: Xu et al. 2015, eq. 14 (arXiv:1502.03044).
    """

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = weight

    def forward(self, network: SeqToSeq, batch: TextBatch) -> TokenLoss:
        """The loss; outside of training that of the words alone."""
        if not (self.training and self.weight):
            return network.loss(batch)
        embedded, position = network.inputs(batch.target_in)
        source = network.encode(batch.source, batch.source_lengths)
        features, looks = _decoder(network).unroll_looks(embedded, source, position, take=lambda weights: weights)
        loss = network.loss_of(features, batch.target_out)
        penalty = coverage_penalty(looks.weights, batch.target_out != PAD, source.keep)
        return loss._replace(total=loss.total + self.weight * penalty)

    def extra_repr(self) -> str:
        return f"weight={self.weight}"


def coverage_penalty(
    weights: Float[Tensor, "B T S"], steps: Bool[Tensor, "B T"], cells: Bool[Tensor, "B S"]
) -> Float[Tensor, ""]:
    """``sum_i (1 - sum_t alpha_ti)^2`` over real steps and cells, summed over captions.

    A row without any real step, as of a process without examples, counts nothing.
    Source: Xu et al. 2015, eq. 14 (arXiv:1502.03044).
    """
    total = (weights * steps.unsqueeze(-1)).sum(1)
    counted = cells & steps.any(1, keepdim=True)
    return ((1.0 - total).square() * counted).sum()


class Reinforce(nn.Module):
    """Hard attention: a word reads one cell, sampled by weight, and the policy gradient teaches the weights.

    Of a caption y and sampled cells s, the gradient is that of ``log p(y|s) + reward (R - b) log p(s) + entropy H``.
    R, the reward, is a constant. With a `reward` of 1 its expectation is exact; the authors use 0.1, and so do our
    settings: the policy then learns with less noise. Each caption tosses its own coin: with probability `expected` all
    of its words read the expectation ``sum_i alpha_i a_i`` instead, as in soft attention (the authors' code tosses one
    coin for a whole batch). Outside of training nothing is sampled: the words read the expectation.

    The reward of the cell of word t is the log-probability of the words from t on. Those before it do not depend on
    that cell, so that the expected gradient is that of the paper, whose reward is the whole caption, with less noise.
    The baseline is the moving average of the log-probability of a word, ``b = decay b + (1 - decay) mean log p``, times
    the number of words from t on. It is updated after it has been used, since b may not depend on the sample.
    Buffers: ``baseline``, the log-probability of a word in nats, which begins at `start`.
    Source: Xu et al. 2015, eq. 11-13 (arXiv:1502.03044); Williams 1992, theorem 1.
    """

    baseline: Tensor

    def __init__(
        self, start: float, *, reward: float = 1.0, entropy: float = 0.02, expected: float = 0.5, decay: float = 0.9
    ) -> None:
        super().__init__()
        self.reward, self.entropy, self.expected, self.decay = reward, entropy, expected, decay
        self.register_buffer("baseline", torch.tensor(float(start)))

    def forward(self, network: SeqToSeq, batch: TextBatch) -> TokenLoss:
        """The loss; outside of training that of the words, which read the expectation."""
        if not self.training:
            return network.loss(batch)
        embedded, position = network.inputs(batch.target_in)
        source = network.encode(batch.source, batch.source_lengths)
        sampled = torch.rand(embedded.shape[0], device=embedded.device) >= self.expected
        features, looks = _decoder(network).unroll_looks(embedded, source, position, take=_Sampling(self.draw, sampled))
        words = _Words(network, features, batch.target_out)
        policy = self.policy_loss(looks, words.log_probability, steps=words.real, sampled=sampled)
        if words.count:
            self.baseline.copy_(moving_baseline(self.baseline, words.log_probability[words.real], self.decay))
        return TokenLoss(words.loss + policy, -words.log_probability.detach().sum(), words.count)

    def draw(self, weights: Float[Tensor, "B S"]) -> Int[Tensor, " B"]:
        """The cell of each row, drawn by weight."""
        return torch.multinomial(weights, 1).squeeze(1)

    def policy_loss(
        self,
        looks: Looks,
        log_probability: Float[Tensor, "B T"],
        *,
        steps: Bool[Tensor, "B T"],
        sampled: Bool[Tensor, " B"],
    ) -> Float[Tensor, ""]:
        """``-reward (R_t - b_t) log p(s_t) - entropy H_t``, summed; `log_probability` is that of each word, 0 on PAD.

        Words that read the expectation have only the entropy.
        """
        selection = _selection(looks)
        # Detached by `reinforce`, too: a gradient through the reward would be counted twice.
        to_come = _from_here_on(log_probability.detach())
        baseline = self.baseline.to(to_come.dtype) * _from_here_on(steps.to(to_come.dtype))
        policy = reinforce(selection, to_come, baseline=baseline) * sampled.unsqueeze(1)
        return ((self.reward * policy - self.entropy * selection.entropy) * steps).sum()

    def extra_repr(self) -> str:
        return f"reward={self.reward}, entropy={self.entropy}, expected={self.expected}, decay={self.decay}"


class _Sampling:
    """What a step takes of the cells: a sampled one where `sampled`, and the expectation elsewhere."""

    def __init__(self, draw: Callable[[Tensor], Tensor], sampled: Bool[Tensor, " B"]) -> None:
        self._draw, self._sampled = draw, sampled[:, None, None]

    def __call__(self, weights: Float[Tensor, "B 1 S"]) -> Float[Tensor, "B 1 S"]:
        index = self._draw(weights.detach().squeeze(1))
        one_hot = functional.one_hot(index, weights.shape[-1]).to(weights.dtype).unsqueeze(1)
        return torch.where(self._sampled, one_hot, weights)


class _Words:
    """The words of a batch under the decoder's features: the summed loss, and the log-probability of each word."""

    def __init__(self, network: SeqToSeq, features: Float[Tensor, "B T F"], target_out: Int[Tensor, "B T"]) -> None:
        self.real = target_out != PAD
        rows = self.real.flatten().nonzero().squeeze(1)
        logits = network.output(network.read_out(features.flatten(0, 1).index_select(0, rows)))
        logits = logits.to(torch.promote_types(torch.float32, logits.dtype))
        target = target_out.flatten().index_select(0, rows)
        smoothing = network.config.smoothing
        self.loss = functional.cross_entropy(logits, target, reduction="sum", label_smoothing=smoothing)
        # The reward is the likelihood itself, without smoothing.
        real = -functional.cross_entropy(logits.detach(), target, reduction="none")
        self.log_probability = real.new_zeros(self.real.numel()).index_copy(0, rows, real).view_as(target_out)
        self.count = target.shape[0]


def _selection(looks: Looks) -> Selection:
    """The cells that were taken, their log-probabilities and the entropies of the weights ``[B, T]``."""
    # A weight that has become 0 would have a logarithm, and a gradient, of minus infinity.
    log_weights = looks.weights.clamp_min(torch.finfo(looks.weights.dtype).tiny).log()
    taken = looks.taken.detach()
    return Selection(
        context=taken,
        index=taken.argmax(-1),
        log_probability=(taken * log_weights).sum(-1),
        entropy=-(looks.weights * log_weights).sum(-1),
    )


def _from_here_on(numbers: Float[Tensor, "B T"]) -> Float[Tensor, "B T"]:
    """The sum of each number and those after it in its row."""
    return numbers.flip(1).cumsum(1).flip(1)


def _decoder(network: SeqToSeq) -> ShowAttendTell:
    decoder = network.decoder
    if not isinstance(decoder, ShowAttendTell):
        raise TypeError(f"expected the decoder show-attend-tell, got {type(decoder).__name__}: it needs the weights.")
    return decoder
