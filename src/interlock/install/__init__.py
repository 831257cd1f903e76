"""Wheels into environments, so that a kill at any moment leaves them usable.

:mod:`transaction` carries out a plan: :mod:`stage` makes each distribution complete beside its place, :mod:`swap` moves
all of them in and finishes or undoes what a killed process began.
"""
