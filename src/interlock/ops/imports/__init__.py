"""Whether what members import is what their manifests declare."""
