"""A decoder's attention to its source: the core's attention, with the source position of each step."""

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from heedful.attention import Memory
from heedful.layer.past import at_position
from heedful.model.attention_config import AttentionConfig


class SourceAttention(nn.Module):
    """The attention of a decoder to its source, built from a config; ``attention`` is the core's module."""

    def __init__(self, config: AttentionConfig, query_dim: int, key_dim: int) -> None:
        super().__init__()
        self.attention = config.build(query_dim, key_dim)

    def project(self, annotations: Float[Tensor, "B S A"], keep: Bool[Tensor, "B S"]) -> Memory:
        """The source's memory, with ``U_a h_j`` computed once."""
        return self.attention.project(annotations, keep=keep)

    def forward(
        self, query: Float[Tensor, "B T Q"], memory: Memory, position: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T A"]:
        """The context of each query; `position` is each query's source position, from 0."""
        return self.attention(query, memory, region=at_position(self.attention.region, position, memory))

    def weights(
        self, query: Float[Tensor, "B T Q"], memory: Memory, position: Int[Tensor, "B T"]
    ) -> Float[Tensor, "B T S"]:
        """The weights behind the same call of `forward`."""
        return self.attention.align(query, memory, region=at_position(self.attention.region, position, memory))

    def attend_step(
        self, query: Float[Tensor, "R Q"], memory: Memory, position: Int[Tensor, " R"]
    ) -> tuple[Float[Tensor, "R A"], Float[Tensor, "R S"]]:
        """One step: the context and the weights.

        There may be k times as many rows as the memory has: k consecutive rows then attend to one sentence, as k
        queries of one attention call.
        """
        # For one query per row the weights are small. They are therefore computed explicitly, and the context from
        # them, instead of a fused call that would not return them. `max` allows for a batch without sentences.
        sentences = memory.key.shape[0]
        sentences_and_rows = sentences, query.shape[0] // max(1, sentences)
        region = at_position(self.attention.region, position.view(sentences_and_rows), memory)
        weights = self.attention.align(query.unflatten(0, sentences_and_rows), memory, region=region)
        context = weights.to(memory.value.dtype) @ memory.value
        return context.flatten(0, 1), weights.flatten(0, 1)
