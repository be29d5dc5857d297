"""One module for each command of the root; its object is called `command`."""
