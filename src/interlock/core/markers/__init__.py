"""The algebra of markers (PEP 508); :mod:`diagram` has all of it under one name, :mod:`nodes` is what it stands on."""
