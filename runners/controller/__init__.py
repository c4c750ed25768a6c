"""The daemon: one per user and machine, owns the state, talks to the hosts, survives every terminal."""
