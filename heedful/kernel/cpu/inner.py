"""The inner form on a tile of queries and keys: matrix products."""
# pyright: reportMissingParameterType=false, reportCallIssue=false
# numba infers the types of the loops' arguments.

from heedful.kernel.cpu.jit import compiled
from heedful.kernel.cpu.micro import add_product, add_product_of_transposed


@compiled
def inner_scores(form, scores, x, y, tile):
    """Adds to ``scores[rows, columns]`` the scores of a tile's rows of ``x [rows, F]`` and columns of ``y [F, S]``."""
    add_product(scores, x, y, tile.rows, x.shape[1], tile.first, tile.columns)


@compiled
def inner_gradients(form, grad_scores, x, y, tile, grads):
    """Adds to `grads` what a tile's ``dL / dscores`` give, with the keys in rows ``y [S, F]``."""
    # A tile may end in padding after the last key; rows of keys and of their gradients do not.
    valid = min(tile.columns, y.shape[0] - tile.first)
    add_product(grads.x, grad_scores, y[tile.first : tile.first + valid], tile.rows, valid, 0, x.shape[1])
    add_product_of_transposed(grads.y, grad_scores, x, tile.rows, tile.first, valid, x.shape[1])
