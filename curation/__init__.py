"""From a folder of illustrations to a data set of faces: found, cut out, judged and labelled.

`prepare.py RAW --faces OUT` runs it; `pipeline.run` is the way through. It knows `datasets` (safe
reading of pictures, labels) and `metrics` (the features that outliers are ranked by), and nothing
of models and training.
"""
