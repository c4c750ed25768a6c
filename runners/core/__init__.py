"""The brain, pure: events make the state, the state decides what follows, people are let in or told why not."""
