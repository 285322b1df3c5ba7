"""A picture file is read as a person sees it, or refused by name; one law for each trap that readers fall into."""

import io
import struct
import unicodedata
import warnings
import zlib

import numpy as np
import pytest

from heedful.data.image import PictureReader, find_picture
from heedful.errors import UserError

Image = pytest.importorskip("PIL.Image")

RAMP = np.linspace(0, 255, 12 * 20 * 3).reshape(12, 20, 3).astype(np.uint8)  # no two corners alike
ORIENTATION = 0x0112


def save(path, image, **options):
    image.save(path, **options)
    return path


def turned_for(orientation, pixels):
    """Pixels as a camera stores them that was held so that `orientation` turns them back."""
    stored = {
        1: lambda p: p,
        2: lambda p: p[:, ::-1],
        3: lambda p: p[::-1, ::-1],
        4: lambda p: p[::-1],
        5: lambda p: p.swapaxes(0, 1),
        6: lambda p: np.rot90(p, 1),
        7: lambda p: p[::-1, ::-1].swapaxes(0, 1),
        8: lambda p: np.rot90(p, -1),
    }
    return np.ascontiguousarray(stored[orientation](pixels))


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_eight_orientations_give_the_same_picture(tmp_path, orientation, suffix):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    # Blocks of 16 pixels of one colour survive the JPEG of any turn almost unchanged.
    blocks = np.kron(
        np.array([[[250, 10, 10], [10, 250, 10], [10, 10, 250]], [[250, 250, 10]] * 3]), np.ones((16, 16, 1))
    )
    pixels = blocks.astype(np.uint8)
    options = {"jpg": {"quality": 100, "subsampling": 0}, "webp": {"lossless": True}, "png": {}}[suffix]
    path = save(tmp_path / f"a.{suffix}", Image.fromarray(turned_for(orientation, pixels)), exif=exif, **options)
    reader = PictureReader()
    picture = reader.read(path)
    assert picture.size == reader.size(path) == (48, 32)
    assert np.abs(picture.pixels.astype(int) - pixels).max() <= 4


