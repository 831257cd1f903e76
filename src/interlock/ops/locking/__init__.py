"""From manifests to the one lock, and what is made, judged and merged there."""
