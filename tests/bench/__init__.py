"""Benchmarks: ours beside what an engineer would reach for instead, measured in turns in one run. ``make bench``."""
