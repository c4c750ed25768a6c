"""The words of the house: frozen dataclasses that every other part uses and none changes."""
