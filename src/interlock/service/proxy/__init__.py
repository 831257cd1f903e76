"""An index for every client (PEP 503, 691, 658, 700, 714, 792): pages and files of other indexes, fetched once for all
who want them, and packages of one's own beside them.
"""
