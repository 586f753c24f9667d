"""The command line: messages, exit codes, processes that start and stop cleanly."""
