"""Names of attentions in words, for the titles of drawings."""

_ROOMS = frozenset({"encoder", "decoder", "words", "sentences"})


def attention_title(name: str) -> str:
    """The name of an attention module in words: "decoder.2.source" is "source attention, layer 2".

    Layers are counted from 0, as in the name. A name that is not one of this package's stays as it is.
    """
    parts = name.split(".")
    room = next((part for part in reversed(parts[:-1]) if part in _ROOMS), "")
    layers = [part for part in parts if part.isdigit()]
    title = _kind(frozenset(parts), room)
    return f"{title}, layer {layers[-1]}" if title and layers else title or name


def _kind(parts: frozenset[str], room: str) -> str:
    """What an attention is, by the parts of its name and the part of the model that it belongs to."""
    kinds = (
        ({"sentences", "self"} <= parts, "self-attention over sentences"),
        ("self" in parts, f"{room} self-attention".lstrip()),
        (room == "decoder" and bool(parts & {"source", "look"}), "source attention"),
        (room == "decoder" and "near" in parts, "attention to the words nearby"),
        ("pooling" in parts and "attention" in parts, f"attention over {room or 'words'}"),
        (parts <= {"look", "attention"} and "look" in parts, "attention to the past"),
        ("pooling" in parts and "left" in parts, "attention at the pooling, left to right text"),
        ("left" in parts, "attention from the left to the right text"),
    )
    return next((title for applies, title in kinds if applies), "")
