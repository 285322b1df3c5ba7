"""Made-up corpora: aligned English–Chinese sentences, titles of a shop with many categories, and captioned scenes."""

from heedful.data.corpus.measure import AlignedPair, Corpus, make_corpus
from heedful.data.corpus.scenes import Scene, SceneObject, Scenes, blind_ceiling, write_scenes
from heedful.data.corpus.titles import Shop, Title

__all__ = [
    "AlignedPair",
    "Corpus",
    "Scene",
    "SceneObject",
    "Scenes",
    "Shop",
    "Title",
    "blind_ceiling",
    "make_corpus",
    "write_scenes",
]
