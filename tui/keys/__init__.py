"""What can be done, by which key, and why not now. One table; everything that shows keys is made from it."""
