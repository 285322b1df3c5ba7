"""What stands to the left and to the right of each word, the word itself left out."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Contexts(nn.Module):
    """``c_l(w_i) = tanh(W_l c_l(w_{i-1}) + W_sl e(w_{i-1}))``, and ``c_r`` likewise from the right.

    The contexts of a word do not depend on the word itself. The contexts beyond both ends are learned vectors, so that
    ``c_l(w_1)`` and ``c_r(w_T)`` are the same in every text. The bias of each recurrence is ours.
    Parameters: ``run`` (torch's RNN in both directions), ``ends`` [2, hidden]: the contexts beyond the left and the
    right end.
    Source: Lai et al. 2015, eq. 1-2 (AAAI, Recurrent Convolutional Neural Networks for Text Classification).
    """

    def __init__(self, input_dim: int, hidden: int) -> None:
        super().__init__()
        self.hidden, self.output_dim = hidden, 2 * hidden
        self.run = nn.RNN(input_dim, hidden, bidirectional=True, batch_first=True)
        self.ends = nn.Parameter(torch.empty(2, hidden))
        # All other contexts are outputs of tanh, between -1 and 1.
        nn.init.uniform_(self.ends, -1.0, 1.0)
        for name, parameter in self.run.named_parameters():
            if not name.startswith("weight"):
                nn.init.zeros_(parameter)
            elif "_hh" in name:
                nn.init.orthogonal_(parameter)
            else:
                nn.init.xavier_uniform_(parameter)

    def forward(
        self, vectors: Float[Tensor, "B S I"], lengths: Int[Tensor, " B"]
    ) -> tuple[Float[Tensor, "B S H"], Float[Tensor, "B S H"]]:
        """The left context and the right context of every word; zeros on padding."""
        rows, steps = vectors.shape[:2]
        packed = pack_padded_sequence(vectors, lengths.cpu(), batch_first=True, enforce_sorted=False)
        # A copy, because torch requires contiguous states.
        start = self.ends.to(vectors.dtype).unsqueeze(1).expand(-1, rows, -1).contiguous()
        outputs, _ = pad_packed_sequence(self.run(packed, start)[0], batch_first=True, total_length=steps)
        forwards, backwards = outputs.chunk(2, dim=-1)
        # A context excludes its word: outputs move by one position, and an end vector fills the gap. Rows end at
        # different positions, so that the right end vector is inserted at each row's last word.
        left_end, right_end = self.ends.to(outputs.dtype).unbind(0)
        left = torch.cat([left_end.expand(rows, 1, -1), forwards[:, :-1]], dim=1)
        right = torch.cat([backwards[:, 1:], torch.zeros_like(backwards[:, :1])], dim=1)
        from_end = torch.arange(steps, device=lengths.device) - lengths.unsqueeze(-1)  # -1 at the last word
        right = torch.where((from_end == -1).unsqueeze(-1), right_end, right)
        return torch.where((from_end < 0).unsqueeze(-1), left, 0.0), right
