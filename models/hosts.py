"""How the machines of one training find each other, and how long they wait for each other."""

from __future__ import annotations

import json
import os

_PATIENCE = 120  # a host counts as lost after so many seconds of silence


def cluster() -> tuple[list[str], int]:
    """The addresses of all hosts and the index of this one, from TF_CONFIG.

    Raises ValueError if TF_CONFIG is missing, describes fewer than two workers, or is no JSON.
    """
    text = os.environ.get("TF_CONFIG", "")
    try:
        config = json.loads(text)
        workers, task = config["cluster"]["worker"], config["task"]
        if len(workers) > 1 and task["type"] == "worker" and 0 <= task["index"] < len(workers):
            return list(workers), int(task["index"])
    except (ValueError, KeyError, TypeError):
        pass
    raise ValueError(
        'The way "hosts" needs TF_CONFIG on every host, such as {"cluster": {"worker": '
        '["10.0.0.1:2222", "10.0.0.2:2222"]}, "task": {"type": "worker", "index": 0}}, with two '
        f"workers or more; it is {text!r}."
    )


def be_patient(workers: list[str]) -> None:
    """Make TensorFlow give up a host after two minutes of silence, not after ten seconds.

    A busy host is silent for longer than that while it compiles. TensorFlow has no public setting
    for this; if the private one moves, its default stays.
    """
    try:
        from tensorflow.python.distribute import collective_all_reduce_strategy as engine
        from tensorflow.python.eager import context

        job = engine.coordination_config_pb2.CoordinatedJob(name="worker", num_tasks=len(workers))
        context.context().configure_coordination_service(
            service_type="standalone",
            service_leader="/job:worker/replica:0/task:0",
            heartbeat_timeout_in_ms=_PATIENCE * 1_000,
            coordinated_jobs=[job],
        )
    except (ImportError, AttributeError, TypeError):
        return


def join_jax() -> None:
    """Join JAX's other hosts, by TF_CONFIG or what JAX finds; `ValueError` if there are none."""
    import jax

    if jax.distributed.is_initialized():
        return
    if "TF_CONFIG" in os.environ:
        workers, index = cluster()
        jax.distributed.initialize(workers[0], len(workers), index)
        return
    try:
        jax.distributed.initialize()
    except (ValueError, RuntimeError) as error:
        raise ValueError(
            f"JAX finds no other hosts ({error}): set TF_CONFIG on every host, or use Slurm."
        ) from error
