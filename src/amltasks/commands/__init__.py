"""One module a command: request in, report out. Called by the tasks and by the command line alike."""
