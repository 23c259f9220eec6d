"""Rules about the code itself: each is a function from source to problems, and is shown to bite."""
