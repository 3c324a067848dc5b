"""Pure: pins by path, and what may go to which destination. No I/O."""
