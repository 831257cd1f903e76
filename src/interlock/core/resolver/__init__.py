"""The resolver: PubGrub over integers, universal by forking on markers, and without any I/O.

::

    Problem     what members ask, policy, what was locked
       |
    Resolver    a stack of forks, each a marker with a Solver of its own
       |
       |        Solver.advance says one of
       |          Needs        ->  the driver adds to Facts what is unknown, and calls again
       |          Split        ->  two clones of the solver, each for a part, take its place
       |          NoSolution   ->  smaller forks, more parts, or Unsolvable
       |          True         ->  a ForkSolution
       v
    Solved      a ForkSolution for every fork; relock.assemble makes one lock of them

The caller drives: :meth:`resolver.Resolver.advance` returns :class:`outcome.Needs` when it must know something about a
package, and is called again when :class:`facts.Facts` holds it. So the same solver runs over a network, over a lock
(:mod:`interlock.core.relock.partial_resolution`) and in tests over a dictionary, and its answer cannot depend on what
arrived first.

One turn of a solver::

    _propagate   what follows from the packages that changed; a conflict is traced to its root cause,
        |        which is remembered, and undone back to where there is something to choose
    _next        the most urgent package that must be there and is undecided
        |
    _candidate   the best candidate in range; judge() says of each whether it may be used in all of the
        |        fork (take it), in a part (Split), or not (an incompatibility: never tried again)
    hear         its metadata counts from here on (Needs, where it is not known)
        |
    _attach      what it asks for becomes incompatibilities; requirements that differ by marker split the
        |        fork before they do (Needs, Split)
    decide       unless those would complete a conflict at once: then it stays undecided, and
                 propagation rules it out

Between ``_candidate`` and ``decide`` the candidate is ``pending``: the turn may be left for facts or for a split and is
taken up where it was. A clone knows all that the fork has learned, so that it is not learned again in both halves, and
:mod:`staleness` takes back what was true of the other half only.

Reading order: :mod:`problem` (what is asked), :mod:`facts` (what is known of packages), :mod:`incompatibility` (what is
learned), :mod:`solver` (one fork) with :mod:`solution` and :mod:`conflict`, :mod:`resolver` (all forks) with
:mod:`split` and :mod:`parts`, :mod:`report` (why there is no answer).
"""
