"""Super-resolution: a small picture in, one two or four times as large out."""
