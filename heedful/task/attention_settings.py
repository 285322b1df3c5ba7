"""The attention settings of a run: a short form for models with several attentions, and refusals of what has no effect.

``model.attention.score`` sets the score of every attention of a model, and ``model.attention.self.score`` that of one.
A setting that the model would ignore is an error: one of a model without attention, and one of a part that is not
chosen, such as the radius of a window without a window.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast, get_args

from pydantic import BaseModel

from heedful.errors import UserError
from heedful.model.attention_config import CUSTOM_SCORE, AttentionConfig
from heedful.model.attention_sections import AttentionSections
from heedful.task.models import Models
from heedful.task.settings import check_settings, join_settings, nested

Plain = Mapping[str, Any]
InUse = Mapping[str, frozenset[str]]
"""The settings in use of each attention, by the path of its section in the model's settings."""

_FIELDS = frozenset(AttentionConfig.model_fields)
_USERS = {
    "width": "score additive or concat, or region predicted",
    "radius": "region window or predicted",
    "temperature": "choice soft, hard or gumbel",
    "best": "choice topk",
    "max_length": "score location",
}
"""What uses each number."""


def attentions_of(settings: Any) -> InUse:
    """The attentions of a model's settings; empty for a model without any that settings choose."""
    return getattr(settings, "attentions", {})


def without_short_form(models: Models, name: str, layers: Sequence[Plain]) -> list[dict[str, Any]]:
    """Layers of model settings in which every short form is written out, for the attentions that the model has.

    Raises: UserError, for a model that is unknown, or attention settings of a model that has none.
    """
    kind, preset = models.named(name)[1].family.config, models.named(name)[1].preset
    groups = dict(_groups(kind))
    if "attention" not in kind.model_fields:
        for layer in layers:
            for key in _at(layer, "attention"):
                raise _no_attention(models, name, f"attention.{key}", attentions_of(preset))
    if not groups:
        return [dict(layer) for layer in layers]
    # Which attentions there are depends on other settings, such as the pooling, but not on those of attentions.
    bare = [_without(layer, groups) for layer in layers]
    in_use = attentions_of(_validated(kind, join_settings(preset.model_dump(), *bare)))
    written = [_written_out(layer, groups, in_use, in_use) for layer in layers]
    # A number such as `radius` is for those attentions that use it, which is known only with their regions.
    exact = attentions_of(_validated(kind, join_settings(preset.model_dump(), *written)))
    return [_written_out(layer, groups, in_use, exact) for layer in layers]


def check_attention_settings(models: Models, name: str, settings: BaseModel, *, layers: Iterable[Plain]) -> None:
    """Checks that every attention setting in layers of the user has an effect in a model with these `settings`.

    A section that lists all its settings, as in the ``config.yaml`` of a run, may hold the model's own values
    everywhere.
    Raises: UserError, for a setting that has none; names the models that have such an attention.
    """
    in_use, kind = attentions_of(settings), type(settings)
    for layer in layers:
        for path, section in _sections(layer, kind):
            usual = _usual(models.named(name)[1].preset, path)
            for key, value in section.items():
                is_written_by_run = section.keys() >= _FIELDS and value == usual.get(key)
                if key in in_use.get(path, ()) or is_written_by_run:
                    continue
                if path not in in_use:
                    raise _no_attention(models, name, f"{path}.{key}", in_use)
                if key in _USERS:
                    raise UserError(
                        f"model.{path}.{key} would change nothing in these settings", hint=f"it is for {_USERS[key]}"
                    )


def custom_score_settings(models: Models, name: str, layers: Sequence[Plain]) -> dict[str, Any]:
    """Model settings that give every attention the user's own score, unless a layer names one that should have it.

    Raises: UserError, for a model without an attention whose score can be chosen.
    """
    kind, preset = models.named(name)[1].family.config, models.named(name)[1].preset
    joined = join_settings({}, *layers)
    if any(section.get("score") == CUSTOM_SCORE for _, section in _sections(joined, kind)):
        return {}
    in_use = attentions_of(_validated(kind, join_settings(preset.model_dump(), joined)))
    if not in_use:
        raise UserError(
            f"the model {name!r} has no attention whose score can be chosen", hint=_models_with(models, in_use, "")
        )
    return join_settings({}, *(nested([*path.split("."), "score"], CUSTOM_SCORE) for path in in_use))


def _groups(kind: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, type[AttentionSections]]]:
    """The groups of sections in a model's settings, by path."""
    for name, section in _models_in(kind):
        if issubclass(section, AttentionSections):
            yield f"{prefix}{name}", section
        else:
            yield from _groups(section, f"{prefix}{name}.")


