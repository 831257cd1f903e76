"""What we keep on disk, shared by every workspace of the user; nothing here is ever the only copy of anything.

:mod:`layout` draws the tree: buckets of entries that appear complete, at once, or not at all, and never change. Small
values are :mod:`entries`, unpacked wheels :mod:`archives`; :mod:`locks`, :mod:`usage` and :mod:`runs` keep processes
out of each other's way; :mod:`prune` and :mod:`verify` look at all of it.

Users link from these files, so a store is always local. What lies elsewhere comes behind it: another place is another
:class:`~interlock.store.blobs.Blobs`, four functions over bytes by bucket and key, and
:class:`~interlock.store.blobs.SecondLevel` is what the rooms that fetch and build ask before they do.
"""
