"""The inner form on a tile of queries and keys: matrix products."""
# pyright: reportMissingParameterType=false, reportCallIssue=false
# numba finds the types of loops out by itself.

from heedful.kernel.cpu.jit import compiled
from heedful.kernel.cpu.micro import add_product, add_product_of_transposed


@compiled
def inner_scores(form, scores, x, y, tile):
    """Adds to ``scores[rows, columns]`` what a tile's rows of ``x [rows, F]`` and columns of ``y [F, S]`` score."""
    add_product(scores, x, y, tile.rows, x.shape[1], tile.first, tile.columns)


@compiled
def inner_gradients(form, slopes, x, y, tile, totals):
    """Adds to the totals what a tile's ``slopes = dL / dscores`` give, with the keys in rows ``y [S, F]``."""
    real = min(tile.columns, y.shape[0] - tile.first)
    add_product(totals.x, slopes, y[tile.first : tile.first + real], tile.rows, real, 0, x.shape[1])
    add_product_of_transposed(totals.y, slopes, x, tile.rows, tile.first, real, x.shape[1])
