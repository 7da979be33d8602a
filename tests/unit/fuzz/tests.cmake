# The corpus of tests/fuzz through every target, as it is and changed at random, without a fuzzer.
slipway_tests(fuzz SOURCES corpus_test.cpp mutation_test.cpp LIBRARIES slipway_fuzz_targets)
target_compile_definitions(test_fuzz PRIVATE SLIPWAY_CORPUS="${CMAKE_SOURCE_DIR}/tests/fuzz/corpus")
