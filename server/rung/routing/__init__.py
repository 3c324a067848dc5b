"""Pure decisions: the features of a request, rules, decide(), plan(). No I/O."""
