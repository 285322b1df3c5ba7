"""All settings of a run as commented YAML, with their meaning and range, in the form that ``--config`` reads."""

from collections.abc import Collection, Iterator
from typing import Annotated, Any, Literal, cast, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from heedful.model.attention_config import AttentionConfig
from heedful.model.names import HasChoices
from heedful.task.attention_settings import attentions_of
from heedful.task.config import ModelChoice, RunConfig
from heedful.task.models import CUSTOM

_LEFT_OUT = ("task", "custom")


def settings_text(config: RunConfig) -> str:
    """The settings as YAML, with a comment behind each: what it means, and which values it may have.

    Attentions that the model does not have are left out. Settings that training takes from its files are comments.
    """
    model, task = config.model_name, config.task
    lines = [
        f"# All settings of heedful train {task} --model {model}. To use a changed copy: --config FILE",
        f"task: {task}",
    ]
    for name, field in type(config).model_fields.items():
        if name in _LEFT_OUT:
            continue
        value = getattr(config, name)
        if isinstance(value, ModelChoice):
            lines += ["", f"model:  # {field.description}", *_model_lines(config, value)]
        elif isinstance(value, BaseModel):
            lines += ["", f"{name}:  # {field.description}", *_lines(value)]
        else:
            lines += ["", _line(name, value, field, (), is_comment=name in config.settled and not value)]
    return "\n".join([*lines, ""])


def range_of(field: FieldInfo, names: tuple[str, ...] = ()) -> str:
    """The values that a setting may have, in words; empty where its type says enough.

    >>> from heedful.train.settings import TrainSettings
    >>> range_of(TrainSettings.model_fields["rate"]), range_of(TrainSettings.model_fields["schedule"])
    ('above 0', 'inverse-sqrt, cosine or constant')
    """
    words = [*names] or [str(word) for word in _literals(field.annotation)]
    if words:
        return " or ".join([*([", ".join(words[:-1])] if len(words) > 1 else []), words[-1]])
    limits = _limits(field)
    bounds = [f"{limits['ge']:g} or more"] if "ge" in limits else []
    bounds += [f"above {limits['gt']:g}"] if "gt" in limits else []
    bounds += [f"at most {limits['le']:g}"] if "le" in limits else []
    bounds += [f"below {limits['lt']:g}"] if "lt" in limits else []
    if "ge" in limits and "le" in limits:
        bounds = [f"{limits['ge']:g} to {limits['le']:g}"]
    return " and ".join(bounds) or ("true or false" if field.annotation is bool else "")


def _model_lines(config: RunConfig, choice: ModelChoice) -> Iterator[str]:
    names = (*config.models.names, *((CUSTOM,) if choice.name == CUSTOM else ()))
    yield f"  name: {choice.name}  # {', '.join(names)}"
    yield from _lines(choice.settings, attentions=attentions_of(choice.settings))


def _lines(settings: BaseModel, path: str = "", attentions: Collection[str] = ()) -> Iterator[str]:
    """The lines of the section at a path; of attentions, only those in `attentions`, by their path."""
    choices = settings.choices() if isinstance(settings, HasChoices) else {}
    front = "  " * (path.count(".") + 1)
    for name, field in type(settings).model_fields.items():
        value, inner = getattr(settings, name), f"{path}{name}"
        if not isinstance(value, BaseModel):
            yield front + _line(name, value, field, tuple(choices.get(name, ())), is_comment=False)
            continue
        lines = list(_lines(value, f"{inner}.", attentions))
        if lines and not (isinstance(value, AttentionConfig) and inner not in attentions):
            yield f"{front}{name}:  # {field.description}"
            yield from lines


def _line(name: str, value: Any, field: FieldInfo, names: tuple[str, ...], *, is_comment: bool) -> str:
    plain: Any = list(cast(tuple[Any, ...], value)) if isinstance(value, tuple) else value
    # On one line, whatever its length, because the meaning follows behind it.
    text = yaml.safe_dump(plain, default_flow_style=True, allow_unicode=True, width=10_000).strip()
    # After a plain value YAML writes the end of a document.
    text = text.removesuffix("...").strip()
    allowed = range_of(field, names)
    meaning = f"{field.description or ''}{f' ({allowed})' if allowed else ''}"
    return f"{'# ' if is_comment else ''}{name}: {text}  # {meaning}"


def _literals(annotation: Any) -> Iterator[Any]:
    """The values of every Literal in an annotation."""
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
        return
    for inner in get_args(annotation):
        yield from _literals(inner)


def _limits(field: FieldInfo) -> dict[str, Any]:
    """The bounds of a number by name: ge, gt, le, lt."""
    limits: dict[str, Any] = {}
    for constraint in [*field.metadata, *_constraints(field.annotation)]:
        for name in ("ge", "gt", "le", "lt"):
            if (limit := getattr(constraint, name, None)) is not None:
                limits[name] = limit
    return limits


def _constraints(annotation: Any) -> Iterator[Any]:
    """The constraints inside an annotation, as in ``Annotated[int, Field(ge=1)] | None``."""
    if get_origin(annotation) is Annotated:
        for extra in get_args(annotation)[1:]:
            yield from extra.metadata if isinstance(extra, FieldInfo) else [extra]
    for inner in get_args(annotation):
        yield from _constraints(inner)
