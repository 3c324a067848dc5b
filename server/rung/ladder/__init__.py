"""The escalation state machine, with breaker, health, queue, gate, and the fitting of parts to a window."""
