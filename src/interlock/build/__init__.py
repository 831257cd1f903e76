"""Builds: source trees to metadata and wheels, by backends that stay loaded (PEP 517, 660).

:class:`~interlock.build.frontend.Builder` is what others use. :mod:`hooks` calls a backend through :mod:`server`, which
runs ``_hook_runner.py`` in a build environment; :mod:`results` keeps what comes of it under the :mod:`digest` of what
went in.
"""
