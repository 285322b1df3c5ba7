"""A scene as SVG: text stays text, shown with the viewer's fonts; pictures are part of the file."""

import hashlib
from base64 import b64encode
from html import escape

from heedful.watch.raster import png
from heedful.watch.scene import MARGIN, SIZE, Image, Length, Line, Polygon, Rect, Scene, Shape, Text
from heedful.watch.words import isolated, printable


def scene_svg(scene: Scene) -> str:
    """The drawing as text, for a file or inside a page."""
    across, down = f"{scene.width + MARGIN:.0f}", f"{scene.height + MARGIN:.0f}"
    images = _images(scene)
    shapes = (_shape(shape, images) for shape in scene.shapes)
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{across}" height="{down}" '
            f'viewBox="0 0 {across} {down}" font-family="sans-serif" font-size="{SIZE:g}">',
            *_defined(scene, images),
            '<rect width="100%" height="100%" fill="#ffffff"/>',
            *shapes,
            "</svg>",
            "",
        )
    )


def _images(scene: Scene) -> dict[int, tuple[str, bytes]]:
    """Each array of pixels once, by identity, with a name that is the same only for the same picture."""
    found: dict[int, tuple[str, bytes]] = {}
    for shape in scene.shapes:
        if isinstance(shape, Image) and id(shape.pixels) not in found:
            data = png(shape.pixels)
            # Several drawings may stand in one page, where names must not clash.
            size = f"{shape.width:g}x{shape.height:g}".encode()
            found[id(shape.pixels)] = (f"p{hashlib.sha256(data + size).hexdigest()[:12]}", data)
    return found


def _defined(scene: Scene, images: dict[int, tuple[str, bytes]]) -> list[str]:
    """Definitions of the pictures, which panels refer to by name: all panels of a map show the same one."""
    sizes = {id(shape.pixels): (shape.width, shape.height) for shape in scene.shapes if isinstance(shape, Image)}
    lines = [_image(*images[key], *size) for key, size in sizes.items()]
    return ["<defs>", *lines, "</defs>"] if lines else []


def _image(name: str, data: bytes, width: Length, height: Length) -> str:
    return (
        f'<image id="{name}" width="{width:g}" height="{height:g}" preserveAspectRatio="none" '
        f'style="image-rendering:pixelated" href="data:image/png;base64,{b64encode(data).decode()}"/>'
    )


def _shape(shape: Shape, images: dict[int, tuple[str, bytes]]) -> str:
    match shape:
        case Rect():
            return _rect(shape)
        case Line():
            ends = f'x1="{_n(shape.x1)}" y1="{_n(shape.y1)}" x2="{_n(shape.x2)}" y2="{_n(shape.y2)}"'
            return f'<line {ends} stroke="{shape.colour}"{_thickness(shape.thickness)}/>'
        case Polygon():
            return _polygon(shape)
        case Text():
            return _text(shape)
        case Image():
            return f'<use href="#{images[id(shape.pixels)][0]}" x="{_n(shape.x)}" y="{_n(shape.y)}"/>'


def _rect(rect: Rect) -> str:
    at = f'x="{_n(rect.x)}" y="{_n(rect.y)}" width="{_n(rect.width)}" height="{_n(rect.height)}"'
    # Only what is painted can be pointed at; an opacity of 0 counts as paint.
    fill, opacity = (rect.fill, rect.opacity) if rect.fill else ("#fff", 0.0) if rect.tip else ("none", 1.0)
    paint = f'fill="{fill}"' + (f' fill-opacity="{opacity:.3g}"' if opacity < 1 else "")
    paint += f' stroke="{rect.stroke}"{_thickness(rect.thickness)}' if rect.stroke else ""
    if not rect.tip:
        return f"<rect {at} {paint}/>"
    return f"<rect {at} {paint}><title>{escape(printable(rect.tip))}</title></rect>"


def _polygon(shape: Polygon) -> str:
    corners = " ".join(f"{_n(x)},{_n(y)}" for x, y in shape.corners)
    stroke = f' stroke="{shape.stroke}"' if shape.stroke else ""
    return f'<polygon points="{corners}" fill="{shape.fill}"{stroke}/>'


def _thickness(thickness: Length) -> str:
    return f' stroke-width="{thickness:g}"' if thickness != 1 else ""


def _text(text: Text) -> str:
    at = f'x="{_n(text.x)}" y="{_n(text.y)}"'
    if text.angle:
        at = f'transform="translate({_n(text.x)} {_n(text.y)}) rotate({-text.angle:g})"'
    style = f' text-anchor="{text.anchor}"' if text.anchor != "start" else ""
    style += f' font-size="{text.size:g}"' if text.size != SIZE else ""
    style += ' font-weight="bold"' if text.bold else ""
    return f'<text {at}{style} fill="{text.colour}">{escape(text.text if text.bold else isolated(text.text))}</text>'


def _n(number: Length) -> str:
    return f"{number:.1f}".removesuffix(".0")
