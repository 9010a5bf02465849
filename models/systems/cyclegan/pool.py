"""The pool of past fakes for a discriminator (Shrivastava et al. 2017, section 2.3).

A discriminator that sees only the newest fakes forgets what earlier ones looked like, and the
training oscillates. So half of the fakes are swapped for older ones.
"""

from __future__ import annotations

from keras import ops


def swap(pool, made, places, chances, seen):
    """Swap some of the fakes `made` for past ones: → (fakes to show, new pool).

    As in the authors' code, rows are processed in order. While the pool fills, a fake goes to the
    next free place and is shown. Later, if its chance is above one half, the fake at its place is
    shown and replaced in the pool by the new one; otherwise the new one is shown and not kept.

    Args:
        pool: (P, R, R, 3) float32, the past fakes.
        made: (B, R, R, 3) float32, the newest fakes.
        places: (B,) int32 below P.
        chances: (B,) float32 in [0, 1).
        seen: int32, how many fakes came before these.
    """
    size, shown = pool.shape[0], []
    for row in range(made.shape[0]):  # two rows may have the same place
        filling = seen + row < size
        place = ops.where(filling, seen + row, places[row])
        swapped = ops.logical_and(ops.logical_not(filling), chances[row] > 0.5)
        old, new = ops.take(pool, place, axis=0), made[row]
        kept = ops.where(ops.logical_or(filling, swapped), new, old)
        pool = ops.scatter_update(pool, ops.reshape(place, (1, 1)), kept[None])
        shown.append(ops.where(swapped, old, new))
    return ops.stack(shown), pool