def test_broken_exif_is_no_reason_to_refuse_a_picture(tmp_path):
    path = save(tmp_path / "a.jpg", Image.fromarray(RAMP), exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\xff\xff")
    assert PictureReader().read(path).size == (20, 12)


def test_sixteen_bit_grey_keeps_its_middle(tmp_path):
    ramp = np.linspace(0, 65535, 256 * 4).astype(np.uint16).reshape(16, 64)
    for name in ("a.png", "a.tif"):
        pixels = PictureReader().read(save(tmp_path / name, Image.fromarray(ramp))).pixels
        assert pixels.mean() == pytest.approx(127.5, abs=1)
        assert (pixels[0, 0, 0], pixels[-1, -1, 0]) == (0, 255)
    (tmp_path / "a.pgm").write_bytes(b"P5 64 16 65535\n" + ramp.astype(">u2").tobytes())
    assert PictureReader().read(tmp_path / "a.pgm").pixels.mean() == pytest.approx(127.5, abs=1)


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_numbers_without_a_known_range_are_refused(tmp_path, dtype):
    path = save(tmp_path / "a.tif", Image.fromarray(np.full((4, 4), 100, dtype)))
    with pytest.raises(UserError, match=r"a\.tif: this picture holds .* of unknown range"):
        PictureReader().read(path)


def test_every_encoding_of_transparency_is_laid_on_white(tmp_path):
    """Where alpha is 0 the hidden colour must not show; half transparent red on white is pink."""
    rgba = np.zeros((4, 6, 4), np.uint8)
    rgba[..., 0] = 255
    rgba[:, 2:4, 3], rgba[:, 4:, 3] = 128, 255
    pixels = PictureReader().read(save(tmp_path / "a.png", Image.fromarray(rgba))).pixels
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[0, 2].tolist() == [255, 127, 127]
    assert pixels[0, 4].tolist() == [255, 0, 0]
    grey = np.zeros((4, 6, 2), np.uint8)
    grey[:, 3:, 1] = 255
    as_palette = Image.fromarray(np.where(grey[..., 1] > 0, 0, 1).astype(np.uint8), "P")
    as_palette.putpalette([0, 0, 0, 0, 0, 0])
    expected = np.where(grey[..., 1:] > 0, 0, 255).repeat(3, 2)
    for name, image, options in [
        ("la.png", Image.fromarray(grey, "LA"), {}),
        ("p.png", as_palette, {"transparency": bytes([255, 0])}),
        ("p1.png", as_palette, {"transparency": 1}),
        ("p.gif", as_palette, {"transparency": 1}),
        ("key.png", Image.fromarray(np.where(grey[..., 1] > 0, 0, 9).astype(np.uint8)), {"transparency": 9}),
        ("rgba.webp", Image.fromarray(grey, "LA").convert("RGBA"), {"lossless": True}),
    ]:
        found = PictureReader().read(save(tmp_path / name, image, **options)).pixels
        assert np.array_equal(found, expected), name


def test_sixteen_bit_grey_with_a_transparent_level(tmp_path):
    numbers = np.array([[0, 300, 65535]], np.uint16).repeat(2, 0)
    path = save(tmp_path / "a.png", Image.fromarray(numbers), transparency=300)
    assert PictureReader().read(path).pixels[0, :, 0].tolist() == [0, 255, 255]


def test_cmyk_is_within_three_levels_of_the_same_colours_in_rgb(tmp_path):
    rgb = np.kron(np.array([[[200, 30, 30], [30, 200, 30], [30, 30, 200]]]), np.ones((16, 16, 1))).astype(np.uint8)
    cmyk = Image.fromarray(rgb).convert("CMYK")
    for name, options in [("a.jpg", {"quality": 100, "subsampling": 0}), ("a.tif", {})]:
        found = PictureReader().read(save(tmp_path / name, cmyk, **options)).pixels
        assert np.abs(found.astype(int) - rgb).max() <= 3, name


def test_other_modes_are_read(tmp_path):
    for mode, suffix in [("1", "png"), ("L", "png"), ("P", "gif"), ("YCbCr", "jpg"), ("LAB", "tif")]:
        picture = PictureReader().read(
            save(tmp_path / f"{mode}.{suffix}", Image.fromarray(RAMP).convert("RGB").convert(mode))
        )
        assert picture.pixels.shape == (12, 20, 3), mode
        assert picture.pixels.dtype == np.uint8


@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "webp", "tif", "bmp"])
def test_a_truncated_picture_is_refused_by_name(tmp_path, suffix):
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    path = save(tmp_path / f"a.{suffix}", Image.fromarray(noise))
    whole = path.read_bytes()
    for share in (0.9, 0.5, 0.1):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(UserError, match=rf"a\.{suffix}: (this picture|this is|cannot)"):
            PictureReader().read(path)


def reads(reader, path):
    """Whether a picture can be read; any error but one of ours that names the file is raised."""
    try:
        return reader.read(path).pixels.ndim == 3
    except UserError as error:
        if str(path) in str(error):
            return False
        raise


def test_damaged_pictures_end_in_an_error_of_ours_or_are_read(tmp_path):
    """Any byte may be wrong: no error of a decoder comes through raw."""
    random, reader, refused = np.random.default_rng(2), PictureReader(), 0
    for suffix in ("jpg", "png", "gif", "webp", "tif"):
        path = save(tmp_path / f"a.{suffix}", Image.fromarray(RAMP))
        whole = np.frombuffer(path.read_bytes(), np.uint8)
        for _ in range(40):
            spoilt = whole.copy()
            spoilt[random.integers(0, len(whole), 4)] = random.integers(0, 256, 4)
            path.write_bytes(spoilt.tobytes())
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                refused += not reads(reader, path)
    assert refused > 0


