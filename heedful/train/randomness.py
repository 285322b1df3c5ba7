"""The states of all random number generators as tensors, so that a resumed run draws the same numbers."""

import random
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor


def seed_everything(seed: int) -> None:
    """Seeds the generators of torch (on all devices), NumPy and Python."""
    torch.manual_seed(seed)
    # NumPy takes seeds of 32 bits only.
    np.random.seed(seed % 2**32)
    random.seed(seed)


def capture() -> dict[str, Tensor]:
    """The states of the generators of torch (CPU and this process's GPU), NumPy and Python."""
    # Gaussian numbers are drawn in pairs; the spare one, here and in NumPy, is the next to be given out.
    _, words, spare = random.getstate()
    table = np.random.get_state(legacy=False)
    assert isinstance(table, dict)
    key = torch.from_numpy(table["state"]["key"].astype(np.int64))
    states = {
        "torch": torch.get_rng_state(),
        "python": torch.tensor(words, dtype=torch.int64),
        "python_spare": torch.tensor([spare is not None, spare or 0.0], dtype=torch.float64),
        "numpy": torch.cat([key, torch.tensor([table["state"]["pos"]])]),
        "numpy_spare": torch.tensor([table["has_gauss"], table["gauss"]], dtype=torch.float64),
    }
    # To ask a GPU that is not in use for its state would initialise it.
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        states["cuda"] = torch.cuda.get_rng_state()
    return states


def restore(states: Mapping[str, Tensor]) -> None:
    """Puts back what `capture` gave."""
    torch.set_rng_state(states["torch"])
    has, spare = states["python_spare"].tolist()
    # 3 is the version of the format in which Python gives its state.
    random.setstate((3, tuple(states["python"].tolist()), spare if has else None))
    *key, position = states["numpy"].tolist()
    has, spare = states["numpy_spare"].tolist()
    np.random.set_state(("MT19937", np.array(key, dtype=np.uint32), position, int(has), spare))
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])
