"""For every test."""

import os

# JAX's compiler takes longer than the tiny networks it compiles: half as long with these.
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true",
)