def png_header(width, height):
    """A PNG that claims a size and holds no pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    pixels = struct.pack(">I", 2) + b"IDAT\x78\x9c" + struct.pack(">I", zlib.crc32(b"IDAT\x78\x9c"))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk)) + pixels


@pytest.mark.parametrize(
    ("width", "height", "named"), [(12000, 12000, "12000 × 12000 pixels"), (20000, 20000, "400 megapixels")]
)
def test_a_huge_picture_is_refused_from_its_header(tmp_path, width, height, named):
    path = tmp_path / "a.png"
    path.write_bytes(png_header(width, height))
    reader = PictureReader()
    with pytest.raises(UserError, match=f"too large: {named}, the limit is 40 megapixels"):
        reader.read(path)
    with pytest.raises(UserError, match="the limit is 1 megapixels"):
        PictureReader(max_megapixels=1.0).size(save(tmp_path / "b.png", Image.new("RGB", (1200, 900))))


def test_a_text_chunk_that_unpacks_without_end_is_refused(tmp_path):
    packed = zlib.compress(b"a" * 70_000_000)
    chunk = b"zTXt" + b"k\x00\x00" + packed
    bomb = struct.pack(">I", len(packed) + 3) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (tmp_path / "a.png").write_bytes(png_header(4, 4)[:33] + bomb + png_header(4, 4)[33:])
    with pytest.raises(UserError, match=r"a\.png"):
        PictureReader().read(tmp_path / "a.png")


def test_extreme_shapes(tmp_path):
    one = save(tmp_path / "one.png", Image.new("RGB", (1, 1), (9, 8, 7)))
    assert PictureReader().read(one).pixels.tolist() == [[[9, 8, 7]]]
    with pytest.raises(UserError, match="1 × 60000 pixels: one side is more than 20 times the other"):
        PictureReader().read(save(tmp_path / "line.png", Image.new("L", (1, 60000))))


def test_an_animation_gives_its_first_frame_and_one_warning_a_run(tmp_path):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    reader = PictureReader()
    for name, expected in [("a.gif", 1), ("b.webp", 0), ("c.png", 0), ("d.tif", 0)]:
        save(tmp_path / name, frames[0], save_all=True, append_images=frames[1:])
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            pixels = reader.read(tmp_path / name).pixels
        assert np.abs(pixels.astype(int) - [255, 0, 0]).max() < 6, name
        assert len(caught) == expected, name


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "an empty file"),
        (b"version https://git-lfs.example/spec/v1\noid sha256:0\nsize 1\n", "git-LFS pointer.*git lfs pull"),
        (b"\n <!DOCTYPE html><html><body>404</body></html>", r"web page \(HTML\)"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>", r"drawing \(SVG\)"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "HEIC photo.*convert it to .jpg"),
        (b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00", "film"),
        (b"%PDF-1.7\n", "PDF"),
        (b"RIFF\x24\x08\x00\x00WAVEfmt ", "recording"),
        (b"PK\x03\x04\x14\x00", "zip archive"),
        (b"image,caption\na.jpg,a dog\n", "a text file"),
        ("图片,说明\n".encode() * 60, "a text file"),
        (b"\x93NUMPY\x01\x00", "array of NumPy"),
        (b"PAR1\x15\x04", "Parquet"),
        (b"\x89PNG\r\n\x1a\n", r"a picture \(\.png\): it is damaged"),
        (bytes(range(200, 250)), "in no format that Pillow reads"),
    ],
)
def test_what_is_no_picture_is_named(tmp_path, content, named):
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(UserError, match=rf"a\.jpg: this is .*{named}"):
        PictureReader().read(path)


def test_a_picture_with_the_wrong_suffix_is_read_by_its_content(tmp_path):
    buffer = io.BytesIO()
    Image.fromarray(RAMP).save(buffer, "png")
    (tmp_path / "a.jpg").write_bytes(buffer.getvalue())
    assert np.array_equal(PictureReader().read(tmp_path / "a.jpg").pixels, RAMP)


def test_a_folder_or_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UserError, match="cannot read this file"):
        PictureReader().read(tmp_path)
    save(tmp_path / "dog-1.png", Image.fromarray(RAMP))
    with pytest.raises(UserError, match=r"no such picture.*did you mean .*dog-1\.png"):
        PictureReader().read(tmp_path / "dog-2.png")


def test_a_name_may_differ_in_its_normal_form_and_the_case_of_its_suffix(tmp_path):
    decomposed = unicodedata.normalize("NFD", "café.JPG")
    (tmp_path / decomposed).write_bytes(b"")
    found = find_picture(tmp_path, unicodedata.normalize("NFC", "café.jpg"))
    assert found.name == decomposed
    with pytest.raises(UserError, match=r"no such picture.*did you mean"):
        find_picture(tmp_path, "caffe.JPG")


def test_reading_leaves_pillow_as_it_was(tmp_path):
    import PIL.ImageFile

    before = Image.MAX_IMAGE_PIXELS, PIL.ImageFile.LOAD_TRUNCATED_IMAGES
    PictureReader(max_megapixels=400.0).read(save(tmp_path / "a.png", Image.fromarray(RAMP)))
    assert before == (Image.MAX_IMAGE_PIXELS, PIL.ImageFile.LOAD_TRUNCATED_IMAGES)
