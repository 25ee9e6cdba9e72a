"""The sequencer: inbox, decide and apply, clock, snapshot, replay, verify."""
