"""Compiler flags of the project's own targets. g++ 12 and clang 14 know them all."""

EVENTBUS_COPTS = [
    "-Wall",
    "-Wextra",
    "-Wnon-virtual-dtor",
    "-Wunused",
]
