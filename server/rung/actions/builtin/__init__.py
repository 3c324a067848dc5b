"""What an action can say with no model at all."""
