"""What the command line and the screen call: find or start the controller, ask it, follow it."""
