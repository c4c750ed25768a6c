"""The pages that ship with onduty, as Markdown beside this file."""
