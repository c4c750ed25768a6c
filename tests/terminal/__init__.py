"""The real command line in a real terminal (tmux): what a person types, what is left behind."""
