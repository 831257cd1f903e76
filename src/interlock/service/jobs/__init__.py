"""Answering: questions as jobs, each once, in processes that are made for it."""
