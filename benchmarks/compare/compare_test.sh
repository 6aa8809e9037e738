#!/bin/sh
exec python3 -B benchmarks/compare/compare_test.py
