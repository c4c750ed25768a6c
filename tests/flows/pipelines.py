"""Pipelines on this machine that more than one story is told with."""

from __future__ import annotations

WAITS = """\
version: 1
name: waits
params: {gate: {}}
stages:
  - name: one
    jobs:
      job:
        hosts: local
        tasks: [{run: 'echo begun; while [ ! -e "$gate" ]; do sleep 0.05; done; echo over'}]
"""
"""Runs until the file that ``gate`` names is there."""