def _models_in(kind: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """The fields of a settings class that are themselves settings classes."""
    for name, field in kind.model_fields.items():
        for annotation in (field.annotation, *get_args(field.annotation)):
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                yield name, annotation


def _written_out(
    layer: Plain, groups: Mapping[str, type[AttentionSections]], in_use: InUse, exact: InUse
) -> dict[str, Any]:
    """A layer with the short form replaced by the sections that it stands for.

    `in_use` has the attentions that the model has. `exact` says which settings each uses once all are written out.
    """
    written = dict(layer)
    for group, sections_class in groups.items():
        section = _at(layer, group)
        short = {key: value for key, value in section.items() if key in _FIELDS}
        names = [path.removeprefix(f"{group}.") for path in in_use if path.rpartition(".")[0] == group]
        if not short or not names:
            continue
        sections = {key: value for key, value in section.items() if key not in _FIELDS}
        if _is_of_pooling(section, sections_class):
            sections["pooling"], names = short, []
        for name in names:
            chosen = {key: value for key, value in short.items() if _is_for(key, f"{group}.{name}", group, exact)}
            sections[name] = {**chosen, **cast(Plain, sections.get(name) or {})}
        written = join_settings(_without(written, [group]), nested(group.split("."), sections))
    return written


def _is_of_pooling(section: Plain, sections: type[BaseModel]) -> bool:
    """Whether these are all settings of a pooling, as `TextSections` reads them.

    Run folders of before there were sections have them. `attention` was then that of the pooling alone.
    """
    return "pooling" in sections.model_fields and frozenset(section) == _FIELDS


def _is_for(key: str, path: str, group: str, exact: InUse) -> bool:
    """Whether a setting of the short form is for the attention at `path`: it uses it, or no attention does."""
    users = [user for user, used in exact.items() if user.rpartition(".")[0] == group and key in used]
    return path in users or not users


def _sections(layer: Plain, kind: type[BaseModel]) -> Iterator[tuple[str, Plain]]:
    """The sections of attention settings that a layer of model settings holds, by path."""
    known = dict(_models_in(kind))
    for name, content in layer.items():
        section = known.get(name)
        if not isinstance(content, Mapping):
            continue
        inner = cast(Plain, content)
        if name == "attention" and (section is None or not issubclass(section, AttentionSections)):
            yield name, inner
        elif section is not None and issubclass(section, AttentionSections):
            short = {key: value for key, value in inner.items() if key in _FIELDS}
            if short:
                yield f"{name}.pooling" if _is_of_pooling(inner, section) else name, short
            for key, value in inner.items():
                if isinstance(value, Mapping):
                    yield f"{name}.{key}", cast(Plain, value)
        elif section is not None:
            for path, settings in _sections(inner, section):
                yield f"{name}.{path}", settings


def _usual(preset: BaseModel, path: str) -> Plain:
    """The settings of an attention in a preset; those of a group of before there were sections are its pooling's."""
    settings: Any = preset.model_dump()
    for name in path.split("."):
        settings = settings.get(name) if isinstance(settings, Mapping) else None
    if not isinstance(settings, Mapping):
        return AttentionConfig().model_dump()
    plain = cast(Plain, settings)
    return cast(Plain, plain["pooling"]) if "pooling" in plain else plain


def _no_attention(models: Models, name: str, path: str, in_use: InUse) -> UserError:
    section, _, key = path.rpartition(".")
    if in_use:
        choosable = ", ".join(f"model.{used}.{key}" for used in in_use)
        return UserError(
            f"model.{path} would change nothing: {name!r} with these settings has no such attention",
            hint=f"it has {choosable}; {_models_with(models, in_use, section)}",
        )
    return UserError(
        f"model.{path} would change nothing: {name!r} with these settings has no attention that settings choose",
        hint=_models_with(models, in_use, ""),
    )


def _models_with(models: Models, in_use: InUse, section: str) -> str:
    """Names the models that have an attention at this section, or any attention."""
    having = [
        name
        for name, entry in models.names.items()
        if any(not section or path == section or path.startswith(f"{section}.") for path in attentions_of(entry.preset))
    ]
    if not having:
        return "no model of this task has one" if not section else f"no model of this task has model.{section}"
    return f"models that have {'one' if not section else f'model.{section}'}: {', '.join(having)}"


def _at(layer: Plain, path: str) -> Plain:
    """The section at a path; empty if there is none."""
    content: Any = layer
    for name in path.split("."):
        content = content.get(name) if isinstance(content, Mapping) else None
    return cast(Plain, content) if isinstance(content, Mapping) else {}


def _without(layer: Plain, paths: Iterable[str]) -> dict[str, Any]:
    """A layer without the sections at these paths."""
    kept = dict(layer)
    for path in paths:
        name, _, rest = path.partition(".")
        if not rest:
            kept.pop(name, None)
        elif isinstance(kept.get(name), Mapping):
            kept[name] = _without(kept[name], [rest])
    return kept


def _validated(kind: type[BaseModel], plain: Plain) -> BaseModel:
    return check_settings(kind, _without(plain, ["name"]), section="model")
