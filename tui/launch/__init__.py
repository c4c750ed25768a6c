"""Starting runs: which pipelines there are, what would be sent; the same for the command line and the screen."""
