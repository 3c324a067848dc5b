"""Sessions of editors: convert, call the engine, convert back. The only place that imports pygls or lsprotocol."""
