"""The commands as a table: names, options, examples, and what ``--json`` writes; help is made of it.

A row names the module in :mod:`interlock.cli.commands` that carries the command out. The overview on one screen
(:mod:`interlock.cli.overview`) is written by hand, since it has to be there at once; a test holds it to the table.
"""
