"""One request on its way: gather, decide, plan, climb, read, account."""
