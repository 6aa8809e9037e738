"""What ends the program with one line on standard error."""


class Failure(Exception):
    """Something asked for that cannot be done; the text says what."""
