"""The engine: runs pipelines on hosts and keeps what happened. Knows nothing of screens or runbooks."""
