"""One reader for each kind of file, from its bytes to blocks; they run in a child process with limits."""
