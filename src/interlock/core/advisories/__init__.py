"""Advisories about packages: read from records in the OSV format, matched with what is locked, excused for a while.

``osv`` reads a record, ``affected`` says of a version whether it is meant, ``matching`` makes findings of all that mean
a locked package, and ``excuses`` sets those aside that the workspace knows of.
"""
