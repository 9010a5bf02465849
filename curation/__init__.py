"""From a folder of illustrations to a data set of faces: found, cut out, judged and labelled.

`prepare.py RAW --faces OUT` calls `pipeline.run`. This package uses `datasets` (safe reading of
pictures, labels) and `metrics` (the features for ranking outliers), but no models and no training.
"""
