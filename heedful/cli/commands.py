"""Imports all commands in the order of the help text; importing one adds it to the application."""
# ruff: noqa: I001 - the order is deliberate

from heedful.cli.app import app
from heedful.cli import demo
from heedful.cli import check
from heedful.cli import train
from heedful.cli import pretrain
from heedful.cli import predict
from heedful.cli import evaluate
from heedful.cli import show
from heedful.cli import chat
from heedful.cli import saliency
from heedful.cli import scenes
from heedful.cli import bench
from heedful.cli import models
from heedful.cli import cite

__all__ = [
    "app",
    "bench",
    "chat",
    "check",
    "cite",
    "demo",
    "evaluate",
    "models",
    "predict",
    "pretrain",
    "saliency",
    "scenes",
    "show",
    "train",
]
