"""The command line, one file per verb. Never imports the screen's library at load time, so that it starts at once."""
