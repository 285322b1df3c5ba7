"""Saliency by Itti, Koch and Niebur: which places of a picture stand out, and in which order they are attended to."""

from heedful.model.saliency.model import FEATURES, ORIENTATIONS, IttiKoch, Saliency
from heedful.model.saliency.promote import promoted, promotion
from heedful.model.saliency.scan import Attended, scan_path

__all__ = ["FEATURES", "ORIENTATIONS", "Attended", "IttiKoch", "Saliency", "promoted", "promotion", "scan_path"]
