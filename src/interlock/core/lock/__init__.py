"""The lock: the resolution written down, and everything that can be decided from it without resolving.

::

    model     the values                 relock.assemble fills them from a resolution
    layout    value -> bytes             FORMAT.md describes the file, field by field
    codec     bytes -> value, judged

    select    what an environment needs of it       merge, diff       two locks by meaning
    part      a lock for some members alone         affected, graph   who needs what
    export_*  other formats                         freshness, inputs whether it matches the manifests

A new field is added to :mod:`model`, :mod:`layout`, :mod:`codec` and ``FORMAT.md`` (a test compares them), and filled
in :mod:`interlock.core.relock.assemble`; :mod:`diff` and :mod:`merge` say whether it counts as a change. Where earlier
readers may not pass over it, the version of the format goes up; where locks come out differently, so does
:mod:`~interlock.core.relock.revision`.
"""
