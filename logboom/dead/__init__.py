"""Dead letters: what could not be shipped or stored, kept until somebody mends the cause."""

from logboom.dead.letter import Letter, LetterHead, Part
from logboom.dead.store import DeadLetters, Replay

__all__ = ["DeadLetters", "Letter", "LetterHead", "Part", "Replay"]
