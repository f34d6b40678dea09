"""Doubted acts to cases: what they share, who else shares it, and what cannot be known.

One file, one step: `keys` names what an act may share, `join` brings doubted acts together and widens, `write` makes the
tables of the answer, `gaps` says what the logs cannot show.
"""
