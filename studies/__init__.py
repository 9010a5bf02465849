"""Studies: many comparisons with rules of decision that were written before the runs."""
