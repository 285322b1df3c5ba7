"""Values as lines of strict JSON: NaN and infinity, which the standard does not have, are written as null."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, cast


def strict_json(value: Any) -> str:
    """A value of mappings, sequences, strings and numbers as one line of JSON; NaN and infinity become `null`."""
    return json.dumps(_finite(value), ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in cast(Mapping[str, Any], value).items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_finite(item) for item in cast(Sequence[Any], value)]
    return None if isinstance(value, float) and not math.isfinite(value) else value
