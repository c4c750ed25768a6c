"""Pages that help with a failure: parsed, matched with a reason, filled with its values, and linted."""
