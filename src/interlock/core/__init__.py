"""The pure core: every function depends on its arguments alone; no clock, disk, network, environment or await.

A folder knows only those above it in this list::

    names  text  toml        names as they are compared; text and numbers of others; TOML that can be changed
    markers  settings        the algebra of environments; what settings may say
    versions  sources        PEP 440; where packages come from
    artifacts  requirements  files and what indexes say of them; what is asked of a package
    manifests  metadata      pyproject.toml in each dialect; what a version says about itself
    plan  editing            what happens to an environment; changes of manifests
    members                  what the members of a workspace ask for together
    lock                     the resolution written down, and all that follows from it without resolving
    advisories               what is known against what is locked
    imports                  what sources import, and whether that is declared
    foreign  soundness       projects and locks of other tools; whether a lock is sound
    resolver                 from what is asked and known to a version of each package, or why there is none
    relock                   making a lock, from a resolution or from the lock there is
"""
