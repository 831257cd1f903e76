"""What package indexes say: listings, core metadata and files, each asked for at most once.

:class:`~interlock.index.view.View` is what others use; it is for one run, and stands on an
:class:`~interlock.index.upstream.Upstream`, which outlives it. From there down to the bytes::

    view            listings of all indexes merged; metadata; files
      index_pages     one index's page of a package: from memory, the cache, disk, or the network
        page_text       text in one of the formats there are -> PageFiles; local_pages makes them of folders
        pages           PageFiles -> a Page: versions with their files (fast_page does both at once where it can)
      metadata        the cheapest way to a version's metadata
      downloads       files, verified
    session         requests with policy: limits per host, retries, redirects, logins
      fetcher         one request: the seam to HTTP

A new format of pages ends in :class:`~interlock.index.page_file.PageFiles` and begins in :mod:`page_text`, by its
content type. A new kind of index (one that has no pages) is another case of ``Pages._load`` in :mod:`index_pages`, as
:mod:`local_pages` is. A new way to transport bytes is another :class:`~interlock.index.fetcher.Fetcher`.
What we serve ourselves is made in :mod:`interlock.service.proxy.rendering`. (:mod:`page_reader` and
:mod:`page_process` read no format: they hand many pages to a second process.)
"""
