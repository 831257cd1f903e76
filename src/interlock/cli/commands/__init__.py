"""One module for each command, loaded when it is chosen: ``run(call)`` returns the exit code.

What it says goes through ``call.terminal`` (``data`` to stdout, ``say`` and ``fail`` to stderr), and the document of
``--json`` through ``call.document``; its keys are listed in :mod:`interlock.cli.table.documents`.
What a command may load is a table too, in the tests of loading: none pays for what another needs.
"""
