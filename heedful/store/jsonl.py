"""Values as lines of JSON, as its standard has it: without NaN and infinity, which many readers refuse."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, cast


def strict_json(value: Any) -> str:
    """A value of mappings, sequences, texts and numbers as one line of JSON; a number that is not finite is null."""
    return json.dumps(_finite(value), ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in cast(Mapping[str, Any], value).items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_finite(one) for one in cast(Sequence[Any], value)]
    return None if isinstance(value, float) and not math.isfinite(value) else value
