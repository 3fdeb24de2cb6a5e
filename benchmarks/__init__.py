"""Measurements that the figures in docs/ come from. Each file's docstring has the command that repeats it."""
