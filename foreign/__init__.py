"""What comes from outside, checked before it is used: records, tables, archives, names, numbers."""
