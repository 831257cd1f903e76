"""The resolver: PubGrub over integers, universal by forking on markers, and without any I/O.

Reading order: :mod:`problem` (what is asked), :mod:`facts` (what is known of packages), :mod:`solver` (one fork),
:mod:`resolver` (all forks), :mod:`resolution` (the merged answer), :mod:`report` (why there is none).

The caller drives: :meth:`resolver.Resolver.advance` returns :class:`outcome.Needs` when it must know something about a
package, and is called again when :class:`facts.Facts` holds it.
"""
