"""python -m tests.models.eagerly MODULE …: a module whose TensorFlow functions are not traced."""

import runpy
import sys

import tensorflow as tf

if __name__ == "__main__":
    tf.config.run_functions_eagerly(True)
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__")
