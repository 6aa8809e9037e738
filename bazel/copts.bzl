"""Compiler warnings for eventbus's own code."""

# Known to g++ 12 and clang 14. Programs that depend on eventbus get none of them: another
# compiler may warn about other things, and their flags may turn warnings into errors.
EVENTBUS_COPTS = select({
    "//bazel:warnings": [
        "-Wall",
        "-Wextra",
        "-Wcast-qual",
        "-Wconversion",
        "-Wno-sign-conversion",
        "-Wnon-virtual-dtor",
        "-Woverloaded-virtual",
        "-Wshadow",
        "-Wvla",
    ],
    "//conditions:default": [],
})
