"""Packs: what a machine lacks of a lock, in one file or one stream.

:mod:`header` says what is in a pack and judges it (pure); :mod:`writing` makes a file of one, :mod:`reading` opens it,
and :mod:`unpacking` puts what is in it into the store. Whoever sends a pack is not believed: a file is what its name in
the lock, its sha256, says, or nothing of the pack is taken. ``FORMAT.md`` has the format, byte for byte.
"""
