"""Fuzzing: inputs grown from the made-up payload pairs, and what must hold of every one.

`python -m tests.fuzz` lists the targets; `tests/prove/fuzz.py` runs them all.
"""
