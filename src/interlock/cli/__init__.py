"""The command line: arguments in, exit code out, and the only place that writes to the terminal.

A command is a row in :mod:`table`, which says its options without loading anything, and a module in :mod:`commands`
with ``run(call)``, which asks :mod:`interlock.ops` and shows what came of it.

::

    main -> quick (nothing to do?) -> arguments -> dispatch -> commands.NAME -> ops.NAME
"""
