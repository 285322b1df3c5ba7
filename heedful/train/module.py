"""The LightningModule around a model: training step, precision, optimiser, clipping and learning rate."""

from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import Tensor, nn

from heedful.errors import UserError
from heedful.layer.loss import TokenLoss
from heedful.layer.precision import products_in
from heedful.train.batch_iterator import TrackedBatch
from heedful.train.meter import Meter
from heedful.train.optimiser import make_optimiser, set_rates
from heedful.train.schedule import Rates
from heedful.train.settings import TrainSettings
from heedful.train.state import RunState


class TrainingModule(LightningModule):
    """Trains any model with `loss(batch) -> TokenLoss`.

    The loss of a step is the mean over the tokens of all ranks. Weights, gradients and optimiser state stay float32;
    with `dtype` bfloat16 only matrix products are computed in it. We use our own autocast, because Lightning's casts
    the weights of a recurrent decoder again at every position.
    """

    def __init__(
        self,
        model: nn.Module,
        settings: TrainSettings,
        state: RunState,
        *,
        meter: Meter,
        rate: Rates,
        dtype: torch.dtype,
    ) -> None:
        super().__init__()
        self.model = model
        self.settings, self.state, self.meter, self.rate, self.dtype_of_products = settings, state, meter, rate, dtype

    def training_step(self, batch: TrackedBatch, batch_idx: int) -> Tensor:
        with products_in(self.dtype_of_products, self.device):
            loss = self.model.loss(batch.batch)  # pyright: ignore[reportCallIssue]
        if not isinstance(loss, TokenLoss):  # a model of the user's own may return anything
            raise UserError(
                f"{type(self.model).__name__}.loss returned {type(loss).__name__}",
                hint="expected a heedful.layer.loss.TokenLoss: sums over tokens, and how many these are",
            )
        self.meter.add(loss, self.state.step + 1)
        # DDP averages the gradients over ranks; times their number this makes the mean over all tokens.
        total = loss.total * (self.trainer.world_size / batch.batch.tokens_total)
        return total if loss.tokens else total + self._zero()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return make_optimiser(self.model, self.settings)

    def configure_gradient_clipping(self, optimizer: Any, *_: Any, **__: Any) -> None:
        """Clips, and sets the learning rates of this step; Lightning's own clipping refuses fused optimisers."""
        set_rates(optimizer, self.rate, self.state.step)
        if self.settings.clip:
            norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
            # A gradient may be NaN where the loss is finite; the norm tells at no further cost.
            self.meter.expect_finite(norm, self.state.step + 1)

    def transfer_batch_to_device(self, batch: TrackedBatch, device: torch.device, dataloader_idx: int) -> TrackedBatch:
        return batch if device.type == "cpu" else batch._replace(batch=batch.batch.to(device))

    def _zero(self) -> Tensor:
        """Zero, computed from every parameter.

        A rank whose share of a batch is empty may skip parts of the model; the others would wait for their gradients.
        """
        zeros = [(parameter * 0.0).sum() for parameter in self.model.parameters() if parameter.requires_grad]
        return torch.stack(zeros).sum()
