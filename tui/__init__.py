"""What people see and type: the screen and the command line."""
