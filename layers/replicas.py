"""Functions of the whole batch for layers and losses, if it is spread over several devices.

TensorFlow runs a step once per device, each time on a share of the batch: a replica. Functions of
the whole batch, such as its mean, must then come from here. They can be differentiated, so that
the replicas' gradients add up to those of one device with the whole batch. JAX and torch see the
whole batch at once, as does TensorFlow on a single device; there these functions return their
arguments unchanged.
"""

import keras

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    def _context():
        """The context of the current replica, or `None` if there is only one."""
        context = tf.distribute.get_replica_context()
        return context if context and context.num_replicas_in_sync > 1 else None

    def count() -> int:
        """The number of devices over which the batch is spread, in equal shares."""
        context = _context()
        return context.num_replicas_in_sync if context else 1

    def mean(x):
        """The mean of x over the replicas: the whole batch's, if x is the mean over a share."""
        context = _context()
        return context.all_reduce(tf.distribute.ReduceOp.MEAN, x) if context else x

    def gather(x):
        """x (N, …) of every replica, one after the other: (replicas · N, …)."""
        context = _context()
        if context is None:
            return x
        # A sum in which every replica fills its own rows: it has derivatives of any order.
        own = tf.one_hot(context.replica_id_in_sync_group, context.num_replicas_in_sync)
        own = tf.reshape(tf.cast(own, x.dtype), (-1,) + (1,) * len(x.shape))
        rows = context.all_reduce(tf.distribute.ReduceOp.SUM, own * x[None])
        return tf.reshape(rows, (-1, *x.shape[1:]))

    def share(x):
        """The rows of this replica of x (replicas · N, …), as `gather` orders them: (N, …)."""
        context = _context()
        if context is None:
            return x
        rows = tf.reshape(x, (context.num_replicas_in_sync, -1, *x.shape[1:]))
        return rows[context.replica_id_in_sync_group]

    def assign(variable: keras.Variable, value) -> None:
        """Assign to `variable` a value that is the same on all replicas."""
        if _context() is None:
            variable.assign(value)
        else:  # each sets its own copy: nothing is sent
            tf.raw_ops.AssignVariableOp(
                resource=variable.value.handle, value=tf.cast(value, variable.dtype)
            )

else:

    def count() -> int:
        """See the TensorFlow version."""
        return 1

    def mean(x):
        """See the TensorFlow version."""
        return x

    def gather(x):
        """See the TensorFlow version."""
        return x

    def share(x):
        """See the TensorFlow version."""
        return x

    def assign(variable: keras.Variable, value) -> None:
        """See the TensorFlow version."""
        variable.assign(value)
