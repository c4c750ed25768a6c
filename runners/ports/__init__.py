"""The seams: small protocols whose docstrings are promises. Adapters keep them, fakes pass the same contract suite."""
